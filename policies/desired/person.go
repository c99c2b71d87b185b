package desired

import (
	"fmt"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
)

// Person is what became of looking for somebody whom the configuration names, by
// e-mail address or by '#' and id.
type Person struct {
	// IDs are all who may be meant, also whom the name meant before.
	IDs []string
	// Key and ID are the name and what it means, to be remembered (S11); empty
	// where that can't be known or was said by id.
	Key, ID string
	// Code is the kind of what is wrong with the name; empty if nothing is.
	Code code.Code
	// Why says what is wrong with the name, and what to do; empty if nothing is.
	Why string
	// Nobody says that no one there can be said to be meant.
	Nobody bool
}

// Person looks for somebody whom the configuration names.
func (n *Names) Person(name string) Person {
	ref := inventory.Ref{Kind: inventory.KindUser, Name: name}
	if id, byID := strings.CutPrefix(name, "#"); byID {
		ref = inventory.ByID(inventory.KindUser, id)
	}
	res := n.lookUp(ref)
	p := Person{IDs: res.ids, Code: res.why.code}
	before := ""
	if ref.ID == "" {
		before = n.pinned[ref.Key()]
	}
	switch res.outcome {
	case found:
		if ref.ID == "" {
			p.Key, p.ID = ref.Key(), res.id
		}
	case renamed:
		p.Why = fmt.Sprintf("nobody in PagerDuty has the e-mail address %s any more: #%s, who had it, now has %s; write that one in the configuration",
			name, before, n.index.Name(inventory.KindUser, before))
	case rebound:
		p.Why = fmt.Sprintf("the e-mail address %s was that of #%s and is now that of #%s: neither is changed; run `dutyward confirm user:%s --reason …` if the new one is meant",
			name, before, res.id, name)
	case ambiguous:
		p.Why = fmt.Sprintf("%d people in PagerDuty have the e-mail address %s (#%s): none of them is changed; give all but one of them another address",
			len(res.ids), name, strings.Join(res.ids, ", #"))
	case missing:
		p.Nobody, p.Why = true, n.nobody(name, ref, before)
	}
	if before != "" {
		p.IDs = append([]string{before}, p.IDs...)
	}
	return p
}

// nobody says that a name is nobody's.
func (n *Names) nobody(name string, ref inventory.Ref, before string) string {
	const remedy = "correct it in the configuration"
	if what := n.unreadOf(inventory.KindUser); what != "" {
		return fmt.Sprintf("%s is not among those read, and %s could not be read completely", name, what)
	}
	switch near, ok := inventory.Nearest(name, n.index.Names(inventory.KindUser)); {
	case ref.ID != "":
		return fmt.Sprintf("nobody in PagerDuty has the id %s; %s", name, remedy)
	case before != "":
		return fmt.Sprintf("nobody in PagerDuty has the e-mail address %s any more, and #%s, who had it, is gone; %s", name, before, remedy)
	case ok:
		return fmt.Sprintf("nobody in PagerDuty has the e-mail address %s; did you mean %s? If so, %s", name, near, remedy)
	}
	return fmt.Sprintf("nobody in PagerDuty has the e-mail address %s; %s", name, remedy)
}
