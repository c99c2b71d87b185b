package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
)

// Said is what policies say, whatever comes of it.
type Said struct {
	Access, Risk *policies.Statements
	Rules        []policies.RuleText
}

// Stated is one element that policies give.
type Stated struct {
	// Rule is the contract rule's name, such as "limit".
	Rule string `json:"rule"`
	// Says is the element in words.
	Says    string            `json:"says"`
	Origins []policies.Origin `json:"origins"`
	// about tells an element that shows in the rest of the difference.
	principal, resource inventory.Ref
	group               string
}

// RuleChange is a rule that is written otherwise, whatever it gives.
type RuleChange struct {
	// Change is "new", "changed" or "gone".
	Change string          `json:"change"`
	Origin policies.Origin `json:"origin"`
	Name   string          `json:"name"`
	// Contract says that it is a contract rule; else other rules call it.
	Contract bool `json:"contract"`
	// Was and Gives count the elements of a contract rule, before and now.
	Was   int `json:"was"`
	Gives int `json:"gives"`
	// Text is the rule as it is now, of one that is gone as it was, in one line.
	Text string `json:"text"`
}

// The changes of rules.
const (
	RuleNew     = "new"
	RuleChanged = "changed"
	RuleGone    = "gone"
)

// Say adds what the policies say otherwise and what shows nowhere else in the
// difference, and the rules that are written otherwise, for what gives nothing today may
// give something tomorrow. Data are the names of the data files with other values.
func (d *Difference) Say(before, after Said, data []string) {
	d.Stated = moved(statedIn(before), statedIn(after), func(s Stated) [2]string { return [2]string{s.Rule, s.Says} })
	d.Stated.Begins = slices.DeleteFunc(d.Stated.Begins, d.shows)
	d.Stated.Ends = slices.DeleteFunc(d.Stated.Ends, d.shows)
	means(d.Stated.Begins, after)
	means(d.Stated.Ends, before)
	d.Rules = ruleChanges(before, after)
	d.Data = append([]string{}, data...)
	d.Summary.Stated = len(d.Stated.Begins) + len(d.Stated.Ends)
	d.Summary.Rules, d.Summary.Data = len(d.Rules), len(d.Data)
}

// mostMeant is how much is said of a group.
const mostMeant = 4

// means adds to what is said of members what their group is subject to: whoever comes
// into a group or leaves it comes under its limits, or is free of them.
func means(all []Stated, said Said) {
	for i := range all {
		if all[i].Rule != "member" {
			continue
		}
		if of := subjectTo(inventory.Ref{Kind: inventory.KindGroup, Name: all[i].group}, said); len(of) > 0 {
			more := ""
			if n := len(of) - mostMeant; n > 0 {
				of, more = of[:mostMeant], fmt.Sprintf(" and %d more", n)
			}
			all[i].Says += "; the group has " + strings.Join(of, ", ") + more
		}
	}
}

// subjectTo is what is limited, protected and granted for a group, in this order.
func subjectTo(group inventory.Ref, said Said) []string {
	var of []string
	for _, x := range said.Access.Limits {
		if x.Principal == group {
			of = append(of, "a limit of "+x.AtMost+" on "+x.Resource.String())
		}
	}
	for _, x := range said.Access.Protects {
		if x.Principal == group {
			of = append(of, "a protection on "+cmp.Or(ref(x.Resource), "every resource"))
		}
	}
	for _, x := range said.Access.Grants {
		if x.Principal == group {
			of = append(of, x.Role+" on "+x.Resource.String())
		}
	}
	return of
}

// statedIn are the elements of policies. Groups that are merely declared do nothing, and
// findings stand in the plan.
func statedIn(s Said) []Stated {
	var all []Stated
	add := func(rule string, origins []policies.Origin, principal, resource inventory.Ref, group string, words ...string) {
		words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
		all = append(all, Stated{Rule: rule, Says: strings.ReplaceAll(strings.Join(words, " "), " : ", ": "), Origins: origins, principal: principal, resource: resource, group: group})
	}
	for _, x := range s.Access.Grants {
		add("grant", x.Origins, x.Principal, x.Resource, "", cmp.Or(x.Role, "a role"), "on", x.Resource.String(), named("layer", x.Layer), "for", x.Principal.String(),
			turns(x), named("in place of", ref(x.Replaces)), span(x.From, x.Until))
	}
	for _, x := range s.Access.Members {
		add("member", x.Origins, x.Principal, inventory.Ref{}, x.Group, x.Principal.String(), "in group:"+x.Group, span(x.From, x.Until), widened("lead", x.Lead), widened("lag", x.Lag), named("when empty:", x.WhenEmpty))
	}
	for _, x := range s.Access.Limits {
		add("limit", x.Origins, x.Principal, x.Resource, "", x.Principal.String(), "at most", x.AtMost, "on", x.Resource.String()+because(x.Reason))
	}
	for _, x := range s.Access.Protects {
		add("protect", x.Origins, x.Principal, x.Resource, "", cmp.Or(ref(x.Principal), "everybody"), "on", cmp.Or(ref(x.Resource), "every resource"), named("with role", x.Role), span(nil, x.Until)+because(x.Reason))
	}
	for _, x := range s.Access.Leavers {
		add("leaver", x.Origins, x.Principal, inventory.Ref{}, "", x.Principal.String(), span(x.Since, nil)+because(x.Reason))
	}
	for _, x := range s.Access.Empties {
		add("empty", x.Origins, inventory.Ref{}, x.Resource, "", x.Resource.String(), named("layer", x.Layer), "may lose everybody"+because(x.Reason))
	}
	if s.Risk == nil {
		return all
	}
	for _, x := range s.Risk.Waivers {
		add("waive", x.Origins, inventory.Ref{}, x.Resource, "", x.Rule, "of", x.Subject.String(), named("on", ref(x.Resource)), span(nil, &x.Until)+because(x.Reason))
	}
	return all
}

func ref(r inventory.Ref) string {
	if r.IsZero() {
		return ""
	}
	return r.String()
}

func named(what, name string) string {
	if name == "" {
		return ""
	}
	return what + " " + name
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

func widened(what string, d time.Duration) string {
	if d == 0 {
		return ""
	}
	text := d.String() // such as 1h30m0s
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return fmt.Sprintf("with %s %s", what, text)
}

func span(from, until *time.Time) string {
	const layout = "2006-01-02 15:04 UTC"
	var parts []string
	if from != nil {
		parts = append(parts, "from "+from.UTC().Format(layout))
	}
	if until != nil {
		parts = append(parts, "until "+until.UTC().Format(layout))
	}
	return strings.Join(parts, " ")
}

// shows says that what an element does stands in the difference already, now or later.
func (d *Difference) shows(s Stated) bool {
	by := func(user string, resource inventory.Ref, rules []policies.Origin, chains [][]string) bool {
		switch {
		case s.Rule == "member":
			return slices.ContainsFunc(chains, func(chain []string) bool { return s.inChain(chain, user, d.Names) })
		case s.Rule != "grant" || !samePlace(s.resource, resource, d.Names):
			return false
		case s.principal.Kind == inventory.KindUser && !s.names(user, d.Names):
			return false
		}
		return slices.ContainsFunc(s.Origins, func(o policies.Origin) bool { return slices.Contains(rules, o) })
	}
	for _, a := range d.Access {
		if rules, chains := rulesAndChains(a.By); by(a.User, a.Resource, rules, chains) {
			return true
		}
	}
	for _, l := range d.Later {
		for _, m := range slices.Concat(l.Begins, l.Ends) {
			if rules, chains := rulesAndChains(m.Change.By); by(l.User, l.Resource, rules, chains) {
				return true
			}
		}
	}
	if s.Rule == "protect" {
		return slices.ContainsFunc(slices.Concat(d.Protections.Begins, d.Protections.Ends), func(g Guarded) bool { return slices.Contains(s.Origins, g.Origin) })
	}
	return false
}

// inChain says that a chain of groups to a person goes by way of a membership.
func (s Stated) inChain(chain []string, user string, names map[string]string) bool {
	i := slices.Index(chain, inventory.Ref{Kind: inventory.KindGroup, Name: s.group}.String())
	if i < 0 {
		return false
	}
	if i+1 == len(chain) {
		return s.names(user, names)
	}
	return chain[i+1] == s.principal.String()
}

// names says that the element is about a person, given by id.
func (s Stated) names(user string, names map[string]string) bool {
	byID := inventory.ByID(inventory.KindUser, user)
	return s.principal == byID || s.principal.Kind == inventory.KindUser && strings.EqualFold(s.principal.Name, strings.TrimPrefix(names[byID.String()], "user:"))
}

func samePlace(named, byID inventory.Ref, names map[string]string) bool {
	return named == byID || named.String() == names[byID.String()]
}

func rulesAndChains(by []desired.By) (rules []policies.Origin, chains [][]string) {
	for _, b := range by {
		rules, chains = append(rules, b.Origin), append(chains, b.Chain)
	}
	return rules, chains
}

// turns is what a grant says of the cycle of turns.
func turns(g policies.Grant) string {
	var words []string
	if g.Order != nil {
		words = append(words, fmt.Sprintf("order %v", *g.Order))
	}
	if g.Weight > 0 {
		words = append(words, fmt.Sprintf("weight %d", g.Weight))
	}
	return strings.Join(words, " ")
}
