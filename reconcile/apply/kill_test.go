package apply_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

var errKilled = errors.New("killed")

// mortal is an account and a recorder of a process that is killed at a point:
// from then on nothing that it does has an effect.
type mortal struct {
	*account
	recorder apply.Recorder

	mu   sync.Mutex
	left int // points until the kill
	dead bool
	at   string // where it was killed
}

// point is a place at which the process may be killed.
func (m *mortal) point(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left--; m.left < 0 && !m.dead {
		m.dead, m.at = true, name
	}
	if m.dead {
		return errKilled
	}
	return nil
}

func (m *mortal) Begin(ctx context.Context, in apply.Intent) (int64, error) {
	c := in.Changes[0]
	if err := m.point("before the intent of " + c.ID); err != nil {
		return 0, err
	}
	id, err := m.recorder.Begin(ctx, in)
	return id, errors.Join(err, m.point("after the intent of "+c.ID))
}

func (m *mortal) Step(ctx context.Context, in apply.Intent) error { return m.recorder.Step(ctx, in) }

func (m *mortal) Finish(ctx context.Context, id int64, r apply.Result) error {
	o := r.Outcomes[0]
	if err := m.point("before the result of " + o.Change.ID); err != nil {
		return err
	}
	return errors.Join(m.recorder.Finish(ctx, id, r), m.point("after the result of "+o.Change.ID))
}

func (m *mortal) write(what string, f func() error) error {
	if err := m.point("before " + what); err != nil {
		return err
	}
	return errors.Join(f(), m.point("after "+what))
}

func (m *mortal) SetBaseRole(ctx context.Context, u inventory.User, role string) error {
	return m.write("set "+u.ID, func() error { return m.account.SetBaseRole(ctx, u, role) })
}

func (m *mortal) PutTeamMember(ctx context.Context, team, user, role string) error {
	return m.write("put "+user, func() error { return m.account.PutTeamMember(ctx, team, user, role) })
}

func (m *mortal) RemoveTeamMember(ctx context.Context, team, user string) error {
	return m.write("remove "+user, func() error { return m.account.RemoveTeamMember(ctx, team, user) })
}

// Promise: killed at any instant, the next run ends at the same state, of the
// account and of the memory. Also where PagerDuty still answers old.
func TestS8_KilledAtAnyPointTheNextRunEndsAtTheSameState(t *testing.T) {
	for _, lag := range []time.Duration{0, 90 * time.Second} {
		for _, concurrency := range []int{1, 3} {
			t.Run(fmt.Sprintf("reads %s old, %d at once", lag, concurrency), func(t *testing.T) {
				whole, ends := killAndGoOn(t, 1<<30, lag, concurrency)
				if ends != "" {
					t.Fatalf("killed at %s", ends)
				}
				points := 0
				for ; ; points++ {
					got, at := killAndGoOn(t, points, lag, concurrency)
					if at == "" {
						break
					}
					if d := cmp.Diff(whole, got); d != "" {
						t.Errorf("killed %s, the next run ends elsewhere (-undisturbed +killed):\n%s", at, d)
					}
				}
				if points != 5*6 {
					t.Errorf("swept %d points, want six for each of five changes", points)
				}
			})
		}
	}
}

// ending is where runs end.
type ending struct {
	Account map[string]string
	Raised  map[string]string
	Lowered int
	Pending int
}

// killAndGoOn runs a plan, kills it at a point, and runs it again as the next
// process would, ten seconds later; then settles what is left open.
func killAndGoOn(t *testing.T, point int, lag time.Duration, concurrency int) (ending, string) {
	t.Helper()
	clock := newClock()
	a := newAccount(clock, roles{
		onAccount("ann"): "limited_user", onTeam("bob", "T1"): "observer",
		onTeam("cid", "T1"): "manager", onTeam("dan", "T2"): "responder",
	})
	a.lag = lag
	raise := change(onAccount("ann"), "limited_user", "user")
	p := planOf(raise,
		change(onTeam("ann", "T1"), "none", "manager", raise.ID),
		change(onTeam("bob", "T1"), "observer", "manager"),
		change(onTeam("cid", "T1"), "manager", "none", "ann team:#T1 none→manager"),
		change(onTeam("dan", "T2"), "responder", "observer"),
	)
	path := filepath.Join(t.TempDir(), "journal.db")

	m := &mortal{account: a, left: point}
	first := openLocked(t, path, clock)
	m.recorder = first.Recorder(begin(t, first, p))
	// It errs if it was killed at a record; what it says is lost either way.
	_, _ = apply.Run(t.Context(), p, m, m, apply.Options{Now: clock.Now, Concurrency: concurrency})
	closeJournal(t, first)

	for _, later := range []time.Duration{10 * time.Second, 3 * time.Minute} {
		clock.advance(later)
		j := openLocked(t, path, clock)
		goOn(t, j, p, a, clock)
		closeJournal(t, j)
	}
	j := openLocked(t, path, clock)
	defer closeJournal(t, j)
	memory, err := j.Memory(t.Context(), clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	open, err := j.Pending(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return ending{readable(a.truth()), readable(memory.Raised), len(memory.Recent), len(open)}, m.at
}

// goOn is what the next process does: settle what is open, then the plan.
func goOn(t *testing.T, j *journal.Journal, p *plan.Plan, a *account, clock *clock) {
	t.Helper()
	open, err := j.Pending(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	overlay := func() []plan.Write {
		memory, err := j.Memory(t.Context(), clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		return memory.Overlay
	}
	round := begin(t, j, p)
	_, err = apply.Recover(t.Context(), open, a, j.Recorder(round), apply.Options{Now: clock.Now, Overlay: overlay()})
	if err != nil {
		t.Fatal(err)
	}
	report, err := apply.Run(t.Context(), p, a, j.Recorder(round), apply.Options{Now: clock.Now, Overlay: overlay()})
	if err != nil || report.Failed() {
		t.Fatalf("error %v, outcomes %v", err, statuses(report))
	}
}

func openLocked(t *testing.T, path string, clock *clock) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.Context(), path, journal.Options{Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	// The lock is never given back, as by a process that is killed.
	if _, err := j.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	return j
}

func begin(t *testing.T, j *journal.Journal, p *plan.Plan) int64 {
	t.Helper()
	round, err := j.Begin(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return round
}

func closeJournal(t *testing.T, j *journal.Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

func readable(m map[desired.Pair]string) map[string]string {
	r := map[string]string{}
	for p, role := range m {
		r[p.User+" "+p.Resource.String()] = role
	}
	return r
}
