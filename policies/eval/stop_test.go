package eval_test

import (
	"context"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/eval"
)

func TestARuleEndsForAPersonAtTheConditionThatFailed(t *testing.T) {
	roster := `
- {email: ann@acme.com, active: true, teams: [Payments]}
- {email: bob@acme.com, active: false, teams: [Payments]}
`
	cases := map[string]struct {
		rule string
		// person is an id; condition the source that fails for them, "" for none.
		person, condition string
	}{
		"a false field of the person's row": {
			`grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "role": "manager"} if {
				some p in data.people
				p.active
			}`, "PBOB", "p.active"},
		"another's row says nothing of the person": {
			`grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "role": "manager"} if {
				some p in data.people
				p.active
			}`, "PANN", ""},
		"the condition furthest down": {
			`grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "role": "manager"} if {
				some p in data.people
				p.email != "nobody"
				"Search" in p.teams
			}`, "PANN", `"Search" in p.teams`},
		"a user of the account": {
			`grant contains {"principal": $"user:#{u.id}", "resource": "team:#TPAY", "role": "manager"} if {
				some u in input.users
				u.base_role == "admin"
			}`, "PANN", `u.base_role == "admin"`},
		"a negated condition": {
			`grant contains {"principal": $"user:#{id}", "resource": "team:Payments", "role": "manager"} if {
				some id, u in input.users
				not u.base_role == "limited_user"
			}`, "PBOB", `not u.base_role == "limited_user"`},
		"a rule about another resource is not asked": {
			`grant contains {"principal": $"user:#{id}", "resource": "team:Search", "role": "manager"} if {
				some id, u in input.users
				u.base_role == "admin"
			}`, "PANN", ""},
		"a member rule of a group": {
			`group contains {"name": "g"}
			member contains {"group": "g", "principal": $"user:{p.email}"} if {
				some p in data.people
				p.active
			}`, "PBOB", "p.active"},
	}
	in, err := eval.NewInput(account())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := load(t, root(t, "access/a.rego", "package access.a\n\n"+c.rule, "people/people.yaml", roster))
			stops, err := s.Stops(context.Background(), in, noon, eval.StopQuery{
				Person: account().Users[c.person], Resources: []string{"team:Payments", "team:#TPAY"}, Groups: []string{"g"},
			})
			if err != nil {
				t.Fatal(err)
			}
			if c.condition == "" {
				if len(stops) > 0 {
					t.Errorf("it ends at %q; want nothing to be said", stops[0].Condition.Source)
				}
				return
			}
			if len(stops) != 1 || stops[0].Condition.Source != c.condition {
				t.Errorf("got %+v; want one stop at %q", stops, c.condition)
			}
		})
	}
}

func TestAStopHasThePersonsOwnValues(t *testing.T) {
	s := load(t, root(t, "access/a.rego", `package access.a

grant contains {"principal": $"user:#{u.id}", "resource": "team:Payments", "role": "manager"} if {
	some u in input.users
	u.base_role == "admin"
}`))
	in, err := eval.NewInput(account())
	if err != nil {
		t.Fatal(err)
	}
	stops, err := s.Stops(context.Background(), in, noon, eval.StopQuery{
		Person: inventory.User{ID: "PBOB", Email: "bob@ACME.com"}, Resources: []string{"team:Payments"},
	})
	if err != nil || len(stops) != 1 {
		t.Fatalf("got %v, %v; want one stop", stops, err)
	}
	c := stops[0].Condition
	if c.Came == nil || c.Came.Value != `"limited_user"` || c.Expected.Value != `"admin"` || c.Line != 5 || c.Attempts != 1 {
		t.Errorf("got %+v; want limited_user for admin in line 5, tried once", c)
	}
}
