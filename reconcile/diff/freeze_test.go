package diff_test

import (
	"testing"
	"time"

	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// frozen is an account in whose freeze one is to be raised and one lowered by policy, and
// one shift's access ends.
func frozenInput(t *testing.T) diff.Input {
	t.Helper()
	st := everybody("user:di@acme.com team:Search responder", "user:stk@acme.com team:Payments observer until 1")
	in := Input(Account(), st)
	in = Next(MustMake(t, in), in, 2) // stk's time is over
	in.Statements = everybody("user:di@acme.com team:Search manager")
	in.Revision = "r2"
	in.Settings.Freezes = []plan.Freeze{{Name: "launch", From: At(1.5), Until: At(5), Causes: plan.FrozenCauses(), Reason: "a launch"}}
	return in
}

func TestS41_AFreezeHoldsItsCausesAndWhatIsForeseenGoesOn(t *testing.T) {
	in := frozenInput(t)
	p := MustMake(t, in).Plan
	for _, c := range p.Changes {
		if c.Cause == plan.CausePolicy || c.Cause == plan.CauseFacts || c.Cause == plan.CauseDrift {
			t.Errorf("%s goes on for the cause %s", c.ID, c.Cause)
		}
	}
	if len(p.Held) == 0 {
		t.Fatal("nothing is held")
	}
	for _, h := range p.Held {
		want := "freezes.launch holds until " + At(5).UTC().Format("2006-01-02 15:04 UTC") + ": a launch"
		if h.Code != plan.HoldFrozen || !h.Releasable || h.Acts == nil || !h.Acts.Equal(At(5)) || h.Why != want {
			t.Errorf("%s is held by %s: %s", h.ID, h.Code, h.Why)
		}
	}
	in.Memory.Released = map[string]plan.Release{p.Held[0].ID: {Reason: "urgent", At: in.Now}}
	if now := MustMake(t, in).Plan; len(now.Held) != len(p.Held)-1 {
		t.Errorf("%d are held, want one less once it is released", len(now.Held))
	}
	in.Memory.Released = nil
	in.Now = At(5)
	in.Snapshot.Now, in.Snapshot.Account.TakenAt = in.Now, in.Now
	if now := MustMake(t, in).Plan; len(now.Held) > 0 {
		t.Errorf("held after the freeze: %q", Lines(now))
	}
}

func TestS41_AFreezeWithoutAGapSaysSo(t *testing.T) {
	in := frozenInput(t)
	in.Settings.Freezes = []plan.Freeze{{Name: "ever", Begins: hourly{}, Lasts: 2 * time.Hour, Causes: plan.FrozenCauses()}}
	for _, h := range MustMake(t, in).Plan.Held {
		if h.Acts != nil || h.Why != "freezes.ever holds" {
			t.Errorf("held: %s until %v", h.Why, h.Acts)
		}
	}
}

type hourly struct{}

func (hourly) Next(t time.Time) time.Time { return t.Truncate(time.Hour).Add(time.Hour) }
