// Package daemon makes rounds that nobody attends, on a schedule and whenever access
// changes by itself, and tells what came of them.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/risk"
)

// Daemon makes rounds that nobody attends: what is due is done without asking.
// Its Round is for a Loop. Fields are required unless they say
// otherwise.
type Daemon struct {
	// Load reads the policies as they stand.
	Load func(ctx context.Context) (reconcile.Policies, error)
	// LoadSource is a Round's; it may be nil.
	LoadSource func(ctx context.Context, source []byte) (reconcile.Policies, error)
	Reader     reconcile.Reader
	// Refresher reads for handoffs and looks at on-calls what they depend on;
	// nil if every round is to read the whole account.
	Refresher Refresher
	// MaxAge is how old a full refresh may be for such a round to build on it; the
	// constant where zero.
	MaxAge time.Duration
	// OnCallInterval is how often on-calls are looked at between rounds; zero for
	// never.
	OnCallInterval time.Duration
	// Audit reads what others changed by PagerDuty's audit trail, where there is one:
	// then rounds of the schedule read only that, and the account in full when the last
	// full refresh is older than MaxAge.
	Audit bool
	// WholeUpTo is how many requests a full refresh may take for the account to be read
	// so whenever it is read; a larger one is read in parts. A default where zero.
	WholeUpTo int
	Record    DaemonRecord
	Account   apply.Account
	Settings  plan.Settings
	// Risks are a Round's; they may be nil.
	Risks *risk.Settings
	// Now is the account's clock.
	Now func() time.Time
	// Settle, Local and Look are a Stillness's: by themselves edits lower nothing at
	// once. Local is its Now.
	Settle time.Duration
	Local  func() time.Time
	Look   func(ctx context.Context, set reconcile.Policies, configuration bool) reconcile.Sight
	// Self and ClockDoubt are a Round's; they may be nil.
	Self       func(ctx context.Context) (user string, err error)
	ClockDoubt func() (other time.Time, why string)
	// Paused is a person's decision that nothing is written; nil if there is none. It
	// is asked before each write, from several goroutines.
	Paused func() *reconcile.Pause
	// Sink gets what happens: changes as they are made, and conditions when they
	// begin and end.
	Sink events.Sink
	// Requests counts the requests sent to PagerDuty so far; may be nil.
	Requests func() int

	cache  accountCache
	ledger ledger
	// dueAt is when access changes by itself next, as far as is known.
	dueAt time.Time
	// stillAt is when time alone lets something through that is held.
	stillAt time.Time

	// announcing keeps what happens in its order.
	announcing sync.Mutex
	mu         sync.Mutex
	status     Status
	// told is what the sink got and what still holds, and kept what the record
	// holds of it.
	told events.Told
	kept string
	// happened is what the record's outbox is still to get.
	happened []events.Event
	// recalled says that it is known what the process before this one reported.
	recalled bool
	// keeping keeps what the record gets in its order.
	keeping sync.Mutex
	// groups are those that the last round found.
	groups groups
	// pending changes the fields before the next round; nil if nothing does.
	pending func(*Daemon)
}

// DaemonRecord is a record that keeps what was reported, too.
type DaemonRecord interface {
	reconcile.Record
	Told(ctx context.Context) ([]byte, error)
	SaveTold(ctx context.Context, text []byte, happened []events.Event) error
	reconcile.StillRecord
}

// Change lets f change the fields, but for Paused and Sink, before the next round
// and never during one.
func (d *Daemon) Change(f func(*Daemon)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if before := d.pending; before != nil {
		after := f
		f = func(d *Daemon) { before(d); after(d) }
	}
	d.pending = f
}

// changed makes the changes that wait.
func (d *Daemon) changed() {
	d.mu.Lock()
	f := d.pending
	d.pending = nil
	d.mu.Unlock()
	if f != nil {
		f(d)
	}
}

// Status is how the daemon stands. It may be asked at any time.
func (d *Daemon) Status() Status {
	paused := d.Paused()
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.status.clone()
	s.stand(&d.told)
	s.Paused = paused
	return s
}

// Round makes one round:
//
//  1. load the policies as they stand,
//  2. plan with them and do what is due, unless writing is paused,
//  3. where they are broken, do both with the last good ones instead,
//  4. tell what came of it, and when access changes next.
//
// A round that ctx's end cut short did not fail. A panic is an error like any
// other: what it left is a killed round's, and the next one goes on from there.
func (d *Daemon) Round(ctx context.Context, why string) (next Next, err error) {
	defer func() {
		if p := recover(); p != nil {
			next, err = Next{}, fmt.Errorf("internal error, please report it: %v", p)
			stack := debug.Stack()
			d.announce(func(t *events.Told) []events.Event { return t.Panic(d.Now(), err, stack) })
			d.conclude(nil, next, err)
		}
	}()
	d.changed()
	if err := d.recall(ctx); err != nil {
		return Next{}, d.failed(ctx, err)
	}
	defer d.keep(ctx)
	return d.round(ctx, why)
}

func (d *Daemon) round(ctx context.Context, trigger string) (Next, error) {
	r := d.begin(trigger)
	if trigger == WhyOnCalls {
		r.poll(ctx)
		if r.nothingNew() {
			return r.unchanged(), nil
		}
	}
	done, err := d.carryOut(ctx, r)
	if errors.Is(err, errUncovered) {
		r.fullReason = err.Error()
		done, err = d.carryOut(ctx, r)
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return Next{}, nil
	}
	again := r.again(done, err)
	if err == nil && !again {
		err = unfinished(done.Report)
	}
	r.keep(done, err)
	d.foresee(done)
	d.pace()
	next := d.next(r)
	if again {
		err, next.At = nil, d.Now().Add(soon)
	}
	err = errors.Join(err, d.announceAlarms(ctx))
	d.conclude(done, next, err)
	d.announceRound(done, trigger, err)
	r.announceCost(done)
	return next, err
}

// failed concludes a round that could not begin.
func (d *Daemon) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	d.conclude(nil, Next{}, err)
	return err
}

// conclude notes how a round ended.
func (d *Daemon) conclude(done *reconcile.Applied, next Next, err error) {
	now := d.Now().UTC()
	d.mu.Lock()
	defer d.mu.Unlock()
	s := &d.status
	s.Rounds++
	s.Ended, s.Error = &now, ""
	if err != nil {
		s.Failures++
		s.Error = err.Error()
	} else {
		s.Succeeded = &now
	}
	if done == nil || done.Result == nil {
		return
	}
	r := done.Result
	d.noteGroups(r)
	s.Boundary = nil
	if b := next.At.UTC(); !next.At.IsZero() {
		s.Boundary = &b
	}
	s.Still = nil
	if t := firstToAct(r.Plan.Held, plan.HoldEditSettling).UTC(); !t.IsZero() {
		s.Still = &t
	}
	s.Policies = r.Plan.Policies
	s.Revision, s.Summary, s.Findings = r.Plan.Revision, r.Plan.Summary, events.OpenFindings(r.Plan)
	s.Coverage = coverage(r)
}
