package reconcile_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/events/eventlog"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// sweepDaemon makes a trial's rounds as `dutyward run` does, and has what may
// befall that besides: policies that do not load, a pause, a token that belongs to
// somebody.
type sweepDaemon struct {
	*daemon.Daemon
	log bytes.Buffer

	broken error
	paused bool
	self   string
	// selfless is why it can't be known whose token it is.
	selfless error
	// good is the revision that was in force before the round.
	good *revision
	// why is what makes the round due: some read in part.
	why string
}

// start starts a process.
func (d *sweepDaemon) start(w *trial) {
	d.Daemon = &daemon.Daemon{
		Load:   func(context.Context) (reconcile.Policies, error) { return w.sets[w.current], d.broken },
		Reader: w, Record: record{w.journal, w}, Account: w.client, Settings: plan.Settings{Default: plan.Sync}, Now: w.time.Now,
		Refresher: w.client, OnCallInterval: time.Minute,
		Self:       func(context.Context) (string, error) { return d.self, d.selfless },
		ClockDoubt: w.time.Doubt,
		Paused: func() *reconcile.Pause {
			if d.paused {
				return &reconcile.Pause{Since: w.now()}
			}
			return nil
		},
		Sink: eventlog.Log{Logger: slog.New(slog.NewJSONHandler(&d.log, nil))},
	}
}

// round makes a round, and reads back what it recorded.
func (d *sweepDaemon) round(ctx context.Context, w *trial) (*reconcile.Applied, error) {
	d.good = d.lastGood(w)
	before, err := w.journal.LastRound(ctx)
	wrong := w.wrongClock()
	if err != nil {
		return nil, err
	}
	outlook, err := d.Round(ctx, d.why)
	if !outlook.Full && d.why != "schedule" {
		w.counts["rounds: that read in part"]++
	}
	if strings.Contains(d.log.String(), canary) {
		w.violate("the token is in the log:\n%s", d.log.String())
	}
	if strings.Contains(d.log.String(), "internal error") {
		w.violate("a panic:\n%s", d.log.String())
	}
	last, readErr := w.journal.LastRound(context.WithoutCancel(ctx))
	if err = errors.Join(err, readErr); err != nil {
		return nil, err
	}
	if last == nil || before != nil && before.Round == last.Round {
		return nil, errors.New("nothing was recorded")
	}
	for _, o := range last.Made {
		c := o.Change
		if wrong && w.wrongClock() && c.Effect == plan.Lower && (c.Cause == plan.CauseHandoff || c.Cause == plan.CauseExpiry) {
			w.violate("%s was lowered for %s by a clock in doubt", c.ID, c.Cause)
		}
	}
	done := &reconcile.Applied{Result: &reconcile.Result{}, Report: &apply.Report{Outcomes: last.Made}}
	done.Plan = last.Plan
	return done, nil
}

// mayNot is why nothing may be written or nothing at all; empty if it may.
func (d *sweepDaemon) mayNot() string {
	if d.paused {
		return "writing is paused"
	}
	return ""
}

// inForce is the last good revision where the one that stands is broken.
func (d *sweepDaemon) inForce(w *trial) *revision {
	now := w.revisions[w.current]
	if d.broken == nil && len(now.grants) > 0 || d.good == nil {
		return now
	}
	return d.good
}

// lastGood is the last revision that a round finished with.
func (d *sweepDaemon) lastGood(w *trial) *revision {
	good, _, err := w.journal.GoodPolicies(context.Background())
	if err != nil {
		w.fail("%v", err)
	}
	for i, set := range w.sets {
		if set.Revision() == good {
			return w.revisions[i]
		}
	}
	return nil
}

// trouble draws what goes wrong with the daemon itself.
func (d *sweepDaemon) trouble(rt *rapid.T, w *trial) {
	d.calm()
	d.why = rapid.SampledFrom([]string{"schedule", daemon.WhyBoundary, daemon.WhyBoundary, daemon.WhyOnCalls}).Draw(rt, "why")
	what := rapid.IntRange(0, 7).Draw(rt, "daemon")
	switch what {
	case 0:
		d.broken = errors.New("sweep.rego:3: unexpected }")
	case 1:
		d.paused = true
	case 2:
		d.selfless = errors.New("GET /users/me: 500")
	case 3:
		d.start(w) // somebody restarted it
	default:
		return
	}
	w.counts["daemon: "+[]string{"policies broken", "paused", "nobody knows whose token", "restarted"}[what]]++
	w.tell("daemon: broken %v, paused %v, selfless %v", d.broken, d.paused, d.selfless)
}

func (d *sweepDaemon) calm() {
	d.broken, d.paused, d.selfless, d.why = nil, false, nil, "schedule"
}

// Promises: the same of the daemon, whose policies break and whose clock is off.
func TestWhateverGoesWrongTheDaemonHarmsNobodyAndAllThatIsDueLands(t *testing.T) {
	checks(t, 5, 400)
	revisions, sets, err := loadRevisions(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sweep(t, revisions, sets, func(w *trial, rt *rapid.T) {
		w.daemon = &sweepDaemon{self: "P5", why: "start"}
		w.daemon.start(w)
		if _, err := w.round(); err != nil {
			w.fail("the first round: %v", err)
		}
		for range rapid.IntRange(1, 8).Draw(rt, "rounds") {
			w.trouble(rt)
			w.daemon.trouble(rt, w)
			_, _ = w.round()
			w.counts["rounds: in trouble"]++
		}
		w.settle()
	})
}
