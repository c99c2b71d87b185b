package diff_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

const joinsDay = "schedule/WEE/DAY/di/none/rotation"

// refusedAt is a round in which PagerDuty refused that di joins Weekly, so often already.
func refusedAt(t *testing.T, st *policies.Statements, times int) diff.Input {
	t.Helper()
	in := Input(Turns(), st)
	refused := MustMake(t, in).Refusals(map[string]string{joinsDay: "400 Bad Request"}, nil)
	if len(refused) != 1 || refused[0].Schedule != "WEE" || refused[0].Times != 1 || !refused[0].At.Equal(Noon) || refused[0].Why != "400 Bad Request" {
		t.Fatalf("refused are %+v, want the edit of Weekly once, now", refused)
	}
	refused[0].Times = times
	in.Memory.Last = &plan.Round{At: Noon, Revision: "r1", Refused: refused}
	return in
}

// later is the same some time after.
func later(in diff.Input, d time.Duration) diff.Input {
	s := *in.Snapshot
	s.Now = in.Now.Add(d)
	s.Account.TakenAt = s.Now
	in.Snapshot, in.Now = &s, s.Now
	return in
}

func TestS32_ARefusedEditIsTriedAgainAfterTwoMinutesAndTwiceAsLongEachTime(t *testing.T) {
	for _, c := range []struct {
		times int
		wait  time.Duration
		often string
	}{
		{1, 2 * time.Minute, "once"}, {2, 4 * time.Minute, "2 times"}, {3, 8 * time.Minute, "3 times"}, {9, 6 * time.Hour, "9 times"}, {99, 6 * time.Hour, "99 times"},
	} {
		t.Run(c.often, func(t *testing.T) {
			in := refusedAt(t, Rotation("ann bob cy di Weekly"), c.times)
			p := MustMake(t, later(in, c.wait-time.Second)).Plan
			wantTurns(t, p, "held S32: raise schedule:Weekly di none>rotation facts")
			if len(p.Held) != 1 || p.Held[0].Acts == nil || !p.Held[0].Acts.Equal(Noon.Add(c.wait)) ||
				!strings.HasPrefix(p.Held[0].Why, "the edit of schedule Weekly was refused "+c.often+", last at 2026-03-16 12:00 UTC, and nothing of it is left; it is tried again at ") {
				t.Errorf("held: %+v", p.Held)
			}
			if p = MustMake(t, later(in, c.wait)).Plan; len(p.Changes) != 1 {
				t.Errorf("%q, want it tried again", Lines(p))
			}
		})
	}
}

func TestS32_WhatEndsTheWaitOfARefusedEdit(t *testing.T) {
	layer := func(in *diff.Input, edit func(*inventory.Layer)) {
		v := in.Snapshot.Schedules["WEE"]
		edit(&v.Layers[0])
		in.Snapshot.Schedules["WEE"] = v
		Rerender(in.Snapshot, "WEE")
	}
	add := func(in *diff.Input, end float64) {
		v := in.Snapshot.Schedules["WEE"]
		v.Layers = append(v.Layers, inventory.Layer{ID: "OLD", Name: "Old", Start: At(-2000), VirtualStart: At(-2000), End: Ptr(At(end)), TurnSeconds: 86400, Users: []string{"ed"}})
		in.Snapshot.Schedules["WEE"] = v
		Rerender(in.Snapshot, "WEE")
	}
	for name, c := range map[string]struct {
		set  func(*diff.Input)
		held bool
	}{
		"nothing does":                 {func(*diff.Input) {}, true},
		"it was another schedule's":    {func(in *diff.Input) { in.Memory.Last.Refused[0].Schedule = "FOL" }, false},
		"a person asks":                {func(in *diff.Input) { in.Insist = true }, false},
		"there is no last round":       {func(in *diff.Input) { in.Memory.Last = nil }, false},
		"it asks for more":             {func(in *diff.Input) { in.Statements = Rotation("ann bob cy di ed Weekly") }, false},
		"the schedule changed":         {func(in *diff.Input) { layer(in, func(l *inventory.Layer) { l.TurnSeconds *= 2 }) }, false},
		"a layer more that goes on":    {func(in *diff.Input) { add(in, 1) }, false},
		"a layer more that has ended":  {func(in *diff.Input) { add(in, 1./60) }, true},
		"released before it":           {func(in *diff.Input) { in.Memory.Released = map[string]plan.Release{joinsDay: {At: Noon}} }, true},
		"released since":               {func(in *diff.Input) { in.Memory.Released = map[string]plan.Release{joinsDay: {At: At(0.01)}} }, false},
		"the clock went back a little": {func(in *diff.Input) { in.Memory.Last.Refused[0].At = At(1. / 60).Add(30 * time.Second) }, true},
		"the clock went back":          {func(in *diff.Input) { in.Memory.Last.Refused[0].At = At(1. / 60).Add(31 * time.Second) }, false},
		"with others that are refused": {func(in *diff.Input) {
			in.Memory.Last.Refused = append([]plan.Refused{{Schedule: "FOL", Times: 4, At: Noon}}, in.Memory.Last.Refused...)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			in := later(refusedAt(t, Rotation("ann bob cy di Weekly"), 1), time.Minute)
			c.set(&in)
			p := MustMake(t, in).Plan
			if held := len(p.Held) == 1 && p.Held[0].Rule == "S32" && len(p.Changes) == 0; held != c.held {
				t.Errorf("%q, want it held: %v", Lines(p), c.held)
			}
		})
	}
}

// An override of the same schedule has no part in the edit of turns, and goes on.
func TestS32_AnOverrideDoesNotWaitForARefusedEdit(t *testing.T) {
	st := Override(Rotation("ann bob cy di Weekly"), "ed", "Weekly", 24, 36, "")
	in := later(refusedAt(t, st, 1), time.Minute)
	p := MustMake(t, in).Plan
	if len(p.Held) != 1 || p.Held[0].User != "di" || len(p.Changes) != 1 || p.Changes[0].User != "ed" {
		t.Errorf("%q, want the override made", Lines(p))
	}
	in.Statements = Rotation("ann bob cy di Weekly") // nor is it a part of what was refused
	if p := MustMake(t, in).Plan; len(p.Held) != 1 {
		t.Errorf("%q, want the edit to wait without the override too", Lines(p))
	}
}

func TestS32_WhatARoundLeavesOfRefusedEdits(t *testing.T) {
	st := Override(Rotation("ann bob cy di Weekly", "ann bob cy di Follow"), "ed", "Weekly", 24, 36, "")
	const follow = "schedule/FOL/WEEK/di/none/rotation"
	now := MustMake(t, Input(Turns(), st)).Refusals(map[string]string{joinsDay: "no"}, nil)[0]
	with := func(times int, at time.Time) plan.Refused {
		r := now
		r.Times, r.At = times, at
		return r
	}
	day := 24 * time.Hour
	follows := plan.Refused{Schedule: "FOL", Edit: "another", Times: 3, At: At(-0.1), Why: "no"}
	gone := plan.Refused{Schedule: "GON", Edit: "gone", Times: 3, At: At(-0.1), Why: "no"}
	for name, c := range map[string]struct {
		before []plan.Refused
		why    map[string]string
		made   map[string]bool
		want   []string
	}{
		"refused for the first time":                      {nil, map[string]string{joinsDay: "no"}, nil, []string{"WEE 1"}},
		"both are refused":                                {nil, map[string]string{joinsDay: "no", follow: "no"}, nil, []string{"FOL 1", "WEE 1"}},
		"refused again":                                   {[]plan.Refused{with(3, At(-0.2))}, map[string]string{joinsDay: "no"}, nil, []string{"WEE 4"}},
		"another edit was refused before":                 {[]plan.Refused{follows}, map[string]string{joinsDay: "no"}, nil, []string{"WEE 1", "FOL 3"}},
		"another edit of it was refused before":           {[]plan.Refused{{Schedule: "WEE", Edit: "other", Times: 3, At: At(-0.1)}}, map[string]string{joinsDay: "no"}, nil, []string{"WEE 1"}},
		"the same of another schedule":                    {[]plan.Refused{{Schedule: "GON", Edit: now.Edit, Times: 3, At: At(-0.1)}}, map[string]string{joinsDay: "no"}, nil, []string{"WEE 1", "GON 3"}},
		"made at last":                                    {[]plan.Refused{with(3, At(-0.2)), follows}, nil, map[string]bool{joinsDay: true}, []string{"FOL 3"}},
		"neither made nor refused":                        {[]plan.Refused{with(3, At(-0.2)), gone}, nil, nil, []string{"WEE 3", "GON 3"}},
		"an override of it was made":                      {[]plan.Refused{with(3, At(-0.2))}, nil, map[string]bool{"schedule/WEE/ed/none/override/override/20260317T1200Z/20260318T0000Z": true}, []string{"WEE 3"}},
		"due for a day, and tried":                        {[]plan.Refused{with(1, Noon.Add(-day-2*time.Minute))}, map[string]string{joinsDay: "no"}, nil, []string{"WEE 2"}},
		"due for more than a day, and tried":              {[]plan.Refused{with(1, Noon.Add(-day-2*time.Minute-time.Second))}, map[string]string{joinsDay: "no"}, nil, []string{"WEE 1"}},
		"due for a day, and not asked for":                {[]plan.Refused{with(1, Noon.Add(-day-2*time.Minute))}, nil, nil, []string{"WEE 1"}},
		"due for more than a day, and not asked for":      {[]plan.Refused{with(1, Noon.Add(-day-2*time.Minute-time.Second))}, nil, nil, nil},
		"refused a little later than now":                 {[]plan.Refused{with(1, Noon.Add(30*time.Second))}, map[string]string{joinsDay: "no"}, nil, []string{"WEE 2"}},
		"refused at a moment that is yet to come":         {[]plan.Refused{with(1, Noon.Add(31*time.Second))}, map[string]string{joinsDay: "no"}, nil, []string{"WEE 1"}},
		"refused by a key that is none of the plan's":     {nil, map[string]string{"schedule/WEE/DAY/ed/none/rotation": "no"}, nil, nil},
		"refused is an override, which is no edit's turn": {nil, map[string]string{"schedule/WEE/ed/none/override/override/20260317T1200Z/20260318T0000Z": "no"}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			in := Input(Turns(), st)
			in.Insist = true // so that what was refused is tried
			if c.before != nil {
				in.Memory.Last = &plan.Round{At: At(-0.1), Revision: "r1", Refused: c.before}
			}
			var got []string
			for _, r := range MustMake(t, in).Refusals(c.why, c.made) {
				got = append(got, fmt.Sprint(r.Schedule, " ", r.Times))
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("refused edits (-want +got):\n%s", d)
			}
		})
	}
}
