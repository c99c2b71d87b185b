package reconcile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/events/eventlog"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// chaos is a trial in which people may do anything in PagerDuty's pages between any
// two of the program's requests: repair, rename, delete and create again. The program
// runs as a daemon. Each of its writes is judged as it takes effect.
type chaos struct {
	*trial
	*daemon.Daemon
	log  bytes.Buffer
	laws []*law
	sets []*eval.Set
	at   int // the law as it stands
	// since is when it was written, seen when a round first went by it, still the law that held still last, and before
	// the one that had then; nil where none had.
	since, seen   time.Time
	still, before *law
	// lately is the law of the last round, and watched says that it knew the operators.
	lately  *law
	watched bool

	// bound is what names mean to policies: what they meant first, or what a person
	// confirmed.
	bound map[string]string
	// history is the account as it was, and sampled what of it the program may go by.
	history []moment
	sampled []sample

	// seq counts requests and deeds. The following are positions in that count.
	seq     int
	begun   int            // where the round's plan was begun; 0 while earlier work is completed
	read    map[string]int // where a schedule was last read
	deeds   map[string]int // where a person last changed a layer, an event or a pair
	ended   map[string]end // the end that a person last gave an event
	edited  map[string]int // where the intent of a schedule's edit was recorded
	harm    int            // counts what goes wrong, but for refusals
	refused int            // the requests that PagerDuty refused in this round

	// began and over are when the round did and was: a process that is killed takes a while to
	// be followed by another.
	began, over time.Time
	why         string
	// released are the keys of the changes that were released.
	released []string
	// audits says that the daemon reads the audit trail.
	audits bool
	// wholeUpTo is how many requests a full refresh may take for the account not to be read
	// in parts; 0 as by default.
	wholeUpTo int
	// restored says that the journal was taken from a copy at some time.
	restored bool
	// inForce is the law of the round's plan.
	inForce *law
	// intents are the people of whom it was recorded that their turns change.
	intents map[string]int
	// base is a schedule as it was before the round's first write on it.
	base map[string]inventory.Schedule
	// raisedBy maps people to their base role before the program raised it.
	raisedBy map[string]string
	// promoted are those whose base role a person gave them last, and roleWas what it
	// was before.
	promoted map[string]bool
	roleWas  map[string]string
	// owed are schedules as they were before an edit that is open, whose covers are
	// judged once it is at an end, unless a person edits them before.
	owed map[string]inventory.Schedule
	// ours are the overrides and custom shifts that the program made.
	ours map[string]bool
	// excused are the overrides of people's on nets that could not outlast them, and
	// untaken says that PagerDuty took one nowhere else in this round.
	excused map[string]bool
	untaken bool
	// moved are the turns that the program gave or took last, since a person did.
	moved map[string]move
	// touched are the schedules that a person edited since the round wrote on them,
	// and unfinished those of which an earlier round left an edit open.
	touched, unfinished map[string]bool
	started             int // where the round began
	gaps                gaps
	// nets are the events that the program made, each alone in a rotation, by that.
	nets   map[string]inventory.Event
	rounds []planned

	triggers  []*trigger
	refusals  []*refusal
	relaxed   bool // people released what was held
	stale     bool
	skewed    bool
	paused    bool
	broken    error
	operators []string
	copied    []byte // the journal from earlier on
	// work are the pieces of work under way, undone those of the plan that are not done,
	// and crowded says that one waited while there were others.
	work, undone map[string]bool
	crowded      bool
	made         int
}

// move is what the program did about somebody's turns, and where in the count.
type move struct {
	joined bool
	at     int
}

func newChaos(f failer, dir string, all []*law, sets []*eval.Set) *chaos {
	c := &chaos{
		laws: all, sets: sets, bound: maps.Clone(chaosBound), read: map[string]int{}, deeds: map[string]int{}, ended: map[string]end{}, edited: map[string]int{},
		intents: map[string]int{}, base: map[string]inventory.Schedule{}, raisedBy: map[string]string{}, promoted: map[string]bool{}, roleWas: map[string]string{}, ours: map[string]bool{},
		moved: map[string]move{}, excused: map[string]bool{}, gaps: gaps{}, nets: map[string]inventory.Event{}, owed: map[string]inventory.Schedule{}, operators: []string{sweepMail("OPR")}, inForce: all[0], why: "schedule",
	}
	newTrialOn(f, dir, chaosSeed(), nil, nil, c)
	c.valid, c.kept = oddCanary, oddCanary
	c.note()
	c.since = c.now()
	return c
}

// start starts a process.
func (c *chaos) start() {
	c.Daemon = &daemon.Daemon{
		Load:   func(context.Context) (reconcile.Policies, error) { return c.sets[c.at], c.broken },
		Reader: c, Record: chaosRecord{record{c.journal, c.trial}, c}, Account: c.client, Now: c.time.Now,
		Settings:  plan.Settings{Default: plan.Sync, Operators: c.operators},
		Refresher: c.client, OnCallInterval: time.Minute, Settle: time.Minute, Audit: c.audits,
		Requests: func() int { return c.client.Cost().Requests }, WholeUpTo: c.wholeUpTo,
		Self:       func(context.Context) (string, error) { return "ADM", nil },
		ClockDoubt: c.time.Doubt,
		Paused: func() *reconcile.Pause {
			if c.paused {
				return &reconcile.Pause{Since: c.now()}
			}
			return nil
		},
		Sink: eventlog.Log{Logger: slog.New(slog.NewJSONHandler(&c.log, nil))},
	}
}

// write has the policies say another law.
func (c *chaos) write(law int) {
	if law == c.at {
		return
	}
	c.before = c.still
	if c.lately == nil || c.lately == c.laws[law] {
		c.before = nil // who made no round meanwhile can't know that it did not hold still
	}
	c.at, c.since, c.seen = law, c.now(), time.Time{}
	c.counts["trouble: policies edited"]++
	c.tell("the policies say: %s", c.laws[law].name)
}

// note notes the account as it is from now on.
func (c *chaos) note() {
	c.history = append(c.history, moment{c.now(), c.sim.Account()})
	c.sampled = nil
}

// forget drops what can't be seen any more.
func (c *chaos) forget() {
	since := c.now().Add(-c.unseenFor() - time.Hour)
	i := 0
	for i < len(c.history)-1 && !c.history[i+1].at.After(since) {
		i++
	}
	c.history, c.sampled = c.history[i:], nil
}

// unseenFor is how long what people do may go unseen.
func (c *chaos) unseenFor() time.Duration {
	if c.why != "schedule" {
		return slack + daemon.MaxAge
	}
	return slack
}

// pass lets time pass, and counts the gaps that take effect.
func (c *chaos) pass(d time.Duration) {
	before := c.now()
	c.advance(d)
	c.counts["gaps: that took effect"] += c.gaps.over(before, c.now())
	c.forget()
}

// round lets the daemon make a round.
func (c *chaos) round() {
	c.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.calls, c.requests, c.cancel = 0, 0, cancel
	c.begun, c.refused, c.began = 0, 0, c.now()
	c.base, c.sampled = map[string]inventory.Schedule{}, nil
	c.touched, c.unfinished, c.started = map[string]bool{}, map[string]bool{}, c.seq
	if open, err := openEdits(c.journal); err == nil {
		for _, e := range open {
			c.unfinished[e.Was.ID] = true
		}
	}
	c.log.Reset()
	c.untaken = false
	c.crowded, c.work, c.undone = false, map[string]bool{}, map[string]bool{}
	_, err := c.Round(ctx, c.why)
	c.over = c.now()
	c.told(err)
	c.counts["rounds: all"]++
	c.counts["requests"] += c.requests
	if err != nil {
		c.counts["rounds: failed"]++
	}
	switch {
	case c.begun == 0:
	case err == nil && !c.dead:
		c.watched, c.lately = len(c.operators) > 0, c.inForce
	default: // it may be remembered or not
		c.watched, c.lately = c.watched && len(c.operators) > 0, nil
	}
	c.notePlanned(err == nil && !c.dead)
	if err == nil && !c.dead && c.begun > 0 && c.inForce == c.laws[c.at] {
		if c.seen.IsZero() {
			c.seen = c.began
		}
		if c.began.Sub(c.seen) > 12*time.Minute {
			c.still = c.inForce
		}
	}
	if c.dead {
		c.harm++
		c.counts["rounds: killed"]++
		c.reopen()
	}
	c.kill, c.meddling, c.echoes, c.triggers = nil, nil, nil, nil
	c.finished()
	c.keepsQuiet(err)
	if len(c.violations) > 0 {
		c.fail("%s", strings.Join(c.violations, "\n"))
	}
}

// reopen has another process take over.
func (c *chaos) reopen() {
	if err := c.journal.Close(); err != nil {
		c.fail("close: %v", err)
	}
	c.pass(61 * time.Second) // the budget of a minute is the old process's
	c.trial.start()
}

// told adds to the story what the round said.
func (c *chaos) told(err error) {
	c.tell("round (%s) under %q after %d calls, %d refused: %v", c.why, c.inForce.name, c.calls, c.refused, err)
	for line := range strings.Lines(c.log.String()) {
		c.story = append(c.story, "      "+strings.TrimSpace(line))
	}
	if last, err := c.journal.LastRound(context.Background()); err == nil && last != nil && c.begun > 0 {
		for _, o := range last.Made {
			c.story = append(c.story, fmt.Sprintf("      %s (%s) %s %s", o.Change.ID, o.Change.Cause, o.Status, o.Why))
		}
	}
	if strings.Contains(c.log.String(), "internal error") {
		c.violate("a panic:\n%s", c.log.String())
	}
}

// plan is the last plan that was carried out.
func (c *chaos) plan() *plan.Plan {
	c.Helper()
	last, err := c.journal.LastRound(context.Background())
	if err != nil || last == nil {
		c.fail("no round was recorded: %v", err)
	}
	return last.Plan
}

// chaosRounds is how many rounds there are at least: few in an ordinary run,
// DUTYWARD_CHAOS in a long one.
func chaosRounds(t *testing.T) int {
	text := os.Getenv("DUTYWARD_CHAOS")
	switch {
	case text == "" && testing.Short():
		return 20 // the race detector takes ten times as long
	case text == "":
		return 60
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("DUTYWARD_CHAOS is the number of rounds: %v", err)
	}
	return n
}

// checkChaos makes trials until there were so many rounds, and logs what was judged.
func checkChaos(t *testing.T, rounds int, body func(*chaos, *rapid.T)) {
	t.Helper()
	all, sets, err := loadLaws(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir, sum, tell := t.TempDir(), tally{}, progress(time.Minute)
	began := time.Now()
	trial := func(rt *rapid.T) {
		sum["trials"]++
		at := filepath.Join(dir, fmt.Sprint(sum["trials"]))
		if err := os.Mkdir(at, 0o755); err != nil {
			rt.Fatal(err)
		}
		c := newChaos(rt, at, all, sets)
		if sum["trials"]%3 == 0 {
			c.wholeUpTo = 1
			c.counts["trials in parts"]++
		}
		c.audits = sum["trials"]%2 == 0
		c.start()
		defer func() {
			_ = c.journal.Close()
			_ = os.RemoveAll(at)
		}()
		body(c, rt)
		sum.add(c.counts)
		tell(sum)
	}
	const most = 20 // rounds in a trial
	if os.Getenv("DUTYWARD_CHAOS") == "" {
		setFlag(t, "rapid.seed", "20260316") // so that an ordinary run draws the same each time
	}
	trials(t, max(5, rounds/most)) // of which rapid makes a fifth with -short
	for sum["rounds: all"] < rounds && !t.Failed() {
		rapid.Check(t, trial)
	}
	t.Logf("%.1f rounds a second; judged:%s", float64(sum["rounds: all"])/time.Since(began).Seconds(), sum)
}

// Promises: whatever people do between any two requests, nobody loses access or
// turns by the program's doing, nothing of theirs is undone, and all that is due
// lands once the trouble ends.
func TestWhateverPeopleDoBetweenAnyTwoRequestsTheDaemonHarmsNobody(t *testing.T) {
	checkChaos(t, chaosRounds(t), func(c *chaos, rt *rapid.T) {
		c.round()
		for range rapid.IntRange(1, 10).Draw(rt, "rounds") {
			c.trouble(rt)
			c.round()
			c.counts["rounds: in trouble"]++
		}
		c.settle()
	})
}

// status is how the daemon says that it stands.
func (c *chaos) status() string {
	text, err := json.Marshal(c.Status())
	if err != nil {
		c.fail("%v", err)
	}
	return string(text)
}
