package diff_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// undone is what undoes a round's changes, once others have moved on from where
// it left the account.
func undone(t *testing.T, s *inventory.Snapshot, st, later *policies.Statements, moved func(s *inventory.Snapshot)) *diff.Reversal {
	t.Helper()
	in := Input(s, st)
	r := MustMake(t, in)
	in = Next(r, in, 1)
	in.Statements, in.Revision = later, "r2"
	moved(in.Snapshot)
	return MustMake(t, in).Revert(r.Plan.Changes)
}

func nothing(*inventory.Snapshot) {}

func TestARevertUndoesWhatARoundWroteAndSaysWhatThePoliciesWouldDoAgain(t *testing.T) {
	st := Grants("user:di@acme.com team:Search manager")
	v := undone(t, Account(), st, st, nothing)
	wantDue(t, v.Plan,
		"raise team:Search cy none>responder revert",
		"lower team:Search di manager>none revert",
	)
	if len(v.Again) != 2 || len(v.Left) != 0 {
		t.Errorf("again %v, left %v; want both again", v.Again, v.Left)
	}

	fixed := Grants("user:cy@acme.com team:Search responder")
	v = undone(t, Account(), st, fixed, nothing)
	if len(v.Plan.Changes) != 2 || len(v.Again) != 0 {
		t.Errorf("%q, again %v; want nothing again once the policies are fixed", Lines(v.Plan), v.Again)
	}
}

func TestARevertLeavesWhatMovedSinceAndWhoIsProtected(t *testing.T) {
	st := Grants("user:di@acme.com team:Search manager", "user:ed@acme.com team:Search observer")
	protected := Grants("user:di@acme.com team:Search manager", "user:ed@acme.com team:Search observer")
	protected.Protects = []policies.Protect{{Principal: Ref("user:ed@acme.com"), Reason: "so", Origins: Origin(9)}}
	v := undone(t, Account(), st, protected, func(s *inventory.Snapshot) {
		Put(s, "SEA", "di", "observer")
		Put(s, "SEA", "cy", "responder")
	})
	wantDue(t, v.Plan, "protected team:Search ed observer, would be none: so")
	var left []string
	for _, l := range v.Left {
		left = append(left, l.Change.User+": "+l.Why)
	}
	if d := cmp.Diff([]string{"di: somebody moved it since: PagerDuty holds observer", "cy: undone already"}, left); d != "" {
		t.Errorf("left (-want +got):\n%s", d)
	}
}

func TestS26_ARevertIsUnderTheLimitOnLowerings(t *testing.T) {
	st := Grants("user:cy@acme.com team:Search responder")
	for i := range 6 {
		st.Grants = append(st.Grants, Grants(fmt.Sprintf("user:x%03d@acme.com team:Search responder", i)).Grants...)
	}
	s := crowd(Account(), 6)
	for i := range 6 {
		id := fmt.Sprintf("x%03d", i)
		delete(s.Teams["SEA"].Members, id)
		delete(s.Users[id].Teams, "SEA")
	}
	v := undone(t, s, st, st, nothing)
	if len(v.Plan.Changes) != 0 || len(v.Plan.Held) != 6 || v.Plan.Held[0].Rule != "S26" {
		t.Errorf("%q, want six lowerings held by the limit", Lines(v.Plan))
	}
}

func TestS3_ARevertThatWouldEmptyATeamIsHeld(t *testing.T) {
	s := Account()
	delete(s.Teams["SEA"].Members, "cy")
	delete(s.Users["cy"].Teams, "SEA")
	st := Grants("user:di@acme.com team:Search manager")
	v := undone(t, s, st, st, nothing)
	wantDue(t, v.Plan, "held S3: lower team:Search di manager>none revert")
}

func TestARevertKeepsToTheModes(t *testing.T) {
	st := Grants("user:di@acme.com team:Search manager")
	in := Input(Account(), st)
	r := MustMake(t, in)
	in = Next(r, in, 1)
	in.Settings = plan.Settings{Default: plan.GrantOnly}
	wantDue(t, MustMake(t, in).Revert(r.Plan.Changes).Plan,
		"raise team:Search cy none>responder revert",
		"unenforced: lower team:Search di manager>none revert",
	)
}
