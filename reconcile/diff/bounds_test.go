package diff_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestS26_WhatWasLoweredADayAgoCountsNoMore(t *testing.T) {
	for ago, held := range map[time.Duration]int{24*time.Hour - time.Second: 1, 24 * time.Hour: 0} {
		in := Input(crowd(Account(), 1), Grants("user:cy@acme.com team:Search responder"))
		for range 5 {
			in.Memory.Recent = append(in.Memory.Recent, plan.Recent{Effect: plan.Lower, Resource: inventory.Ref{Kind: inventory.KindTeam}, Cause: plan.CausePolicy, At: Noon.Add(-ago)})
		}
		if p := MustMake(t, in).Plan; p.Summary.Held != held {
			t.Errorf("%s after five were lowered %d are held, want %d", ago, p.Summary.Held, held)
		}
	}
}

// The bound is one for each kind of resource, and the message names it with its figures.
func TestS26_TheMessageSaysWhereAndByHowMuch(t *testing.T) {
	s := crowd(Account(), 6)
	var lines []string
	for i := range 6 {
		lines = append(lines, fmt.Sprintf("user:x%03d@acme.com account observer", i), fmt.Sprintf("user:x%03d@acme.com team:Search responder", i))
	}
	in := Input(s, Grants(append(lines, "user:cy@acme.com team:Search responder")...))
	in.Memory.Recent = []plan.Recent{
		{Effect: plan.Lower, Resource: inventory.Ref{Kind: inventory.KindTeam}, Cause: plan.CausePolicy, At: At(-1)}, {Effect: plan.Lower, Resource: inventory.Ref{Kind: inventory.KindAccount}, Cause: plan.CauseDrift, At: At(-1)}, {Effect: plan.Lower, Resource: inventory.Ref{Kind: inventory.KindAccount}, Cause: plan.CausePolicy, At: At(-1)},
	}
	p := MustMake(t, in).Plan
	want := `6 lowerings on the account for the cause "policy" planned and 1 applied in the last 24 hours are more than the 5 allowed (limits.lowerings: 10% of 14 pairs held, at least 5, at most 50)`
	if len(p.Held) != 6 || p.Held[0].Why != want {
		t.Errorf("held %v, want six: %s", p.Held, want)
	}
	in = Input(crowd(Account(), 6), Grants("user:cy@acme.com team:Search responder"))
	if p = MustMake(t, in).Plan; len(p.Held) != 6 || !strings.HasPrefix(p.Held[0].Why, `6 lowerings on the teams for the cause "policy" planned and 0 applied`) {
		t.Errorf("held %v", p.Held)
	}
}

// What only looks like many until those who join another team are counted is not held:
// the first passes over what team: principals mean do not count.
func TestS26_WhatLooksLikeManyAtFirstIsNotHeld(t *testing.T) {
	s := Account()
	st := Grants("user:cy@acme.com team:Search responder", "team:Search team:Payments observer", "user:bob@acme.com team:Payments responder")
	for i := range 6 {
		id := fmt.Sprintf("x%03d", i)
		s.Users[id] = inventory.User{ID: id, Email: id + "@acme.com", BaseRole: "limited_user", Teams: map[string]string{}}
		Put(s, "PAY", id, "observer")
		Also(st, "user:"+id+"@acme.com team:Search observer")
	}
	p := MustMake(t, Input(s, st)).Plan
	if len(p.Held) > 0 || p.Summary.Lower != 1 || p.Summary.Raise != 7 {
		t.Errorf("%q, want six who join Search, cy who comes onto Payments, and ann off it", Lines(p))
	}
}

// The members of a team are a principal though no other is: they are those after the plan.
func TestTeamPrincipalsAloneMeanMembershipAfterThePlan(t *testing.T) {
	s := Account()
	s.Teams["THI"] = inventory.Team{ID: "THI", Name: "Third", Members: map[string]string{}}
	p := MustMake(t, Input(s, Grants("team:Payments team:Search observer", "team:Search team:Third observer"))).Plan
	var got []string
	for _, c := range p.Changes {
		if c.Resource.ID == "THI" {
			got = append(got, c.User)
		}
	}
	if !slices.Equal(got, []string{"ann", "bob"}) {
		t.Errorf("%v come onto Third, want those who are on Search after the plan: %q", got, Lines(p))
	}
}

func TestTheErrorOfPrincipalsThatDoNotSettleNamesThem(t *testing.T) {
	st := Grants("user:ann@acme.com team:Payments manager", "user:cy@acme.com team:Search responder", "rotation:Primary team:Payments observer", "oncall:Primary team:Payments observer")
	st.Limits = []policies.Limit{{Principal: Ref("team:Search"), Resource: Ref("team:Search"), AtMost: "none", Reason: "paradox", Origins: Origin(70)}}
	st.Empties = []policies.Empty{{Resource: Ref("team:Search"), Origins: Origin(71)}}
	_, err := diff.Make(Input(Account(), st))
	want := "team: and rotation: principals do not settle: after 16 passes the members of rotation:Primary, team:Search still change; look for rules in which membership of one team takes membership of another away"
	if err == nil || err.Error() != want {
		t.Errorf("err = %v, want %s", err, want)
	}
}

func TestS2_NoGrantAtAllIsNoErrorWhereThereWereNone(t *testing.T) {
	for grants, errs := range map[int]bool{0: false, 1: true} {
		in := Input(Account(), &policies.Statements{})
		in.Memory.Last = &plan.Round{At: At(-1), Revision: "r1", Grants: grants}
		if _, err := diff.Make(in); (err != nil) != errs {
			t.Errorf("after %d grants: err = %v, want one: %v", grants, err, errs)
		}
	}
}

func TestS2_TheNoticeOfPoliciesWithoutGrantsSaysWhy(t *testing.T) {
	failure := func(rule string, line int) policies.Failure {
		return policies.Failure{Rule: rule, Origin: Origin(line)[0]}
	}
	for _, c := range []struct {
		failures []policies.Failure
		want     string
	}{
		{nil, "the policies hold no grant yet: nothing is planned, findings only"},
		{[]policies.Failure{failure("limit", 3)}, "the policies hold no grant yet: nothing is planned, findings only"},
		{[]policies.Failure{failure("grant", 3), failure("grant", 3), failure("member", 5), failure("empty", 4)},
			"no grant is known in this round, so that nothing is planned: the grant rule at policies/access.rego:3 failed; the empty rule at policies/access.rego:4 failed"},
	} {
		p := MustMake(t, Input(Account(), &policies.Statements{Failures: c.failures})).Plan
		if len(p.Notices) != 1 || p.Notices[0].Message != c.want {
			t.Errorf("notices %q, want %q", p.Notices, c.want)
		}
	}
}

// Of three reversals the first must be less than an hour ago.
func TestS27_AReversalCountsForAnHour(t *testing.T) {
	for ago, held := range map[time.Duration]bool{time.Hour: false, time.Hour - time.Second: true} {
		f := newFight(t)
		for _, at := range []time.Duration{ago, 20 * time.Minute, 10 * time.Minute} {
			f.in.Memory.Made = append(f.in.Memory.Made, plan.Write{Pair: di, Before: "none", Role: "responder", At: Noon.Add(-at)})
		}
		if p := f.round(1, false); (len(p.Held) == 1) != held {
			t.Errorf("made %s ago for the first of three times: %q, want it held: %v", ago, Lines(p), held)
		}
	}
}

// A fight is remembered since when it began, until it was quiet for a day.
func TestS27_AFightIsRememberedSinceItBegan(t *testing.T) {
	f := lost(t)
	f.round(1, true)
	f.in.Memory.Made = nil
	f.round(1, true)
	fights := f.in.Memory.Last.Fights
	if len(fights) != 1 || !fights[0].Since.Equal(At(0.75)) || !fights[0].Seen.Equal(At(1.75)) {
		t.Fatalf("remembered is %+v, want one since 12:45, seen at 13:45", fights)
	}
	for quiet, over := range map[time.Duration]bool{24*time.Hour - time.Second: false, 24 * time.Hour: true} {
		in := f.in
		in.Snapshot = Account()
		Put(in.Snapshot, "SEA", "di", "responder")
		in.Now = fights[0].Seen.Add(quiet)
		in.Snapshot.Now, in.Snapshot.Account.TakenAt = in.Now, in.Now
		if left := roundOf(t, in, 0).Fights; (len(left) == 0) != over {
			t.Errorf("after %s of quiet %+v is remembered, want it over: %v", quiet, left, over)
		}
	}
	// One over another role is another.
	f.in.Memory.Last.Fights[0].Role = "manager"
	for range 3 {
		f.in.Memory.Made = append(f.in.Memory.Made, plan.Write{Pair: di, Before: "none", Role: "responder", At: f.in.Now.Add(-time.Minute)})
	}
	if left := roundOf(t, f.in, 0).Fights; len(left) != 1 || !left[0].Since.Equal(f.in.Now) {
		t.Errorf("remembered is %+v, want one that begins now", left)
	}
}
