package inventory

import (
	"context"
	"slices"
	"time"
)

// RefreshOptions say what of an account is read again, and why.
type RefreshOptions struct {
	// At is the moment from which on-calls are asked for, by the local idea of
	// PagerDuty's clock.
	At time.Time
	// Ahead is how far from there on-calls are compared with the shifts that the
	// snapshot holds; a second at least.
	Ahead time.Duration
	// Schedules and Policies are the ids of those that matter.
	Schedules, Policies []string
	// Due are the schedules among them that are handed over now. They are read
	// again in any case, and of the others only what their people are on call on,
	// where that is cheaper. Without any, everything that matters is compared.
	Due []string
	// Unlisted reads again the schedules on no escalation policy, which
	// /oncalls does not know.
	Unlisted bool
	// Accepted are answers that differed from the snapshot after an earlier
	// refresh as well: the id of a schedule or policy to what was answered. They
	// are no reason to read anything again.
	Accepted map[string]string
}

// Refreshed is an account whose on-call facts were read again.
type Refreshed struct {
	// Snapshot is the earlier one with what was read in its place. Its TakenAt is
	// the first answer's Date.
	Snapshot *Snapshot
	// Changed are the ids of the schedules that are not as they were, or whose
	// on-calls are at odds with them, or no longer so, and of whatever else changed by
	// the audit trail.
	Changed []string
	// Odd are the answers at odds with what was read, for Accepted; empty for what
	// was compared and agrees.
	Odd map[string]string
	// Behind is how far PagerDuty's clock was behind At.
	Behind time.Duration

	// Reread are the schedules that were read again.
	Reread map[string]bool
	// Compared are the schedules of which all on-calls were compared.
	Compared map[string]bool
	// Leaving are the people of whom all on-calls were compared.
	Leaving map[string]bool
	// Levels are the escalation policies whose levels were compared.
	Levels map[string]bool
}

// Knows says that a person's shifts on a schedule are as of now: it was read
// again, or compared with on-calls of them all.
func (r *Refreshed) Knows(schedule, user string) bool {
	return r.Read(schedule) || r.Compared[schedule] ||
		r.Leaving[user] && slices.ContainsFunc(r.Snapshot.Schedules[schedule].EscalationPolicies, func(p string) bool {
			_, known := r.Snapshot.EscalationPolicies[p]
			return known
		})
}

// Read says that a schedule was read again.
func (r *Refreshed) Read(schedule string) bool { return r.Reread[schedule] }

// KnowsPolicy says that the levels of an escalation policy are as of now.
func (r *Refreshed) KnowsPolicy(policy string) bool { return r.Levels[policy] }

// OutdatedError says that what was read again does not fit what was read
// before, so that the whole account has to be read.
type OutdatedError struct {
	Why string
	// ID and Answer are for Accepted, once the whole account was read; empty if
	// the reason can't be accepted.
	ID, Answer string
}

func (e *OutdatedError) Error() string { return e.Why }

// Aged is what was not read again and matters, by id.
type Aged struct{ Users, Policies, Schedules, Teams []string }

// Count is how many things there are.
func (a Aged) Count() int { return len(a.Users) + len(a.Policies) + len(a.Schedules) + len(a.Teams) }

type urgentKey struct{}

// Urgent marks what is asked for in ctx as not to wait for other requests: looks before
// writes, and what a handoff depends on. Writes go before others as it is.
func Urgent(ctx context.Context) context.Context { return context.WithValue(ctx, urgentKey{}, true) }

// IsUrgent says whether ctx was marked by Urgent.
func IsUrgent(ctx context.Context) bool { return ctx.Value(urgentKey{}) != nil }
