package diff_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// settled is a round in which the rules give what the account holds, and whose
// changes are made; the next is planned some hours later.
func settled(t *testing.T, hours float64, st *policies.Statements) diff.Input {
	t.Helper()
	in := Input(Account(), st)
	return Next(MustMake(t, in), in, hours)
}

func everybody(more ...string) *policies.Statements {
	return Grants(append([]string{
		"user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder", "user:cy@acme.com team:Search responder",
	}, more...)...)
}

func TestS14_EachChangeHasItsCause(t *testing.T) {
	cases := []struct {
		name  string
		first *policies.Statements
		hours float64
		then  func(*diff.Input)
		want  []string
	}{
		{
			name:  "another policy is the policy's doing",
			first: everybody(),
			then: func(in *diff.Input) {
				in.Previous, in.Revision = in.Statements, "r2"
				in.Statements = everybody("user:di@acme.com team:Search responder")
			},
			want: []string{"raise team:Search di none>responder policy"},
		},
		{
			name:  "an until that passed is an expiry",
			first: everybody("user:di@acme.com team:Search responder until 2"), hours: 3,
			want: []string{"lower team:Search di responder>none expiry"},
		},
		{
			name:  "a from that passed is an expiry as well",
			first: everybody("user:di@acme.com team:Search responder from 2"), hours: 3,
			want: []string{"raise team:Search di none>responder expiry"},
		},
		{
			name:  "a shift that ended as foreseen is a handoff, and so is the one that began",
			first: everybody("oncall:Primary team:Search manager"), hours: 5,
			want: []string{"raise team:Search bob none>manager handoff", "lower team:Search ann manager>none handoff"},
		},
		{
			name:  "a shift cut short where somebody else's begins is a handoff",
			first: everybody("oncall:Primary team:Search manager"), hours: 2,
			then: func(in *diff.Input) {
				shifts(in.Snapshot, inventory.Shift{User: "ann", Start: At(-4), End: At(1)}, inventory.Shift{User: "di", Start: At(1), End: At(4)})
			},
			want: []string{"raise team:Search di none>manager handoff", "lower team:Search ann manager>none handoff"},
		},
		{
			name:  "a shift cut short that nobody takes over is PagerDuty's facts",
			first: everybody("oncall:Primary team:Search manager"), hours: 2,
			then: func(in *diff.Input) {
				shifts(in.Snapshot, inventory.Shift{User: "ann", Start: At(-4), End: At(1)})
			},
			want: []string{"lower team:Search ann manager>none facts"},
		},
		{
			name:  "somebody who left a team loses what its members have through facts",
			first: everybody("team:Search team:Payments observer"), hours: 1,
			then: func(in *diff.Input) {
				in.Statements = Grants("user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder", "team:Search team:Payments observer")
				e := inventory.NewEdit(in.Snapshot)
				e.SetTeamRole("SEA", "cy", inventory.None)
				in.Snapshot = e.Snapshot()
			},
			want: []string{"lower team:Payments cy observer>none facts"},
		},
		{
			name:  "what a person changed in PagerDuty is drift",
			first: everybody(), hours: 1,
			then: func(in *diff.Input) {
				e := inventory.NewEdit(in.Snapshot)
				e.SetTeamRole("PAY", "bob", "manager")
				e.SetTeamRole("PAY", "ed", "responder")
				e.SetTeamRole("SEA", "cy", inventory.None)
				in.Snapshot = e.Snapshot()
			},
			want: []string{
				"raise team:Search cy none>responder drift",
				"lower team:Payments bob manager>responder drift",
				"lower team:Payments ed responder>none drift",
			},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in := settled(t, c.hours, c.first)
			if c.then != nil {
				c.then(&in)
			}
			WantLines(t, MustMake(t, in).Plan, c.want...)
		})
	}
}

// shifts replaces what is rendered of the schedule Primary.
func shifts(s *inventory.Snapshot, of ...inventory.Shift) {
	v := s.Schedules["PRI"]
	v.Shifts, v.CustomShifts = of, nil
	for i, shift := range of { // the definition says so too, or nobody could tell (S22)
		v.CustomShifts = append(v.CustomShifts, inventory.CustomShift{ID: fmt.Sprint("C", i), User: &shift.User, Start: shift.Start, End: shift.End})
	}
	s.Schedules = map[string]inventory.Schedule{"PRI": v}
}

func TestS14_IfBothSidesMovedTheDesiredOneWinsAndTheDriftIsNoted(t *testing.T) {
	in := settled(t, 1, everybody())
	in.Previous, in.Revision = in.Statements, "r2"
	in.Statements = Grants("user:ann@acme.com team:Payments observer", "user:bob@acme.com team:Payments responder", "user:cy@acme.com team:Search responder")
	e := inventory.NewEdit(in.Snapshot)
	e.SetTeamRole("PAY", "ann", "responder")
	in.Snapshot = e.Snapshot()

	p := MustMake(t, in).Plan
	WantLines(t, p, "lower team:Payments ann responder>observer policy")
	if p.Changes[0].Drifted != "manager" {
		t.Errorf("drifted %q, want what the last round left: manager", p.Changes[0].Drifted)
	}
}

func TestS14_AChangeThatWasNotMadeKeepsItsCause(t *testing.T) {
	in := settled(t, 3, everybody("user:di@acme.com team:Search responder until 2"))
	r := MustMake(t, in)
	round := diff.RoundOf(r, in.Statements, in.Snapshot, nil)
	in.Memory.Last = &round
	WantLines(t, MustMake(t, in).Plan, "lower team:Search di responder>none expiry")
}

func TestS16_WhoHandsOverKeepsItUntilThoseWhoTakeOverHaveIt(t *testing.T) {
	in := settled(t, 5, everybody("oncall:Primary team:Search manager"))
	p := MustMake(t, in).Plan
	if len(p.Changes) != 2 || len(p.Changes[1].Requires) != 1 || p.Changes[1].Requires[0] != p.Changes[0].ID {
		t.Errorf("%+v, want the lowering to require the raise", p.Changes)
	}
}

func TestS16_AHandoffWithoutAFreeSeatLowersFirst(t *testing.T) {
	s := Account()
	s.Licenses = map[string]inventory.License{
		"FULL": {ID: "FULL", Name: "Business", ValidRoles: []string{"admin"}, Available: Ptr(0)},
		"BASE": {ID: "BASE", Name: "Basic", ValidRoles: []string{"user", "limited_user"}},
	}
	for id, license := range map[string]string{"ann": "FULL", "bob": "BASE"} {
		u := s.Users[id]
		u.License = Ptr(license)
		s.Users[id] = u
	}
	e := inventory.NewEdit(s)
	e.SetBaseRole("ann", "admin")
	in := Input(e.Snapshot(), Grants("oncall:Primary account admin", "user:ann@acme.com account user", "user:bob@acme.com account user"))
	in = Next(MustMake(t, in), in, 5)
	wantChanges(t, MustMake(t, in).Plan,
		"lower account ann admin>user handoff",
		"raise account bob user>admin handoff",
	)
}

func TestS15_AKeySaysNothingOfTimesAndLines(t *testing.T) {
	early := MustMake(t, Input(Account(), everybody("user:di@acme.com team:Search responder until 20"))).Plan.Changes[0]
	in := Input(Account(), everybody("user:ed@acme.com team:Search responder", "user:di@acme.com team:Search responder until 90"))
	in.Snapshot.Now = At(2)
	in.Now = At(2)
	late := MustMake(t, in).Plan.Changes[0]
	if early.ID != late.ID || early.ID != "team/SEA/di/none/responder" {
		t.Errorf("keys %q and %q, want both team/SEA/di/none/responder", early.ID, late.ID)
	}
}

func TestS4_ABaseRoleRaisedForAShiftGoesBack(t *testing.T) {
	st := Grants("oncall:Primary account admin", "user:cy@acme.com team:Search responder")
	s := Account()
	in := Input(s, st)
	in = Next(MustMake(t, in), in, 5)
	wantChanges(t, MustMake(t, in).Plan,
		"raise account bob user>admin handoff",
		"lower account ann admin>user handoff",
	)
}

func TestS4_AbsenceNeverLowersABaseRole(t *testing.T) {
	p := MustMake(t, Input(Account(), everybody())).Plan
	WantLines(t, p)
	if got := len(p.Unassigned); got != 7 {
		t.Errorf("%d unassigned, want everybody but the owner: 7", got)
	}
}

func TestS4_ABaseRoleRaisedForGoodStaysWithAFinding(t *testing.T) {
	in := settled(t, 1, everybody("user:di@acme.com account user"))
	in.Statements, in.Previous, in.Revision = everybody(), in.Statements, "r2"
	p := MustMake(t, in).Plan
	WantLines(t, p)
	if !hasFinding(p, "dutyward.stays-raised") {
		t.Errorf("findings %+v, want dutyward.stays-raised", p.Findings)
	}
}

func TestS17_AnImpliedMembersRoleGoesBackIfTheProgramRaisedIt(t *testing.T) {
	s := Account()
	v := s.Schedules["PRI"]
	v.Teams = []string{"PAY"}
	s.Schedules["PRI"] = v
	Put(s, "PAY", "ann", "responder")
	in := Input(s, Grants("user:ann@acme.com team:Payments manager until 2", "user:di@acme.com team:Payments responder"))
	in = Next(MustMake(t, in), in, 3)
	p := MustMake(t, in).Plan
	wantChanges(t, p, "lower team:Payments ann manager>responder expiry")
}

func TestS30_AdminThroughPagerDutysOwnFactsIsAFinding(t *testing.T) {
	p := MustMake(t, Input(Account(), Grants("oncall:Primary account admin"))).Plan
	if !hasFinding(p, "dutyward.admin-by-facts") {
		t.Errorf("findings %+v, want dutyward.admin-by-facts", p.Findings)
	}
	p = MustMake(t, Input(Account(), Grants("user:ann@acme.com account admin"))).Plan
	if hasFinding(p, "dutyward.admin-by-facts") {
		t.Errorf("findings %+v, want none about a named admin", p.Findings)
	}
}

func TestS9_AnOldAnswerWithinTwoMinutesIsSeenThroughTheWrite(t *testing.T) {
	st := everybody("user:di@acme.com team:Search responder")
	pair := desired.Pair{User: "di", Resource: Ref("team:#SEA")}
	in := Input(Account(), st)
	in.Memory.Overlay = []plan.Write{{Pair: pair, Before: inventory.None, Role: "responder", At: Noon.Add(-time.Minute)}}
	WantLines(t, MustMake(t, in).Plan)

	Put(in.Snapshot, "SEA", "di", "observer") // neither old nor written
	p := MustMake(t, in).Plan
	WantLines(t, p)
	if len(p.Unknown) != 1 || p.Unknown[0].User != "di" {
		t.Errorf("unknown %+v, want di on Search", p.Unknown)
	}
}

func TestS18_APlanEndsAtTheNextBoundaryThatTouchesIt(t *testing.T) {
	p := MustMake(t, Input(Account(), everybody("user:di@acme.com team:Search responder until 2", "user:ed@acme.com team:Payments responder until 1"))).Plan
	if p.Expires == nil || !p.Expires.Equal(At(1)) {
		t.Errorf("expires %v, want %v", p.Expires, At(1))
	}
	p = MustMake(t, Input(Account(), everybody())).Plan
	if p.Expires != nil {
		t.Errorf("an empty plan expires %v, want never", p.Expires)
	}
}

func wantChanges(t *testing.T, p *plan.Plan, want ...string) {
	t.Helper()
	only := *p
	only.Unenforced, only.Blocked, only.Held, only.Extra, only.Implied, only.Protected = nil, nil, nil, nil, nil, nil
	WantLines(t, &only, want...)
}

func hasFinding(p *plan.Plan, rule string) bool {
	for _, f := range p.Findings {
		if f.Rule == rule {
			return true
		}
	}
	return false
}

func TestS4_ABaseRoleThatOthersGaveWhileTheWayBackWasPendingStays(t *testing.T) {
	in := settled(t, 3, everybody("user:di@acme.com account user until 2"))
	remember := func() *diff.Result {
		t.Helper()
		r := MustMake(t, in)
		round := diff.RoundOf(r, in.Statements, in.Snapshot, nil) // nothing is made
		in.Memory.Last = &round
		return r
	}
	wantChanges(t, remember().Plan, "lower account di user>limited_user expiry")

	e := inventory.NewEdit(in.Snapshot)
	e.SetBaseRole("di", "admin")
	incomplete := *e.Snapshot()
	incomplete.Account.Complete = false
	incomplete.Account.Missing = []inventory.Missing{{What: "schedules", Reason: "503"}}
	in.Snapshot = &incomplete
	remember()

	whole := incomplete
	whole.Account.Complete, whole.Account.Missing = true, nil
	in.Snapshot = &whole
	wantChanges(t, MustMake(t, in).Plan)
}

// What a grant still asked for while somebody promoted its holder by hand, and what was not
// made by its end, is not the way back of a raise: the promotion is theirs.
func TestS4_ABaseRoleThatOthersGaveWhileTheGrantLastedStays(t *testing.T) {
	in := settled(t, 1, everybody("user:di@acme.com account user until 2"))
	e := inventory.NewEdit(in.Snapshot)
	e.SetBaseRole("di", "admin")
	in.Snapshot = e.Snapshot()
	r := MustMake(t, in)
	wantChanges(t, r.Plan, "lower account di admin>user drift")
	round := diff.RoundOf(r, in.Statements, in.Snapshot, nil) // nothing is made
	in.Memory.Last = &round

	later := *in.Snapshot
	later.Now = At(3)
	later.Account.TakenAt = later.Now
	in.Snapshot, in.Now = &later, later.Now
	wantChanges(t, MustMake(t, in).Plan)
}

func TestS14_WhoeverIsOnATeamThatPoliciesNameForTheFirstTimeWasNotAddedMeanwhile(t *testing.T) {
	in := Input(Account(), Grants("user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder"))
	in = Next(MustMake(t, in), in, 1)
	in.Statements, in.Revision = Grants("user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder", "user:di@acme.com team:Search manager"), "r2"
	WantLines(t, MustMake(t, in).Plan, "raise team:Search di none>manager policy", "lower team:Search cy responder>none policy")
}

// A grant whose end the snapshot did not reach, and that was on call past it, ended by a
// handoff.
func TestS14_WhoWasOnCallPastTheSnapshotLosesItByAHandoff(t *testing.T) {
	for kind, want := range map[desired.BoundKind]string{desired.BoundSnapshot: "handoff", desired.BoundTakeover: "handoff", desired.BoundShift: "handoff", desired.BoundDate: "expiry", "": "facts"} {
		in := Input(Account(), Grants("user:ann@acme.com team:Payments manager"))
		in.Memory.Last = &plan.Round{At: At(-1), Revision: "r1", Pairs: []plan.RoundPair{
			{Pair: desired.Pair{User: "bob", Resource: inventory.ByID(inventory.KindTeam, "PAY")}, Desired: "responder", Actual: "responder", Window: desired.Window{Until: Noon, UntilKind: kind}},
		}}
		wantDue(t, MustMake(t, in).Plan, "lower team:Payments bob responder>none "+want)
	}
}
