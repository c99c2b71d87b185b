package diff_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/policies"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// raised are grants of a role on a resource to that many people of a crowd.
func raised(n int, resource, role string) *policies.Statements {
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf("user:x%03d@acme.com %s %s", i, resource, role))
	}
	return Grants(append(lines, "user:cy@acme.com team:Search responder")...)
}

func TestS26_MoreRaisesToAdminOrManagerThanTheBoundAreAllHeld(t *testing.T) {
	for _, c := range []struct {
		people         int
		resource, role string
		held           int
	}{
		{3, "account", "admin", 0},
		{4, "account", "admin", 4},
		{49, "account", "admin", 49},
		{49, "account", "user", 0},
		{10, "team:Payments", "manager", 0},
		{11, "team:Payments", "manager", 11},
		{49, "team:Payments", "responder", 0},
	} {
		p := MustMake(t, Input(crowd(Account(), c.people), raised(c.people, c.resource, c.role))).Plan
		held := 0
		for _, h := range p.Held {
			if h.Effect == plan.Raise && h.Code == plan.HoldBurst && h.Releasable {
				held++
			}
		}
		if held != c.held {
			t.Errorf("%d raises to %s on %s: %d held, want %d", c.people, c.role, c.resource, held, c.held)
		}
	}
}

func TestS26_TheMessageOfHeldRaisesNamesFiguresAndSetting(t *testing.T) {
	in := Input(crowd(Account(), 4), raised(4, "account", "admin"))
	p := MustMake(t, in).Plan
	want := `4 raises to admin or owner on the account for the cause "policy" planned and 0 applied in the last 24 hours are more than the 3 allowed (limits.admins: 1% of 12 pairs held, at least 3, at most 10)`
	for _, h := range p.Held {
		if h.Effect == plan.Raise && h.Why != want {
			t.Errorf("held since %s, want %s", h.Why, want)
		}
	}
}

// Whoever puts twenty people in place of others loses neither.
func TestS26_WhatHeldRaisesMayReplaceStays(t *testing.T) {
	s := crowd(Account(), 14)
	for i := 11; i < 14; i++ {
		Put(s, "PAY", fmt.Sprintf("x%03d", i), "manager")
	}
	st := raised(11, "team:Payments", "manager")
	for i := range 14 {
		Also(st, fmt.Sprintf("user:x%03d@acme.com team:Search responder", i))
	}
	in := Input(s, st)
	p := MustMake(t, in).Plan
	for _, c := range p.Changes {
		if c.Effect == plan.Lower && c.Resource.ID == "PAY" {
			t.Errorf("%s goes, while who would come in its place is held", c.ID)
		}
	}
	in.Memory.Released = map[string]plan.Release{}
	for _, h := range p.Held {
		if h.Code == plan.HoldBurst && h.Effect == plan.Raise {
			in.Memory.Released[h.ID] = plan.Release{Reason: "looked", At: Noon}
		}
	}
	p = MustMake(t, in).Plan
	if p.Summary.Lower == 0 || p.Summary.Raise != 11 {
		t.Errorf("%+v, want 11 raised and who they replace lowered once that is released", p.Summary)
	}
}

// What is held since an earlier round holds those it may replace as long: though so few
// are left that the bound alone would let them through.
func TestS26_WhatRaisesHeldSinceEarlierMayReplaceStays(t *testing.T) {
	s := crowd(Account(), 14)
	for i := 11; i < 14; i++ {
		Put(s, "PAY", fmt.Sprintf("x%03d", i), "manager")
	}
	grants := func(managers int) *policies.Statements {
		st := raised(managers, "team:Payments", "manager")
		for i := range 14 {
			Also(st, fmt.Sprintf("user:x%03d@acme.com team:Search responder", i))
		}
		return st
	}
	in := Input(s, grants(11))
	in = Next(MustMake(t, in), in, 48)
	in.Statements, in.Revision = grants(10), "r2"
	p := MustMake(t, in).Plan
	if heldRaises(p) != 10 {
		t.Fatalf("%d raises are held, want 10", heldRaises(p))
	}
	for _, c := range p.Changes {
		if c.Effect == plan.Lower && c.Resource.ID == "PAY" {
			t.Errorf("%s goes, while who would come in its place is held", c.ID)
		}
	}
}

func TestS26_WhatIsHeldGoesOnUnderAnotherBoundAndNotByTime(t *testing.T) {
	in := Input(crowd(Account(), 4), raised(4, "account", "admin"))
	r := MustMake(t, in)
	in = Next(r, in, 48)
	// Two of the four are gone from the policies: what stays is still held.
	in.Statements = raised(2, "account", "admin")
	in.Revision = "r2"
	if p := MustMake(t, in).Plan; heldRaises(p) != 2 {
		t.Errorf("%d held, want 2: nobody released them", heldRaises(p))
	}
	in.Settings.Bounds = plan.DefaultBounds()
	in.Settings.Bounds[1].Least = 4
	if p := MustMake(t, in).Plan; heldRaises(p) != 0 {
		t.Errorf("%d held, want none: the limit was set for it", heldRaises(p))
	}
}

func heldRaises(p *plan.Plan) int {
	n := 0
	for _, h := range p.Held {
		if h.Effect == plan.Raise {
			n++
		}
	}
	return n
}

func TestS26_ABoundOfOnesOwnCountsItsResourcesWithinItsWindow(t *testing.T) {
	in := Input(crowd(Account(), 3), raised(3, "team:Payments", "observer"))
	own := plan.Bound{
		Name: "cutover", Effect: plan.Raise, Causes: plan.CountedCauses(), Resources: []string{"team:Pay*"}, Least: 4, Most: 4, Window: time.Hour,
	}
	in.Settings.Bounds = append(plan.DefaultBounds(), own)
	for ago, held := range map[time.Duration]int{59 * time.Minute: 3, time.Hour: 0} {
		change := plan.Change{Effect: plan.Raise, Cause: plan.CausePolicy, After: "observer"}
		change.Resource = Ref("team:#PAY")
		in.Memory.Recent = []plan.Recent{plan.RecentOf(change, Noon.Add(-ago)), plan.RecentOf(change, Noon.Add(-ago))}
		p := MustMake(t, in).Plan
		if heldRaises(p) != held {
			t.Errorf("%s after two: %d held, want %d", ago, heldRaises(p), held)
		}
		for _, h := range p.Held {
			if h.Effect == plan.Raise && !strings.HasSuffix(h.Why, `3 raises on the teams for the cause "policy" planned and 2 applied in the last 1h are more than the 4 allowed (limits.cutover)`) {
				t.Errorf("held since %s", h.Why)
			}
		}
	}
}
