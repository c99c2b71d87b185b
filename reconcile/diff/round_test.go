package diff_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// roundOf is what a plan leaves to be remembered, with so many of its changes made.
func roundOf(t *testing.T, in diff.Input, made int) plan.Round {
	t.Helper()
	r := MustMake(t, in)
	done := map[string]bool{}
	for _, c := range r.Plan.Changes[:min(made, len(r.Plan.Changes))] {
		done[c.ID] = true
	}
	after := *r.Plan
	after.Changes = after.Changes[:len(done)]
	return diff.RoundOf(r, in.Statements, diff.After(r.Snapshot, &after), done)
}

// pairsOf are the pairs of a round on one resource: "ann DAY desired actual pending".
func pairsOf(round plan.Round, id string) []string {
	var out []string
	for _, p := range round.Pairs {
		if p.Resource.ID == id {
			out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s %s %s", p.User, p.Layer, p.Desired, p.Actual, p.Pending)))
		}
	}
	return out
}

func TestARoundRemembersTurnsAsItLeftThem(t *testing.T) {
	in := Input(Turns(), Rotation("ann di cy Weekly"))
	for made, want := range map[int][]string{
		0: {"ann DAY rotation rotation", "bob DAY none rotation policy", "cy DAY rotation rotation", "di DAY rotation none policy"},
		2: {"ann DAY rotation rotation", "bob DAY none none", "cy DAY rotation rotation", "di DAY rotation rotation"},
	} {
		sameLines(t, fmt.Sprint("with ", made, " made are remembered"), pairsOf(roundOf(t, in, made), "WEE"), want)
	}
}

// What is beyond a limit is remembered, whatever becomes of it; what a limit allows is
// not, nor are overrides, which are remembered by their windows.
func TestS38_ARoundRemembersWhoIsBeyondALimit(t *testing.T) {
	s := Turns()
	in := Input(s, underLimits(elsewhere(), "bob team:* none", "ann team:* manager", "cy schedule:Weekly none", "ann schedule:Follow rotation"))
	in.Settings.Kinds = map[inventory.Kind]plan.Mode{inventory.KindTeam: plan.Observe, inventory.KindSchedule: plan.Observe}
	round := roundOf(t, in, 0)
	sameLines(t, "on Payments", pairsOf(round, "PAY"), []string{"bob  none responder policy"})
	sameLines(t, "on Weekly", pairsOf(round, "WEE"), []string{"cy DAY none rotation policy"})
	sameLines(t, "on Follow", pairsOf(round, "FOL"), nil)
	in.Statements = underLimits(elsewhere(), "bob team:* observer", "adm account user", "cy schedule:Weekly none")
	in.Settings.Kinds[inventory.KindAccount] = plan.Observe
	in.Settings.Include = map[inventory.Kind][]string{inventory.KindSchedule: {"Fol*"}}
	round = roundOf(t, in, 0)
	sameLines(t, "down to a role", pairsOf(round, "PAY"), []string{"bob  observer responder policy"})
	sameLines(t, "on the account", pairsOf(round, ""), []string{"adm  user admin policy"})
	sameLines(t, "on what is not included", pairsOf(round, "WEE"), []string{"cy DAY none rotation"})
	// Whoever is out of reach, an admin, is beyond it too.
	e := inventory.NewEdit(s)
	e.SetBaseRole("bob", "admin")
	in.Snapshot = e.Snapshot()
	sameLines(t, "of an admin", pairsOf(roundOf(t, in, 0), "PAY"), []string{"bob  none responder"})
}

func TestARoundRemembersOverridesByTheirWindowsAlone(t *testing.T) {
	in := Input(have(Turns(), "OURS", "ed", 8, 9), overrides(override("di", "Weekly", "", 8, 9), override("cy", "Follow", "bob", 8, 9)))
	in.Memory.Overrides = []plan.OurOverride{ours("OURS", "ed", 8, 9)}
	in.Statements = underLimits(in.Statements, "ed schedule:Weekly none")
	in.Memory.Raised = map[desired.Pair]string{
		{User: "di", Resource: inventory.ByID(inventory.KindSchedule, "WEE")}: "none",
		{User: "di", Resource: inventory.ByID(inventory.KindTeam, "SEA")}:     "none",
	}
	const di, cy = "WEE/di/override/20260324T0900Z/20260325T0900Z", "FOL/cy/override/20260324T0900Z/20260325T0900Z/bob/ROT"
	for made, pending := range map[int][]string{0: {cy, di}, 9: {}} {
		round := roundOf(t, in, made)
		for _, p := range round.Pairs {
			if p.Resource.Kind == inventory.KindSchedule {
				t.Errorf("remembered is %+v, want no override as a pair", p)
			}
		}
		sameLines(t, "raised before is", pairsOf(round, "SEA"), []string{"di  none none"})
		sameLines(t, "asked for are", round.Overrides, []string{cy, di})
		sameLines(t, "not made are", round.PendingOverrides, pending)
	}
}

// An override that is blocked, held, not enforced or protected is asked for and not made.
func TestARoundRemembersWhichOverridesAreNotMade(t *testing.T) {
	const key = "WEE/di/override/20260324T0900Z/20260325T0900Z"
	for name, set := range map[string]func(*diff.Input){
		"not enforced": func(in *diff.Input) {
			in.Settings.Kinds = map[inventory.Kind]plan.Mode{inventory.KindSchedule: plan.Observe}
		},
		"held":      func(in *diff.Input) { in.Snapshot = have(Turns(), "THEIRS", "ed", 8, 9) },
		"blocked":   func(in *diff.Input) { in.Snapshot.Users["di"] = withBase(in.Snapshot.Users["di"], "read_only_user") },
		"protected": func(in *diff.Input) { in.Statements.Protects = protects("user:di@acme.com") },
	} {
		t.Run(name, func(t *testing.T) {
			in := Input(Turns(), overrides(override("di", "Weekly", "", 8, 9)))
			set(&in)
			round := roundOf(t, in, 9)
			sameLines(t, "asked for are", round.Overrides, []string{key})
			sameLines(t, "not made are", round.PendingOverrides, []string{key})
		})
	}
}

func withBase(u inventory.User, role string) inventory.User {
	u.BaseRole = role
	return u
}

// What an incomplete snapshot shows as nothing may only not have been read; what it
// shows differently from before was moved by others, and what was due is about another role.
func TestS6_WhatIsRememberedOfAPairAfterARoundThatCouldNotTell(t *testing.T) {
	pair := desired.Pair{User: "ed", Resource: inventory.ByID(inventory.KindTeam, "SEA")}
	for name, c := range map[string]struct {
		held string
		then *plan.RoundPair
		want string
	}{
		"as before":             {"responder", &plan.RoundPair{Desired: "responder", Actual: "responder", Pending: plan.CauseExpiry}, "responder responder expiry"},
		"otherwise than before": {"observer", &plan.RoundPair{Desired: "responder", Actual: "responder", Pending: plan.CauseExpiry}, "responder observer facts"},
		"nothing, maybe unread": {"none", &plan.RoundPair{Desired: "responder", Actual: "responder", Pending: plan.CauseExpiry}, "responder responder expiry"},
		"new":                   {"observer", nil, "none observer policy"},
		"new, maybe unread":     {"none", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := Account()
			if c.held != "none" {
				Put(s, "SEA", "ed", c.held)
			}
			in := Input(s, everybody())
			in.Memory.Raised = map[desired.Pair]string{pair: "none"} // so that it is looked at
			in.Memory.Last = &plan.Round{At: At(-1), Revision: "r1", Schedules: []string{"GONE", "PRI"}}
			if c.then != nil {
				c.then.Pair = pair
				in.Memory.Last.Pairs = []plan.RoundPair{*c.then}
			}
			s.Account.Complete, s.Account.Missing = false, []inventory.Missing{{What: "services", Reason: "no"}}
			round := roundOf(t, in, 9)
			i := slices.IndexFunc(round.Pairs, func(p plan.RoundPair) bool { return p.Pair == pair })
			got := ""
			if i >= 0 {
				got = fmt.Sprintf("%s %s %s", round.Pairs[i].Desired, round.Pairs[i].Actual, round.Pairs[i].Pending)
			}
			if got != c.want {
				t.Errorf("remembered is %q, want %q", got, c.want)
			}
			if !round.At.Equal(At(-1)) || !slices.Equal(round.Schedules, []string{"GONE", "PRI"}) {
				t.Errorf("the round is of %s, with %v; want those of the last that was complete", round.At, round.Schedules)
			}
		})
	}
}

func TestARoundNamesWhatPoliciesNameAsPeopleCallIt(t *testing.T) {
	s := twoRotations()
	v := s.Schedules["WEE"]
	v.Layers[0].Name = ""
	s.Schedules["WEE"] = v
	st := Also(on(on(Rotation("ann bob cy Weekly"), "Follow", "Week", "ann", "bob", "cy"), "Follow", "Night", "di", "ed"), "user:cy@acme.com team:Search responder", "user:cy@acme.com account user")
	st.Grants = append(st.Grants, override("di", "Weekly", "", 8, 9))
	var got []string
	for _, n := range roundOf(t, Input(s, st), 0).Named {
		got = append(got, n.Name)
	}
	sameLines(t, "named are", got, []string{"account", "event Night of schedule:Follow", "event Week of schedule:Follow", "the overrides of schedule:Weekly", "layer #DAY of schedule:Weekly", "team:Search"})
}
