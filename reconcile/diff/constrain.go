package diff

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
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
	teamSize, userTeams map[string]int
}

// constrain blocks what PagerDuty would refuse, as far as the snapshot tells
// (S16).
func (b *builder) constrain() {
	b.indexBases() // those blocked here too: roles on teams and turns wait for them
	room := &room{newSeats(b.in.Snapshot), map[string]int{}, map[string]int{}}
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

// seats counts the licences as a plan uses them up.
type seats struct {
	licenses map[string]inventory.License
	of       map[string]string // licence by user
	free     map[string]int    // by licence; absent without a limit
	// freed are the people whose change frees a seat, by licence.
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
// says why if there is none. Where licences could not be read it allows all.
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
			if n := len(t.freed[id]); n > 0 && t.free[id] < n {
				frees, t.freed[id] = t.freed[id][n-1], t.freed[id][:n-1]
			}
		}
		t.release(user, own)
		t.of[user] = id
		return frees, ""
	}
	if len(full) > 0 {
		return "", fmt.Sprintf("no seat is free on licence %s, which %s needs", strings.Join(full, " or "), role)
	}
	return "", fmt.Sprintf("no licence of the account allows %s", role)
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
