package desired

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// Who is on call on a schedule has up to three witnesses: the final schedule as
// PagerDuty rendered it, which is what counts (S21); our own rendering of the
// schedule's definition (S22); and /oncalls, for schedules on an escalation
// policy, at the moment of the snapshot. Where the first stands alone, nobody can
// tell it from an answer that is damaged.
//
//	/oncalls and the final schedule differ         in dispute
//	our rendering and the final schedule differ    in dispute, unless /oncalls names
//	                                               the same people as the latter
//	we can't render it, and the final schedule     in dispute, if people take turns
//	never names anybody                            on it
//
// The difference counts only where it touches the moment, or the lead and lag of
// the group at hand.

// disputed says why a schedule's rendering can't be trusted for a group that
// stretches its shifts so far; empty if it can.
func (x *expander) disputed(schedule string, s stretch) (reason, bool) {
	why := x.in.Disputes[schedule]
	if x.in.Disputes == nil {
		if why = x.compareOnCalls(schedule); why == "" {
			why = x.compareRendering(schedule, s)
		}
	}
	if why == "" {
		return reason{}, false
	}
	x.disputes[schedule] = why
	return reason{code: codeDisputed, about: inventory.ByID(inventory.KindSchedule, schedule), text: why}, true
}

// onPolicy says that /oncalls knows a schedule.
func (x *expander) onPolicy(schedule string) bool {
	return slices.ContainsFunc(x.in.Snapshot.Schedules[schedule].EscalationPolicies, func(id string) bool {
		_, ok := x.in.Snapshot.EscalationPolicies[id]
		return ok
	})
}

// rendered are the people on call by the final schedule when the snapshot was
// taken.
func (x *expander) rendered(schedule string) map[string]bool {
	users := map[string]bool{}
	for _, s := range oncall.At(x.in.Snapshot.Manned(x.in.Snapshot.Schedules[schedule].Shifts), x.in.Snapshot.Account.TakenAt) {
		users[s.User] = true
	}
	return users
}

func (x *expander) compareOnCalls(schedule string) string {
	if !x.onPolicy(schedule) {
		return ""
	}
	said, rendered := x.onCalls[schedule], x.rendered(schedule)
	if maps.Equal(said, rendered) {
		return ""
	}
	return fmt.Sprintf("who is on call on %s is in dispute: its final schedule says %s, PagerDuty's on-calls say %s",
		x.scheduleName(schedule), x.names(rendered), x.names(said))
}

func (x *expander) compareRendering(schedule string, s stretch) string {
	snap := x.in.Snapshot
	differences, err := x.resolver.differences(snap, schedule)
	if err != nil {
		if v := snap.Schedules[schedule]; len(v.Shifts) > 0 || len(v.Users) == 0 {
			return ""
		}
		return fmt.Sprintf("who is on call on %s is unknown: its final schedule names nobody, and it can't be rendered here: %v",
			x.scheduleName(schedule), err)
	}
	from, until := snap.Now.Add(-s.lag), snap.Now.Add(s.lead)
	for _, d := range differences {
		ours, theirs := x.present(d.Ours), x.present(d.Theirs)
		if d.Start.After(until) || !d.End.After(from) || slices.Equal(ours, theirs) || x.confirmed(schedule, d) {
			continue
		}
		return fmt.Sprintf("who is on call on %s is in dispute: from %s to %s its final schedule says %s, and by its turns it is %s",
			x.scheduleName(schedule), clock(d.Start), clock(d.End), x.names(setOf(theirs)), x.names(setOf(ours)))
	}
	return ""
}

// confirmed says that PagerDuty's on-calls name the people whom its final
// schedule does, against our rendering. That both name nobody confirms nothing.
func (x *expander) confirmed(schedule string, d oncall.Difference) bool {
	at := x.in.Snapshot.Account.TakenAt
	return x.onPolicy(schedule) && len(x.onCalls[schedule]) > 0 && !at.Before(d.Start) && at.Before(d.End)
}

// present are those of users who are in the account. PagerDuty's rendering is
// read without people who were deleted, and the schedule's definition may have
// them still.
func (x *expander) present(users []string) []string {
	return slices.DeleteFunc(slices.Clone(users), func(id string) bool {
		_, there := x.in.Snapshot.Users[id]
		return !there
	})
}

func (x *expander) scheduleName(id string) string {
	return x.resolver.index.Named(inventory.ByID(inventory.KindSchedule, id))
}

func setOf(ids []string) map[string]bool {
	set := map[string]bool{}
	for _, id := range ids {
		set[id] = true
	}
	return set
}

// renderings are where our renderings differ from PagerDuty's, by schedule.
type renderings map[string]rendering

type rendering struct {
	differences []oncall.Difference
	err         error
}

// differences are those of a schedule over the snapshot's window, found out once.
// A schedule of which only the rendering is known has none.
func (n *Names) differences(s *inventory.Snapshot, id string) ([]oncall.Difference, error) {
	known, ok := n.rendered[id]
	if !ok {
		v := s.Schedules[id]
		switch {
		case len(v.Layers)+len(v.Rotations)+len(v.CustomShifts)+len(v.Overrides) > 0:
			known.differences, known.err = oncall.Compare(v, s.Account.Window)
		default:
			known.err = errors.New("its layers or rotations are not known")
		}
		n.rendered[id] = known
	}
	return known.differences, known.err
}
