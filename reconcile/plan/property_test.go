package plan_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// anyInput draws an account with some memberships and policies over it.
func anyInput(t *rapid.T) plan.Input {
	s := account()
	users := []string{"own", "adm", "stk", "ann", "bob", "cy", "di", "ed"}
	role := rapid.SampledFrom([]string{"manager", "responder", "observer"})
	for _, team := range []string{"PAY", "SEA"} {
		for _, user := range rapid.SliceOfNDistinct(rapid.SampledFrom(users[1:]), 0, 6, rapid.ID).Draw(t, "on "+team) {
			put(s, team, user, role.Draw(t, "role"))
		}
	}
	principals := []string{"group:g", "group:h", "oncall:Primary", "team:Search", "rotation:Primary", "user:gone@acme.com", "user:ann@acme.com", "user:di@acme.com", "user:stk@acme.com"}
	resources := []string{"account", "team:Payments", "team:Search", "team:Nope"}
	var st *policies.Statements
	var lines []string
	for range rapid.IntRange(1, 8).Draw(t, "grants") {
		r := rapid.SampledFrom(resources).Draw(t, "resource")
		as := role.Draw(t, "role")
		if r == "account" {
			as = rapid.SampledFrom(inventory.BaseRoles()).Draw(t, "base role")
		}
		line := fmt.Sprintf("%s %s %s", rapid.SampledFrom(principals).Draw(t, "principal"), r, as)
		if rapid.Bool().Draw(t, "windowed") {
			line += fmt.Sprintf(" until %d", rapid.IntRange(-2, 9).Draw(t, "hours"))
		}
		lines = append(lines, line)
	}
	st = members(grants(lines...), "g group:h", "g user:cy@acme.com", "h oncall:Primary", "h user:ed@acme.com")
	if rapid.Bool().Draw(t, "limited") {
		st.Limits = []policies.Limit{{Principal: ref(rapid.SampledFrom(principals).Draw(t, "limited")), Resource: ref("team:*"), AtMost: "observer", Reason: "r", Origins: origin(50)}}
	}
	if rapid.Bool().Draw(t, "protected") {
		st.Protects = []policies.Protect{{Principal: ref("user:ann@acme.com"), Reason: "r", Origins: origin(51)}}
	}
	return input(s, st)
}

func TestPropertiesOfEveryPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := anyInput(t)
		r, err := plan.Make(in)
		if err != nil {
			t.Skip(err) // team: principals may not settle
		}
		again, err := plan.Make(in)
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

		following := next(r, in, 0)
		second, err := plan.Make(following)
		if err != nil {
			t.Fatal(err)
		}
		if len(second.Plan.Changes) != 0 {
			t.Fatalf("a second run right after the first would change %v", lines(second.Plan))
		}
	})
}

func checkChange(t *rapid.T, r *plan.Result, c plan.Change) {
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
	for _, c := range p.Observed {
		once(c)
	}
	for _, c := range p.Held {
		once(c.Change)
	}
	for _, c := range p.Blocked {
		once(c.Change)
	}
}
