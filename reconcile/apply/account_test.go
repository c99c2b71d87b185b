package apply_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// clock is set by the test.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: start} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// account is PagerDuty in memory. Its reads lag behind its writes by lag.
type account struct {
	apply.Account // of schedules nothing: see schedule_test.go
	clock         *clock
	lag           time.Duration
	// before, if set, is asked before each call, which fails with its error.
	before func(call string) error
	// after, if set, is asked after each call that worked.
	after func(call string) error

	mu    sync.Mutex
	held  map[desired.Pair][]version
	calls []string
	users int // base-role changes in flight
	most  int // the most there were
	sent  []inventory.User
}

type version struct {
	at   time.Time
	role string
}

func newAccount(c *clock, roles map[desired.Pair]string) *account {
	a := &account{clock: c, held: map[desired.Pair][]version{}}
	for p, role := range roles {
		a.held[p] = []version{{role: role}}
	}
	return a
}

func (a *account) call(f func() error, format string, args ...any) error {
	call := fmt.Sprintf(format, args...)
	a.mu.Lock()
	a.calls = append(a.calls, call)
	a.mu.Unlock()
	if a.before != nil {
		if err := a.before(call); err != nil {
			return err
		}
	}
	a.mu.Lock()
	err := f()
	a.mu.Unlock()
	if err == nil && a.after != nil {
		err = a.after(call)
	}
	return err
}

// visible is what a read shows: what was there lag ago.
func (a *account) visible(p desired.Pair) string {
	role := inventory.None
	for i, v := range a.held[p] {
		if i == 0 || !v.at.After(a.clock.Now().Add(-a.lag)) {
			role = v.role
		}
	}
	return role
}

func (a *account) write(p desired.Pair, role string) {
	if len(a.held[p]) == 0 {
		a.held[p] = []version{{role: inventory.None}}
	}
	a.held[p] = append(a.held[p], version{a.clock.Now(), role})
}

// truth is what is really held, without pairs that hold nothing.
func (a *account) truth() map[desired.Pair]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	truth := map[desired.Pair]string{}
	for p, v := range a.held {
		if role := v[len(v)-1].role; role != inventory.None {
			truth[p] = role
		}
	}
	return truth
}

func (a *account) TeamMembers(_ context.Context, team string) (members map[string]string, err error) {
	err = a.call(func() error {
		members = map[string]string{}
		for p := range a.held {
			if role := a.visible(p); p.Resource == inventory.ByID(inventory.KindTeam, team) && role != inventory.None {
				members[p.User] = role
			}
		}
		return nil
	}, "members %s", team)
	return members, err
}

func (a *account) User(_ context.Context, id string) (u inventory.User, err error) {
	err = a.call(func() error {
		p := onAccount(id)
		if a.held[p] == nil {
			return errors.New("user not found")
		}
		u = inventory.User{ID: id, Name: "Name of " + id, Email: id + "@acme.com", BaseRole: a.visible(p)}
		return nil
	}, "user %s", id)
	return u, err
}

func (a *account) SetBaseRole(ctx context.Context, u inventory.User, role string) error {
	a.mu.Lock()
	a.users++
	a.most = max(a.most, a.users)
	a.sent = append(a.sent, u)
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		a.users--
		a.mu.Unlock()
	}()
	return a.call(func() error {
		a.write(onAccount(u.ID), role)
		return ctx.Err()
	}, "set %s %s", u.ID, role)
}

func (a *account) PutTeamMember(ctx context.Context, team, user, role string) error {
	return a.call(func() error {
		if err := ctx.Err(); err != nil {
			return err
		}
		a.write(onTeam(user, team), role)
		return nil
	}, "put %s %s %s", team, user, role)
}

func (a *account) RemoveTeamMember(_ context.Context, team, user string) error {
	return a.call(func() error {
		a.write(onTeam(user, team), inventory.None)
		return nil
	}, "remove %s %s", team, user)
}

// count counts the calls that begin so.
func (a *account) count(prefix string) int {
	n := 0
	for _, c := range a.calls {
		if len(c) >= len(prefix) && c[:len(prefix)] == prefix {
			n++
		}
	}
	return n
}

// ledger is a recorder in memory.
type ledger struct {
	intentErr, resultErr error
	// begin, if set, is done as an intent is recorded.
	begin func()

	mu      sync.Mutex
	intents []plan.Change
	results map[int64]apply.Outcome
	entries []string
}

func (l *ledger) Begin(ctx context.Context, in apply.Intent) (int64, error) {
	c := in.Changes[0]
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.intentErr != nil {
		return 0, l.intentErr
	}
	if l.begin != nil {
		l.begin()
	}
	l.intents = append(l.intents, c)
	l.entries = append(l.entries, "intent "+c.ID)
	return int64(len(l.intents)), ctx.Err()
}

func (l *ledger) Finish(ctx context.Context, id int64, r apply.Result) error {
	o := r.Outcomes[0]
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.resultErr != nil {
		return l.resultErr
	}
	if l.results == nil {
		l.results = map[int64]apply.Outcome{}
	}
	l.results[id] = o
	l.entries = append(l.entries, "result "+o.Change.ID+" "+string(o.Status))
	return ctx.Err()
}

func (l *ledger) Step(context.Context, apply.Intent) error { return nil }

func onTeam(user, team string) desired.Pair {
	return desired.Pair{User: user, Resource: inventory.ByID(inventory.KindTeam, team)}
}

func onAccount(user string) desired.Pair {
	return desired.Pair{User: user, Resource: inventory.AccountRef}
}

// change is a change of a pair, its id made of what it says.
func change(p desired.Pair, before, after string, requires ...string) plan.Change {
	c := plan.Change{
		ID:   fmt.Sprintf("%s %s %s→%s", p.User, p.Resource, before, after),
		User: p.User, Resource: p.Resource, Before: before, After: after,
		Kind: plan.KindOf(p), Action: plan.ActionRole, Effect: plan.Lower, Cause: plan.CausePolicy, Requires: requires,
	}
	if inventory.CompareRoles(p.Resource.Kind, after, before) > 0 {
		c.Effect = plan.Raise
	}
	return c
}

func planOf(changes ...plan.Change) *plan.Plan {
	return &plan.Plan{Version: plan.Version, Account: "acme", Now: start, TakenAt: start, Changes: changes}
}

// run runs a plan that must be accepted.
func run(t *testing.T, p *plan.Plan, a *account, r apply.Recorder, o apply.Options) *apply.Report {
	t.Helper()
	if o.Now == nil {
		o.Now = a.clock.Now
	}
	report, err := apply.Run(t.Context(), p, a, r, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// statuses are a report's statuses by change.
func statuses(r *apply.Report) map[string]apply.Status {
	m := map[string]apply.Status{}
	for _, o := range r.Outcomes {
		m[o.Change.ID] = o.Status
	}
	return m
}

func sortedCalls(a *account) []string { return slices.Sorted(slices.Values(a.calls)) }
