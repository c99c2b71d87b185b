package diff_test

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestPropertiesOfEveryPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := AnyInput(t)
		r, err := diff.Make(in)
		if err != nil {
			t.Skip(err) // team: principals may not settle
		}
		again, err := diff.Make(in)
		if err != nil || !reflect.DeepEqual(r.Plan, again.Plan) {
			t.Fatal("the same input gives another plan")
		}
		done := map[string]bool{}
		for _, c := range r.Plan.Changes {
			for _, id := range c.Requires {
				if !done[id] {
					t.Fatalf("%s comes before %s, which it requires", c.ID, id)
				}
			}
			done[c.ID] = true
			checkChange(t, r, c)
		}
		checkEachPairOnce(t, r.Plan)

		following := Next(r, in, 0)
		second, err := diff.Make(following)
		if err != nil {
			t.Fatal(err)
		}
		if len(second.Plan.Changes) != 0 {
			t.Fatalf("a second run right after the first would change %v", Lines(second.Plan))
		}
	})
}

func checkChange(t *rapid.T, r *diff.Result, c plan.Change) {
	_, named := r.Access.Named[c.Pair().Target()]
	limit, limited := r.Access.Cap(c.Pair())
	beyond := limited && limit.AtMost == c.After && len(c.LimitedBy) > 0 // S38
	if c.Effect == plan.Lower && !named && !beyond {
		t.Fatalf("%s lowers where no grant names anything", c.ID)
	}
	if r.Access.UnknownReason(c.Pair()) != "" {
		t.Fatalf("%s touches an unknown pair", c.ID)
	}
	if c.User == "own" || c.Before == c.After || c.Before != r.Snapshot.RoleOf(c.User, c.Resource) {
		t.Fatalf("%s is no change to make", c.ID)
	}
	if len(c.By) == 0 {
		t.Fatalf("%s does not say by which rule", c.ID)
	}
	if slices.ContainsFunc(r.Plan.Protected, func(p plan.Protected) bool { return p.User == c.User && p.Resource == c.Resource }) {
		t.Fatalf("%s touches a protected pair", c.ID)
	}
}

func checkEachPairOnce(t *rapid.T, p *plan.Plan) {
	seen := map[string]bool{}
	once := func(c plan.Change) {
		key := c.User + " " + c.Resource.String()
		if seen[key] {
			t.Fatalf("%s stands in the plan twice", key)
		}
		seen[key] = true
	}
	for _, c := range p.Changes {
		once(c)
	}
	for _, c := range p.Unenforced {
		once(c)
	}
	for _, c := range p.Held {
		once(c.Change)
	}
	for _, c := range p.Blocked {
		once(c.Change)
	}
}
