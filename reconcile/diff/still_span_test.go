package diff_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// drifted is a round before which people were put on Search by hand, whom policies take
// off again; the last round was a minute ago. Of the files is known what an edit says.
func drifted(t *testing.T, people int, edit diff.Stillness) diff.Input {
	in := settled(t, 1./60, everybody())
	for i := range people {
		id := fmt.Sprintf("p%02d", i)
		in.Snapshot.Users[id] = inventory.User{ID: id, Name: id, Email: id + "@acme.com", BaseRole: "user", Teams: map[string]string{}}
		Put(in.Snapshot, "SEA", id, "responder")
	}
	edit.Now, edit.Settle, edit.Digest = in.Now.Add(time.Hour), time.Minute, "d2"
	if edit.Settled == nil {
		edit.Settled = &plan.Settled{Statements: Grants("user:ann@acme.com team:Payments manager"), Settings: Sync} // which leaves Search alone
	}
	in.Stillness = &edit
	in.Memory.Last.Still = plan.Still{Digest: "d1", Since: edit.Now.Add(-time.Hour)}
	return in
}

// since has the edit stand for so long.
func since(in diff.Input, ago time.Duration) diff.Input {
	in.Memory.Last.Still = plan.Still{Digest: "d2", Since: in.Stillness.Now.Add(-ago)}
	return in
}

func TestS37_AnEditHoldsStillForAMinuteForEachLowering(t *testing.T) {
	sec, minute := time.Second, time.Minute
	for name, c := range map[string]struct {
		people int
		edit   diff.Stillness
		ago    time.Duration
		// wait is how long it takes yet; zero if it is settled.
		wait time.Duration
	}{
		"one, and a second is missing":    {1, diff.Stillness{}, minute - sec, sec},
		"one, at the minute":              {1, diff.Stillness{}, minute, 0},
		"three, and a second is missing":  {3, diff.Stillness{}, 3*minute - sec, sec},
		"three, after three":              {3, diff.Stillness{}, 3 * minute, 0},
		"twelve, and a second is missing": {12, diff.Stillness{}, 10*minute - sec, sec},
		"twelve, after ten":               {12, diff.Stillness{}, 10 * minute, 0},
		"somebody is amid an edit":        {1, diff.Stillness{Unrest: "git holds a lock"}, minute, 9 * minute},
		"committed":                       {3, diff.Stillness{Committed: true}, 0, 0},
		"none that an edit brought":       {0, diff.Stillness{}, 0, minute},
		"none, after a minute":            {0, diff.Stillness{}, minute, 0},
	} {
		t.Run(name, func(t *testing.T) {
			in := since(drifted(t, c.people, c.edit), c.ago)
			r := MustMake(t, in)
			if got := r.Settled(); got != (c.wait == 0) {
				t.Errorf("settled: %v, want %v", got, c.wait == 0)
			}
			held := 0
			for _, h := range r.Plan.Held {
				if h.Rule != "S37" {
					continue
				}
				held++
				if h.Acts == nil || !h.Acts.Equal(in.Now.Add(c.wait)) {
					t.Errorf("it acts at %v, want in %s, by PagerDuty's clock", h.Acts, c.wait)
				}
				if amid := strings.Contains(h.Why, "; git holds a lock"); amid != (c.edit.Unrest != "") {
					t.Errorf("held since %q, want it to say what is amid: %q", h.Why, c.edit.Unrest)
				}
			}
			if want := c.people; c.wait == 0 && held > 0 || c.wait > 0 && held != want {
				t.Errorf("%d are held by S37: %v", held, Lines(r.Plan))
			}
		})
	}
}

func TestS37_WhatHeldStillIsCountedFromTheSameEditOnly(t *testing.T) {
	for name, c := range map[string]struct {
		set     func(*diff.Input)
		settled bool
	}{
		"the same":                       {func(*diff.Input) {}, true},
		"another":                        {func(in *diff.Input) { in.Memory.Last.Still.Digest = "d0" }, false},
		"the policies broke meanwhile":   {func(in *diff.Input) { in.Stillness.Superseded = true }, false},
		"a moment that is yet to come":   {func(in *diff.Input) { in.Memory.Last.Still.Since = in.Stillness.Now.Add(time.Hour) }, false},
		"lowering is suspended":          {func(in *diff.Input) { in.SelfDoubt = "500" }, false},
		"a first start":                  {func(in *diff.Input) { in.Memory.Last = nil }, true},
		"a first start amid an edit":     {func(in *diff.Input) { in.Memory.Last, in.Stillness.Unrest = nil, "git holds a lock" }, false},
		"a person asks":                  {func(in *diff.Input) { in.Stillness = nil }, true},
		"there is no edit":               {func(in *diff.Input) { in.Stillness = &diff.Stillness{Still: true} }, true},
		"released, so that nothing is":   {func(in *diff.Input) { in.Memory.Last.Still.Since = in.Stillness.Now.Add(-time.Minute); release(in) }, true},
		"a minute, for two lowerings":    {func(in *diff.Input) { in.Memory.Last.Still.Since = in.Stillness.Now.Add(-time.Minute) }, false},
		"what was never known of before": {func(in *diff.Input) { in.Stillness.Settled = nil }, true},
	} {
		t.Run(name, func(t *testing.T) {
			in := since(drifted(t, 2, diff.Stillness{}), 2*time.Minute)
			c.set(&in)
			r := MustMake(t, in)
			if r.Settled() != c.settled {
				t.Errorf("settled: %v, want %v", r.Settled(), c.settled)
			}
			round := diff.RoundOf(r, in.Statements, in.Snapshot, nil)
			switch last := in.Memory.Last; {
			case in.Stillness == nil && !round.Still.Since.Equal(last.Still.Since):
				t.Errorf("of no edit is remembered %+v, want what was", round.Still)
			case in.Stillness != nil && !in.Stillness.Still && round.Still.Digest != "d2":
				t.Errorf("remembered is %+v, want the edit", round.Still)
			}
		})
	}
}

// release lets one of two lowerings through.
func release(in *diff.Input) {
	in.Memory.Released = map[string]plan.Release{"team/SEA/p00/responder/none": {Reason: "meant", At: in.Now}}
}

// Whatever changes meanwhile, each lowering waits no longer than ten times, and what
// nobody saw counts as one.
func TestS37_NoLoweringWaitsLongerThanTenTimes(t *testing.T) {
	sec, minute := time.Second, time.Minute
	for name, c := range map[string]struct {
		waits, unseen time.Duration
		wait          time.Duration
	}{
		"it waited for ten":                    {10 * minute, minute, 0},
		"a second is missing":                  {10*minute - sec, minute, sec},
		"it waits anew":                        {0, minute, minute},
		"a minute is enough for one":           {9*minute + 30*sec, minute, 30 * sec},
		"it waited for long, seen":             {25 * minute, 20 * minute, 0},
		"it waited for long, of which unseen":  {25*minute + 31*sec, 20*minute + sec, minute},
		"waiting since before, unseen, and 9½": {28*minute + 31*sec, 20*minute + sec, 30 * sec},
	} {
		t.Run(name, func(t *testing.T) {
			in := drifted(t, 1, diff.Stillness{})
			in.Memory.Last.At = in.Now.Add(-c.unseen)
			in.Memory.Last.Still.Waiting = map[string]time.Time{"team/SEA/p00/responder/none": in.Stillness.Now.Add(-c.waits)}
			p := MustMake(t, in).Plan
			switch {
			case c.wait == 0 && len(p.Changes) != 1:
				t.Errorf("%q, want it made", Lines(p))
			case c.wait > 0 && (len(p.Held) != 1 || !p.Held[0].Acts.Equal(in.Now.Add(c.wait))):
				t.Errorf("held %+v, want it to act in %s", p.Held, c.wait)
			}
		})
	}
}

func TestS37_WhatHeldStillAndLowersTooDoesNotWait(t *testing.T) {
	search := "user:cy@acme.com team:Search responder"
	glass := Grants(search)
	glass.Protects = protects("user:p00@acme.com")
	other := Grants(search)
	other.Protects = protects("user:cy@acme.com")
	sync := func(st *policies.Statements) *plan.Settled { return &plan.Settled{Statements: st, Settings: Sync} }
	for name, c := range map[string]struct {
		settled *plan.Settled
		waits   bool
	}{
		"it gave the role":                 {sync(Grants(search, "user:p00@acme.com team:Search responder")), true},
		"it gave less, and more than none": {sync(Grants(search, "user:p00@acme.com team:Search observer")), true},
		"it gave nothing there":            {sync(Grants(search)), false},
		"it did not name the team":         {sync(everybodyButSearch()), true},
		"it could not tell":                {sync(Grants(search, "oncall:Nope team:Search observer")), true},
		"it protected the person":          {sync(glass), true},
		"it protected another":             {sync(other), false},
		"they were an operator":            {&plan.Settled{Statements: Grants(search), Settings: plan.Settings{Default: plan.Sync, Operators: []string{"p00@acme.com"}}}, true},
		"another was":                      {&plan.Settled{Statements: Grants(search), Settings: plan.Settings{Default: plan.Sync, Operators: []string{"ann@acme.com"}}}, false},
		"nothing was taken back there":     {&plan.Settled{Statements: Grants(search), Settings: plan.Settings{Default: plan.GrantOnly}}, true},
		"what it said is not known":        {&plan.Settled{Settings: Sync}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := MustMake(t, drifted(t, 1, diff.Stillness{Settled: c.settled})).Plan
			if waits := len(p.Held) == 1 && len(p.Changes) == 0; waits != c.waits {
				t.Errorf("%q, want it to wait: %v", Lines(p), c.waits)
			}
		})
	}
	t.Run("what waited already", func(t *testing.T) {
		in := drifted(t, 1, diff.Stillness{Settled: sync(Grants(search))})
		in.Memory.Last.Still.Waiting = map[string]time.Time{"team/SEA/p00/responder/none": in.Stillness.Now.Add(-10 * time.Second)}
		if p := MustMake(t, in).Plan; len(p.Held) != 1 {
			t.Errorf("%q, want it to wait on", Lines(p))
		}
	})
}

func everybodyButSearch() *policies.Statements {
	return Grants("user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder")
}

// A role that goes down to what policies that held still gave as well is nothing new;
// nor is it to a limit.
func TestS37_LessThanBeforeIsNewAndTheSameIsNot(t *testing.T) {
	for asked, waits := range map[string]bool{"manager": true, "responder": false, "observer": false} {
		in := drifted(t, 0, diff.Stillness{Settled: &plan.Settled{Statements: Grants("user:cy@acme.com team:Search " + asked), Settings: Sync}})
		Put(in.Snapshot, "SEA", "cy", "manager")
		if p := MustMake(t, in).Plan; (len(p.Held) == 1) != waits {
			t.Errorf("where it gave %s: %q, want it to wait: %v", asked, Lines(p), waits)
		}
	}
	for limit, waits := range map[string]bool{"ed team:* manager": true, "ed team:* responder": true, "ed team:* observer": false, "ed team:* none": false, "oncall:Nope team:* observer": true} {
		in := drifted(t, 0, diff.Stillness{Settled: &plan.Settled{Statements: underLimits(everybody(), limit), Settings: Sync}})
		in.Statements = underLimits(everybodyButSearch(), "ed team:* observer")
		in.Memory.Last.Named = nil
		Put(in.Snapshot, "SEA", "ed", "manager")
		in.Memory.Last.Limits = MustMake(t, in).Access.Ceilings()
		if p := MustMake(t, in).Plan; (len(p.Held) == 1 && p.Held[0].Rule == "S37") != waits || len(p.Held)+len(p.Changes) != 1 {
			t.Errorf("where its limit was %s: %q, want it to wait: %v", limit, Lines(p), waits)
		}
	}
}

// An override of ours that is taken back is nothing new where policies that held still
// did not ask for it at that time.
func TestS37_AnOverrideThatHeldStillDidNotAskForDoesNotWait(t *testing.T) {
	asked := func(user string, from, until float64) *policies.Statements {
		return overrides(override("cy", "Weekly", "", -3, -2), override(user, "Weekly", "", from, until))
	}
	for name, c := range map[string]struct {
		settled *policies.Statements
		waits   bool
	}{
		"the same":        {asked("di", 8, 9), true},
		"a part of it":    {asked("di", 8.5, 12), true},
		"until it begins": {asked("di", 7, 8), false},
		"from its end on": {asked("di", 9, 10), false},
		"another person":  {asked("ed", 8, 9), false},
		"under a limit":   {underLimits(asked("di", 8, 9), "di schedule:Weekly none"), false},
	} {
		t.Run(name, func(t *testing.T) {
			in := Input(have(Turns(), "OURS", "di", 8, 9), overrides(override("cy", "Weekly", "", -3, -2)))
			in.Memory.Overrides = []plan.OurOverride{ours("OURS", "di", 8, 9)}
			in.Memory.Last = &plan.Round{At: At(-0.1), Revision: "r1"}
			in.Stillness = &diff.Stillness{Now: Noon, Settle: time.Minute, Digest: "d2", Settled: &plan.Settled{Statements: c.settled, Settings: Sync}}
			if p := MustMake(t, in).Plan; (len(p.Held) == 1) != c.waits || len(p.Held)+len(p.Changes) != 1 {
				t.Errorf("%q, want it to wait: %v", Lines(p), c.waits)
			}
		})
	}
}
