package diff_test

import (
	"slices"
	"testing"
	"time"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestS31_APagerDutyClockThatWentBackAtMostHalfAMinuteIsTrusted(t *testing.T) {
	for back, held := range map[time.Duration]bool{30 * time.Second: false, 30*time.Second + time.Nanosecond: true} {
		in := settled(t, 2, everybody("user:di@acme.com team:Search responder until 1"))
		in.Memory.Last.At = in.Now.Add(back)
		p := MustMake(t, in).Plan
		if (len(p.Held) == 1 && p.Held[0].Rule == "S31") != held || (len(p.Notices) == 1) != held {
			t.Errorf("%s back: %q, notices %q, want it held: %v", back, Lines(p), p.Notices, held)
		}
		if want := "nothing that depends on the time is lowered: PagerDuty's clock went back: it says 2026-03-16 14:00 UTC, and said 2026-03-16 14:00 UTC in the last round"; held && p.Notices[0].Message != want {
			t.Errorf("notices %q, want %q", p.Notices, want)
		}
	}
}

// doubted is a plan at noon by one clock; the other says another time.
func doubted(st *policies.Statements, other float64) diff.Input {
	s := Account()
	Put(s, "SEA", "di", "manager")
	in := Input(s, st)
	in.ClockDoubt, in.OtherClock = "the clocks disagree", At(other)
	return in
}

func TestS31_WhatTheOtherClockWouldLeaveTooIsLowered(t *testing.T) {
	search := func(lines ...string) *policies.Statements {
		return Grants(append(lines, "user:cy@acme.com team:Search responder")...)
	}
	limit := func(from float64, lines ...string) *policies.Statements {
		st := Members(underLimits(search(), lines...), "guests user:di@acme.com")
		st.Members[0].From = Ptr(At(from))
		st.Grants = st.Grants[:0]
		return Also(st, "user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder")
	}
	for name, c := range map[string]struct {
		policy *policies.Statements
		other  float64
		held   bool
	}{
		"nothing by either":             {search(), 2, false},
		"all of it by the other":        {search("user:di@acme.com team:Search manager from 1"), 2, true},
		"some of it by the other":       {search("user:di@acme.com team:Search observer from 1"), 2, true},
		"as much by either":             {search("user:di@acme.com team:Search responder"), 2, false},
		"more by the other":             {search("user:di@acme.com team:Search responder", "user:di@acme.com team:Search manager from 1"), 2, true},
		"less by the other":             {search("user:di@acme.com team:Search responder until 1", "user:di@acme.com team:Search observer"), 2, false},
		"no limit by the other":         {limit(-1, "group:guests team:* none"), -2, true},
		"a higher limit by the other":   {limit(-1, "group:guests team:* none", "di team:* observer"), -2, true},
		"the same limit by either":      {limit(-3, "group:guests team:* none"), -2, false},
		"the same, and another before":  {limit(-1, "group:guests team:* manager", "di team:* observer"), -2, false},
		"long before what is read":      {search(), -9999, true},
		"the beginning of what is read": {search(), -180, false},
		"just before it":                {search(), -180.001, true},
		"the end of what is read":       {search(), 800, true},
		"just before that":              {search(), 799.999, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := MustMake(t, doubted(c.policy, c.other)).Plan
			held := slices.ContainsFunc(p.Held, func(h plan.Held) bool { return h.User == "di" && h.Rule == "S31" })
			if made := slices.ContainsFunc(p.Changes, func(x plan.Change) bool { return x.User == "di" }); held != c.held || made == c.held {
				t.Errorf("%q, want di's lowering held: %v", Lines(p), c.held)
			}
		})
	}
	t.Run("what time it is by the other is not known", func(t *testing.T) {
		in := doubted(search(), 0)
		in.OtherClock = time.Time{}
		if p := MustMake(t, in).Plan; len(p.Held) != 0 {
			t.Errorf("%q, want what does not depend on the time lowered", Lines(p))
		}
	})
}

// The other clock is the one that disagrees: PagerDuty's own as it was in the last
// round, where that went back.
func TestS31_TheOtherClockIsTheLastRoundsWherePagerDutysWentBack(t *testing.T) {
	st := Grants("user:di@acme.com team:Search manager from 1", "user:cy@acme.com team:Search responder")
	for name, c := range map[string]struct {
		doubt       string
		last, other float64
		held        bool
	}{
		"by the last round it is hers":               {"", 2, -1, true},
		"by the last round it is not":                {"", 0.5, 2, false},
		"clocks disagree, and by the other it is":    {"the clocks disagree", -1, 2, true},
		"clocks disagree, and by the last round too": {"the clocks disagree", 2, -1, false},
	} {
		t.Run(name, func(t *testing.T) {
			in := doubted(st, c.other)
			in.ClockDoubt = c.doubt
			in.Memory.Last = &plan.Round{At: At(c.last), Revision: "r0"}
			p := MustMake(t, in).Plan
			if held := len(p.Held) == 1 && p.Held[0].User == "di" && p.Held[0].Rule == "S31"; held != c.held {
				t.Errorf("%q, want di's lowering held: %v", Lines(p), c.held)
			}
		})
	}
}
