package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/policies/eval"
)

// Explanation is a Standing with all that there is to say of why it is not
// another. Its JSON form is what `explain` prints for programs.
type Explanation struct {
	Standing
	// Misses are the rules that give something on the resource and nothing to
	// this person now.
	Misses []desired.Miss `json:"misses"`
	// Stops are the conditions at which rules ended for this person, where that
	// can be known.
	Stops []eval.Stop `json:"stops"`
}

// Explain adds to a standing why it is not another.
func Explain(st Standing, notInForce []desired.LostGrant, misses []desired.Miss, stops []eval.Stop) Explanation {
	if len(st.Lost) == 0 {
		st.Lost = lostOf(notInForce)
	}
	return Explanation{Standing: st, Misses: append([]desired.Miss{}, misses...), Stops: append([]eval.Stop{}, stops...)}
}

// ExplainText writes why one person stands to one resource as they do.
func ExplainText(w io.Writer, x Explanation, s Style) error {
	p := newPage(w, s)
	kind := x.Resource.Kind
	p.line("%s  %s", p.strong(x.Email+" on "+x.Name), p.mild("at "+clock(x.At)))
	p.line("")
	p.line("  PagerDuty holds  %s", Role(kind, x.Holds))
	asked := Role(kind, x.Asked) + spanOf(x.window)
	switch {
	case x.Asked != inventory.None:
	case x.Status == StatusUnknown:
		asked = "not known"
	case kind == inventory.KindAccount:
		asked = "nothing"
	}
	p.line("  policies say     %s", asked)
	p.line("  status           %s", p.status(x.Status)+because(x.Why))
	if x.Unblock != "" {
		p.line("  next step        %s", x.Unblock)
	}
	if x.Change != "" {
		p.line("  change key       %s", x.Change)
	}
	if len(x.By) > 0 {
		p.head("%s", "Because of")
		for _, by := range x.By {
			p.line("  %s", Origin(by.Origin))
			if len(by.Chain) > 0 {
				p.line("    through %s", strings.Join(by.Chain, " → "))
			}
		}
	}
	if len(x.Limited) > 0 {
		p.head("%s", "Limited by")
		for _, l := range x.Limited {
			p.line("  at most %s: %s — %s", Role(kind, l.AtMost), l.Reason, Rule(l.By))
		}
	}
	if len(x.Lost) > 0 {
		p.head("%s", "Not in force")
		p.notInForce(kind, x.Lost)
	}
	p.whyNot(x)
	return p.err
}

// notInForce writes the grants that give nothing now, the shifts to come of one
// way as one.
func (p *page) notInForce(kind inventory.Kind, lost []Lost) {
	for len(lost) > 0 {
		first, n := lost[0], 1
		for n < len(lost) && first.toCome && lost[n].toCome && lost[n].Role == first.Role && Rule(lost[n].By) == Rule(first.By) {
			n++
		}
		why := first.Why
		if n > 1 {
			why += ", and " + count(n-1, "time", "times") + " after that"
		}
		p.line("  %s: %s — %s", Role(kind, first.Role), why, Rule(first.By))
		lost = lost[n:]
	}
}

// whyNot writes which rules could give the person something, or something
// higher, and why they do not.
func (p *page) whyNot(x Explanation) {
	stops := map[policies.Origin]eval.Stop{}
	for _, stop := range x.Stops {
		stops[stop.Origin] = stop
	}
	said := map[policies.Origin]bool{}
	begun := false
	rule := func(o policies.Origin) {
		if !begun {
			begun = true
			p.head("Why nothing%s, by the rules that could give it", more(x.Asked))
		}
		said[o] = true
		p.line("  %s", Origin(o))
	}
	for _, m := range x.Misses {
		if inventory.CompareRoles(x.Resource.Kind, m.Roles[0], x.Asked) <= 0 {
			continue
		}
		rule(m.Origin)
		p.miss(x, m)
		if stop, ok := stops[m.Origin]; ok {
			p.stop(x, stop)
		}
	}
	for _, stop := range x.Stops {
		if said[stop.Origin] || givenBy(x, stop.Origin) {
			continue
		}
		rule(stop.Origin)
		p.stop(x, stop)
	}
	if !begun && x.Asked == inventory.None && len(x.Lost) == 0 && x.Status != StatusUnknown {
		p.line("")
		p.line("No rule gives anybody anything on %s.", x.Name)
	}
}

// more is what "nothing" is to be read as where something is given.
func more(asked string) string {
	if asked == inventory.None {
		return ""
	}
	return " higher"
}

// givenBy says that a rule gives the person what they are asked to have.
func givenBy(x Explanation, o policies.Origin) bool {
	for _, by := range x.By {
		if by.File == o.File && by.Line == o.Line {
			return true
		}
	}
	return false
}

// maxElsewhere is how many grants of a rule on other resources are shown.
const maxElsewhere = 5

// miss writes why a rule's grants do not reach the person.
func (p *page) miss(x Explanation, m desired.Miss) {
	roles := make([]string, len(m.Roles))
	for i, r := range m.Roles {
		roles[i] = Role(x.Resource.Kind, r)
	}
	if m.Others > 0 {
		p.line("    gives %s to %s by name, and not to %s", strings.Join(roles, " or "), count(m.Others, "person", "people"), x.Email)
	}
	var instead []string
	for i, e := range m.Instead {
		if i == maxElsewhere {
			instead = append(instead, fmt.Sprintf("and %d more", len(m.Instead)-i))
			break
		}
		instead = append(instead, fmt.Sprintf("%s on %s", e.Role, e.Resource))
	}
	if len(instead) > 0 {
		p.line("    gives them %s", strings.Join(instead, ", "))
	}
	for _, part := range m.Parts {
		p.line("    gives %s to %s", strings.Join(roles, " or "), inWords(part, "who is not in it"))
		p.parts(part, "      ")
	}
}

// parts writes the members of a group that does not hold a person.
func (p *page) parts(of desired.Part, indent string) {
	for _, part := range of.Parts {
		p.line("%s%s", indent, inWords(part, ""))
		p.parts(part, indent+"  ")
	}
	if of.Named > 0 {
		p.line("%s%s by name, none of them this one", indent, count(of.Named, "person", "people"))
	}
}

// inWords is a principal with why it does not hold the person.
func inWords(part desired.Part, otherwise string) string {
	why := part.Why
	if why == "" {
		why = otherwise
	}
	if why == "" {
		return part.Principal
	}
	return part.Principal + ": " + why
}

// stop writes the condition at which a rule ended for the person.
func (p *page) stop(x Explanation, stop eval.Stop) {
	p.line("    ends for %s at", x.Email)
	for _, line := range failureLines(&stop.Condition) {
		p.line("      %s", line)
	}
}
