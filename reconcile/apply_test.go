package reconcile_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dutyward/dutyward/examples"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// world is the example company on the simulator, with a journal.
type world struct {
	// passed is time that passes while others read the clock.
	passed  atomic.Int64
	t       *testing.T
	clock   time.Time
	sim     *pagerdutysim.Server
	client  *pagerduty.Client
	journal *journal.Journal
	path    string
	policy  *eval.Set
}

func newWorld(t *testing.T, edits ...func(*inventory.Snapshot)) *world {
	t.Helper()
	f, err := examples.Company().Open("seed.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seed, err := inventory.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, edit := range edits {
		edit(seed)
	}
	w := &world{t: t, clock: seed.Account.TakenAt}
	now := w.now
	if w.sim, err = pagerdutysim.New(pagerdutysim.Options{Seed: seed, Clock: now, RateLimit: -1}); err != nil {
		t.Fatal(err)
	}
	if w.client, err = pagerduty.New(pagerduty.Options{
		Account: "acme", Region: "us", From: "dan.weber@acme.test", Transport: w.sim.Transport(), Now: now,
		Token: func(context.Context) (string, error) { return "the-daemons-token", nil },
		Wait:  func(context.Context, time.Duration) error { return nil },
	}); err != nil {
		t.Fatal(err)
	}
	w.reopen(filepath.Join(t.TempDir(), "dutyward.db"))
	w.policy = w.load("../examples/company/policies")
	return w
}

// now is the clock, with what has passed amid a round.
func (w *world) now() time.Time { return w.clock.Add(time.Duration(w.passed.Load())) }

func (w *world) reopen(path string) {
	w.t.Helper()
	j, err := journal.Open(context.Background(), path, journal.Options{Now: w.now, Account: "acme"})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { j.Close() })
	w.journal, w.path = j, path
}

func (w *world) load(root string) *eval.Set {
	w.t.Helper()
	set, err := eval.Load(context.Background(), eval.Options{Roots: []string{root}})
	if err != nil {
		w.t.Fatal(err)
	}
	return set
}

// Snapshot reads the account.
func (w *world) Snapshot(ctx context.Context, schedules []string) (*inventory.Snapshot, error) {
	return w.client.Snapshot(ctx, pagerduty.SnapshotOptions{Schedules: schedules})
}

func (w *world) round() *reconcile.Round {
	return &reconcile.Round{
		Reader: w, Policies: w.policy, Memory: w.journal, Now: w.now,
		Settings: plan.Settings{Default: plan.Sync},
	}
}

func (w *world) apply(approve func(*reconcile.Result) (*plan.Plan, error)) (*reconcile.Applied, error) {
	return w.round().Apply(context.Background(), reconcile.Execution{
		Record: w.journal, Account: w.client, Approve: approve,
		Options: apply.Options{Now: w.now},
	})
}

func (w *world) mustApply() *reconcile.Applied {
	w.t.Helper()
	done, err := w.apply(all)
	if err != nil {
		w.t.Fatal(err)
	}
	if done.Report.Failed() {
		w.t.Fatalf("changes failed: %+v", done.Report.Outcomes)
	}
	return done
}

func all(r *reconcile.Result) (*plan.Plan, error) { return r.Plan, nil }

func (w *world) plan() *plan.Plan {
	w.t.Helper()
	r, err := w.round().Plan(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return r.Plan
}

func TestARoundBringsTheAccountToThePoliciesAndASecondChangesNothing(t *testing.T) {
	w := newWorld(t)
	first := w.mustApply()
	if n := first.Report.Counts.Done; n != len(first.Plan.Changes) || n < 10 {
		t.Fatalf("%d of %d changes done", n, len(first.Plan.Changes))
	}
	if p := w.plan(); len(p.Changes) != 0 {
		t.Errorf("a second run would change %d pairs: %+v", len(p.Changes), p.Changes)
	}
	w.clock = w.clock.Add(time.Hour) // past the overlay
	if p := w.plan(); len(p.Changes) != 0 {
		t.Errorf("a run an hour later would change %d pairs: %+v", len(p.Changes), p.Changes)
	}
}

func TestAccessFollowsTheShifts(t *testing.T) {
	w := newWorld(t)
	w.mustApply()
	w.clock = time.Date(2026, 3, 16, 16, 0, 0, 0, time.UTC)
	p := w.plan()
	if len(p.Changes) == 0 {
		t.Fatal("nothing changes though shifts ended")
	}
	for _, c := range p.Changes {
		if c.Cause != plan.CauseHandoff {
			t.Errorf("%s for the cause %s, want handoff", c.ID, c.Cause)
		}
	}
}

func TestS18_ASavedPlanMakesTheChangesItSaysOrStops(t *testing.T) {
	t.Run("as planned", func(t *testing.T) {
		w := newWorld(t)
		saved := w.plan()
		done, err := w.apply(reconcile.Saved(saved))
		if err != nil || done.Report.Counts.Done != len(saved.Changes) {
			t.Fatalf("%v, %+v", err, done.Report)
		}
	})
	t.Run("after the account moved", func(t *testing.T) {
		w := newWorld(t)
		saved := w.plan()
		c := saved.Changes[len(saved.Changes)-1]
		if err := w.client.RemoveTeamMember(context.Background(), "PTSEARC", "PPLAT04"); err != nil {
			t.Fatal(err)
		}
		done, err := w.apply(reconcile.Saved(saved))
		if err == nil || done.Report != nil || !strings.Contains(err.Error(), "paula.grant@acme.test on team:Search") {
			t.Fatalf("%v (last change %s), want that Paula's change is not due any more", err, c.ID)
		}
	})
	t.Run("after its end", func(t *testing.T) {
		w := newWorld(t)
		saved := w.plan()
		w.clock = *saved.Expires
		if _, err := w.apply(reconcile.Saved(saved)); err == nil || !strings.Contains(err.Error(), "the plan ended") {
			t.Fatalf("%v, want that the plan ended", err)
		}
	})
}

func TestWhatIsNotApprovedIsNotDone(t *testing.T) {
	w := newWorld(t)
	refused := errors.New("no")
	if _, err := w.apply(func(*reconcile.Result) (*plan.Plan, error) { return nil, refused }); !errors.Is(err, refused) {
		t.Fatalf("%v, want the refusal", err)
	}
	for endpoint := range w.sim.Requests() {
		if !strings.HasPrefix(endpoint, "GET ") {
			t.Errorf("%s was called", endpoint)
		}
	}
}

func TestS2_EmptiedPoliciesPlanNothing(t *testing.T) {
	w := newWorld(t)
	w.mustApply()
	w.policy = w.load(t.TempDir())
	if _, err := w.round().Plan(context.Background()); !errors.Is(err, diff.ErrNoGrants) {
		t.Fatalf("%v, want ErrNoGrants", err)
	}
}

func TestS11_ARenamedTeamIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.mustApply()
	w.sim.RenameTeam("PTSEARC", "Discovery")
	w.clock = w.clock.Add(time.Hour)
	p := w.plan()
	if len(p.Changes) != 0 {
		t.Errorf("changes %+v, want none: nothing names the real team any more", p.Changes)
	}
	if len(p.Errors) == 0 || !strings.Contains(p.Errors[0].Message, "is now team:Discovery") {
		t.Errorf("errors %+v, want the new name", p.Errors)
	}
}
