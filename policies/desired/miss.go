package desired

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// Miss is a rule that gives something on a resource and does not give it to one
// person at one moment, and why.
type Miss struct {
	// Origin is the rule, without a source.
	policies.Origin
	// Roles are what it gives on the resource, highest first.
	Roles []string `json:"roles"`
	// Parts are the principals that it gives them to and that are not the person
	// by name, each with why the person is not among them.
	Parts []Part `json:"parts"`
	// Others is how many other people it names one by one.
	Others int `json:"others"`
	// Instead is what the rule gives to the person by name elsewhere.
	Instead []Elsewhere `json:"instead"`
}

// Part is a principal that does not hold a person at a moment.
type Part struct {
	// Principal is a reference by name.
	Principal string `json:"principal"`
	// Why is a sentence; empty where Parts say it all.
	Why string `json:"why"`
	// Parts are the members of a group, each of which does not hold the person.
	Parts []Part `json:"parts"`
	// Named is how many people a group names one by one, none of them the person.
	Named int `json:"named"`
}

// Elsewhere is a grant of a rule on another resource.
type Elsewhere struct {
	// Resource is a reference by name.
	Resource string `json:"resource"`
	Role     string `json:"role"`
}

// Misses are the rules that give something on a pair's target and nothing to
// its person at t, in the order of their places. Rules that give the person
// something at t are none of them.
func (e *Expansion) Misses(pair Pair, t time.Time) []Miss {
	in := e.in
	in.Names = nil // others may use them now
	m := &whyNot{x: newExpander(in), user: pair.User, t: t}
	byRule := map[policies.Origin]*Miss{}
	reached := map[policies.Origin]bool{}
	for _, g := range e.in.Statements.Grants {
		if !m.names(g, pair) {
			continue
		}
		part, in := m.part(g.Principal, stretch{}, bounded(g.From, g.Until).in(g.FromZone, g.UntilZone), g.Origins)
		for _, o := range g.Origins {
			o.Source = ""
			if in {
				reached[o] = true
				continue
			}
			miss := byRule[o]
			if miss == nil {
				miss = &Miss{Origin: o, Roles: []string{}, Parts: []Part{}, Instead: m.elsewhere(e.in.Statements, o, pair)}
				byRule[o] = miss
			}
			miss.add(pair.Resource.Kind, g, part)
		}
	}
	out := []Miss{}
	for o, miss := range byRule {
		if !reached[o] {
			out = append(out, *miss)
		}
	}
	slices.SortFunc(out, func(a, b Miss) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return out
}

func (m *Miss) add(kind inventory.Kind, g policies.Grant, part Part) {
	if !slices.Contains(m.Roles, g.Role) {
		m.Roles = append(m.Roles, g.Role)
		slices.SortFunc(m.Roles, func(a, b string) int { return inventory.CompareRoles(kind, b, a) })
	}
	if g.Principal.Kind == inventory.KindUser && part.Why == "" {
		m.Others++
		return
	}
	if !slices.ContainsFunc(m.Parts, func(p Part) bool { return p.Principal == part.Principal && p.Why == part.Why }) {
		m.Parts = append(m.Parts, part)
	}
}

// whyNot finds out why principals do not hold a person at a moment.
type whyNot struct {
	x    *expander
	user string
	t    time.Time
}

// names says that a grant is about a pair's target.
func (m *whyNot) names(g policies.Grant, pair Pair) bool {
	if g.Resource.Kind == inventory.KindAccount || pair.Resource.Kind == inventory.KindAccount {
		return g.Resource.Kind == pair.Resource.Kind
	}
	res := m.x.resolver.resolve(g.Resource)
	return res.ok() && inventory.ByID(g.Resource.Kind, res.id) == pair.Resource
}

// part is a principal with why it does not hold the person; in says that it
// does. A person by name other than ours has no why.
func (m *whyNot) part(ref inventory.Ref, s stretch, w Window, origins []policies.Origin) (part Part, in bool) {
	part = Part{Principal: m.x.resolver.index.Named(ref), Parts: []Part{}}
	who := m.x.expand(ref, s, origins, false)
	if len(who.unknown) > 0 {
		part.Why = "who that is could not be determined: " + who.unknown[0].text
		return part, false
	}
	ways := who.ways[m.user]
	if len(ways) == 0 {
		part.Why = m.stranger(ref)
		if ref.Kind == inventory.KindGroup {
			m.members(&part, ref.Name)
		}
		return part, false
	}
	var theirs, windows []Window
	for _, way := range ways {
		if way.refused != "" {
			part.Why = way.refused
			return part, false
		}
		theirs = append(theirs, way.window)
		if both := way.window.intersect(w); !both.empty() {
			windows = append(windows, both)
		}
	}
	if _, in = around(windows, m.t); in {
		return part, true
	}
	if _, member := around(theirs, m.t); member || ref.Kind == inventory.KindUser {
		part.Why = "the rule's own time for it " + notInForceWords(w, m.t)
		return part, false
	}
	part.Why = m.when(ref.Kind, windows)
	if ref.Kind == inventory.KindGroup {
		m.members(&part, ref.Name)
	}
	return part, false
}

// members are the parts of a group that does not hold the person.
func (m *whyNot) members(group *Part, name string) {
	for _, member := range m.x.members[name] {
		part, in := m.part(member.Principal, stretchOf(member), bounded(member.From, member.Until).in(member.FromZone, member.UntilZone), member.Origins)
		switch {
		case in: // whom else it holds, and not them, would say that they are not named
			*group = Part{Principal: group.Principal, Why: named(member.Origins) + m.limited(name), Parts: []Part{}}
			return
		case member.Principal.Kind == inventory.KindUser && part.Why == "":
			group.Named++
		default:
			group.Parts = append(group.Parts, part)
		}
	}
	if group.Why == "" && len(group.Parts) == 0 && group.Named == 0 {
		group.Why = "nobody is in it"
	}
}

// named says where a rule puts somebody into a group.
func named(origins []policies.Origin) string {
	if len(origins) == 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d puts them into it, and ", origins[0].File, origins[0].Line)
}

// KeptOut are the people, by id, whom a limit keeps out of a group at the moment although
// a rule puts them into it, with the rule and the limit in a sentence.
func (a *Access) KeptOut(group string) map[string]string {
	limitsGroups := func(l policies.Limit) bool { return l.Resource.Kind == inventory.KindGroup }
	if a.expansion == nil || !slices.ContainsFunc(a.expansion.in.Statements.Limits, limitsGroups) {
		return nil
	}
	in := a.expansion.in
	in.Names = nil // others may use them now
	x := newExpander(in)
	out := map[string]string{}
	for _, member := range x.members[group] {
		for user := range x.expand(member.Principal, stretchOf(member), member.Origins, false).ways {
			if _, inside := a.Groups[group].Members[user]; inside {
				continue
			}
			m := &whyNot{x: x, user: user, t: a.At}
			if _, holds := m.part(member.Principal, stretchOf(member), bounded(member.From, member.Until), member.Origins); holds {
				out[user] = named(member.Origins) + m.limited(group)
			}
		}
	}
	return out
}

// limited names the limits that keep the person out of a group, with their reasons and
// places: they are what to change.
func (m *whyNot) limited(name string) string {
	var limits []string
	for _, l := range slices.Concat(m.x.limits[name], m.x.limits["*"]) {
		if l.Resource.Name == "*" && l.Principal == groupRef(name) || len(l.Origins) == 0 {
			continue
		}
		var windows []Window
		for _, way := range m.x.expand(l.Principal, stretch{}, l.Origins, true).ways[m.user] {
			windows = append(windows, way.window)
		}
		if _, holds := around(windows, m.t); holds {
			limits = append(limits, fmt.Sprintf("%s (%s:%d)", l.Reason, l.Origins[0].File, l.Origins[0].Line))
		}
	}
	if len(limits) == 0 {
		return "a limit on the group keeps them out"
	}
	return "a limit on the group keeps them out: " + strings.Join(slices.Compact(limits), "; ")
}

// stranger is why a principal never holds the person.
func (m *whyNot) stranger(ref inventory.Ref) string {
	w := m.x.in.Snapshot.Account.Window
	switch ref.Kind {
	case inventory.KindOnCall, inventory.KindEscalation:
		return fmt.Sprintf("not on call there from %s to %s", clock(w.Since), clock(w.Until))
	case inventory.KindRotation:
		return "takes no turns there"
	case inventory.KindTeam:
		return "not on that team"
	}
	return ""
}

// when says when a person who is not in a principal now comes to be in it, or
// last was.
func (m *whyNot) when(kind inventory.Kind, windows []Window) string {
	word := "in it"
	if kind == inventory.KindOnCall || kind == inventory.KindEscalation {
		word = "on call"
	}
	var last time.Time
	for _, w := range unite(windows) {
		if w.From.After(m.t) {
			return fmt.Sprintf("%s next from %s", word, clock(w.From))
		}
		last = w.Until
	}
	if last.IsZero() {
		return "never " + word
	}
	return fmt.Sprintf("%s until %s, and not again before %s", word, clock(last), clock(m.x.in.Snapshot.Account.Window.Until))
}

// elsewhere is what a rule gives the person by name on other resources.
func (m *whyNot) elsewhere(st *policies.Statements, rule policies.Origin, pair Pair) []Elsewhere {
	out := []Elsewhere{}
	for _, g := range st.Grants {
		if g.Principal.Kind != inventory.KindUser || m.names(g, pair) {
			continue
		}
		ours := slices.ContainsFunc(g.Origins, func(o policies.Origin) bool {
			o.Source = ""
			return o == rule
		})
		if !ours {
			continue
		}
		if res := m.x.resolver.resolve(g.Principal); res.ok() && res.id == m.user {
			out = append(out, Elsewhere{Resource: m.x.resolver.index.Named(g.Resource), Role: g.Role})
		}
	}
	return out
}

func notInForceWords(w Window, t time.Time) string {
	if !w.From.IsZero() && t.Before(w.From) {
		return "begins " + w.Begins()
	}
	return "ended " + w.Ends()
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
