package daemon

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Refresher reads again what hand-overs depend on, on top of a complete
// snapshot; inventory/pagerduty's client does.
type Refresher interface {
	Refresh(ctx context.Context, base *inventory.Snapshot, o pagerduty.RefreshOptions) (*pagerduty.Refreshed, error)
}

// base is the last whole reading of the account, with what was read again and
// written since. It carries the rounds that read in part.
type base struct {
	snapshot *inventory.Snapshot
	// whole is when the account was read whole, by PagerDuty's clock.
	whole time.Time
	// sought are the schedules that the whole reading accounted for.
	sought map[string]bool
	// finished is the last finished round that it knows of: a later one was
	// another process's, whose writes it has not seen.
	finished time.Time
	// uses are the on-call facts that the last round's desired access followed
	// from.
	uses desired.Uses
	// self is whose token it is; nil if that could not be told.
	self   *string
	reader Refresher
}

// MaxAge is how old a whole reading may be for rounds to build on it, where
// nothing else is said.
const MaxAge = 15 * time.Minute

// reading is how one round reads the account: whole, or in part where that
// suffices. It reads once.
type reading struct {
	d   *Daemon
	why string
	// requests are those sent before it, and awaited is the moment at which access
	// was to change next.
	requests int
	awaited  time.Time
	// finished is the last finished round, by the memory.
	finished time.Time

	snapshot *inventory.Snapshot
	// began is when reading began, by the account's clock as it is known here.
	began  time.Time
	sought []string
	// refreshed is what was read in part; nil if the account was read whole.
	refreshed *pagerduty.Refreshed
	// waits says why something is lowered only once the account was read whole; empty
	// if nothing waits for that.
	waits string
	// because says why the account was read whole though a part might have done.
	because string
	self    *string
	// other and doubted are what was said of the clock while it was read.
	other   time.Time
	doubted string
}

// read begins a round's reading.
func (d *Daemon) read(why string) *reading {
	r := &reading{d: d, why: why, awaited: d.awaited}
	if d.Requests != nil {
		r.requests = d.Requests()
	}
	return r
}

// partial says whether what makes a round due can be answered by a part of the
// account: shifts that begin and end, and a look at on-calls.
func partial(why string) bool { return why == WhyBoundary || why == WhyOnCalls }

// Snapshot reads the account.
func (r *reading) Snapshot(ctx context.Context, schedules []string) (*inventory.Snapshot, error) {
	if r.sought != nil {
		return r.snapshot, nil
	}
	if partial(r.why) && r.because == "" {
		r.because = r.d.unfit()
	}
	if partial(r.why) && r.because == "" {
		r.because = r.d.base.lacks(schedules, r.finished)
	}
	if partial(r.why) && r.because == "" && r.refreshed == nil {
		if err := r.refresh(ctx); err != nil {
			return nil, err
		}
	}
	if r.refreshed != nil && r.because == "" {
		return r.snapshot, nil
	}
	return r.whole(ctx, schedules)
}

// whole reads the whole account.
func (r *reading) whole(ctx context.Context, schedules []string) (*inventory.Snapshot, error) {
	r.refreshed, r.waits = nil, ""
	if partial(r.why) && r.d.Refresher != nil {
		r.d.announceOne(events.ReadInFull(r.d.Now(), r.why, r.because))
	}
	r.began = r.d.Now()
	var err error
	if r.snapshot, err = r.d.Reader.Snapshot(ctx, schedules); err != nil {
		return nil, err
	}
	r.d.took = r.d.Now().Sub(r.began)
	r.sought = append([]string{}, schedules...)
	return r.snapshot, nil
}

// refresh reads in part. If that does not do, because says why.
func (r *reading) refresh(ctx context.Context) error {
	r.began = r.d.Now()
	got, err := r.d.Refresher.Refresh(ctx, r.d.base.snapshot, r.d.refreshOptions(r.why))
	var outdated *pagerduty.OutdatedError
	switch {
	case ctx.Err() != nil:
		return err
	case errors.As(err, &outdated) && outdated.ID != "":
		r.because = err.Error()
		r.d.accept(map[string]string{outdated.ID: outdated.Answer})
		return nil
	case err != nil:
		r.because = err.Error()
		return nil
	}
	r.refreshed, r.snapshot = got, got.Snapshot
	r.d.behind = got.Behind
	r.d.accept(got.Odd)
	return nil
}

// accept notes answers at odds with what was read, which reading again did not
// end, and forgets those that are so no longer.
func (d *Daemon) accept(odd map[string]string) {
	if d.accepted == nil {
		d.accepted = map[string]string{}
	}
	for id, answer := range odd {
		if d.accepted[id] = answer; answer == "" {
			delete(d.accepted, id)
		}
	}
}

// refreshOptions say what is read again.
func (d *Daemon) refreshOptions(why string) pagerduty.RefreshOptions {
	b, now := d.base, d.Now().Add(-d.behind)
	o := pagerduty.RefreshOptions{
		At: now, Ahead: b.uses.Lead() + d.OnCallInterval,
		Schedules: slices.Sorted(maps.Keys(b.uses.Schedules)), Policies: slices.Sorted(maps.Keys(b.uses.Policies)),
		Accepted: d.accepted,
	}
	switch why {
	case WhyBoundary:
		o.Due = b.uses.Due(b.snapshot, b.snapshot.Now, now)
	default:
		o.Unlisted = true
	}
	return o
}

// unfit says why rounds can't build on the last whole reading; empty if they
// can.
func (d *Daemon) unfit() string {
	switch b := d.base; {
	case d.Refresher == nil:
		return "reading in part is not possible"
	case b == nil:
		return "there is no complete reading to build on"
	case b.reader != d.Refresher:
		return "the configuration changed"
	case d.Now().Sub(b.whole) >= d.maxAge():
		return fmt.Sprintf("the last whole reading is of %s", b.whole.Format(time.RFC3339))
	}
	return ""
}

func (d *Daemon) maxAge() time.Duration {
	if d.MaxAge > 0 {
		return d.MaxAge
	}
	return MaxAge
}

// lacks says what the reading does not account for; empty if nothing.
func (b *base) lacks(schedules []string, finished time.Time) string {
	for _, id := range schedules {
		if _, there := b.snapshot.Schedules[id]; !there && !b.sought[id] {
			return fmt.Sprintf("schedule %s is mentioned since", id)
		}
	}
	if !finished.Equal(b.finished) {
		return "another process made a round since"
	}
	return ""
}

// whose says whose token it is, as the last whole reading's round learned it.
func (r *reading) whose(ctx context.Context) (string, error) {
	if r.refreshed != nil && r.d.base.self != nil {
		r.self = r.d.base.self
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
func (r *reading) doubt() (other time.Time, why string) {
	if r.doubted == "" && r.d.ClockDoubt != nil {
		r.other, r.doubted = r.d.ClockDoubt()
	}
	return r.other, r.doubted
}

// errUncovered says that policies use more than was read again.
var errUncovered = errors.New("the policies now depend on schedules that were not read again")

// covered says whether a plan made of a part follows from what was read again
// alone.
func (r *reading) covered(result *reconcile.Result) bool {
	return r.refreshed == nil || result.Expansion.Uses().Within(r.d.base.uses)
}

// keep notes what the next round may build on. What was written is in it, and
// what went wrong ends it: then PagerDuty may hold anything.
func (r *reading) keep(done *reconcile.Applied, err error) {
	d := r.d
	if r.waits != "" {
		d.announceOne(events.Waiting(d.Now(), r.waits))
	}
	if r.waits != "" || err != nil && !errors.Is(err, apply.ErrExpired) || !r.sound(done) {
		d.base = nil
		return
	}
	next := &base{
		snapshot: done.Snapshot, whole: r.snapshot.Account.TakenAt, finished: r.finished,
		uses: done.Expansion.Uses(), sought: map[string]bool{}, self: r.self, reader: d.Refresher,
	}
	for _, id := range r.sought {
		next.sought[id] = true
	}
	if r.refreshed != nil {
		next.whole, next.sought = d.base.whole, d.base.sought
	}
	if done.Report != nil {
		next.snapshot = done.After()
		if err == nil {
			next.finished = done.Plan.Now
		}
	}
	d.base = next
}

// aged says that changes planned from a part did not come about because the
// account is not any more as it was read whole: that is no failure, but a reason
// to read it whole at once.
func (r *reading) aged(report *apply.Report) bool {
	return r.refreshed != nil && report != nil && report.Counts.Conflict > 0 && report.Counts.Failed == 0
}

// sound says whether what was read and written is all known: a complete
// snapshot, changes that came about, and none of a schedule, which PagerDuty may
// have made something else of.
func (r *reading) sound(done *reconcile.Applied) bool {
	switch {
	case done == nil || done.Result == nil || !r.snapshot.Account.Complete || !done.Snapshot.Account.Complete || len(done.Recovered) > 0 || !r.covered(done.Result):
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

// remembered is a record that tells the reading which round finished last.
type remembered struct {
	reconcile.Record
	r *reading
}

func (m remembered) Memory(ctx context.Context, now time.Time) (plan.Memory, error) {
	got, err := m.Record.Memory(ctx, now)
	if err == nil {
		m.r.finished = time.Time{}
		if got.Last != nil {
			m.r.finished = got.Last.At
		}
	}
	return got, err
}
