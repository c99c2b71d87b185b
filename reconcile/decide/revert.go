package decide

import (
	"fmt"
	"time"

	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Reverting undoes what a round changed.
type Reverting struct {
	// Round is what is undone.
	Round *journal.Recorded
	// Stop pauses the daemon.
	Stop reconcile.Stop
	// PauseFirst says that the daemon is to be paused where it would make again what is
	// undone.
	PauseFirst bool
	// Now dates that pause, and Actor is who undoes the round.
	Now   func() time.Time
	Actor string
}

// Reversal is what undoes the round, with the account as it is.
func (r Reverting) Reversal(fresh *reconcile.Result) *diff.Reversal {
	changes := make([]plan.Change, len(r.Round.Made))
	for i, o := range r.Round.Made {
		changes[i] = o.Change
	}
	return fresh.Revert(changes)
}

// NeedsPause says that the daemon, which is not paused, would make again what is undone.
func (r Reverting) NeedsPause(reversal *diff.Reversal) bool {
	return len(reversal.Plan.Changes) > 0 && len(reversal.Again) > 0 && r.Stop.Paused() == nil
}

// Pause pauses the daemon, and says why.
func (r Reverting) Pause() error {
	_, err := Pause(r.Stop, r.Now(), r.Actor, fmt.Sprintf("round %d was undone", r.Round.Round))
	return err
}
