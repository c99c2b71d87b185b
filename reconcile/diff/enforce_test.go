package diff_test

import (
	"fmt"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestWhatIsNotIncludedIsWarnedOfWithHowMuchItIs(t *testing.T) {
	in := Input(Account(), Grants("user:di@acme.com team:Search manager", "user:ed@acme.com team:Search manager", "user:cy@acme.com team:Search responder"))
	in.Settings.Include = map[inventory.Kind][]string{inventory.KindTeam: {"Pay*"}}
	p := MustMake(t, in).Plan
	if want := "policies would make 2 changes of team:Search, which `include` leaves out: nothing is done there"; len(p.Warnings) != 1 || p.Warnings[0].Message != want {
		t.Errorf("warnings %+v, want %q", p.Warnings, want)
	}
}

// Only a grant with an end by date never ends where nothing is taken back.
func TestS19_AWarningOfAnEndNamesTheGrantThatHasIt(t *testing.T) {
	in := Input(Account(), Grants("user:cy@acme.com team:Search responder", "user:di@acme.com team:Search manager until 5", "oncall:Primary team:Search observer", "user:di@acme.com account user until 5"))
	in.Settings.Kinds = map[inventory.Kind]plan.Mode{inventory.KindTeam: plan.GrantOnly}
	var lines []string
	for _, w := range MustMake(t, in).Plan.Warnings {
		lines = append(lines, fmt.Sprint(w.About, " ", w.Origin.Line))
	}
	sameLines(t, "warned of are", lines, []string{"team:#SEA 2"})
}

// What waits for a base role goes by the mode of the account: a raise is made in
// grant-only, and a lowering is not.
func TestS16_AChangeGoesByTheBaseRoleThatItsModeAllows(t *testing.T) {
	st := func() *policies.Statements {
		return everybody("user:stk@acme.com account limited_user", "user:stk@acme.com team:Search responder",
			"user:adm@acme.com account limited_user", "user:adm@acme.com team:Search responder")
	}
	raised, lowered := "raise account stk read_only_user>limited_user policy", "lower account adm admin>limited_user policy"
	onTeam := "raise team:Search %s none>responder policy"
	blocked := "blocked: raise team:Search stk none>responder policy: stk@acme.com is a stakeholder (read_only_user), who can't hold a role on a team"
	implied := "implied team:Search adm manager: an admin counts as manager of every team"
	for mode, want := range map[plan.Mode][]string{
		plan.Sync:      {raised, fmt.Sprintf(onTeam, "stk"), lowered, fmt.Sprintf(onTeam, "adm")},
		plan.GrantOnly: {raised, fmt.Sprintf(onTeam, "stk"), "unenforced: " + lowered, implied},
		plan.Observe:   {"unenforced: " + lowered, "unenforced: " + raised, blocked, implied},
	} {
		t.Run(string(mode), func(t *testing.T) {
			in := Input(Account(), st())
			in.Settings.Kinds = map[inventory.Kind]plan.Mode{inventory.KindAccount: mode}
			WantLines(t, MustMake(t, in).Plan, want...)
		})
	}
}

func TestTargetBlocksWhatNeedsAnUntargetedLoweringThroughAnother(t *testing.T) {
	s := licensed(0)
	in := Input(s, Grants("user:di@acme.com account limited_user", "user:di@acme.com team:Search responder", "user:cy@acme.com account read_only_user"))
	in.Settings.Targets = []string{"team:Search"}
	p := MustMake(t, in).Plan
	want := "it needs cy@acme.com from limited_user to read_only_user on account, a lowering that is not targeted"
	if len(p.Changes) != 0 || len(p.Blocked) != 1 || p.Blocked[0].Why != want {
		t.Errorf("%q, blocked %+v; want di's role on the team blocked: %s", Lines(p), p.Blocked, want)
	}
	if said := "narrowed to team:Search: 0 of 3 changes"; len(p.Notices) == 0 || p.Notices[0].Message != said {
		t.Errorf("notices %q, want %q", p.Notices, said)
	}
}

func TestAProtectionSaysWhetherItIsAnOperators(t *testing.T) {
	in := Input(Account(), Grants("user:ann@acme.com account observer", "user:bob@acme.com account observer", "user:cy@acme.com account observer"))
	in.TokenUser, in.Settings.Operators, in.Statements.Protects = "ann", []string{"bob@acme.com"}, protects("user:cy@acme.com")
	var codes []string
	for _, p := range MustMake(t, in).Plan.Protected {
		codes = append(codes, p.User+" "+string(p.Code))
	}
	sameLines(t, "protected are", codes, []string{"ann protected/operator", "bob protected/operator", "cy protected/policy"})
}

func TestS20_TheTokensUserIsNeverChanged(t *testing.T) {
	in := Input(Account(), Grants("user:ann@acme.com account observer", "user:bob@acme.com account observer"))
	in.TokenUser = "ann"
	wantDue(t, MustMake(t, in).Plan, "lower account bob user>observer policy",
		"protected account ann user, would be observer: the token's user, the acting user and the operators are never changed")
	in.TokenUser = ""
	wantDue(t, MustMake(t, in).Plan, "lower account ann user>observer policy", "lower account bob user>observer policy")
}
