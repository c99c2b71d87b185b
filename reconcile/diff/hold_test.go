package diff_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestS3_EmptyingATeamIsHeldUntilEmptySaysSo(t *testing.T) {
	st := Members(Grants("group:nobody team:Search responder", "user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder"), "nobody user:gone@acme.com")
	in := Input(Account(), st)
	WantLines(t, MustMake(t, in).Plan, "held S3: lower team:Search cy responder>none policy")

	st.Empties = []policies.Empty{{Resource: Ref("team:Search"), Reason: "closing down", Origins: Origin(60)}}
	WantLines(t, MustMake(t, in).Plan, "lower team:Search cy responder>none policy")
}

func TestS3_ATeamThatEmptiesByAHandoffOrExpiryIsNotHeld(t *testing.T) {
	st := Grants("oncall:Primary team:Search manager", "user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder")
	s := Account()
	delete(s.Teams["SEA"].Members, "cy")
	delete(s.Users["cy"].Teams, "SEA")
	in := Input(s, st)
	in = Next(MustMake(t, in), in, 29)
	WantLines(t, MustMake(t, in).Plan, "lower team:Search ann manager>none handoff")
}

func TestS3_LosingAllWhoAreOnATeamForGoodIsHeldThoughSomebodysShiftKeepsThemOnIt(t *testing.T) {
	shift, roster := "oncall:Primary team:Search manager", "user:cy@acme.com team:Search responder"
	in := Input(Account(), Grants(shift, roster))
	in = Next(MustMake(t, in), in, 1)
	in.Statements, in.Revision = Grants(shift), "r2"
	held := "held S3: lower team:Search cy responder>none policy"
	wantHeld := func(when string, in diff.Input, want bool) {
		t.Helper()
		if got := slices.Contains(Lines(MustMake(t, in).Plan), held); got != want {
			t.Errorf("%s: %q, want %q among them: %t", when, Lines(MustMake(t, in).Plan), held, want)
		}
	}
	wantHeld("the rule is deleted", in, true)
	later := Next(MustMake(t, in), in, 1)
	wantHeld("a round later", later, true)

	key := MustMake(t, later).Plan.Held[0].ID
	released := later
	released.Memory.Released = map[string]plan.Release{key: {Reason: "looked at it", At: Noon}}
	wantHeld("it is released", released, false)

	later.Statements = Grants(shift)
	later.Statements.Empties = []policies.Empty{{Resource: Ref("team:Search"), Reason: "shifts alone", Origins: Origin(60)}}
	wantHeld("the policies say that nobody need be on it", later, false)
}

func TestS3_OfSeveralWhoAreOnATeamForGoodOneMayGo(t *testing.T) {
	st := Grants("oncall:Primary team:Payments manager", "user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder")
	in := Input(Account(), st)
	in = Next(MustMake(t, in), in, 1)
	in.Statements, in.Revision = Grants("oncall:Primary team:Payments manager", "user:ann@acme.com team:Payments manager"), "r2"
	if got := Lines(MustMake(t, in).Plan); !slices.Contains(got, "lower team:Payments bob responder>none policy") {
		t.Errorf("%q: bob stays", got)
	}
}

func TestS3_AReleasedKeyIsLetThrough(t *testing.T) {
	st := Members(Grants("group:nobody team:Search responder", "user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder"), "nobody user:gone@acme.com")
	in := Input(Account(), st)
	key := MustMake(t, in).Plan.Held[0].ID
	in.Memory.Released = map[string]plan.Release{key: {Reason: "looked at it", At: Noon}}
	WantLines(t, MustMake(t, in).Plan, "lower team:Search cy responder>none policy")
}

func TestS6_AnIncompleteSnapshotRaisesAndLowersNothing(t *testing.T) {
	s := Account()
	s.Account.Complete = false
	s.Account.Missing = []inventory.Missing{{What: "users", Reason: "12 of 14 read"}}
	p := MustMake(t, Input(s, Grants("user:di@acme.com team:Search manager"))).Plan
	WantLines(t, p,
		"raise team:Search di none>manager policy",
		"held S6: lower team:Search cy responder>none policy",
		"extra team:Payments ann manager: no policy names this team",
		"extra team:Payments bob responder: no policy names this team",
	)
	if len(p.Suspended) != 1 || p.Suspended[0].Code != "plan/incomplete" || !strings.Contains(p.Suspended[0].Message, "12 of 14 read") {
		t.Errorf("suspended %q does not say what is missing", desired.Messages(p.Suspended))
	}
}

func TestS6_ATeamWhoseMembersCouldNotBeReadIsUnknown(t *testing.T) {
	s := Account()
	s.Account.Complete = false
	s.Account.Missing = []inventory.Missing{{What: "members of team Search", Reason: "503", Resource: Ref("team:#SEA")}}
	s.Teams["SEA"] = inventory.Team{ID: "SEA", Name: "Search", Members: map[string]string{}}
	p := MustMake(t, Input(s, everybody("user:di@acme.com team:Payments responder"))).Plan
	WantLines(t, p, "raise team:Payments di none>responder policy")
	if len(p.Unknown) != 1 || p.Unknown[0].Resource != Ref("team:#SEA") {
		t.Errorf("unknown %+v, want team Search", p.Unknown)
	}
}

func TestS5_ARuleThatErredSuspendsLowering(t *testing.T) {
	st := Grants("user:di@acme.com team:Search manager")
	st.Failures = []policies.Failure{{Rule: "grant", Message: "to_number: invalid", Origin: Origin(9)[0]}}
	p := MustMake(t, Input(Account(), st)).Plan
	wantChanges(t, p, "raise team:Search di none>manager policy")
	if len(p.Held) != 1 || p.Held[0].Rule != "S5" {
		t.Errorf("%q, want one change held by S5", Lines(p))
	}

	st.Failures[0].Rule = "limit"
	p = MustMake(t, Input(Account(), st)).Plan
	if len(p.Changes)+len(p.Held) != 0 || len(p.Unknown) != 1 {
		t.Errorf("%q: with a limit that erred nothing is known", Lines(p))
	}
}

func TestS12_AnUnresolvedProtectionHoldsEverythingLowered(t *testing.T) {
	st := Grants("user:di@acme.com team:Search manager")
	st.Protects = []policies.Protect{{Resource: Ref("team:Serch"), Reason: "run by others", Origins: Origin(9)}}
	p := MustMake(t, Input(Account(), st)).Plan
	wantChanges(t, p, "raise team:Search di none>manager policy")
	if len(p.Held) != 1 || len(p.Errors) != 1 || !strings.Contains(p.Errors[0].Message, "did you mean team:Search?") {
		t.Errorf("held %d, errors %v", len(p.Held), p.Errors)
	}
}

// crowd puts n more people on team Search.
func crowd(s *inventory.Snapshot, n int) *inventory.Snapshot {
	for i := range n {
		id := fmt.Sprintf("x%03d", i)
		s.Users[id] = inventory.User{ID: id, Email: id + "@acme.com", BaseRole: "limited_user", Teams: map[string]string{}}
		Put(s, "SEA", id, "responder")
	}
	return s
}

func TestS26_MoreLoweringsThanTheBoundAreAllHeld(t *testing.T) {
	st := Grants("user:cy@acme.com team:Search responder", "user:di@acme.com team:Search responder")
	for _, c := range []struct{ people, lowered int }{{5, 5}, {6, 0}, {80, 0}} {
		p := MustMake(t, Input(crowd(Account(), c.people), st)).Plan
		if p.Summary.Lower != c.lowered || p.Summary.Raise != 1 || p.Summary.Held != c.people-c.lowered {
			t.Errorf("%d people to take off: %+v, want %d lowered", c.people, p.Summary, c.lowered)
		}
	}
}

func TestS26_TheBoundIsATenthOfTheHeldPairsAndAtMostFifty(t *testing.T) {
	st := Grants("user:cy@acme.com team:Search responder")
	for i := range 91 {
		st.Grants = append(st.Grants, Grants(fmt.Sprintf("user:x%03d@acme.com team:Search responder", i)).Grants...)
	}
	// 101 held pairs (cy and 100): ten may be lowered.
	if p := MustMake(t, Input(crowd(Account(), 100), st)).Plan; p.Summary.Lower != 9 || p.Summary.Held != 0 {
		t.Errorf("%+v, want 9 lowered", p.Summary)
	}
	if p := MustMake(t, Input(crowd(Account(), 102), st)).Plan; p.Summary.Lower != 0 || p.Summary.Held != 11 {
		t.Errorf("%+v, want all 11 held", p.Summary)
	}
}

func TestS26_LoweringsOfTheLastDayCountAndTimeAloneReleasesNothing(t *testing.T) {
	st := Grants("user:cy@acme.com team:Search responder")
	in := Input(crowd(Account(), 3), st)
	for range 3 {
		in.Memory.Recent = append(in.Memory.Recent, plan.Recent{Effect: plan.Lower, Resource: inventory.Ref{Kind: inventory.KindTeam}, Cause: plan.CausePolicy, At: At(-1)})
	}
	r := MustMake(t, in)
	if r.Plan.Summary.Held != 3 {
		t.Fatalf("%+v, want 3 held: 3 were lowered an hour ago and 5 are allowed", r.Plan.Summary)
	}
	in = Next(r, in, 48)
	if p := MustMake(t, in).Plan; p.Summary.Held != 3 {
		t.Errorf("%+v, want still 3 held two days later", p.Summary)
	}
	in.Memory.Released = map[string]plan.Release{}
	for _, h := range r.Plan.Held {
		in.Memory.Released[h.ID] = plan.Release{Reason: "looked"}
	}
	if p := MustMake(t, in).Plan; p.Summary.Lower != 3 {
		t.Errorf("%+v, want 3 lowered once released", p.Summary)
	}
}

func TestS26_WhatFollowsThroughATeamCountsAndIsHeldWithIt(t *testing.T) {
	st := Grants("user:cy@acme.com team:Search responder", "user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder",
		"team:Search team:Payments observer")
	for _, c := range []struct{ people, lowered, held int }{
		{2, 4, 0}, // off both teams
		{3, 0, 3}, // six would be lowered: all stay on Search, and so on Payments
	} {
		s := crowd(Account(), c.people)
		for i := range c.people {
			Put(s, "PAY", fmt.Sprintf("x%03d", i), "observer")
		}
		p := MustMake(t, Input(s, st)).Plan
		if p.Summary.Lower != c.lowered || p.Summary.Held != c.held {
			t.Errorf("%d people to take off: %+v, want %d lowered, %d held", c.people, p.Summary, c.lowered, c.held)
		}
		for _, h := range p.Held {
			if !strings.Contains(h.Why, "6 lowerings") {
				t.Errorf("%s is held: %s", h.ID, h.Why)
			}
		}
	}
}

func TestS26_HandoffsAndExpiriesAreNotCounted(t *testing.T) {
	var ls []string
	for i := range 20 {
		ls = append(ls, fmt.Sprintf("user:x%03d@acme.com team:Search responder until 2", i))
	}
	st := everybody(ls...)
	in := Input(crowd(Account(), 20), st)
	in = Next(MustMake(t, in), in, 3)
	if p := MustMake(t, in).Plan; p.Summary.Lower != 20 || p.Summary.Held != 0 {
		t.Errorf("%+v, want all 20 expiries lowered", p.Summary)
	}
}

func TestTargetNarrowsToMatchingChangesWithWhatTheyNeed(t *testing.T) {
	st := everybody("user:stk@acme.com account limited_user", "user:stk@acme.com team:Search responder", "user:di@acme.com team:Payments responder")
	in := Input(Account(), st)
	in.Settings.Targets = []string{"team:Search"}
	WantLines(t, MustMake(t, in).Plan,
		"raise account stk read_only_user>limited_user policy",
		"raise team:Search stk none>responder policy",
	)
	in.Settings.Targets = []string{"user:DI@acme.com"}
	WantLines(t, MustMake(t, in).Plan, "raise team:Payments di none>responder policy")
}

func TestTargetBlocksWhatNeedsAnUntargetedLowering(t *testing.T) {
	s := Account()
	s.Licenses = map[string]inventory.License{
		"FULL": {ID: "FULL", Name: "Business", ValidRoles: []string{"user", "limited_user"}, Available: Ptr(0)},
		"VIEW": {ID: "VIEW", Name: "Stakeholder", ValidRoles: []string{"read_only_user"}, Available: Ptr(3)},
	}
	for id, license := range map[string]string{"stk": "VIEW", "di": "FULL"} {
		u := s.Users[id]
		u.License = Ptr(license)
		s.Users[id] = u
	}
	in := Input(s, Grants("user:stk@acme.com account limited_user", "user:di@acme.com account read_only_user"))
	in.Settings.Targets = []string{"user:stk@acme.com"}
	p := MustMake(t, in).Plan
	if len(p.Changes) != 0 || len(p.Blocked) != 1 || !strings.Contains(p.Blocked[0].Why, "not targeted") {
		t.Errorf("%q, want stk blocked by di's lowering, which is not targeted", Lines(p))
	}
}

func TestTeamPrincipalsMeanMembershipAfterThePlan(t *testing.T) {
	st := everybody("user:di@acme.com team:Search responder", "team:Search team:Payments observer")
	wantChanges(t, MustMake(t, Input(Account(), st)).Plan,
		"raise team:Payments cy none>observer policy",
		"raise team:Payments di none>observer policy",
		"raise team:Search di none>responder policy",
	)
}

func TestTeamPrincipalsThatDoNotSettleAreAnError(t *testing.T) {
	st := Grants("user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder",
		"user:cy@acme.com team:Search responder", "user:di@acme.com team:Search responder")
	// Whoever is on Search may not be on Search.
	st.Limits = []policies.Limit{{Principal: Ref("team:Search"), Resource: Ref("team:Search"), AtMost: "none", Reason: "paradox", Origins: Origin(70)}}
	st.Empties = []policies.Empty{{Resource: Ref("team:Search"), Origins: Origin(71)}}
	_, err := diff.Make(Input(Account(), st))
	if err == nil || !strings.Contains(err.Error(), "do not settle") {
		t.Errorf("err = %v, want that team: principals do not settle", err)
	}
}

func TestATargetThatNamesNothingIsAnError(t *testing.T) {
	for target, says := range map[string]string{
		"team:Serch":           "did you mean team:Search?",
		"team:#NONE":           "names nothing in the account",
		"user:nobody@acme.com": "names nothing in the account",
		"Search":               "expected user:…, team:…, schedule:…, account",
	} {
		in := Input(Account(), everybody())
		in.Settings.Targets = []string{target}
		if _, err := diff.Make(in); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, want one with %q", target, err, says)
		}
	}
	for _, target := range []string{"team:Sea*", "team:#SEA", "user:DI@acme.com", "account", "team/SEA/di/none/responder"} {
		in := Input(Account(), everybody())
		in.Settings.Targets = []string{target}
		if _, err := diff.Make(in); err != nil {
			t.Errorf("%s: %v", target, err)
		}
	}
}

// A grant that limits take away whole leaves nobody by its limit only where nothing
// else is about the person there.
func TestS3_WhatWouldEmptyATeamIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		policy *policies.Statements
		want   string
	}{
		"no rule":          {Members(Grants("group:nobody team:Search responder"), "nobody user:gone@acme.com"), "no rule puts anybody on team:Search any more"},
		"a limited grant":  {underLimits(Grants("user:cy@acme.com team:Search responder"), "cy team:* none"), "no rule puts anybody on team:Search any more"},
		"a limit alone":    {underLimits(Grants("user:ann@acme.com account user"), "cy team:* none"), "limits would leave nobody on team:Search"},
		"only for a shift": {Members(Grants("oncall:Primary team:Search responder", "group:nobody team:Search responder"), "nobody user:gone@acme.com"), "no rule puts anybody on team:Search permanently any more, only for shifts or a while"},
	} {
		t.Run(name, func(t *testing.T) {
			in := Input(Account(), c.policy)
			in.Memory.Last = &plan.Round{At: At(-1), Revision: "r0", Pairs: []plan.RoundPair{{Pair: desired.Pair{User: "cy", Resource: inventory.ByID(inventory.KindTeam, "SEA")}, Desired: "responder", Actual: "responder"}}}
			p := MustMake(t, in).Plan
			if len(p.Held) != 1 || p.Held[0].User != "cy" || p.Held[0].Why != c.want {
				t.Errorf("held %+v, want cy: %s", p.Held, c.want)
			}
		})
	}
}
