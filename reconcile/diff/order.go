package diff

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff/codes"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Limits of PagerDuty on teams. Source: support documentation, "Teams".
const (
	maxTeamMembers = 500
	maxUserTeams   = 400
)

// room is what changes take up: seats, places on teams.
type room struct {
	seats               *seats
	teamSize, userTeams places
}

// constrain blocks what PagerDuty would refuse, as far as the snapshot tells
// (S16).
func (b *builder) constrain() {
	b.indexBases() // those blocked here too: roles on teams and turns wait for them
	room := &room{newSeats(b.in.Snapshot), newPlaces(), newPlaces()}
	kept := make([]plan.Change, 0, len(b.proposed))
	// Lowerings first: they free seats and places that raises may take.
	for _, effect := range []plan.Effect{plan.Lower, plan.Raise} {
		for _, c := range b.proposed {
			if c.Effect != effect {
				continue
			}
			if o := kindOf(c.Kind).refused(b, &c, room); !o.none() {
				b.block(c, o)
				continue
			}
			kept = append(kept, c)
		}
	}
	b.proposed = kept
}

// onDuty names a schedule or escalation policy that a person is on; empty if
// there is none.
func onDuty(s *inventory.Snapshot, user string) string {
	for _, id := range slices.Sorted(maps.Keys(s.Schedules)) {
		if slices.Contains(s.Schedules[id].Users, user) {
			return "schedule " + s.Schedules[id].Name
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.EscalationPolicies)) {
		for _, rule := range s.EscalationPolicies[id].Rules {
			if slices.Contains(rule.Targets, inventory.Target{Type: "user", ID: user}) {
				return "escalation policy " + s.EscalationPolicies[id].Name
			}
		}
	}
	return ""
}

// seats counts the licenses as a plan uses them up.
type seats struct {
	licenses map[string]inventory.License
	of       map[string]string // license by user
	free     map[string]int    // by license; absent without a limit
	// freed are the people whose change frees a seat, by license.
	freed map[string][]string
}

func newSeats(s *inventory.Snapshot) *seats {
	t := &seats{licenses: s.Licenses, of: map[string]string{}, free: map[string]int{}, freed: map[string][]string{}}
	if len(s.Licenses) == 0 {
		return t
	}
	for id, u := range s.Users {
		if u.License != nil {
			t.of[id] = *u.License
		}
	}
	for id, l := range s.Licenses {
		if l.Available != nil {
			t.free[id] = *l.Available
		}
	}
	return t
}

// take finds a seat that allows the role: the person's own, else a free one,
// else one that another change of the plan frees, whose person is returned. It
// says why if there is none. Where licenses could not be read it allows all.
func (t *seats) take(user, role string) (frees, why string) {
	if len(t.licenses) == 0 {
		return "", ""
	}
	own, ok := t.of[user]
	if ok && slices.Contains(t.licenses[own].ValidRoles, role) {
		return "", ""
	}
	var full []string
	for _, id := range slices.Sorted(maps.Keys(t.licenses)) {
		l := t.licenses[id]
		if !slices.Contains(l.ValidRoles, role) {
			continue
		}
		if l.Available != nil {
			if t.free[id] <= 0 {
				full = append(full, l.Name)
				continue
			}
			t.free[id]--
			if n := len(t.freed[id]); t.free[id] < n {
				frees, t.freed[id] = t.freed[id][n-1], t.freed[id][:n-1]
			}
		}
		t.release(user, own)
		t.of[user] = id
		return frees, ""
	}
	if len(full) > 0 {
		return "", fmt.Sprintf("no seat is free on license %s, which %s needs", strings.Join(full, " or "), role)
	}
	return "", fmt.Sprintf("no license of the account allows %s", role)
}

func (t *seats) release(user, license string) {
	if license == "" {
		return
	}
	if _, limited := t.free[license]; limited {
		t.free[license]++
		t.freed[license] = append(t.freed[license], user)
	}
}

// others are the proposed changes that some have to wait for.
type others struct {
	// leaves are the changes that take somebody off a schedule, by user.
	leaves map[string][]plan.Change
	// overrides are those that are to be made.
	overrides []plan.Change
	// teamGrants are the keys of the changes that put people on teams.
	teamGrants map[desired.Pair]string
}

// depend says which changes must have succeeded before which (S16): each kind knows
// its own, and who hands over a resource keeps it until those who take over have it.
func (b *builder) depend() {
	takingOver := map[desired.Target][]plan.Change{}
	for _, c := range b.proposed {
		if c.Effect == plan.Raise && c.Cause == plan.CauseHandoff {
			takingOver[c.Pair().Target()] = append(takingOver[c.Pair().Target()], c)
		}
	}
	o := b.others()
	for i := range b.proposed {
		c := &b.proposed[i]
		kindOf(c.Kind).require(b, c, o)
		if c.Effect != plan.Lower || c.Cause != plan.CauseHandoff {
			continue
		}
		for _, raise := range takingOver[c.Pair().Target()] {
			if !slices.Contains(raise.Requires, c.ID) { // it may need the seat that this frees
				c.Requires = append(c.Requires, raise.ID)
			}
		}
	}
}

func (b *builder) others() others {
	o := others{leaves: map[string][]plan.Change{}, teamGrants: map[desired.Pair]string{}}
	any := false
	for _, c := range b.proposed {
		switch {
		case !c.Kind.OnSchedule():
			continue
		case c.After == inventory.None:
			o.leaves[c.User] = append(o.leaves[c.User], c)
		case c.Kind == plan.Override:
			o.overrides = append(o.overrides, c)
		}
		any = true
	}
	if !any {
		return o
	}
	for _, c := range b.everyChange() {
		if c.Action == plan.ActionGrant && c.Kind == plan.TeamRole {
			o.teamGrants[c.Pair()] = c.ID
		}
	}
	return o
}

// ofTeam says whether a schedule is a team's, or an escalation policy's of it.
func (b *builder) ofTeam(schedule, team string) bool {
	if slices.Contains(b.in.Snapshot.Schedules[schedule].Teams, team) {
		return true
	}
	for _, p := range b.in.Snapshot.EscalationPolicies {
		if slices.Contains(p.Teams, team) && slices.Contains(p.Targets(), inventory.Target{Type: "schedule", ID: schedule}) {
			return true
		}
	}
	return false
}

// cascade blocks what needs a change that will not be made.
func (b *builder) cascade() {
	for {
		due := make(map[string]bool, len(b.proposed))
		for _, c := range b.proposed {
			due[c.ID] = true
		}
		kept := make([]plan.Change, 0, len(b.proposed))
		for _, c := range b.proposed {
			i := slices.IndexFunc(c.Requires, func(id string) bool { return !due[id] })
			if i < 0 {
				kept = append(kept, c)
				continue
			}
			b.block(c, obstacle{codes.BlockedRequires, "it needs " + b.describe(c.Requires[i]) + ", which is " + b.whereabouts(c.Requires[i]), "see there"})
		}
		if len(kept) == len(b.proposed) {
			return
		}
		b.proposed = kept
	}
}

// whereabouts says what became of a change that is not due.
func (b *builder) whereabouts(key string) string {
	for _, c := range b.plan.Held {
		if c.ID == key {
			return "held"
		}
	}
	for _, c := range b.plan.Unenforced {
		if c.ID == key {
			return "not enforced"
		}
	}
	for _, c := range b.plan.Blocked {
		if c.ID == key {
			return "blocked"
		}
	}
	return "not targeted"
}

// describe is a change of the plan in a few words.
func (b *builder) describe(key string) string {
	for _, c := range b.everyChange() {
		if c.ID == key {
			return fmt.Sprintf("%s from %s to %s on %s", b.userName(c.User), c.Before, c.After, b.resourceName(c.Resource))
		}
	}
	return key
}

// everyChange are all changes, whatever became of them.
func (b *builder) everyChange() []plan.Change {
	all := slices.Concat(b.proposed, b.plan.Changes, b.plan.Unenforced)
	for _, c := range b.plan.Held {
		all = append(all, c.Change)
	}
	for _, c := range b.plan.Blocked {
		all = append(all, c.Change)
	}
	return all
}

// order puts the changes into an order that PagerDuty accepts: what others
// require first, raises before lowerings, base roles before team roles when
// raising and after them when lowering; then by resource and person.
func (b *builder) order() {
	at := b.places()
	byPlace(b.proposed, func(c *plan.Change) place { return at(c, phase(*c)) })
	done := make(map[string]bool, len(b.proposed))
	ordered := make([]plan.Change, 0, len(b.proposed))
	for len(ordered) < len(b.proposed) {
		before := len(ordered)
		for _, c := range b.proposed {
			if !done[c.ID] && !slices.ContainsFunc(c.Requires, func(id string) bool { return !done[id] }) {
				done[c.ID] = true
				ordered = append(ordered, c)
			}
		}
		if len(ordered) == before {
			break
		}
	}
	for _, c := range b.proposed {
		if !done[c.ID] {
			b.block(c, obstacle{codes.BlockedCircle, "it and what it needs wait for one another", "report it with the plan's JSON"})
		}
	}
	b.plan.Changes = ordered
}

func phase(c plan.Change) int {
	account := c.Kind == plan.BaseRole
	switch {
	case c.Effect == plan.Raise && account:
		return 0
	case c.Effect == plan.Raise:
		return 1
	case !account:
		return 2
	}
	return 3
}

// What is blocked or held is not made, and nothing may count on it: other changes are
// made again without it, or wait for it (S16).

// fixes says that a change of a base role would take the person's roles on teams, or
// their turns, out of reach.
func fixes(c plan.Change) bool {
	return c.Kind == plan.BaseRole && inventory.FixedBaseRole(c.After) && c.After != c.Before
}

// noteUnmade notes whose base role stays as it is, since the plan can't change it or
// waits with it, and says whether that is news: all that counted on it is to be planned
// again. What a person narrowed the plan away from is no news: the narrower plan is a part
// of the whole one.
func (b *builder) noteUnmade(stays map[string]bool) bool {
	news := false
	note := func(c plan.Change) {
		if fixes(c) && !stays[c.User] {
			stays[c.User], news = true, true
		}
	}
	for _, x := range b.plan.Blocked {
		note(x.Change)
	}
	for _, x := range b.plan.Held {
		note(x.Change)
	}
	return news
}

// places are those that a limit of PagerDuty's leaves on teams, or to people, as a plan
// takes them up.
type places struct {
	taken map[string]int
	// freed are the keys of the changes that free one, by team or person.
	freed map[string][]string
}

func newPlaces() places { return places{map[string]int{}, map[string][]string{}} }

// free notes that a change frees a place.
func (p places) free(of, change string) { p.freed[of] = append(p.freed[of], change) }

// left says whether there is a place left, of so many where some are in use.
func (p places) left(of string, used, most int) bool {
	return used+p.taken[of] < most || len(p.freed[of]) > 0
}

// take takes a place that left says is there for a change, which waits for whoever
// leaves it.
func (p places) take(c *plan.Change, of string, used, most int) {
	if used+p.taken[of] < most {
		p.taken[of]++
		return
	}
	leaver := p.freed[of][0]
	p.freed[of] = p.freed[of][1:]
	if !slices.Contains(c.Requires, leaver) {
		c.Requires = append(c.Requires, leaver)
	}
}
