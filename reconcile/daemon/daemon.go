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

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/plan"
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
	// Refresher reads for hand-overs and looks at on-calls what they depend on;
	// nil if every round is to read the account whole.
	Refresher Refresher
	// MaxAge is how old a whole reading may be for such a round to build on it; the
	// constant where zero.
	MaxAge time.Duration
	// OnCallInterval is how often on-calls are looked at between rounds; zero for
	// never.
	OnCallInterval time.Duration
	Record         DaemonRecord
	Account        apply.Account
	Settings       plan.Settings
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
	// Paused is a person's word that nothing is written; nil if there is none. It
	// is asked before each write, from several goroutines.
	Paused func() *reconcile.Pause
	// Sink is told what happens: changes as they are made, and conditions when they
	// begin and end.
	Sink events.Sink
	// Requests counts the requests sent to PagerDuty so far; may be nil.
	Requests func() int

	watching
	// announcing keeps what happens in its order.
	announcing sync.Mutex
	mu         sync.Mutex
	status     Status
	// told is what the sink was told and what still holds, and kept what the record
	// holds of it.
	told events.Told
	kept string
	// pending changes the fields before the next round; nil if nothing does.
	pending func(*Daemon)
}

// DaemonRecord is a record that keeps what was told, too.
type DaemonRecord interface {
	reconcile.Record
	Told(ctx context.Context) ([]byte, error)
	SaveTold(ctx context.Context, text []byte) error
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
func (d *Daemon) Round(ctx context.Context, why string) (outlook Outlook, err error) {
	defer func() {
		if p := recover(); p != nil {
			outlook, err = Outlook{}, fmt.Errorf("a fault of this program, please report it: %v", p)
			stack := debug.Stack()
			d.announce(func(t *events.Told) []events.Event { return t.Panic(d.Now(), err, stack) })
			d.conclude(nil, outlook, err)
		}
	}()
	d.changed()
	if err := d.recall(ctx); err != nil {
		return Outlook{}, d.failed(ctx, err)
	}
	defer d.keep(ctx)
	return d.round(ctx, why)
}

func (d *Daemon) round(ctx context.Context, why string) (Outlook, error) {
	paused := d.Paused()
	d.announcePause(paused)
	r := d.read(why)
	if why == WhyOnCalls && r.quiet(ctx) {
		return d.outlook(r, nil), nil
	}
	done, err := d.carryOut(ctx, r, paused != nil)
	if errors.Is(err, errUncovered) {
		r.because = err.Error()
		done, err = d.carryOut(ctx, r, paused != nil)
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return Outlook{}, nil
	}
	again := errors.Is(err, apply.ErrExpired) || err == nil && (r.waits != "" || r.aged(done.Report) || done.Report != nil && done.Report.Expired())
	if err == nil && !again {
		err = unfinished(done.Report)
	}
	var result *reconcile.Result
	if done != nil {
		result = done.Result
	}
	r.keep(done, err)
	outlook := d.outlook(r, result)
	if again {
		// The account or access changed while the round was made: the next one is due
		// now.
		err, outlook.Boundary = nil, d.Now().Add(soon)
	}
	err = errors.Join(err, d.announceAlarms(ctx))
	d.conclude(result, outlook, err)
	d.announceRound(done, why, err)
	r.tell(done)
	return outlook, err
}

// failed concludes a round that could not begin.
func (d *Daemon) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	d.conclude(nil, Outlook{}, err)
	return err
}

// carryOut makes the round with the policies as they stand or, if these are
// broken, with the last good ones. Policies are good once they loaded and were
// evaluated without error on the account as it is; good ones stay so (S5). Both
// tries see the same snapshot, and policies that are new a whole one.
func (d *Daemon) carryOut(ctx context.Context, reader *reading, paused bool) (*reconcile.Applied, error) {
	revision, source, err := d.Record.GoodPolicies(ctx)
	if err != nil {
		return nil, err
	}
	set, err := d.Load(ctx)
	if err == nil {
		good := set.Revision() == revision
		if !good {
			reader.because = "the policies changed"
		}
		var done *reconcile.Applied
		var wrong *reconcile.PolicyError
		done, err = d.with(ctx, reader, set, good, paused, false)
		if good || !errors.As(err, &wrong) {
			if err == nil {
				d.announcePolicies(nil, true)
			}
			return done, err
		}
	}
	if ctx.Err() != nil {
		return nil, err
	}
	d.announcePolicies(err, revision != "")
	if revision == "" {
		return nil, fmt.Errorf("the policies are broken and there are no earlier ones: nothing is planned until they are mended: %w", err)
	}
	last, lastErr := (&reconcile.Round{LoadSource: d.LoadSource}).Kept(ctx, source)
	if lastErr != nil {
		return nil, fmt.Errorf("the policies are broken, and so are the last good ones as they were kept: %w", lastErr)
	}
	return d.with(ctx, reader, last, true, paused, true)
}

// with makes the round with these policies, which were good already or not, and
// stand in the files or are superseded there by broken ones.
func (d *Daemon) with(ctx context.Context, reader *reading, set reconcile.Policies, good, paused, superseded bool) (*reconcile.Applied, error) {
	record := remembered{d.Record, reader}
	r := &reconcile.Round{
		Reader: reader, Policies: set, Memory: record, Settings: d.Settings, Now: d.Now, Good: good,
		LoadSource: d.LoadSource, ClockDoubt: reader.doubt,
		Stillness: &reconcile.Stillness{Settle: d.Settle, Now: d.Local, Look: d.Look, Superseded: superseded, Record: d.Record},
	}
	if d.Self != nil {
		r.Self = reader.whose
	}
	if paused {
		result, err := r.Plan(ctx)
		if err == nil && !good {
			err = faults(result)
		}
		return &reconcile.Applied{Result: result}, err
	}
	var approved *plan.Plan
	var err error
	return r.Apply(ctx, reconcile.Execution{
		Record: record, Account: d.Account, Completed: d.announceCompleted,
		Approve: func(fresh *reconcile.Result) (*plan.Plan, error) {
			if !reader.covered(fresh) {
				return nil, errUncovered
			}
			if approved, err = reader.fresh(ctx, set, fresh); err != nil {
				return nil, err
			}
			if good {
				return approved, nil
			}
			return approved, faults(fresh)
		},
		Options: apply.Options{
			Now:      d.Now,
			Stop:     func() bool { return d.Paused() != nil },
			Progress: func(s apply.Step) { d.announceStep(approved, s) },
		},
	})
}

// faults are the errors that rules had on this snapshot, as a PolicyError; nil
// if there are none.
func faults(r *reconcile.Result) error {
	var errs []error
	for _, s := range []*policies.Statements{r.Statements, r.Risk} {
		for _, f := range s.Failures {
			errs = append(errs, fmt.Errorf("%s:%d: %s: %s", f.Origin.File, f.Origin.Line, f.Rule, f.Text()))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return &reconcile.PolicyError{Err: errors.Join(errs...)}
}

// unfinished is the error of a round whose changes did not all come about,
// unless somebody stopped it. An edit that PagerDuty refused, and of which nothing
// is left, is none: it was told, and is held until it is tried again (S32).
func unfinished(r *apply.Report) error {
	if r == nil || !r.Failed() {
		return nil
	}
	n := r.Counts
	if r.Stopped != "" {
		if n.Failed+n.Conflict == 0 {
			return nil
		}
		return fmt.Errorf("%d of %d changes did not come about: %s", n.Conflict+n.Failed+n.Skipped, len(r.Outcomes), r.Stopped)
	}
	for _, o := range r.Outcomes {
		if !o.Status.Succeeded() && !o.Waits {
			return fmt.Errorf("%d of %d changes did not come about, first %s: %s",
				n.Conflict+n.Failed+n.Skipped, len(r.Outcomes), o.Change.ID, o.Why)
		}
	}
	return nil
}

// conclude notes how a round ended.
func (d *Daemon) conclude(r *reconcile.Result, o Outlook, err error) {
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
	if r == nil {
		return
	}
	s.Boundary = nil
	if b := o.Boundary.UTC(); !o.Boundary.IsZero() {
		s.Boundary = &b
	}
	s.Still = nil
	if t := firstToAct(r.Plan.Held, "S37").UTC(); !t.IsZero() {
		s.Still = &t
	}
	s.Policies = r.Plan.Policies
	s.Revision, s.Summary, s.Findings = r.Plan.Revision, r.Plan.Summary, events.OpenFindings(r.Plan)
	s.Coverage = coverage(r)
}
