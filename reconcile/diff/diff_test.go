package diff_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestDiff(t *testing.T) {
	cases := []struct {
		name   string
		grants *policies.Statements
		edit   func(*inventory.Snapshot)
		want   []string
	}{
		{
			name:   "a grant that nobody has yet is given",
			grants: Grants("user:di@acme.com team:Payments responder", "user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder"),
			want:   []string{"raise team:Payments di none>responder policy", "extra team:Search cy responder: no policy names this team"},
		},
		{
			name:   "a higher team role is given, and a lower one",
			grants: Grants("user:ann@acme.com team:Payments observer", "user:bob@acme.com team:Payments manager", "user:cy@acme.com team:Search responder"),
			want:   []string{"raise team:Payments bob responder>manager policy", "lower team:Payments ann manager>observer policy"},
		},
		{
			name:   "a member of a named team whom no rule puts there is taken off",
			grants: Grants("user:ann@acme.com team:Payments manager", "user:cy@acme.com team:Search responder"),
			want:   []string{"lower team:Payments bob responder>none policy"},
		},
		{
			name:   "of several roles the highest wins",
			grants: Grants("user:cy@acme.com team:Search observer", "user:cy@acme.com team:Search manager", "user:cy@acme.com team:Search responder", "user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder"),
			want:   []string{"raise team:Search cy responder>manager policy"},
		},
		{
			name:   "base roles are raised before team roles and lowered after them",
			grants: Grants("user:di@acme.com account user", "user:di@acme.com team:Search responder", "user:ann@acme.com account limited_user", "user:bob@acme.com team:Payments responder"),
			want: []string{
				"raise account di limited_user>user policy",
				"raise team:Search di none>responder policy",
				"lower team:Payments ann manager>none policy",
				"lower team:Search cy responder>none policy",
				"lower account ann user>limited_user policy",
			},
		},
		{
			name:   "whoever is on call by a grant holds it until the shift ends",
			grants: Grants("oncall:Primary team:Payments manager", "user:bob@acme.com team:Payments responder", "user:cy@acme.com team:Search responder"),
		},
		{
			name:   "a grant whose window has not begun gives nothing yet",
			grants: Grants("user:di@acme.com team:Search responder from 1", "user:cy@acme.com team:Search responder until 3", "user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder"),
		},
		{
			name: "people who are members since PagerDuty put them there are not fought",
			edit: func(s *inventory.Snapshot) {
				v := s.Schedules["PRI"]
				v.Teams = []string{"PAY"}
				s.Schedules["PRI"] = v
			},
			grants: Grants("user:di@acme.com team:Payments responder", "user:cy@acme.com team:Search responder"),
			want: []string{
				"raise team:Payments di none>responder policy",
				"implied team:Payments ann manager: on schedule Primary of this team",
				"implied team:Payments bob responder: on schedule Primary of this team",
			},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := Account()
			if c.edit != nil {
				c.edit(s)
			}
			WantLines(t, MustMake(t, Input(s, c.grants)).Plan, c.want...)
		})
	}
}

func TestS1_WhatNoGrantNamesIsLeftAlone(t *testing.T) {
	p := MustMake(t, Input(Account(), Grants("user:cy@acme.com team:Search responder"))).Plan
	WantLines(t, p,
		"extra team:Payments ann manager: no policy names this team",
		"extra team:Payments bob responder: no policy names this team",
	)
}

func TestS1_ATeamThatIsNoLongerNamedIsLeftAloneWithAFinding(t *testing.T) {
	in := Input(Account(), Grants("user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder", "user:cy@acme.com team:Search responder"))
	in = Next(MustMake(t, in), in, 1)
	in.Statements, in.Revision = Grants("user:cy@acme.com team:Search responder"), "r2"
	p := MustMake(t, in).Plan
	WantLines(t, p,
		"extra team:Payments ann manager: no policy names this team",
		"extra team:Payments bob responder: no policy names this team",
	)
	if len(p.Findings) != 1 || p.Findings[0].Rule != "dutyward.no-longer-named" {
		t.Errorf("findings: %+v, want one dutyward.no-longer-named", p.Findings)
	}
}

func TestS1_AGrantWhosePrincipalIsNobodyStillNamesTheTeam(t *testing.T) {
	s := Account()
	Put(s, "SEA", "di", "responder")
	st := Members(Grants("group:nobody team:Search responder", "user:cy@acme.com team:Search responder"), "nobody user:gone@acme.com")
	WantLines(t, MustMake(t, Input(s, st)).Plan,
		"lower team:Search di responder>none policy",
		"extra team:Payments ann manager: no policy names this team",
		"extra team:Payments bob responder: no policy names this team",
	)
}

func TestS2_NoGrantAtAllIsAnErrorWhereThereWereSome(t *testing.T) {
	in := Input(Account(), Grants("user:cy@acme.com team:Search responder"))
	in = Next(MustMake(t, in), in, 1)
	in.Statements, in.Revision = &policies.Statements{}, "r2"
	if _, err := diff.Make(in); err != diff.ErrNoGrants {
		t.Fatalf("err = %v, want ErrNoGrants", err)
	}
}

func TestS2_NoGrantAtAllOnAFirstStartIsANoticeAndAnEmptyPlan(t *testing.T) {
	p := MustMake(t, Input(Account(), &policies.Statements{})).Plan
	if len(p.Changes) != 0 || len(p.Notices) != 1 {
		t.Fatalf("%d changes and notices %q, want none and one", len(p.Changes), desired.Messages(p.Notices))
	}
}

func TestS13_OwnersAreNeverChangedAndFixedRolesNotManaged(t *testing.T) {
	s := Account()
	Put(s, "SEA", "adm", "responder")
	st := Grants(
		"user:own@acme.com account user",
		"user:adm@acme.com team:Payments observer",
		"user:stk@acme.com team:Payments responder",
		"user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder",
		"user:cy@acme.com team:Search responder",
	)
	WantLines(t, MustMake(t, Input(s, st)).Plan,
		"blocked: lower account own owner>user policy: the account owner's role can't be changed through PagerDuty's API",
		"blocked: raise team:Payments stk none>responder policy: stk@acme.com is a stakeholder (read_only_user), who can't hold a role on a team",
		"extra team:Search adm responder: team roles of an admin are not managed",
		"implied team:Payments adm manager: an admin counts as manager of every team",
	)
}

func TestS16_ATeamRoleWaitsForTheBaseRoleThatCanHoldIt(t *testing.T) {
	st := Grants("user:stk@acme.com account limited_user", "user:stk@acme.com team:Search responder", "user:cy@acme.com team:Search responder")
	r := MustMake(t, Input(Account(), st))
	WantLines(t, r.Plan,
		"raise account stk read_only_user>limited_user policy",
		"raise team:Search stk none>responder policy",
		"extra team:Payments ann manager: no policy names this team",
		"extra team:Payments bob responder: no policy names this team",
	)
	if got := r.Plan.Changes[1].Requires; len(got) != 1 || got[0] != r.Plan.Changes[0].ID {
		t.Errorf("the team role requires %q, want the base role's change", got)
	}
}

func TestS16_ATeamRoleOfAnAdminIsTakenAwayOnlyOnceTheyAreNoneAnyMore(t *testing.T) {
	s := Account()
	Put(s, "SEA", "adm", "responder")
	r := MustMake(t, Input(s, Grants("user:adm@acme.com account limited_user", "user:cy@acme.com team:Search responder")))
	wantChanges(t, r.Plan,
		"lower account adm admin>limited_user policy",
		"lower team:Search adm responder>none policy",
	)
	if got := r.Plan.Changes[1].Requires; len(got) != 1 || got[0] != r.Plan.Changes[0].ID {
		t.Errorf("the team role's lowering requires %q, want the base role's", got)
	}
}

func TestS16_WhatNeedsSomethingNotEnforcedIsBlocked(t *testing.T) {
	st := Grants("user:stk@acme.com account limited_user", "user:stk@acme.com team:Search responder", "user:cy@acme.com team:Search responder")
	in := Input(Account(), st)
	in.Settings = plan.Settings{Default: plan.Sync, Kinds: map[inventory.Kind]plan.Mode{inventory.KindAccount: plan.Observe}}
	WantLines(t, MustMake(t, in).Plan,
		"unenforced: raise account stk read_only_user>limited_user policy",
		"blocked: raise team:Search stk none>responder policy: stk@acme.com is a stakeholder (read_only_user), who can't hold a role on a team",
		"extra team:Payments ann manager: no policy names this team",
		"extra team:Payments bob responder: no policy names this team",
	)
}

func TestS16_ARaiseThatNeedsASeatWaitsForTheLoweringThatFreesOne(t *testing.T) {
	s := Account()
	NoSeat(s, "stk")
	st := Grants("user:stk@acme.com account limited_user", "user:di@acme.com account read_only_user")
	r := MustMake(t, Input(s, st))
	if len(r.Plan.Changes) != 2 || r.Plan.Changes[0].User != "di" || r.Plan.Changes[1].User != "stk" {
		t.Fatalf("changes %v, want di's seat freed before stk takes it", Lines(r.Plan))
	}

	r = MustMake(t, Input(s, Grants("user:stk@acme.com account limited_user")))
	wantBlocked := "blocked: raise account stk read_only_user>limited_user policy: no seat is free on license Business, which limited_user needs"
	if got := Lines(r.Plan); got[0] != wantBlocked {
		t.Errorf("got %q, want %q", got[0], wantBlocked)
	}
}

func TestS16_WhatABaseRoleIsNeededForIsBlockedWithItWhereNoSeatIsFree(t *testing.T) {
	s := Turns()
	NoSeat(s, "di")
	r := MustMake(t, Input(s, Also(Rotation("ann bob cy di Follow"),
		"user:di@acme.com account limited_user", "user:di@acme.com team:Payments observer", "user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder", "user:cy@acme.com team:Search responder")))
	want := []string{
		"blocked: raise account di read_only_user>limited_user policy: no seat is free on license Business, which limited_user needs",
		"blocked: raise schedule:Follow di none>rotation policy: it needs di@acme.com from read_only_user to limited_user on account, which is blocked",
		"blocked: raise team:Payments di none>observer policy: it needs di@acme.com from read_only_user to limited_user on account, which is blocked",
	}
	if d := cmp.Diff(want, Lines(r.Plan)); d != "" {
		t.Errorf("the plan differs (-want +got):\n%s", d)
	}
}

func TestS16_AStakeholderRoleIsBlockedForPeopleOnCallAndWithoutTheAbility(t *testing.T) {
	s := Account()
	st := Grants("user:ann@acme.com account read_only_user", "user:ed@acme.com account read_only_user")
	wantBlocked := func(p *plan.Plan, want ...string) {
		t.Helper()
		var got []string
		for _, b := range p.Blocked {
			got = append(got, b.User+": "+b.Why)
		}
		if len(got) != len(want) {
			t.Fatalf("blocked %q, want %q", got, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("blocked %q, want %q", got[i], want[i])
			}
		}
	}
	wantBlocked(MustMake(t, Input(s, st)).Plan, "ann: ann@acme.com is on schedule Primary, and stakeholders can't be on call")

	s.Account.Abilities = []string{"teams"}
	wantBlocked(MustMake(t, Input(s, st)).Plan,
		"ann: the account lacks the ability read_only_users, which read_only_user needs",
		"ed: the account lacks the ability read_only_users, which read_only_user needs")
}

func TestS19_ALimitBeatsGrantsAndAProtectionBeatsBoth(t *testing.T) {
	st := Grants("user:di@acme.com team:Search manager", "user:ed@acme.com team:Search responder", "user:cy@acme.com team:Search manager")
	st.Limits = []policies.Limit{
		{Principal: Ref("user:di@acme.com"), Resource: Ref("team:*"), AtMost: "observer", Reason: "contractor", Origins: Origin(50)},
		{Principal: Ref("user:ed@acme.com"), Resource: Ref("team:Search"), AtMost: "none", Reason: "left the team", Origins: Origin(51)},
	}
	st.Protects = []policies.Protect{{Principal: Ref("user:cy@acme.com"), Reason: "break glass", Origins: Origin(52)}}
	r := MustMake(t, Input(Account(), st))
	WantLines(t, r.Plan,
		"raise team:Search di none>observer policy",
		"extra team:Payments ann manager: no policy names this team",
		"extra team:Payments bob responder: no policy names this team",
		"protected team:Search cy responder, would be manager: break glass",
	)
	if got := r.Plan.Changes[0].Reason; got != "limited to observer: contractor" {
		t.Errorf("reason %q does not name the limit", got)
	}
}

func TestS20_OperatorsAreNeverChanged(t *testing.T) {
	in := Input(Account(), Grants("user:ann@acme.com account observer"))
	in.Settings.Operators = []string{"ANN@acme.com"}
	p := MustMake(t, in).Plan
	if len(p.Changes) != 0 || len(p.Protected) != 1 {
		t.Errorf("%q, want ann protected", Lines(p))
	}
}

func TestEnforcementIsHonouredForEachResource(t *testing.T) {
	st := Grants("user:di@acme.com team:Search manager", "user:di@acme.com team:Payments manager", "user:di@acme.com account user")
	in := Input(Account(), st)
	in.Settings = plan.Settings{
		Kinds:     map[inventory.Kind]plan.Mode{inventory.KindTeam: plan.GrantOnly},
		Resources: []plan.ResourceMode{{Resource: "team:Sea*", Mode: plan.Observe}},
	}
	WantLines(t, MustMake(t, in).Plan,
		"raise team:Payments di none>manager policy",
		"unenforced: raise account di limited_user>user policy",
		"unenforced: lower team:Payments ann manager>none policy",
		"unenforced: lower team:Payments bob responder>none policy",
		"unenforced: lower team:Search cy responder>none policy",
		"unenforced: raise team:Search di none>manager policy",
	)
}

func TestTheDefaultIsObserve(t *testing.T) {
	in := Input(Account(), Grants("user:di@acme.com team:Search manager"))
	in.Settings = plan.Settings{}
	if p := MustMake(t, in).Plan; len(p.Changes) != 0 || len(p.Unenforced) != 2 {
		t.Errorf("%q, want nothing but not enforced changes", Lines(p))
	}
}

func TestWhatIsNotIncludedIsNeverChanged(t *testing.T) {
	in := Input(Account(), Grants("user:di@acme.com team:Search manager", "user:di@acme.com team:Payments manager"))
	in.Settings.Include = map[inventory.Kind][]string{inventory.KindTeam: {"Pay*"}}
	p := MustMake(t, in).Plan
	WantLines(t, p,
		"raise team:Payments di none>manager policy",
		"lower team:Payments ann manager>none policy",
		"lower team:Payments bob responder>none policy",
	)
	if len(p.Warnings) != 1 {
		t.Errorf("warnings %v, want one about team:Search", p.Warnings)
	}
}

func TestWhatIsLeftAsItIsSaysWhyByACode(t *testing.T) {
	in := Input(Account(), Grants("user:di@acme.com account limited_user"))
	in.TokenUser = "di"
	p := MustMake(t, in).Plan
	if len(p.Extra) == 0 {
		t.Fatal("nothing is left as it is")
	}
	for _, x := range p.Extra {
		if x.Code != "extra/not-named" {
			t.Errorf("%s on %s is left for %s: %s", x.User, x.Resource, x.Code, x.Why)
		}
	}
	for _, x := range p.Protected {
		if x.Code != "protected/operator" {
			t.Errorf("%s is protected for %s", x.User, x.Code)
		}
	}
}
