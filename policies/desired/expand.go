package desired

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies"
)

// waysPerWindow bounds how many chains are kept for one person and window:
// groups that nest in diamonds would otherwise have exponentially many.
const waysPerWindow = 8

// way is one way in which a person comes to be in a set of people.
type way struct {
	window Window
	// chain runs from the outermost principal to the person.
	chain []string
	// schedule is the id of the schedule whose shift it is; may be empty.
	schedule string
	// fact is what of PagerDuty it follows from; nil if from nothing there.
	fact *inventory.Ref
	// refused says why this way leads nowhere; may be empty.
	refused string
	// keep is the window of the member statement of the group at hand that keeps
	// whoever comes this way until somebody takes over; nil if it does not.
	keep *Window
}

// people are who a principal stands for, over time.
type people struct {
	ways map[string][]way // by user id
	// unknown are reasons why it can't be known; then nobody's membership can.
	unknown []reason
	// uses are the facts in PagerDuty that they follow from, as far as these have to
	// be read again for a handoff.
	uses []use
	// facts are all that they may follow from in PagerDuty, whoever that is at present.
	facts []inventory.Ref
}

// expander expands principals, each once.
type expander struct {
	in       Input
	resolver *resolver
	members  map[string][]policies.Member // by group
	declared map[string]bool
	limits   map[string][]policies.Limit // on groups, by name, "*" for all

	groups map[string]people // with limits
	raw    map[string]people // without limits, for the principals of limits
	path   []string          // of groups being expanded
	// rawPath is path for those expanded without limits, to say whom a limit is on.
	rawPath []string

	absent map[string][]By
	errors []Notice
	told   map[Notice]bool // the errors and warnings
	// warnings are oddities of references.
	warnings []Notice
	suspend  []Notice
	// onCalls are who is on call by PagerDuty's /oncalls, by schedule.
	onCalls map[string]map[string]bool
	// grants are the candidates of grants to people.
	grants map[alike][]candidate
	// userUnknown are people about whom nothing can be said, by id.
	userUnknown map[string]reason
	// disputes are why schedules looked at can't be trusted, of those that can't.
	disputes map[string]string
}

func newExpander(in Input) *expander {
	x := &expander{
		in:          in,
		resolver:    in.names().resolver(),
		members:     map[string][]policies.Member{},
		declared:    map[string]bool{},
		limits:      map[string][]policies.Limit{},
		groups:      map[string]people{},
		raw:         map[string]people{},
		absent:      map[string][]By{},
		told:        map[Notice]bool{},
		onCalls:     map[string]map[string]bool{},
		grants:      map[alike][]candidate{},
		userUnknown: map[string]reason{},
		disputes:    map[string]string{},
	}
	for _, o := range in.Snapshot.OnCalls {
		if o.Schedule == nil || in.Snapshot.Gone(o.User) {
			continue
		}
		if x.onCalls[*o.Schedule] == nil {
			x.onCalls[*o.Schedule] = map[string]bool{}
		}
		x.onCalls[*o.Schedule][o.User] = true
	}
	for _, g := range in.Statements.Groups {
		x.declared[g.Name] = true
	}
	for _, m := range in.Statements.Members {
		x.members[m.Group] = append(x.members[m.Group], m)
	}
	for _, l := range in.Statements.Limits {
		if l.Resource.Kind == inventory.KindGroup {
			x.limits[l.Resource.Name] = append(x.limits[l.Resource.Name], l)
		}
	}
	x.undeclared()
	return x
}

// undeclared reports members of groups that nobody declares. Where such a
// person was meant to be can't be known, so nothing may be lowered for it.
func (x *expander) undeclared() {
	var names []string
	for name := range x.members {
		if !x.declared[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		why := groupReason(policies.CodeUndeclaredGroup, name, "a member is put in group %q, which no group rule declares", name).meaning(x.nearestGroup(name))
		x.fail(why, x.members[name][0].Origins)
	}
}

func (x *expander) nearestGroup(name string) string {
	if near, ok := inventory.Nearest(name, slices.Sorted(maps.Keys(x.declared))); ok {
		return strconv.Quote(near)
	}
	return ""
}

// fail records an error for which nothing may be lowered this round.
func (x *expander) fail(why reason, origins []policies.Origin) {
	x.error(why, origins)
	if !slices.ContainsFunc(x.suspend, func(n Notice) bool { return n.Message == why.text }) {
		x.suspend = append(x.suspend, why.at(firstOf(origins)))
	}
}

func firstOf(origins []policies.Origin) policies.Origin {
	if len(origins) == 0 {
		return policies.Origin{}
	}
	return origins[0]
}

// error records an error at each of the origins, once.
func (x *expander) error(why reason, origins []policies.Origin) {
	if len(origins) == 0 {
		origins = []policies.Origin{{}}
	}
	for _, o := range origins {
		n := why.at(o)
		if !x.told[n] {
			x.told[n] = true
			x.errors = append(x.errors, n)
		}
	}
}

// principal is who ref stands for. Statements of origins refer to it.
func (x *expander) principal(ref inventory.Ref, origins []policies.Origin) people {
	return x.expand(ref, stretch{}, origins, false)
}

func (x *expander) expand(ref inventory.Ref, s stretch, origins []policies.Origin, raw bool) people {
	switch ref.Kind {
	case inventory.KindUser:
		if id, ok := x.user(ref, origins); ok {
			return people{ways: map[string][]way{id: {{}}}}
		}
		return people{}
	case inventory.KindGroup:
		p := x.group(ref.Name, origins, raw)
		return p.through(ref.String())
	}
	res := x.resolver.resolve(ref)
	if !res.ok() {
		if res.outcome == missing && x.declared[ref.Name] && res.why.near == "" {
			res.why = res.why.meaning(groupRef(ref.Name).String())
		}
		if res.outcome != renamed && res.outcome != rebound {
			x.error(res.why, origins)
		}
		return people{unknown: []reason{res.why}}
	}
	return x.contained(ref, res.id, s, origins)
}

// contained is whom a reference stands for that resolved to an id. Where that
// panics, it can't be known, and the rest goes on.
func (x *expander) contained(ref inventory.Ref, id string, s stretch, origins []policies.Origin) (p people) {
	name := x.resolver.index.Named(ref)
	defer func() {
		if f := recover(); f != nil {
			why := reason{code: CodeFault, about: ref, text: fmt.Sprintf("%s who %s stands for: %v", Fault, name, f)}
			x.error(why, origins)
			p = people{unknown: []reason{why}}
		}
	}()
	if x.in.sabotage != nil {
		x.in.sabotage(ref)
	}
	switch ref.Kind {
	case inventory.KindTeam:
		return x.teamMembers(id, name)
	case inventory.KindRotation:
		return x.rotation(id, name)
	case inventory.KindOnCall:
		return x.onCall(id, name, s)
	case inventory.KindEscalation:
		x.noSuchLevel(ref, id, origins)
		return x.escalation(id, ref.Level, name, s)
	}
	return people{unknown: []reason{{code: codeNotPeople, about: ref, text: fmt.Sprintf("%s can't stand for people", ref)}}}
}

// noSuchLevel warns of a level that an escalation policy does not have: nobody is
// on call there.
func (x *expander) noSuchLevel(ref inventory.Ref, id string, origins []policies.Origin) {
	levels := len(x.in.Snapshot.EscalationPolicies[id].Rules)
	if ref.Level <= levels {
		return
	}
	has := fmt.Sprintf("has %d levels", levels)
	if levels == 1 {
		has = "has one level"
	}
	for _, o := range origins {
		n := Notice{Code: codeNoLevel, About: ref, Message: fmt.Sprintf("%s stands for nobody: the escalation policy %s", ref, has), Origin: o}
		if !x.told[n] {
			x.told[n] = true
			x.warnings = append(x.warnings, n)
		}
	}
}

// through puts a link before every chain.
func (p people) through(link string) people {
	out := people{ways: make(map[string][]way, len(p.ways)), unknown: p.unknown, uses: p.uses, facts: p.facts}
	longer := map[*string][]string{} // a schedule has a way for each of its shifts, all by one chain
	for user, ways := range p.ways {
		linked := make([]way, len(ways))
		for i, w := range ways {
			w.chain, w.keep = lengthened(w.chain, link, longer), nil
			linked[i] = w
		}
		out.ways[user] = linked
	}
	return out
}

// lengthened is a chain with a link before it. Of the same chain it is the same.
func lengthened(chain []string, link string, known map[*string][]string) []string {
	if len(chain) == 0 {
		return []string{link}
	}
	longer, ok := known[&chain[0]]
	if !ok {
		longer = append([]string{link}, chain...)
		known[&chain[0]] = longer
	}
	return longer
}

// user is the id of the person whom ref names.
func (x *expander) user(ref inventory.Ref, origins []policies.Origin) (string, bool) {
	res := x.resolver.resolve(ref)
	switch res.outcome {
	case found:
		return res.id, true
	case missing:
		for _, o := range origins {
			x.absent[ref.Key()] = append(x.absent[ref.Key()], By{Origin: o})
		}
		return "", false
	case ambiguous:
		x.error(res.why, origins)
	}
	// Whoever may be meant is left as they are, on every resource (S10–S12).
	for _, id := range res.ids {
		x.userUnknown[id] = res.why
	}
	return "", false
}

func (x *expander) teamMembers(id, name string) people {
	members := x.in.Snapshot.Teams[id].Members
	if after, ok := x.in.Members[id]; ok {
		members = after
	}
	fact := inventory.ByID(inventory.KindTeam, id)
	p := people{ways: make(map[string][]way, len(members)), facts: []inventory.Ref{fact}, uses: []use{{team: id}}}
	for user := range members {
		p.ways[user] = []way{{chain: []string{name}, fact: &fact}}
	}
	return p
}

// rotation is everyone who takes turns on a schedule.
func (x *expander) rotation(id, name string) people {
	fact := inventory.ByID(inventory.KindRotation, id)
	p := people{ways: map[string][]way{}, facts: []inventory.Ref{fact}, uses: []use{{rotation: id}}}
	s, changed := x.in.Schedules[id]
	if !changed {
		s = x.in.Snapshot.Schedules[id]
	}
	for _, l := range oncall.Lines(s, x.in.Snapshot.Now) {
		for _, u := range l.Present {
			if !x.in.Snapshot.Gone(u) {
				p.ways[u] = []way{{chain: []string{name}, fact: &fact}}
			}
		}
	}
	return p
}

func (x *expander) names(users map[string]bool) string {
	if len(users) == 0 {
		return "nobody"
	}
	var names []string
	for id := range users {
		names = append(names, x.resolver.index.Name(inventory.KindUser, id))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// onDuty says that a principal of this kind stands for whoever is on call.
func onDuty(k inventory.Kind) bool {
	return k == inventory.KindOnCall || k == inventory.KindEscalation
}
