package diff_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// What the next round would make of what a revert undoes: the same again where policies
// name the team or the role, or a limit leaves less.
func TestARevertSaysWhatTheNextRoundWouldMakeAgain(t *testing.T) {
	search, payments := "user:cy@acme.com team:Search responder", "user:ann@acme.com team:Payments manager"
	for name, c := range map[string]struct {
		made, later *policies.Statements
		// undone are the changes undone, again those that the next round would make again.
		undone, again []string
	}{
		"a grant that stands":              {Grants("user:di@acme.com team:Search manager", search), Grants("user:di@acme.com team:Search manager", search), []string{"di none"}, []string{"di none"}},
		"a grant that is gone":             {Grants("user:di@acme.com team:Search manager", search), Grants(search), []string{"di none"}, nil},
		"a team that is named no more":     {Grants("user:di@acme.com team:Search manager", search), Grants(payments), []string{"di none"}, nil},
		"a revoke, and the team is named":  {Grants(payments), Grants(payments), []string{"bob responder"}, []string{"bob responder"}},
		"a revoke, and it is not any more": {Grants(payments), Grants(search), []string{"bob responder"}, nil},
		"a base role that stands":          {Grants("user:ann@acme.com account observer"), Grants("user:ann@acme.com account observer"), []string{"ann user"}, []string{"ann user"}},
		"a base role for others":           {Grants("user:ann@acme.com account observer"), Grants("user:bob@acme.com account user"), []string{"ann user"}, nil},
		"a limit that leaves less":         {underLimits(elsewhere(), "bob team:* observer"), underLimits(elsewhere(), "bob team:* observer"), []string{"bob responder"}, []string{"bob responder"}},
		"a limit that leaves as much":      {underLimits(elsewhere(), "bob team:* observer"), underLimits(elsewhere(), "bob team:* responder"), []string{"bob responder"}, nil},
		"a limit on a base role":           {underLimits(elsewhere(), "adm account user"), underLimits(elsewhere(), "adm account user"), []string{"adm admin"}, []string{"adm admin"}},
		"a limit on another person's":      {underLimits(elsewhere(), "adm account user"), underLimits(elsewhere(), "bob account limited_user"), []string{"adm admin"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			v := undone(t, Account(), c.made, c.later, nothing)
			var made, again []string
			for _, x := range v.Plan.Changes {
				made = append(made, x.User+" "+x.After)
				if slices.Contains(v.Again, x.ID) {
					again = append(again, x.User+" "+x.After)
				}
			}
			if d := cmp.Diff([][]string{c.undone, c.again}, [][]string{made, again}); d != "" {
				t.Errorf("undone, and again (-want +got):\n%s", d)
			}
		})
	}
}

func TestARevertLeavesTurnsOverridesAndPeopleWhoAreGone(t *testing.T) {
	base := plan.Change{ID: "b", Kind: plan.BaseRole, User: "ann", Resource: inventory.AccountRef, Before: "admin", After: "user", Effect: plan.Lower}
	team := plan.Change{ID: "t", Kind: plan.TeamRole, User: "cy", Resource: inventory.ByID(inventory.KindTeam, "SEA"), Before: "manager", After: "responder", Effect: plan.Lower}
	gone, turns, override := base, team, team
	gone.User = "gone"
	turns.Kind, turns.Resource, turns.Layer = plan.Rotation, inventory.ByID(inventory.KindSchedule, "WEE"), "DAY"
	override.Kind, override.Resource = plan.Override, turns.Resource
	v := MustMake(t, Input(Turns(), everybody())).Revert([]plan.Change{base, team, gone, turns, override})
	wantDue(t, v.Plan, "raise account ann user>admin revert", "raise team:Search cy responder>manager revert")
	var left []string
	for _, l := range v.Left {
		left = append(left, l.Change.User+": "+l.Why)
	}
	const schedules = "cy: what was changed on schedules is not undone by this: edit the schedule in PagerDuty, or the policy"
	sameLines(t, "left are", left, []string{"gone: this person is not in PagerDuty any more", schedules, schedules})
	for _, c := range v.Plan.Changes {
		if c.By == nil || len(c.By) > 0 || c.Until != nil || len(c.LimitedBy) > 0 {
			t.Errorf("%+v, want it made by nobody's rule", c)
		}
	}
}

// Of a team that a revert takes people off and puts others on, none would be left where
// as many go as are there.
func TestS3_ARevertIsHeldWhereNobodyWouldBeLeft(t *testing.T) {
	change := func(user, before, after string) plan.Change {
		pair := desired.Pair{User: user, Resource: inventory.ByID(inventory.KindTeam, "PAY")}
		return plan.Change{ID: plan.Key(pair, before, after), Kind: plan.TeamRole, User: user, Resource: pair.Resource, Before: before, After: after}
	}
	ann, bob, di := change("ann", "none", "manager"), change("bob", "none", "responder"), change("di", "observer", "none")
	role := change("bob", "manager", "responder")
	for name, c := range map[string]struct {
		made []plan.Change
		held int
	}{
		"one of two goes":             {[]plan.Change{ann}, 0},
		"both go":                     {[]plan.Change{ann, bob}, 2},
		"both go, and another comes":  {[]plan.Change{ann, bob, di}, 0},
		"one goes, one is raised":     {[]plan.Change{ann, role}, 0},
		"both go, and one's released": {[]plan.Change{ann, bob}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			in := Input(Account(), everybody())
			if c.held == 1 {
				in.Memory.Released = map[string]plan.Release{"team/PAY/ann/manager/none": {Reason: "meant", At: Noon}}
			}
			p := MustMake(t, in).Revert(c.made).Plan
			if len(p.Held) != c.held || c.held > 0 && (p.Held[0].Rule != "S3" || p.Held[0].Why != "nobody would be left on team:Payments") {
				t.Errorf("%q, %+v, want %d held", Lines(p), p.Held, c.held)
			}
		})
	}
}
