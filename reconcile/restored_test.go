package reconcile_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// raising is a policy by which whoever is on call for Mobile is a full user, and
// Search has one responder.
const raising = `package access.raising

grant contains {"principal": "oncall:Mobile Primary", "resource": "account", "role": "user"}

grant contains {"principal": "user:dan.weber@acme.test", "resource": "team:Search", "role": "observer"}
`

// raised is a world in which somebody was raised for their shift, and a copy of the
// state from then.
func raised(t *testing.T) (w *world, user string, state []byte) {
	t.Helper()
	w = newWorld(t)
	w.clock = time.Date(2026, 3, 25, 12, 0, 0, 0, time.UTC) // the shift ends on the 29th
	folder := filepath.Join(t.TempDir(), "policies")
	must(t, os.MkdirAll(folder, 0o700))
	must(t, os.WriteFile(filepath.Join(folder, "raising.rego"), []byte(raising), 0o600))
	w.policy = w.load(folder)
	s, err := w.Snapshot(context.Background(), nil)
	must(t, err)
	for _, shift := range s.Schedules["PSMOBIL"].Shifts {
		if !shift.Start.After(w.clock) && shift.End.After(w.clock) {
			user = shift.User
		}
	}
	w.sim.SetBaseRole(user, "limited_user")
	// Whoever is on Search and is not named there is of no matter here.
	for id := range s.Teams["PTSEARC"].Members {
		w.sim.SetMember("PTSEARC", id, "")
	}
	w.mustApply()
	if role, _ := w.sim.BaseRole(user); role != "user" {
		t.Fatalf("%s is %q, want that the shift makes them a user", user, role)
	}
	must(t, w.journal.Close())
	state, err = os.ReadFile(w.path)
	must(t, err)
	w.reopen(w.path)
	return w, user, state
}

// putBack puts a copy of the state in its place.
func (w *world) putBack(state []byte) {
	w.t.Helper()
	must(w.t, w.journal.Close())
	for _, beside := range []string{"-wal", "-shm"} {
		_ = os.Remove(w.path + beside)
	}
	must(w.t, os.WriteFile(w.path, state, 0o600))
	w.reopen(w.path)
}

// waiting is the change of a person's base role that is held; it must be.
func (w *world) waiting(p *plan.Plan, user string) string {
	w.t.Helper()
	i := slices.IndexFunc(p.Held, func(h plan.Held) bool {
		return h.User == user && h.Resource == inventory.AccountRef && h.Rule == "S4" && h.Releasable
	})
	if i < 0 {
		w.t.Fatalf("held %+v, want the way back of %s", p.Held, user)
	}
	return p.Held[i].ID
}

func TestS4_ACopyOfTheStateUndoesNoPromotionSince(t *testing.T) {
	w, user, old := raised(t)
	for range 9 {
		w.clock = w.clock.Add(24*time.Hour - time.Minute)
		w.mustApply()
	}
	if role, _ := w.sim.BaseRole(user); role != "limited_user" {
		t.Fatalf("%s is %q after the shift, want limited_user again", user, role)
	}
	w.sim.SetBaseRole(user, "user") // for good, says a person
	w.sim.SetMember("PTSEARC", "PMOBI02", "observer")
	w.clock = w.clock.Add(time.Hour)
	w.putBack(old)
	if n := strings.Join(w.journal.Notices(), "; "); !strings.Contains(n, "the state is a copy from 2026-03-25") {
		t.Errorf("notices %q", n)
	}
	for round := range 3 {
		done := w.mustApply()
		if role, _ := w.sim.BaseRole(user); role != "user" {
			t.Fatalf("round %d made %s %q", round, user, role)
		}
		w.waiting(done.Plan, user)
		w.clock = w.clock.Add(time.Hour)
	}
	if _, on := w.sim.Members("PTSEARC")["PMOBI02"]; on {
		t.Error("what policies say of a team did not go on")
	}
	must(t, w.journal.Release(context.Background(), w.waiting(w.plan(), user), "it was for the shift"))
	w.mustApply()
	if role, _ := w.sim.BaseRole(user); role != "limited_user" {
		t.Errorf("%s is %q after the release", user, role)
	}
}

// The copy is from before a person gave the role permanently, and the raise that it knows
// still stands by its account.
func TestS4_ACopyOfTheStateDoubtsARaiseThatIsNotOverYet(t *testing.T) {
	w, user, old := raised(t)
	w.clock = w.clock.Add(time.Hour)
	w.sim.SetBaseRole(user, "admin")
	w.mustApply()
	w.sim.SetBaseRole(user, "user") // for good, says a person
	w.clock = w.clock.Add(time.Hour)
	w.mustApply()
	w.putBack(old)
	for range 9 {
		w.mustApply()
		if role, _ := w.sim.BaseRole(user); role != "user" {
			t.Fatalf("%s is %q at %s", user, role, w.clock)
		}
		w.clock = w.clock.Add(24*time.Hour - time.Minute)
	}
	must(t, w.journal.Release(context.Background(), w.waiting(w.plan(), user), "it was for the shift"))
	w.mustApply()
	if role, _ := w.sim.BaseRole(user); role != "limited_user" {
		t.Errorf("%s is %q after the release", user, role)
	}
}

func TestS4_AfterDaysWithoutRoundsAWayBackWaitsForAWordAndTheRestGoesOn(t *testing.T) {
	w, user, _ := raised(t)
	w.sim.SetMember("PTSEARC", "PMOBI02", "observer")
	w.clock = w.clock.Add(9 * 24 * time.Hour)
	w.reopen(w.path)
	for range 2 {
		w.waiting(w.mustApply().Plan, user)
		w.clock = w.clock.Add(time.Hour)
	}
	if role, _ := w.sim.BaseRole(user); role != "user" {
		t.Errorf("%s is %q", user, role)
	}
	if _, on := w.sim.Members("PTSEARC")["PMOBI02"]; on {
		t.Error("what policies say of a team did not go on")
	}
}

func TestS4_AStateFromTheFutureUndoesNothing(t *testing.T) {
	w, user, _ := raised(t)
	w.clock = w.clock.Add(-time.Hour)
	done := w.mustApply()
	if role, _ := w.sim.BaseRole(user); role != "user" {
		t.Errorf("%s is %q by %+v", user, role, done.Plan.Changes)
	}
}

// remembering is a journal that remembers something else.
type remembering struct {
	*journal.Journal
	memory plan.Memory
}

func (r remembering) Memory(context.Context, time.Time) (plan.Memory, error) { return r.memory, nil }

func TestS11_AStateOfAnotherAccountLowersNothing(t *testing.T) {
	w, _, _ := raised(t)
	w.sim.SetMember("PTSEARC", "PMOBI02", "observer")
	memory, err := w.journal.Memory(context.Background(), w.clock)
	must(t, err)
	for i := range memory.Last.Pairs {
		memory.Last.Pairs[i].User += "OTHER"
	}
	for len(memory.Last.Pairs) < 3 {
		p := memory.Last.Pairs[0]
		p.User += "MORE"
		memory.Last.Pairs = append(memory.Last.Pairs, p)
	}
	r := w.round()
	r.Memory = remembering{w.journal, memory}
	got, err := r.Plan(context.Background())
	must(t, err)
	if got.Plan.Summary.Lower > 0 || !strings.Contains(strings.Join(desired.Messages(got.Plan.Suspended), "; "), "another account") {
		t.Errorf("suspended %q with %d lowerings", desired.Messages(got.Plan.Suspended), got.Plan.Summary.Lower)
	}
}

// Somebody takes a raise back, and lower, once nothing gives it any more: it is over, and
// the next promotion is theirs.
func TestS4_ARaiseThatAPersonTookBackIsOver(t *testing.T) {
	for _, lowered := range []string{"limited_user", "observer"} {
		w, user, _ := raised(t)
		snapshot, err := w.Snapshot(context.Background(), nil)
		must(t, err)
		turn, on := oncall.NextBoundary(snapshot.Schedules["PSMOBIL"].Shifts, w.clock)
		if !on {
			t.Fatal("the shift does not end")
		}
		for w.clock.Before(turn.Add(-12 * time.Hour)) {
			w.clock = w.clock.Add(12 * time.Hour)
			w.mustApply()
		}
		w.clock = turn.Add(time.Hour)
		w.sim.SetBaseRole(user, lowered)
		w.mustApply()
		w.sim.SetBaseRole(user, "user") // for good, says a person
		for range 2 {
			w.clock = w.clock.Add(time.Hour)
			w.mustApply()
			if role, _ := w.sim.BaseRole(user); role != "user" {
				t.Errorf("after %s: %s is %q, want what a person gave", lowered, user, role)
			}
		}
	}
}
