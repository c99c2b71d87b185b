package examples_test

import (
	"bytes"
	"context"
	"os"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/report"
)

// saved reads a saved snapshot.
type saved string

func (s saved) Snapshot(context.Context, []string) (*inventory.Snapshot, error) {
	f, err := os.Open(string(s))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return inventory.Decode(f)
}

func TestTheExamplesPlans(t *testing.T) {
	for name, schemas := range map[string]map[string]string{
		"company": {"people": "company/people.schema.json", "exceptions": "company/exceptions.schema.json"},
		"starter": nil,
	} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			set, err := eval.Load(ctx, eval.Options{Roots: []string{name + "/policies"}, Schemas: schemas})
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range set.Warnings() {
				t.Errorf("a warning: %+v", w)
			}
			round := reconcile.Round{
				Reader: saved(name + "/seed.json"), Policies: set, Memory: (*journal.Journal)(nil),
				Settings: plan.Settings{Default: plan.Sync}, Now: monday.Local,
			}
			result, err := round.Plan(ctx)
			if err != nil {
				t.Fatal(err)
			}
			var text bytes.Buffer
			if err := report.PlanText(&text, result.Plan, report.Style{}); err != nil {
				t.Fatal(err)
			}
			golden(t, "testdata/"+name+".plan.txt", text.Bytes())
		})
	}
}
