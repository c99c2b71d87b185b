package reconcile_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// failer is what a testing.T and a rapid.T have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
}

// trial is a small account on the simulator and a process that looks after it,
// while everything goes wrong.
type trial struct {
	failer
	path      string
	revisions []*revision
	sets      []*eval.Set
	current   int

	sim       *pagerdutysim.Server
	transport http.RoundTripper
	client    *pagerduty.Client
	journal   *journal.Journal

	// time is the process's clock: that of its machine, set right by PagerDuty's.
	time *pagerduty.Clock

	// wire is held while a request is carried out.
	wire sync.Mutex
	// raised maps people to the base role that they had before a raise, lowered
	// those who went back to it, while the program may not know that yet.
	raised, lowered map[string]string
	// touched is when somebody changed a base role in PagerDuty's pages, and
	// untrusted since when a team has not had the name that it had.
	touched, untrusted map[string]time.Time
	names              map[string]string
	overrides          []standing
	// counts is what happened: see tally.
	counts tally
	// skewed says that PagerDuty was told to render its schedules otherwise.
	skewed bool
	// daemon makes the rounds, where it is not nil: see sweep_daemon_test.go.
	daemon *sweepDaemon
	// chaos has people do what they like between any two requests, where it is not
	// nil: see chaos_test.go.
	chaos *chaos

	mu sync.Mutex
	// clock is PagerDuty's, and off how far the machine's is ahead of it.
	clock time.Time
	off   time.Duration
	// dates is by how much answers say another time: the dated-th of a round, or
	// all for zero.
	dates time.Duration
	dated int
	// valid is the token that PagerDuty accepts, kept the one that the program finds.
	valid, kept string
	rotations   int
	// room is how many bytes the files of the state may still grow by in the next
	// round, where it is not nil.
	room       *int64
	calls      int
	requests   int
	kill       *kill
	cancel     context.CancelFunc
	dead       bool
	meddling   map[int]func()
	echoes     map[int]string
	violations []string
	story      []string
	deadlines  map[time.Time]time.Time
}

func newTrial(f failer, dir string, revisions []*revision, sets []*eval.Set) *trial {
	return newTrialOn(f, dir, sweepSeed(), revisions, sets, nil)
}

func newTrialOn(f failer, dir string, seed *inventory.Snapshot, revisions []*revision, sets []*eval.Set, c *chaos) *trial {
	w := &trial{
		failer: f, path: filepath.Join(dir, "dutyward.db"), revisions: revisions, sets: sets, clock: sweepStart, chaos: c,
		raised: map[string]string{}, lowered: map[string]string{}, touched: map[string]time.Time{}, untrusted: map[string]time.Time{}, counts: tally{},
		names: maps.Clone(sweepTeams), deadlines: map[time.Time]time.Time{},
		valid: canary, kept: canary,
	}
	var err error
	if w.sim, err = pagerdutysim.New(pagerdutysim.Options{
		Seed: seed, Clock: w.now, Wall: w.now, Token: canary, RateLimit: sweepLimit,
	}); err != nil {
		f.Fatalf("%v", err)
	}
	w.transport = w.sim.Transport()
	if c != nil {
		c.trial = w
	}
	w.start()
	return w
}

func loadSource(ctx context.Context, dir, source string) (*eval.Set, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "sweep.rego"), []byte(source), 0o644); err != nil {
		return nil, err
	}
	return eval.Load(ctx, eval.Options{Roots: []string{dir}})
}

// start starts a process: it knows nothing but what the journal holds.
func (w *trial) start() {
	w.Helper()
	var err error
	wire := http.RoundTripper(w)
	if w.chaos != nil {
		wire = w.chaos
	}
	w.time = pagerduty.NewClock(w.local, wire, "")
	if w.client, err = pagerduty.New(pagerduty.Options{
		Account: "acme", Region: "us", From: sweepMail("ADM"), Transport: w.time, Now: w.now,
		Token: w.token, Wait: w.wait,
	}); err != nil {
		w.Fatalf("%v", err)
	}
	if w.journal, err = journal.Open(context.Background(), w.path, journal.Options{Now: w.time.Now, Account: "acme", Wall: w.now}); err != nil {
		w.Fatalf("%v", err)
	}
	w.dead, w.kill = false, nil
	if w.daemon != nil {
		w.daemon.start(w)
	}
	if w.chaos != nil {
		w.chaos.start()
	}
}

func (w *trial) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

// local is the machine's clock.
func (w *trial) local() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock.Add(w.off)
}

// token reads the token from where the configuration says.
func (w *trial) token(context.Context) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.kept, nil
}

func (w *trial) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// wait lets d pass, or what is left of it until the context's deadline, which is
// a moment of the machine's clock and stands for one of the trial's.
func (w *trial) wait(ctx context.Context, d time.Duration) error {
	if w.chaos != nil {
		w.chaos.waited()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if deadline, ok := ctx.Deadline(); ok {
		if _, known := w.deadlines[deadline]; !known {
			w.deadlines[deadline] = w.clock.Add(time.Until(deadline))
		}
		if left := w.deadlines[deadline].Sub(w.clock); left < d {
			w.clock = w.clock.Add(max(0, left))
			return context.DeadlineExceeded
		}
	}
	w.clock = w.clock.Add(d)
	return ctx.Err()
}

func (w *trial) tell(format string, args ...any) {
	w.story = append(w.story, w.now().Format("Jan 2 15:04:05 ")+fmt.Sprintf(format, args...))
}

// Snapshot reads the account.
func (w *trial) Snapshot(ctx context.Context, schedules []string) (*inventory.Snapshot, error) {
	return w.client.Snapshot(ctx, pagerduty.SnapshotOptions{Schedules: schedules})
}

// round lets the process make one round, and checks what can be said of every
// one.
func (w *trial) round() (*reconcile.Applied, error) {
	w.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w.calls, w.requests, w.cancel = 0, 0, cancel
	lift := w.fill()
	done, err := w.makeRound(ctx)
	lift()
	w.tell("round under %q after %d calls: %s", w.inForce().name, w.calls, outcome(done, err))
	w.counts["rounds: all"]++
	w.counts["requests"] += w.requests
	if err != nil {
		w.counts["rounds: failed"]++
	}
	if w.dead {
		w.counts["rounds: killed"]++
		if err := w.journal.Close(); err != nil {
			w.fail("close: %v", err)
		}
		w.advance(61 * time.Second) // the budget of a minute is the old process's
		w.start()
	}
	if err == nil {
		w.forgetLowered()
	}
	w.kill, w.meddling, w.echoes = nil, nil, nil
	w.keepsSecrets(done, err)
	if len(w.violations) > 0 {
		w.fail("%s", strings.Join(w.violations, "\n"))
	}
	return done, err
}

func (w *trial) makeRound(ctx context.Context) (*reconcile.Applied, error) {
	if w.daemon != nil {
		return w.daemon.round(ctx, w)
	}
	r := &reconcile.Round{
		Reader: w, Policies: w.sets[w.current], Memory: record{w.journal, w}, Now: w.time.Now,
		Settings: plan.Settings{Default: plan.Sync}, ClockDoubt: w.time.Doubt,
	}
	return r.Apply(ctx, reconcile.Execution{
		Record: record{w.journal, w}, Account: w.client, Approve: all,
		Options: apply.Options{Now: w.time.Now, Concurrency: 1},
	})
}

// inForce is the revision that a round goes by: a daemon's is the last good one
// where the policies as they stand are broken.
func (w *trial) inForce() *revision {
	if w.daemon != nil {
		return w.daemon.inForce(w)
	}
	return w.revisions[w.current]
}

func outcome(done *reconcile.Applied, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	s := done.Plan.Summary
	text := fmt.Sprintf("raise %d, lower %d, held %d, blocked %d, unknown %d, suspended %d; %+v",
		s.Raise, s.Lower, s.Held, s.Blocked, s.Unknown, len(done.Plan.Suspended), done.Report.Counts)
	for _, o := range done.Report.Outcomes {
		text += fmt.Sprintf("\n      %s (%s) %s %s", o.Change.ID, o.Change.Cause, o.Status, o.Why)
	}
	for _, h := range done.Plan.Held {
		text += fmt.Sprintf("\n      %s (%s) held by %s: %s", h.ID, h.Cause, h.Rule, h.Why)
	}
	for _, b := range done.Plan.Blocked {
		text += fmt.Sprintf("\n      %s (%s) blocked: %s", b.ID, b.Cause, b.Why)
	}
	return text
}

func (w *trial) fail(format string, args ...any) {
	w.Helper()
	w.Fatalf("%s\nwhat happened:\n  %s", fmt.Sprintf(format, args...), strings.Join(w.story, "\n  "))
}

// keepsSecrets checks that the token is in nothing that the round leaves.
func (w *trial) keepsSecrets(done *reconcile.Applied, err error) {
	w.Helper()
	said := ""
	if err != nil {
		said = fmt.Sprintf("%v %+v %#v", err, err, err)
	}
	if done != nil {
		report, err := json.Marshal([]any{done.Report, done.Recovered})
		if err != nil {
			w.fail("%v", err)
		}
		said += string(report)
		if done.Result != nil {
			plan, err := json.Marshal(done.Plan)
			if err != nil {
				w.fail("%v", err)
			}
			said += string(plan)
		}
		if done.Report != nil {
			for _, o := range done.Report.Outcomes {
				if o.Err() != nil {
					said += o.Err().Error()
				}
			}
		}
	}
	for _, path := range []string{w.path, w.path + "-wal"} {
		data, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			w.fail("%v", err)
		}
		said += string(data)
	}
	if strings.Contains(said, canary) {
		w.fail("the token is in what the round leaves: %.300s", said[max(0, strings.Index(said, canary)-100):])
	}
}

// settle ends the faults, and checks that all that is due and not held lands
// within two rounds.
func (w *trial) settle() {
	w.Helper()
	w.sim.ClearFaults()
	w.skewed = false
	if len(w.revisions[w.current].grants) == 0 {
		w.current = 0
	}
	if w.daemon != nil {
		w.daemon.calm()
	}
	w.calm()
	w.advance(3 * time.Minute)
	w.tell("the faults end")
	last := w.quietly(3)
	held := w.landed(last)
	if len(held) == 0 {
		w.freed()
		return
	}
	w.counts["settled: held, and released"] += len(held)
	for _, key := range held {
		if err := w.journal.Release(context.Background(), key, "looked at it"); err != nil {
			w.fail("%v", err)
		}
	}
	w.tell("all that is held is released")
	if still := w.landed(w.quietly(3)); len(still) > 0 {
		w.fail("%v are still held after their release", still)
	}
	w.freed()
}

// freed has somebody give their seat up, where one is wanted, and checks that
// whoever waited for it has it then.
func (w *trial) freed() {
	w.Helper()
	last := w.quietly(1)
	waits := func(b plan.Blocked) bool { return strings.Contains(b.Why, "no seat is free") }
	role, _ := w.sim.BaseRole("P6") // policies say nothing of theirs
	if !slices.ContainsFunc(last.Plan.Blocked, waits) || licenseFor(role) != "LM" {
		return
	}
	w.counts["settled: waited for a seat"]++
	w.tell("P6 gives a seat up")
	w.sim.SetBaseRole("P6", "observer")
	w.advance(3 * time.Minute)
	w.landed(w.quietly(3))
}

// quietly makes rounds in which nothing goes wrong, and returns the last, which
// has nothing left to change.
func (w *trial) quietly(rounds int) *reconcile.Applied {
	w.Helper()
	var last *reconcile.Applied
	for range rounds {
		var err error
		if last, err = w.round(); err != nil {
			w.fail("a round without faults: %v", err)
		}
	}
	if len(last.Plan.Changes) > 0 && !w.boundarySince(last.Plan.Now.Add(-time.Minute)) {
		w.fail("a further round changes %d pairs", len(last.Plan.Changes))
	}
	return last
}

// boundarySince says whether what should be changed by itself since then: a
// round waits for its budget now and then.
func (w *trial) boundarySince(t time.Time) bool {
	rev := w.inForce()
	for key := range w.state() {
		name := key[0]
		if name != "account" {
			name = sweepTeams[name]
		}
		if rev.want(key[1], name, w.view(key[1], t)) != rev.want(key[1], name, w.view(key[1], w.now())) {
			return true
		}
	}
	return false
}

// landed checks that the account is as it should be, but for what the round
// holds until a person releases it: it returns the keys.
func (w *trial) landed(last *reconcile.Applied) (keys []string) {
	w.Helper()
	held := map[string]bool{}
	for _, h := range last.Plan.Held {
		if !h.Releasable {
			w.fail("%s is held by %s though nothing is wrong any more", h.ID, h.Rule)
		}
		held[h.User+" "+h.Resource.ID] = true
		keys = append(keys, h.ID)
	}
	for _, b := range last.Plan.Blocked {
		if strings.Contains(b.Why, "which is held") {
			held[b.User+" "+b.Resource.ID] = true
		}
	}
	if w.boundarySince(last.Plan.Now.Add(-time.Minute)) {
		return keys
	}
	rev := w.inForce()
	for key, has := range w.state() {
		on, user := key[0], key[1]
		id, name := on, sweepTeams[on]
		if on == "account" {
			id, name = "", on
		}
		want := rev.want(user, name, w.view(user, last.Plan.Now))
		if w.due(rev, on, name, user, has, want) && !held[user+" "+id] && !w.seatless(last.Plan, on, user, has, want) {
			w.fail("%s has %s on %s, and should have %s", user, has, name, want)
		}
	}
	return keys
}

// due says whether a pair that has one role should have been brought to
// another.
func (w *trial) due(rev *revision, on, name, user, has, want string) bool {
	if has == want || !rev.named(name) || w.unknown(rev, name, 0) || w.protects(rev, user) {
		return false
	}
	base, _ := w.sim.BaseRole(user)
	if on == "account" {
		before, raised := w.raised[user]
		if want == inventory.None {
			_, touched := w.touched["account "+user]
			return raised && has != before && !touched
		}
		return base != "owner"
	}
	if _, not := w.untrusted[on]; not || inventory.FixedBaseRole(base) {
		return false
	}
	for _, l := range rev.limits { // one on a name that can't be trusted may be about any team (S12)
		for id := range w.untrusted {
			if sweepTeams[id] == l.on {
				return false
			}
		}
	}
	implied := on == "TC" && user == "P7" && want == inventory.None
	return !implied
}

// seatless says that a raise waits for a seat, and that none is free: neither by
// the plan nor in truth.
func (w *trial) seatless(p *plan.Plan, on, user, has, want string) bool {
	if on != "account" || licenseFor(want) != "LM" || licenseFor(has) == "LM" || w.freeSeats() > 0 {
		return false
	}
	return slices.ContainsFunc(p.Blocked, func(b plan.Blocked) bool {
		return b.User == user && b.Resource.Kind == inventory.KindAccount && strings.Contains(b.Why, "no seat is free on license Managers")
	})
}

// freeSeats counts the seats for managers that nobody has.
func (w *trial) freeSeats() int {
	free := managerSeats
	for id := range sweepPeople {
		if role, _ := w.sim.BaseRole(id); licenseFor(role) == "LM" {
			free--
		}
	}
	return free
}

// forgetLowered forgets who went back to the role from before a raise, once the
// program made a round that saw it.
func (w *trial) forgetLowered() {
	for user, before := range w.lowered {
		if role, _ := w.sim.BaseRole(user); inventory.CompareRoles(inventory.KindAccount, role, before) <= 0 {
			delete(w.lowered, user)
		}
	}
}

// protects says that nobody is to touch a person: policies say so, or the token
// is theirs. While it can't be known whose it is, raises go on.
func (w *trial) protects(rev *revision, user string) bool {
	return slices.Contains(rev.protected, user) || w.daemon != nil && user == w.daemon.self && w.daemon.selfless == nil
}

// Promises: nothing is lowered or raised that the truth does not call for, what
// is due lands once the faults end, the budget holds and the token stays
// secret, whatever goes wrong meanwhile.
func TestWhateverGoesWrongNobodyLosesAccessAndAllThatIsDueLands(t *testing.T) {
	checks(t, 10, 400)
	revisions, sets, err := loadRevisions(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sweep(t, revisions, sets, func(w *trial, rt *rapid.T) {
		if _, err := w.round(); err != nil {
			w.fail("the first round: %v", err)
		}
		for range rapid.IntRange(1, 8).Draw(rt, "rounds") {
			w.trouble(rt)
			_, _ = w.round()
			w.counts["rounds: in trouble"]++
		}
		w.settle()
	})
}

// sweep makes trials, each with an account and a state of its own, and logs what
// was judged.
func sweep(t *testing.T, revisions []*revision, sets []*eval.Set, body func(*trial, *rapid.T)) {
	t.Helper()
	dir, sum, tell := t.TempDir(), tally{}, progress(time.Minute)
	rapid.Check(t, func(rt *rapid.T) {
		sum["trials"]++
		at := filepath.Join(dir, fmt.Sprint(sum["trials"]))
		if err := os.Mkdir(at, 0o755); err != nil {
			rt.Fatal(err)
		}
		w := newTrial(rt, at, revisions, sets)
		defer func() {
			_ = w.journal.Close()
			_ = os.RemoveAll(at)
		}()
		body(w, rt)
		sum.add(w.counts)
		tell(sum)
	})
	t.Logf("judged:%s", sum)
}
