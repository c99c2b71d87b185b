package plan_test

import (
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestWhatNoKindIsAboutIsTakenForNone(t *testing.T) {
	known := []plan.Kind{plan.BaseRole, plan.TeamRole, plan.Rotation, plan.Override, plan.Deprovision}
	for _, pair := range []desired.Pair{
		{User: "ann", Resource: inventory.ByID(inventory.KindService, "WEB")},
		{User: "ann", Resource: inventory.ByID(inventory.KindTeam, "PAY"), Layer: "L"},
		{User: "ann"},
	} {
		for _, k := range known {
			if plan.KindOf(pair) == k {
				t.Errorf("%v is taken for %s", pair, k)
			}
		}
	}
}
