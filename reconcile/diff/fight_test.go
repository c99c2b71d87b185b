package diff_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// wantDue compares a plan but for the extra access that it leaves alone.
func wantDue(t *testing.T, p *plan.Plan, want ...string) {
	t.Helper()
	got := slices.DeleteFunc(Lines(p), func(l string) bool { return strings.HasPrefix(l, "extra") })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the plan differs (-want +got):\n%s", diff)
	}
}

// fight is Search, where policies make di a responder and somebody else takes
// her off again.
type fight struct {
	t  *testing.T
	in diff.Input
}

var di = desired.Pair{User: "di", Resource: inventory.ByID(inventory.KindTeam, "SEA")}

func newFight(t *testing.T) *fight {
	return &fight{t: t, in: Input(Account(), Grants("user:cy@acme.com team:Search responder", "user:di@acme.com team:Search responder"))}
}

// round makes a round that carries out its plan; then some hours pass, and the
// others take di off, or leave her.
func (f *fight) round(hours float64, reverse bool) *plan.Plan {
	f.t.Helper()
	r := MustMake(f.t, f.in)
	for _, c := range r.Plan.Changes {
		f.in.Memory.Made = append(f.in.Memory.Made, plan.Write{Pair: c.Pair(), Before: c.Before, Role: c.After, At: r.Plan.Now})
	}
	f.in = Next(r, f.in, hours)
	if reverse {
		delete(f.in.Snapshot.Teams["SEA"].Members, "di")
		delete(f.in.Snapshot.Users["di"].Teams, "SEA")
	}
	return r.Plan
}

// lost is a fight in which the program has stopped.
func lost(t *testing.T) *fight {
	f := newFight(t)
	for range 3 {
		f.round(0.25, true)
	}
	return f
}

func TestS27_AChangeThatOthersReverseThreeTimesInAnHourStopsWithACriticalFinding(t *testing.T) {
	f := newFight(t)
	wantDue(t, f.round(0.25, true), "raise team:Search di none>responder policy")
	wantDue(t, f.round(0.25, true), "raise team:Search di none>responder drift")
	wantDue(t, f.round(0.25, true), "raise team:Search di none>responder drift")
	for range 2 {
		p := f.round(0.25, true)
		wantDue(t, p, "held S27: raise team:Search di none>responder drift")
		if len(p.Findings) != 1 || p.Findings[0].Severity != "critical" || !strings.Contains(p.Findings[0].Message, "reversed") {
			t.Errorf("findings %+v, want one that is critical", p.Findings)
		}
	}
}

func TestS27_TimeAloneEndsNoFight(t *testing.T) {
	f := lost(t)
	f.round(30, true)
	f.in.Memory.Made = nil // the journal counts an hour
	wantDue(t, f.round(30, true), "held S27: raise team:Search di none>responder drift")
}

func TestS27_SlowReversalsAreNoFight(t *testing.T) {
	f := newFight(t)
	for range 6 {
		if p := f.round(0.5, true); len(p.Held) > 0 {
			t.Fatalf("%q, want no fight", Lines(p))
		}
	}
}

func TestS27_AReleaseLetsTheChangeBeMadeAnew(t *testing.T) {
	f := lost(t)
	key := f.round(0.25, true).Held[0].ID
	f.in.Memory.Released = map[string]plan.Release{key: {Reason: "they stopped", At: f.in.Now}}
	f.in.Memory.Made = nil // the journal leaves out what was made before the release
	f.in.Now = f.in.Now.Add(time.Minute)
	wantDue(t, f.round(0.25, true), "raise team:Search di none>responder drift")
	f.in.Memory.Released = nil
	wantDue(t, f.round(0.25, true), "raise team:Search di none>responder drift")
}

func TestS27_AFightIsOverOnceThePairStaysForADayAsPoliciesSay(t *testing.T) {
	for hours, over := range map[float64]bool{10: false, 25: true} {
		f := lost(t)
		f.round(0.1, true)
		Put(f.in.Snapshot, "SEA", "di", "responder") // the others gave in
		f.in.Memory.Made = nil
		f.round(hours, false)
		f.round(0.1, true)
		if p := f.round(0.1, false); (len(p.Changes) == 1) != over {
			t.Errorf("after %v hours: %q, want it over: %v", hours, Lines(p), over)
		}
	}
}

func TestS27_WhatThePoliciesThemselvesMoveIsNoFight(t *testing.T) {
	f := newFight(t)
	for i := range 4 { // as windows and shifts may
		f.in.Memory.Made = append(f.in.Memory.Made,
			plan.Write{Pair: di, Before: "none", Role: "responder", At: At(-0.1 * float64(8-2*i))},
			plan.Write{Pair: di, Before: "responder", Role: "none", At: At(-0.1 * float64(7-2*i))})
	}
	wantDue(t, f.round(0, false), "raise team:Search di none>responder policy")
}

func TestS31_ARoundThatCantTrustItsClockLowersNothingForAHandoffOrAnExpiry(t *testing.T) {
	handoff := Grants("oncall:Primary team:Search manager", "user:cy@acme.com team:Search responder")
	in := Input(Account(), handoff)
	in = Next(MustMake(t, in), in, 5)
	in.ClockDoubt = "the local clock is 4m behind"
	p := MustMake(t, in).Plan
	wantDue(t, p, "raise team:Search bob none>manager handoff", "held S31: lower team:Search ann manager>none handoff")
	if len(p.Notices) != 1 || len(p.Suspended) != 0 {
		t.Errorf("notices %q, suspended %q; want one notice, and lowering for other causes to go on", desired.Messages(p.Notices), desired.Messages(p.Suspended))
	}
	in.ClockDoubt = ""
	wantDue(t, MustMake(t, in).Plan, "raise team:Search bob none>manager handoff", "lower team:Search ann manager>none handoff")
}

func TestS31_WhatTheOtherClockWouldLeaveIsNotLowered(t *testing.T) {
	s := Account()
	Put(s, "SEA", "di", "responder")
	in := Input(s, Grants("user:di@acme.com team:Search responder from 1 until 3", "user:ed@acme.com team:Search responder"))
	raise, cy := "raise team:Search ed none>responder policy", "lower team:Search cy responder>none policy"
	for _, c := range []struct {
		name  string
		other float64
		di    string
	}{
		{"by the other clock it is di's time", 2, "held S31: lower team:Search di responder>none policy"},
		{"by neither it is", 4, "lower team:Search di responder>none policy"},
	} {
		in.ClockDoubt, in.OtherClock = "the clocks disagree", At(c.other)
		if got := Lines(MustMake(t, in).Plan); !slices.Contains(got, raise) || !slices.Contains(got, cy) || !slices.Contains(got, c.di) {
			t.Errorf("%s: %q", c.name, got)
		}
	}
	in.OtherClock = At(9999) // of which no shifts are known
	if got := Lines(MustMake(t, in).Plan); !slices.Contains(got, "held S31: lower team:Search cy responder>none policy") {
		t.Errorf("by the other clock it can't be told: %q", got)
	}
}

func TestS31_AClockThatWentBackIsNotTrusted(t *testing.T) {
	in := Input(Account(), Grants("user:cy@acme.com team:Search responder", "user:di@acme.com team:Search responder until 1"))
	in = Next(MustMake(t, in), in, 2)
	in.Memory.Last.At = in.Now.Add(time.Minute)
	wantDue(t, MustMake(t, in).Plan, "held S31: lower team:Search di responder>none expiry")
	in.Memory.Last.At = in.Now.Add(10 * time.Second)
	wantDue(t, MustMake(t, in).Plan, "lower team:Search di responder>none expiry")
}

func TestS20_NothingIsLoweredWhileItCantBeToldWhoseTheTokenIs(t *testing.T) {
	in := Input(Account(), Grants("user:di@acme.com team:Search responder"))
	in.SelfDoubt = "GET /users/me: 500"
	wantDue(t, MustMake(t, in).Plan, "raise team:Search di none>responder policy", "held S20: lower team:Search cy responder>none policy")
}
