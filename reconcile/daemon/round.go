package daemon

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// round is one round under way: its stages leave in it what later ones need.
type round struct {
	d       *Daemon
	trigger string
	// paused says that nothing is written.
	paused bool
	// requestsBefore were sent before it.
	requestsBefore int
	// dueAt is the moment at which access was to change next.
	dueAt time.Time
	// read is the account as it was read; nil before.
	read *reading
	// fullReason says why the account has to be read in full; empty if a part may do.
	fullReason string
	// waits says why something is lowered only once the account was read in full; empty
	// if nothing waits for that.
	waits string
	// self is whose token it is; nil if that is not known.
	self *string
	// otherClock and clockDoubt are what was said of the clock while the account was
	// read.
	otherClock time.Time
	clockDoubt string
}

// begin begins a round.
func (d *Daemon) begin(trigger string) *round {
	paused := d.Paused()
	d.announcePause(paused)
	d.cache.use(accountSource{d.Reader, d.Refresher, d.maxAge(), d.OnCallInterval, d.Audit, d.Now, d.Requests, cmp.Or(d.WholeUpTo, wholeUpTo)})
	r := &round{d: d, trigger: trigger, dueAt: d.dueAt, paused: paused != nil}
	if d.Requests != nil {
		r.requestsBefore = d.Requests()
	}
	return r
}

func (d *Daemon) maxAge() time.Duration {
	if d.MaxAge > 0 {
		return d.MaxAge
	}
	return MaxAge
}

// poll looks at on-calls, for a round that is due for that. What it read is the round's
// if that was enough.
func (r *round) poll(ctx context.Context) {
	got, err := r.d.cache.Poll(ctx)
	switch {
	case err != nil: // the context's: the round ends by itself
	case got.fullReason != "":
		r.fullReason = got.fullReason
	default:
		r.read = &got
		r.tellUnrecorded()
	}
}

// nothingNew says that a poll found all as it was, and that nothing is due.
func (r *round) nothingNew() bool {
	return r.read != nil && r.read.refreshed != nil && len(r.read.refreshed.Changed) == 0 &&
		(r.dueAt.IsZero() || r.read.snapshot.Now.Before(r.dueAt))
}

// unchanged ends such a round.
func (r *round) unchanged() Next {
	r.d.cache.unchanged(*r.read)
	r.count(KindOnCalls)
	r.d.pace()
	return r.d.next(r)
}

// full says that the account was read in full.
func (r *round) full() bool { return r.read != nil && r.read.refreshed == nil }

// snapshot reads the account, once in full at most.
func (r *round) snapshot(ctx context.Context, m plan.Memory, schedules []string) (*inventory.Snapshot, error) {
	if r.full() {
		return r.read.snapshot, nil
	}
	w := wanted{trigger: r.trigger, required: schedules, fullReason: r.fullReason, polled: r.read}
	if m.Last != nil {
		w.lastFinished = m.Last.At
	}
	got, err := r.d.cache.Read(ctx, w)
	if err != nil {
		r.read = nil
		return nil, err
	}
	r.read = &got
	r.tellUnrecorded()
	if r.full() {
		r.waits = ""
		if partial(r.trigger) && r.d.Refresher != nil {
			r.d.Tell(events.ReadInFull(r.d.Now(), r.trigger, got.fullReason))
		}
	}
	return got.snapshot, nil
}

// tellUnrecorded tells what changed and should have been in the audit trail.
func (r *round) tellUnrecorded() {
	for _, id := range slices.Sorted(maps.Keys(r.read.unrecorded)) {
		r.d.Tell(events.Unrecorded(r.d.Now(), r.read.unrecorded[id]))
	}
	r.read.unrecorded = nil
}

// whose says whose token it is, as the last full refresh's round learned it.
func (r *round) whose(ctx context.Context) (string, error) {
	if last := r.d.cache.lastFull; !r.full() && last != nil && last.self != nil {
		r.self = last.self
		return *r.self, nil
	}
	user, err := r.d.Self(ctx)
	if err == nil {
		r.self = &user
	}
	return user, err
}

// doubt says why the time can't be trusted. What is a doubt once is one as long as
// rounds are made of this reading.
func (r *round) doubt() (other time.Time, why string) {
	if r.clockDoubt == "" && r.d.ClockDoubt != nil {
		r.otherClock, r.clockDoubt = r.d.ClockDoubt()
	}
	return r.otherClock, r.clockDoubt
}

// errUncovered says that policies use more than was read again.
var errUncovered = errors.New("the policies now depend on schedules that were not read again")

// keep keeps what the next round may build on. What was written is in it, and
// what went wrong ends it: then PagerDuty may hold anything.
func (r *round) keep(done *reconcile.Applied, err error) {
	if r.waits != "" {
		r.d.Tell(events.Waiting(r.d.Now(), r.waits))
	}
	if r.waits != "" || err != nil && !errors.Is(err, apply.ErrExpired) || !r.sound(done) {
		r.d.cache.drop()
		return
	}
	r.d.cache.keep(*r.read, done, r.self, err == nil)
}

// again says that the account or access changed while the round was made, so that the
// next one is due at once.
func (r *round) again(done *reconcile.Applied, err error) bool {
	return errors.Is(err, apply.ErrExpired) ||
		err == nil && (r.waits != "" || r.aged(done.Report) || done.Report != nil && done.Report.Expired())
}

// aged says that changes planned from a part did not come about because the
// account is no longer as the last full refresh found it: that is no failure, but a reason
// for a full refresh at once.
func (r *round) aged(report *apply.Report) bool {
	return !r.full() && report != nil && report.Counts.Conflict > 0 && report.Counts.Failed == 0
}

// sound says whether what was read and written is all known: a complete
// snapshot, changes that came about, and none of a schedule, which PagerDuty may
// have made something else of.
func (r *round) sound(done *reconcile.Applied) bool {
	switch {
	case done == nil || done.Result == nil || r.read == nil || !r.read.snapshot.Account.Complete || !done.Snapshot.Account.Complete || len(done.Recovered) > 0 || !r.d.cache.covers(*r.read, done.Result):
		return false
	case done.Report == nil:
		return true
	case done.Report.Counts.Conflict+done.Report.Counts.Failed > 0:
		return false
	}
	return !slices.ContainsFunc(done.Report.Outcomes, func(o apply.Outcome) bool {
		return o.Wrote && o.Change.Kind.OnSchedule()
	})
}
