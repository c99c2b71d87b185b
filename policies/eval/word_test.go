package eval_test

import "testing"

// A function of one word that has no answer, such as the least of none, loses an element as
// any other; it is no fault of the program.
func TestTheLeastOfNoneLosesAnElementAndSaysSo(t *testing.T) {
	dir := root(t, "access/a.rego", `package access.a

grant contains {"principal": $"user:{email}", "resource": "team:Payments", "role": "manager"} if {
	some user in input.users
	near := {u.email | some u in input.users; u.email == user.name}
	email := min(near)
}
`)
	s := evaluate(t, load(t, dir))
	if len(s.Grants) != 0 || len(s.Failures) != 1 || s.Failures[0].Rule != "grant" {
		t.Errorf("it gives %+v and fails with %+v", s.Grants, s.Failures)
	}
}
