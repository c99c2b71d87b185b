package reconcile_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/events/eventlog"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// vigil is a daemon on the example company that reads in part where it may.
type vigil struct {
	*watch
	sent map[string]int
}

func newVigil(t *testing.T, edits ...func(*inventory.Snapshot)) *vigil {
	t.Helper()
	v := &vigil{watch: newWatch(t, edits...)}
	v.restart()
	return v
}

// verbose has the log tell everything.
func (v *vigil) verbose() {
	v.Sink = eventlog.Log{Logger: slog.New(slog.NewTextHandler(v.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
}

func (v *vigil) restart() {
	v.watch.restart()
	v.Refresher, v.OnCallInterval = v.client, time.Minute
	v.Requests = func() int { return v.client.Cost().Requests }
}

// round makes a round at a moment, for a reason; it must succeed.
func (v *vigil) at(moment time.Time, why string) daemon.Next {
	v.t.Helper()
	if moment.Before(v.clock) {
		v.t.Fatalf("%s is past", moment)
	}
	v.clock = moment
	v.sent = v.sim.Requests()
	outlook, err := v.Round(context.Background(), why)
	if err != nil {
		v.t.Fatalf("%v\n%s", err, v.log)
	}
	return outlook
}

// took are the requests since the last round began.
func (v *vigil) took() (reads, writes int, by map[string]int) {
	by = map[string]int{}
	for endpoint, n := range v.sim.Requests() {
		if n -= v.sent[endpoint]; n == 0 {
			continue
		}
		by[endpoint] = n
		if strings.HasPrefix(endpoint, "GET") {
			reads += n
		} else {
			writes += n
		}
	}
	return reads, writes, by
}

// untilHandoff makes rounds at boundaries until one writes for a handoff, and
// returns the moment. Every tenth is preceded by a full refresh, as a schedule
// would.
func (v *vigil) untilHandoff() time.Time {
	v.t.Helper()
	outlook := v.at(v.clock, "start")
	for range 40 {
		before := len(v.lines("cause=handoff"))
		at := outlook.At
		v.at(at.Add(-time.Minute), "schedule")
		outlook = v.at(at, daemon.WhyBoundary)
		if len(v.lines("cause=handoff")) > before {
			return at
		}
	}
	v.t.Fatalf("access did not follow the shifts at 40 boundaries:\n%s", v.log)
	return time.Time{}
}

func TestAHandoffCostsAtMostFiveRequestsBesideItsWrites(t *testing.T) {
	v := newVigil(t)
	outlook := v.at(v.clock, "start")
	most, boundaries, costs := 0, few(5, 60), daemon.Costs{}
	for range boundaries {
		at := outlook.At
		v.at(at.Add(-2*time.Minute), "schedule")
		outlook = v.at(at, daemon.WhyBoundary)
		reads, writes, by := v.took()
		if outlook.Full {
			t.Fatalf("at %s the whole account was read:\n%s", at, v.log)
		}
		if writes > 2 {
			continue // several handoffs
		}
		most = max(most, reads)
		if reads > 5 {
			t.Errorf("at %s %d reads and %d writes: %v", at, reads, writes, by)
		}
	}
	costs = v.Costs()
	if costs.Rounds[daemon.KindHandoff] != boundaries || costs.Delayed == 0 || most == 0 {
		t.Errorf("costs %+v, want %d handoffs, some with writes", costs, boundaries)
	}
	t.Logf("%d boundaries, %d requests with writes, at most %d reads each", boundaries, costs.Requests[daemon.KindHandoff], most)
}

// few is how often something is tried: more often in a long run.
func few(few, many int) int {
	if os.Getenv("DUTYWARD_LONG") != "" {
		return many
	}
	return few
}

// A year's truth apart, a round that reads in part does what one would that
// reads whole.
func TestARoundThatReadsInPartPlansWhatAWholeOneWould(t *testing.T) {
	v := newVigil(t)
	at := v.untilHandoff()
	for range few(1, 40) {
		outlook := v.at(at.Add(time.Minute), "schedule")
		if at = outlook.At; at.IsZero() {
			break
		}
		v.at(at, daemon.WhyBoundary)
		v.policy = v.load(v.folder)
		if p := v.plan(); len(p.Changes)+len(p.Held) > 0 {
			t.Fatalf("after the handoff of %s a full refresh would change %+v %+v", at, p.Changes, p.Held)
		}
	}
}

// onLayers is a layer-based schedule that a grant of the company's depends on,
// and somebody who is not on call on it.
func (v *vigil) onLayers() (schedule, user string) {
	v.t.Helper()
	result, err := v.round().Plan(context.Background())
	if err != nil {
		v.t.Fatal(err)
	}
	for _, id := range slices.Sorted(maps.Keys(result.Expansion.Uses().Schedules)) {
		s := result.Snapshot.Schedules[id]
		if s.Kind != inventory.ScheduleOfLayers || len(s.EscalationPolicies) == 0 {
			continue
		}
		for _, u := range s.Users {
			on := slices.ContainsFunc(result.Snapshot.OnCalls, func(o inventory.OnCall) bool { return o.User == u })
			if role := result.Snapshot.Users[u].BaseRole; !on && !inventory.FixedBaseRole(role) {
				return id, u
			}
		}
	}
	v.t.Fatal("no such schedule")
	return "", ""
}

func (v *vigil) override(schedule, user string, from, until time.Time) {
	v.t.Helper()
	body := fmt.Sprintf(`{"overrides":[{"start":%q,"end":%q,"user":{"id":%q,"type":"user_reference"}}]}`, from.Format(time.RFC3339), until.Format(time.RFC3339), user)
	r, err := http.NewRequest("POST", "https://api.pagerduty.com/schedules/"+schedule+"/overrides", strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Token token=t")
	r.Header.Set("Content-Type", "application/json")
	resp, err := v.sim.Transport().RoundTrip(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 201 {
		v.t.Fatalf("override: %d", resp.StatusCode)
	}
}

func TestAnOverrideMadeMeanwhileIsNoticedByTheNextLookAtOnCalls(t *testing.T) {
	v := newVigil(t)
	v.at(v.clock, "start")
	outlook := v.at(v.clock.Add(2*time.Minute), "schedule")
	if want := v.clock.Add(time.Minute); !outlook.Poll.Equal(want) {
		t.Fatalf("the next look is at %s, want %s", outlook.Poll, want)
	}
	schedule, user := v.onLayers()

	outlook = v.at(outlook.Poll, daemon.WhyOnCalls)
	if reads, writes, by := v.took(); writes > 0 || reads > 2 {
		t.Errorf("a look that finds nothing took %v", by)
	}
	rounds := v.Status().Rounds
	v.override(schedule, user, v.clock.Add(10*time.Second), v.clock.Add(time.Hour))
	outlook = v.at(outlook.Poll, daemon.WhyOnCalls)
	if v.Status().Rounds != rounds+1 || outlook.Full {
		t.Errorf("%d rounds were made of what changed, want one that reads in part", v.Status().Rounds-rounds)
	}
	raised := v.lines("raised")
	if !slices.ContainsFunc(raised, func(l string) bool { return strings.Contains(l, "until") }) {
		t.Errorf("nobody was raised for the override:\n%s", v.log)
	}
	v.policy = v.load(v.folder)
	if p := v.plan(); len(p.Changes) > 0 {
		t.Errorf("a full refresh would still change %+v", p.Changes)
	}
}

func TestLooksAtOnCallsCanBeTurnedOff(t *testing.T) {
	v := newVigil(t)
	v.OnCallInterval = 0
	if outlook := v.at(v.clock, "start"); !outlook.Poll.IsZero() {
		t.Errorf("a look is due at %s", outlook.Poll)
	}
}

// What PagerDuty's pages made of the account since the last full refresh is
// seen before a write, and never overwritten: S8 makes an old base safe.
func TestS8_AFullRefreshThatHasAgedOverwritesNothing(t *testing.T) {
	v := newVigil(t)
	at := v.untilHandoff()
	// Find the next handoff, and change its pair between the full refresh and it.
	for range 40 {
		outlook := v.at(at.Add(time.Minute), "schedule")
		next := outlook.At
		v.at(next.Add(-2*time.Minute), "schedule")
		v.policy = v.load(v.folder)
		r := v.round()
		r.At = next
		foreseen, err := r.Plan(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(foreseen.Plan.Changes, func(c plan.Change) bool {
			return c.Resource.Kind == inventory.KindTeam && c.Before != inventory.None && c.After == inventory.None
		})
		if i < 0 {
			v.at(next, daemon.WhyBoundary)
			at = next
			continue
		}
		c := foreseen.Plan.Changes[i]
		v.sim.SetMember(c.Resource.ID, c.User, "manager")
		if c.Before == "manager" {
			v.sim.SetMember(c.Resource.ID, c.User, "observer")
		}
		set := v.sim.Members(c.Resource.ID)[c.User]
		v.clock, v.sent = next, v.sim.Requests()
		again, err := v.Round(context.Background(), daemon.WhyBoundary)
		if got := v.sim.Members(c.Resource.ID)[c.User]; got != set {
			t.Errorf("%s on %s was made %q of %q, which somebody had just set", c.User, c.Resource, got, set)
		}
		if err != nil {
			t.Errorf("%v: what moved is for the next round, not an error", err)
		}
		if wait := again.At.Sub(v.clock); wait > 2*time.Second {
			t.Errorf("the next round is in %s, want at once", wait)
		}
		if last := v.at(again.At, daemon.WhyBoundary); !last.Full {
			t.Error("the round after a conflict did not read the whole account")
		}
		return
	}
	t.Fatal("no handoff takes anybody off a team")
}

func TestS6_WhatCantBeReadInPartIsReadWhole(t *testing.T) {
	for name, c := range map[string]struct {
		before  func(v *vigil)
		because string
	}{
		"a base that is too old": {func(v *vigil) { v.MaxAge = time.Minute }, "the last full refresh is of"},
		"a round of another process": {func(v *vigil) {
			v.policy = v.load(v.folder)
			v.mustApply()
		}, "another process"},
		"on-calls that can't be read": {func(v *vigil) { v.sim.Inject(fault(v.t, "total=-1:GET /oncalls:3")) }, "distinct records"},
		"policies that changed": {func(v *vigil) {
			v.edit("access/more.rego", "package access.more\n")
		}, "the policies changed"},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVigil(t)
			v.at(v.clock, "start")
			outlook := v.at(v.clock.Add(3*time.Minute), "schedule")
			v.at(outlook.At.Add(-2*time.Minute), "schedule")
			v.clock = v.clock.Add(time.Second)
			c.before(v)
			v.verbose()
			if outlook = v.at(outlook.At, daemon.WhyBoundary); !outlook.Full {
				t.Error("the round read in part")
			}
			if len(v.lines(c.because)) == 0 {
				t.Errorf("the log does not say because of what (%s):\n%s", c.because, v.log)
			}
		})
	}
}

func TestWhatWasMissedWhileTheLoopWasDownIsMadeGoodAtOnce(t *testing.T) {
	v := newVigil(t)
	at := v.untilHandoff()
	outlook := v.at(at.Add(time.Minute), "schedule")
	v.clock = outlook.At.Add(30 * time.Hour) // handoffs passed
	v.restart()
	v.at(v.clock, "start")
	v.policy = v.load(v.folder)
	if p := v.plan(); len(p.Changes) > 0 {
		t.Errorf("after the first round %+v is still due", p.Changes)
	}
	if n := len(v.lines("cause=drift")); n > 0 {
		t.Errorf("%d changes were taken for drift", n)
	}
}

// A base carries what the program wrote: read in part, the account is as the
// program left it, also once the overlay of recent writes has ended.
func TestS9_WhatWasWrittenSinceTheFullRefreshIsNotTakenForDrift(t *testing.T) {
	v := newVigil(t)
	at := v.untilHandoff()
	v.log.Reset()
	outlook := v.at(at.Add(10*time.Second), daemon.WhyOnCalls)
	for range 5 {
		outlook = v.at(outlook.Poll.Add(time.Minute), daemon.WhyBoundary)
		if outlook.Full {
			t.Fatalf("the whole account was read:\n%s", v.log)
		}
	}
	if s := v.Status().Summary; s.Raise+s.Lower > 0 {
		t.Errorf("%+v is due, though nothing changed:\n%s", s, v.log)
	}
	if lines := v.lines("raised"); len(lines) > 0 {
		t.Errorf("raised again: %v", lines)
	}
}

func TestPollingTakesATenthOfTheRequestBudgetAtMost(t *testing.T) {
	v := newVigil(t)
	v.OnCallInterval = 100 * time.Millisecond
	outlook := v.at(v.clock, "start")
	if wait := outlook.Poll.Sub(v.clock); wait < 600*time.Millisecond {
		t.Errorf("the next look is in %s: a look takes a request at least, and a tenth of the budget is 96 a minute", wait)
	}
	v.at(outlook.Poll, daemon.WhyOnCalls)
	v.told("looked at more rarely than configured", 1)
}

// A schedule that PagerDuty renders differently from its on-calls say is read
// again once, and not at every look.
func TestS21_AStandingDisputeIsNotReadAgainAtEveryLook(t *testing.T) {
	v := newVigil(t)
	v.at(v.clock, "start")
	schedule, _ := v.onLayers()
	v.sim.Inject(fault(t, "rendering:GET /schedules/"+schedule+":*"))
	outlook := v.at(v.clock.Add(time.Minute), "schedule")
	looks := []int{}
	for i := range 5 {
		if i == 3 {
			outlook = v.at(outlook.Poll, "schedule")
		}
		outlook = v.at(outlook.Poll, daemon.WhyOnCalls)
		reads, _, _ := v.took()
		looks = append(looks, reads)
	}
	if rest := looks[1:]; slices.Max(rest) > slices.Min(rest) || looks[0] < rest[0] {
		t.Errorf("looks took %v requests, want the first one more than the others", looks)
	}
}

// slow lets time pass at each write, as a rate limit does.
type slow struct {
	*pagerduty.Client
	pass func()
}

func (s slow) PutTeamMember(ctx context.Context, team, user, role string) error {
	err := s.Client.PutTeamMember(ctx, team, user, role)
	s.pass()
	return err
}

func TestABoundaryThatPassesAmidARoundHasTheRestPlannedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		writes int // made before it passes; none is while the account is read
	}{
		"while the account is read": {0},
		"after the first write":     {1},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVigil(t)
			v.Refresher = nil // the first round is whole anyway
			foreseen, err := v.round().Plan(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			boundary := *foreseen.Plan.Expires
			pass := func() { v.passed.Store(int64(boundary.Sub(v.clock))) }
			v.Account = slow{v.client, pass}
			if c.writes == 0 {
				v.Reader = late{v.world, pass}
			}
			outlook := v.at(v.clock, "start")
			v.clock = boundary
			v.passed.Store(0)
			if n := len(v.lines("raised")); c.writes == 0 && n > 0 || n >= foreseen.Plan.Summary.Raise {
				t.Errorf("%d of %d raises were made though the plan had ended", n, foreseen.Plan.Summary.Raise)
			}
			if wait := outlook.At.Sub(v.clock); wait > time.Second {
				t.Errorf("the next round is in %s, want at once", wait)
			}
			v.Account, v.Reader = v.client, v.world
			v.at(outlook.At, daemon.WhyBoundary)
			v.policy = v.load(v.folder)
			if p := v.plan(); len(p.Changes) > 0 {
				t.Errorf("after the next round %+v is still due", p.Changes)
			}
		})
	}
}

// late reads for long.
type late struct {
	reconcile.Reader
	pass func()
}

func (l late) Snapshot(ctx context.Context, schedules []string) (*inventory.Snapshot, error) {
	s, err := l.Reader.Snapshot(ctx, schedules)
	l.pass()
	return s, err
}
