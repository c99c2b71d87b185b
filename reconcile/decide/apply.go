package decide

import (
	"context"
	"errors"
	"time"

	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Applying is a person who applies a plan: it is proposed, they agree, and it is carried
// out. While they think nothing is locked, so that handoffs land; hence the plan is made
// again once they agreed, and what moved meanwhile is proposed again (S18).
type Applying struct {
	// Round makes the plans, Journal remembers what came of them, and Account is
	// written to.
	Round   *reconcile.Round
	Journal *journal.Journal
	Account apply.Account
	// Settle is how long an edit must hold still for whoever did not look at it.
	Settle time.Duration
	// Undo is the round that is undone; nil for what the round itself plans.
	Undo *Reverting
	// Paused is the pause that stops this, asked before each write; nil where none does.
	// Undoing a round goes on all the same.
	Paused func() *reconcile.Pause
	// Tell is what is reported on the way.
	Tell Told
}

// Told is what is reported on the way; each may be nil.
type Told struct {
	// Waiting is called once another holds the lock, which is waited for.
	Waiting func(error)
	// Paused is called if the daemon was paused.
	Paused func()
	// Completed is called with what became of what an earlier run left open.
	Completed func(sentences []string)
	// Begins is called with what is carried out now, and Progress each step of that.
	Begins   func(*plan.Plan)
	Progress func(apply.Step)
}

// Proposal is a plan that a person is asked about.
type Proposal struct {
	// Fresh is the round that it is from.
	Fresh *reconcile.Result
	// Reversal is what undoes a round; nil where none is undone.
	Reversal *diff.Reversal
	// NeedsPause says that the daemon would make again what is undone: it is paused
	// once the person agrees.
	NeedsPause bool
	// Plan is what is carried out if they agree.
	Plan *plan.Plan
	// Moved says in what it differs from the plan that they agreed to before.
	Moved []string
}

// ErrRepeated is about a round that must not be undone, since the daemon would make it
// again and is not to be paused.
var ErrRepeated = errors.New("the daemon would make again what this undoes; nothing was done")

// Objection is why a proposal must not be carried out; nil if it may.
func (a *Applying) Objection(p *Proposal) error {
	if p.NeedsPause && !a.Undo.PauseFirst {
		return ErrRepeated
	}
	return nil
}

// Propose plans, and asks nothing yet.
func (a *Applying) Propose(ctx context.Context) (*Proposal, error) {
	a.decided()
	fresh, err := a.Round.Plan(ctx)
	if err != nil {
		return nil, err
	}
	return a.proposal(fresh), nil
}

// Agreed carries out a proposal that a person agreed to, if it is still the same. Else
// the next one is returned for them to agree to, and nothing was carried out. A proposal
// without changes is carried out too, so that the round is remembered.
func (a *Applying) Agreed(ctx context.Context, p *Proposal) (done *reconcile.Applied, next *Proposal, err error) {
	a.decided()
	if err := a.agree(p); err != nil {
		return nil, nil, err
	}
	done, err = a.carryOut(ctx, patient{a.Journal, a.Tell.Waiting}, func(fresh *reconcile.Result) (*plan.Plan, error) {
		now := a.proposal(fresh)
		if now.Moved = reconcile.Moved(p.Plan, now.Plan); len(now.Moved) > 0 {
			next = now
			return nil, nil
		}
		return now.Plan, nil
	})
	if err != nil {
		next = nil
	}
	return done, next, err
}

// AtOnce proposes what is due and carries it out, with everybody else kept from writing.
// An error of agree is that of who does not.
func (a *Applying) AtOnce(ctx context.Context, agree func(*Proposal) error) (*reconcile.Applied, error) {
	a.decided()
	return a.carryOut(ctx, a.Journal, func(fresh *reconcile.Result) (*plan.Plan, error) {
		p := a.proposal(fresh)
		if err := agree(p); err != nil {
			return nil, err
		}
		return p.Plan, a.agree(p)
	})
}

// Saved carries out a plan that was agreed to earlier, and no other changes.
func (a *Applying) Saved(ctx context.Context, saved *plan.Plan) (*reconcile.Applied, error) {
	a.decided()
	return a.carryOut(ctx, a.Journal, reconcile.Saved(saved))
}

// decided says that whoever agrees looked at what will be lowered.
func (a *Applying) decided() {
	a.Round.Stillness = &reconcile.Stillness{Settle: a.Settle, Decided: true, Record: a.Journal}
}

func (a *Applying) proposal(fresh *reconcile.Result) *Proposal {
	if a.Undo == nil {
		return &Proposal{Fresh: fresh, Plan: fresh.Plan}
	}
	reversal := a.Undo.Reversal(fresh)
	return &Proposal{Fresh: fresh, Reversal: reversal, NeedsPause: a.Undo.NeedsPause(reversal), Plan: reversal.Plan}
}

// agree does what has to be done before a proposal is carried out.
func (a *Applying) agree(p *Proposal) error {
	if err := a.Objection(p); err != nil || !p.NeedsPause {
		return err
	}
	if err := a.Undo.Pause(); err != nil {
		return err
	}
	if a.Tell.Paused != nil {
		a.Tell.Paused()
	}
	return nil
}

// Refused is the error of a pause that stops this; nil if none does.
func (a *Applying) Refused() error {
	if a.Paused == nil || a.Undo != nil { // undoing is what one pauses for
		return nil
	}
	if p := a.Paused(); p != nil {
		return &reconcile.PausedError{Pause: *p}
	}
	return nil
}

func (a *Applying) carryOut(ctx context.Context, record reconcile.Record, approve func(*reconcile.Result) (*plan.Plan, error)) (*reconcile.Applied, error) {
	return a.Round.Apply(ctx, reconcile.Execution{
		Record: record, Account: a.Account, Completed: a.Tell.Completed,
		Approve: func(fresh *reconcile.Result) (*plan.Plan, error) {
			if err := a.Refused(); err != nil {
				return nil, err
			}
			p, err := approve(fresh)
			if err == nil && p != nil && a.Tell.Begins != nil {
				a.Tell.Begins(p)
			}
			return p, err
		},
		Options: apply.Options{Now: a.Round.Now, Progress: a.Tell.Progress, Stop: func() bool { return a.Refused() != nil }},
	})
}

// patient is a journal whose lock is waited for: a round of the daemon's may be under
// way when somebody says yes.
type patient struct {
	*journal.Journal
	waiting func(error)
}

const (
	lockPatience = time.Minute
	lockTries    = 100 * time.Millisecond
)

// Lock waits for the lock, and says so.
func (p patient) Lock(ctx context.Context) (unlock func() error, err error) {
	for began, told := time.Now(), false; ; told = true {
		unlock, err = p.Journal.Lock(ctx)
		var locked *journal.LockedError
		if !errors.As(err, &locked) || time.Since(began) > lockPatience {
			return unlock, err
		}
		if !told && p.waiting != nil {
			p.waiting(err)
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(lockTries):
		}
	}
}
