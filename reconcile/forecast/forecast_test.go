package forecast_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/forecast"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestAForecastIsThePlansOfItsMoments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := AnyInput(t)
		f, err := forecast.Foresee(in, At(30))
		if err != nil {
			t.Skip(err) // team: principals may not settle
		}
		steps := map[string][]string{}
		for _, step := range f.Steps {
			steps[step.At.String()] = changesOf(step.Changes)
		}
		r, err := diff.Make(in)
		if err != nil {
			t.Fatal(err)
		}
		compare := func() {
			moment := r.Plan.Now.String()
			if want, got := changesOf(r.Plan.Changes), steps[moment]; !slices.Equal(want, got) {
				t.Fatalf("at %s the plan is\n%s\nand the forecast says\n%s", moment, strings.Join(want, "\n"), strings.Join(got, "\n"))
			}
			delete(steps, moment)
		}
		compare()
		for {
			following := r.Expansion.Boundaries(in.Now, At(30))
			if len(following) == 0 {
				break
			}
			raised := raisedAfter(in.Memory.Raised, r.Plan.Changes)
			ends := endsAfter(in.Memory.Ends, raised, r.Plan.Changes)
			for _, c := range r.Plan.Changes {
				if c.Effect == plan.Lower && c.Cause != plan.CauseHandoff && c.Cause != plan.CauseExpiry {
					in.Memory.Recent = append(in.Memory.Recent, plan.RecentOf(c, r.Plan.Now))
				}
			}
			in = Next(r, in, following[0].At.Sub(r.Plan.Now).Hours())
			in.Memory.Raised, in.Memory.Ends = raised, ends
			if r, err = diff.Make(in); err != nil {
				t.Fatal(err)
			}
			compare()
		}
		if len(steps) > 0 {
			t.Fatalf("the forecast has steps at no boundary: %v", steps)
		}
	})
}

// raisedAfter are the raises that stand after changes, as the journal keeps them.
func raisedAfter(raised map[desired.Pair]string, changes []plan.Change) map[desired.Pair]string {
	after := map[desired.Pair]string{}
	maps.Copy(after, raised)
	for _, c := range changes {
		before, stands := after[c.Pair()]
		switch {
		case c.Effect == plan.Raise && !stands:
			after[c.Pair()] = c.Before
		case c.Effect == plan.Lower && stands && inventory.CompareRoles(c.Resource.Kind, c.After, before) <= 0:
			delete(after, c.Pair())
		}
	}
	return after
}

// endsAfter are when the raises that stand were to end, as the journal keeps them: what
// the last raise of each said.
func endsAfter(ends map[desired.Pair]plan.Ending, raised map[desired.Pair]string, changes []plan.Change) map[desired.Pair]plan.Ending {
	after := map[desired.Pair]plan.Ending{}
	for pair := range raised {
		last, found := ends[pair]
		for _, c := range changes {
			if c.Pair() == pair && c.Effect == plan.Raise {
				last, found = plan.EndingOf(c)
			}
		}
		if found {
			after[pair] = last
		}
	}
	return after
}

func changesOf(changes []plan.Change) []string {
	out := []string{}
	for _, c := range changes {
		out = append(out, string(c.Cause)+" "+c.ID+": "+c.Reason)
	}
	slices.Sort(out)
	return out
}
