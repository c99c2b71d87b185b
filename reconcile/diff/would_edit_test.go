package diff_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/compare"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestTurnsAreToldAlsoOfWhatIsNotDue(t *testing.T) {
	cases := map[string]struct {
		mode   plan.Mode
		people string
		// due and would are the weeks after, of the edit and of what would be.
		due, would string
	}{
		"due":                   {plan.Sync, "ann bob cy di Weekly", "ann bob cy di ann bob", ""},
		"not enforced":          {plan.Observe, "ann bob cy di Weekly", "", "ann bob cy di ann bob"},
		"held":                  {plan.Sync, "ann cy Weekly", "", "ann cy ann cy ann cy"},
		"not to be made":        {plan.Observe, "ann bob cy Weekly", "", ""},
		"lowered, not enforced": {plan.GrantOnly, "ann cy Weekly", "", "ann cy ann cy ann cy"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := Input(Turns(), Rotation(c.people))
			in.Settings.Kinds = map[inventory.Kind]plan.Mode{inventory.KindSchedule: c.mode}
			r := MustMake(t, in)
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

func TestWhatCouldNotBeMadeIsSaidWhereItsTurnsWouldBeTold(t *testing.T) {
	st := Members(Rotation("Weekly"), "nobody user:gone@acme.com")
	st.Grants = append(st.Grants, Grants("group:nobody schedule:Weekly rotation").Grants...)
	p := MustMake(t, Input(Turns(), st)).Plan
	want := "the turns on schedule Weekly can't be shown with those included that are held or not enforced, since these could not be made: it would leave layer Day of schedule Weekly without anybody: ann@acme.com, bob@acme.com, cy@acme.com would leave it, the last there"
	if len(p.WouldEdit) != 0 || !strings.Contains(strings.Join(desired.Messages(p.Notices), "\n"), want) {
		t.Errorf("would edit %v, notices %q", p.WouldEdit, desired.Messages(p.Notices))
	}
}

// What a policy changes of turns and overrides stands in its difference: as access
// that is asked for, or as an override that the plan makes or takes back.
func TestADifferenceOfPoliciesTellsTurnsAndOverrides(t *testing.T) {
	cases := map[string]struct {
		before, after func() diff.Input
		want          []string
	}{
		"somebody joins": {
			func() diff.Input { return Input(Turns(), Rotation("ann bob cy Weekly")) },
			func() diff.Input { return Input(Turns(), Rotation("ann bob cy di Weekly")) },
			[]string{"access di DAY none>rotation raise none>change"},
		},
		"a leave is held, and was not asked for": {
			func() diff.Input { return Input(Turns(), Rotation("ann bob cy Weekly")) },
			func() diff.Input { return Input(Turns(), Rotation("ann cy Weekly")) },
			[]string{"access bob DAY rotation>none lower none>held", "hold S23 1"},
		},
		"an override more": {
			func() diff.Input { return Input(Turns(), Rotation("ann bob cy Weekly")) },
			func() diff.Input {
				return Input(Turns(), Override(Rotation("ann bob cy Weekly"), "di", "Weekly", 24, 36, ""))
			},
			[]string{"access di  none>override raise none>change"},
		},
		"an override at another time": {
			func() diff.Input {
				return Input(Turns(), Override(Rotation("ann bob cy Weekly"), "di", "Weekly", 24, 36, ""))
			},
			func() diff.Input {
				return Input(Turns(), Override(Rotation("ann bob cy Weekly"), "di", "Weekly", 24, 40, ""))
			},
			[]string{"access di  override>none lower change>none", "access di  none>override raise none>change"},
		},
		"the same in another order": {
			func() diff.Input { return Input(Turns(), Rotation("ann bob cy di Follow")) },
			func() diff.Input { return Input(Turns(), Rotation("di cy bob ann Follow")) },
			nil,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := compare.Compare(MustMake(t, c.before()), MustMake(t, c.after()))
			var got []string
			for _, a := range d.Access {
				got = append(got, strings.Join([]string{"access", a.User, a.Layer, a.Before + ">" + a.After, string(a.Effect), string(a.Was.State) + ">" + string(a.Then.State)}, " "))
			}
			for _, x := range d.Consequences {
				got = append(got, strings.Join([]string{"consequence", x.User, string(x.Was.State) + ">" + string(x.Then.State)}, " "))
			}
			for _, h := range d.Holds {
				got = append(got, "hold "+h.Rule+" 1")
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("the difference differs (-want +got):\n%s", diff)
			}
		})
	}
}
