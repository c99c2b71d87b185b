package diff_test

import (
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Of a copy of the state every raise of a role stands in doubt, on the account and on
// teams; turns have no way back.
func TestS4_OfACopyThatWasPutBackEachRaiseIsDoubted(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*diff.Input)
		want []string
	}{
		"a copy":               {func(in *diff.Input) { in.Memory.Restored = "the state is a copy" }, []string{"account/ann/user/limited_user", "team/SEA/di/responder/none"}},
		"no copy":              {func(*diff.Input) {}, nil},
		"one doubted before":   {func(in *diff.Input) { in.Memory.Last.Unwitnessed = []string{"team/SEA/di/responder/none"} }, []string{"team/SEA/di/responder/none"}},
		"another of it before": {func(in *diff.Input) { in.Memory.Last.Unwitnessed = []string{"team/SEA/di/manager/none"} }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := Turns()
			Put(s, "SEA", "di", "responder")
			in := Input(s, everybody("user:di@acme.com team:Search responder", "user:ann@acme.com account user"))
			in.Memory.Last = &plan.Round{At: At(-1), Revision: "r1"}
			in.Memory.Raised = map[desired.Pair]string{
				{User: "ann", Resource: inventory.AccountRef}:                                        "limited_user",
				{User: "di", Resource: inventory.ByID(inventory.KindTeam, "SEA")}:                    "none",
				{User: "ann", Resource: inventory.ByID(inventory.KindSchedule, "WEE"), Layer: "DAY"}: "none",
				{User: "ann", Resource: inventory.ByID(inventory.KindSchedule, "WEE")}:               "none",
			}
			c.set(&in)
			sameLines(t, "doubted are", roundOf(t, in, 0).Unwitnessed, c.want)
		})
	}
}
