package eval_test

import "testing"

// A function of one word that has no answer, such as the least of none, is no fault of the
// program: the rule gives nothing.
func TestTheLeastOfNoneGivesNothing(t *testing.T) {
	dir := root(t, "access/a.rego", `package access.a

grant contains {"principal": $"user:{email}", "resource": "team:Payments", "role": "manager"} if {
	some user in input.users
	near := {u.email | some u in input.users; u.email == user.name}
	email := min(near)
}
`)
	s := evaluate(t, load(t, dir))
	if len(s.Grants) != 0 || len(s.Counts) != 1 || s.Counts[0].Elements != 0 {
		t.Errorf("it gives %+v, counted as %+v", s.Grants, s.Counts)
	}
}
