package desired

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Uses are the on-call facts that desired access follows from: what has to be
// read again for a handoff. Groups that nothing is granted to, limited or
// protected by don't count.
type Uses struct {
	// Schedules are the schedules whose shifts matter, by id, with the margins by
	// which groups widen them.
	Schedules map[string][]Margin
	// Policies are the ids of escalation policies.
	Policies map[string]bool
}

// Margin is by how much a group widens shifts.
type Margin struct{ Lead, Lag time.Duration }

// Uses says which on-call facts desired access follows from. It is not to be
// changed.
func (e *Expansion) Uses() Uses { return e.uses }

// Within says whether all that is used is among what o uses.
func (u Uses) Within(o Uses) bool {
	for id := range u.Schedules {
		if _, ok := o.Schedules[id]; !ok {
			return false
		}
	}
	for id := range u.Policies {
		if !o.Policies[id] {
			return false
		}
	}
	return true
}

// None says that nothing is used.
func (u Uses) None() bool { return len(u.Schedules) == 0 && len(u.Policies) == 0 }

// Lead is the longest lead of a group.
func (u Uses) Lead() time.Duration {
	var lead time.Duration
	for _, margins := range u.Schedules {
		for _, m := range margins {
			lead = max(lead, m.Lead)
		}
	}
	return lead
}

// Due are the schedules used on which, by the shifts of s, a shift that is
// widened as groups do begins or ends after one moment and not after another.
// Sorted.
func (u Uses) Due(s *inventory.Snapshot, after, until time.Time) []string {
	within := func(t time.Time) bool { return t.After(after) && !t.After(until) }
	var due []string
	for _, id := range slices.Sorted(maps.Keys(u.Schedules)) {
		comes := slices.ContainsFunc(s.Schedules[id].Shifts, func(shift inventory.Shift) bool {
			return slices.ContainsFunc(u.Schedules[id], func(m Margin) bool {
				return within(shift.Start.Add(-m.Lead)) || within(shift.End.Add(m.Lag))
			})
		})
		if comes {
			due = append(due, id)
		}
	}
	return due
}

// use is one fact used: a schedule's shifts with a margin, an escalation policy,
// who takes turns on a schedule, or a team's members.
type use struct {
	schedule, policy, rotation, team string
	margin                           Margin
}

func compareUses(a, b use) int {
	return cmp.Or(cmp.Compare(a.schedule, b.schedule), cmp.Compare(a.policy, b.policy),
		cmp.Compare(a.rotation, b.rotation), cmp.Compare(a.team, b.team),
		cmp.Compare(a.margin.Lead, b.margin.Lead), cmp.Compare(a.margin.Lag, b.margin.Lag))
}

func newUses() Uses {
	return Uses{Schedules: map[string][]Margin{}, Policies: map[string]bool{}}
}

func (u Uses) add(uses []use) {
	for _, one := range uses {
		switch {
		case one.rotation != "", one.team != "":
		case one.policy != "":
			u.Policies[one.policy] = true
		case !slices.Contains(u.Schedules[one.schedule], one.margin):
			u.Schedules[one.schedule] = append(u.Schedules[one.schedule], one.margin)
		}
	}
}

// lookUp adds what a rule looks up by itself.
func (u Uses) lookUp(kind inventory.Kind, id string) {
	switch kind {
	case inventory.KindSchedule:
		u.add([]use{{schedule: id}})
	case inventory.KindEscalation:
		u.add([]use{{policy: id}})
	}
}

// Facts are what of PagerDuty the access to a resource follows from, by id: the
// shifts of schedules, escalation policies, who takes turns on schedules, and the
// members of teams. The people themselves are not among them.
type Facts struct {
	Shifts, Policies, Rotations, Teams map[string]bool
}

// Facts says what the access to a resource follows from: by its grants, by those
// on teams and schedules that it follows from in turn (S34), and by limits,
// protections and leavers, which may be about any.
func (e *Expansion) Facts(resource inventory.Ref) Facts {
	f := Facts{Shifts: map[string]bool{}, Policies: map[string]bool{}, Rotations: map[string]bool{}, Teams: map[string]bool{}}
	e.gather(f, inventory.Ref{})
	e.gather(f, resource)
	return f
}

func (e *Expansion) gather(f Facts, resource inventory.Ref) {
	for _, u := range e.facts[resource] {
		switch {
		case u.policy != "":
			f.Policies[u.policy] = true
		case u.schedule != "":
			f.Shifts[u.schedule] = true
		case u.rotation != "" && !f.Rotations[u.rotation]:
			f.Rotations[u.rotation] = true
			e.gather(f, inventory.ByID(inventory.KindSchedule, u.rotation))
		case u.team != "" && !f.Teams[u.team]:
			f.Teams[u.team] = true
			e.gather(f, inventory.ByID(inventory.KindTeam, u.team))
		}
	}
}

// follows notes what the access to a resource follows from; the zero Ref is any
// resource's.
func (e *Expansion) follows(resource inventory.Ref, who people) {
	e.uses.add(who.uses)
	e.facts[resource] = append(e.facts[resource], who.uses...)
}
