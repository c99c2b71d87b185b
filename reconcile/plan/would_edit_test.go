package plan_test

import (
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestTurnsAreToldAlsoOfWhatIsNotDue(t *testing.T) {
	cases := map[string]struct {
		mode   plan.Mode
		people string
		// due and would are the weeks after, of the edit and of what would be.
		due, would string
	}{
		"due":               {plan.Sync, "ann bob cy di Weekly", "ann bob cy di ann bob", ""},
		"observed":          {plan.Observe, "ann bob cy di Weekly", "", "ann bob cy di ann bob"},
		"held":              {plan.Sync, "ann cy Weekly", "", "ann cy ann cy ann cy"},
		"not to be made":    {plan.Observe, "ann bob cy Weekly", "", ""},
		"lowered, observed": {plan.GrantOnly, "ann cy Weekly", "", "ann cy ann cy ann cy"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := input(turns(), rotation(c.people))
			in.Settings.Kinds = map[inventory.Kind]plan.Mode{inventory.KindSchedule: c.mode}
			r := mustMake(t, in)
			told := func(edits []plan.Edit) string {
				if len(edits) == 0 {
					return ""
				}
				return weeks(edits[0].After, 6)
			}
			if got := told(r.Plan.Edits); got != c.due {
				t.Errorf("due are the weeks %q, want %q", got, c.due)
			}
			if got := told(r.Plan.WouldEdit); got != c.would {
				t.Errorf("the weeks would be %q, want %q", got, c.would)
			}
			if c.would != "" && (r.Plan.Expires != nil || len(r.Plan.Changes) > 0) {
				t.Errorf("a plan that does nothing expires %v and has %d changes", r.Plan.Expires, len(r.Plan.Changes))
			}
		})
	}
}
