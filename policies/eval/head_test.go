package eval_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/policies"
)

const rows = `
- {email: ann@acme.com, kind: engineer, role: responder, roles: [responder], team: Payments}
- {email: bob@acme.com, kind: enginer, rolle: responder, roles: responder, team: Payments}
`

// TestS36_AHeadThatIsUndefinedWhereItsBodyHoldsIsAFailure has Bob's row miss
// something in each way in which a head can.
func TestS36_AHeadThatIsUndefinedWhereItsBodyHoldsIsAFailure(t *testing.T) {
	const head = `grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "role": %} if some p in data.people`
	for name, c := range map[string]struct {
		rego string
		want []string
	}{
		"a field": {
			strings.Replace(head, "%", "p.role", 1),
			[]string{"p.role is undefined where p is the row of bob@acme.com", "did you mean role instead of rolle?"},
		},
		"a field, of which a function makes something": {
			strings.Replace(head, "%", "lower(p.role)", 1),
			[]string{"p.role is undefined", "did you mean role instead of rolle?"},
		},
		"a word that an object does not know": {
			`by_kind := {"engineer": "responder", "lead": "manager"}` + "\n\n" + strings.Replace(head, "%", "by_kind[p.kind]", 1),
			[]string{`by_kind[p.kind] is undefined where p.kind is "enginer"`, "expected engineer or lead", "did you mean engineer?"},
		},
		"a word that a function does not know": {
			`role_of(kind) := "responder" if kind == "engineer"` + "\n\n" + strings.Replace(head, "%", "role_of(p.kind)", 1),
			[]string{`role_of(p.kind) is undefined where p.kind is "enginer"`, "did you mean engineer instead of enginer?"},
		},
		"a row that a function does not know": {
			`role_of(p) := "responder" if p.kind in {"engineer", "lead"}` + "\n\n" + strings.Replace(head, "%", "role_of(p)", 1),
			[]string{"role_of(p) is undefined where p is the row of bob@acme.com", "did you mean engineer instead of enginer?"},
		},
		"a text where others have a list": {
			strings.Replace(head, "%", "p.roles[0]", 1),
			[]string{"p.roles[0] is undefined in a string"},
		},
		"an object that the body makes": {
			`grant contains g if {
	some p in data.people
	g := {"principal": $"user:{p.email}", "resource": "team:Payments", "role": p.role}
}`,
			[]string{"p.role is undefined"},
		},
		"a field that a helper's head selects": {
			"assigned contains {\"who\": p.email, \"role\": p.role} if some p in data.people\n\n" +
				`grant contains {"principal": $"user:{a.who}", "resource": "team:Payments", "role": a.role} if some a in assigned`,
			[]string{"p.role is undefined where p is the row of bob@acme.com", "this assigned rule", "did you mean role instead of rolle?"},
		},
		"a word in a comprehension of a helper": {
			"roles := {\"engineer\": \"responder\"}\n\nrole_of := {p.email: roles[p.kind] | some p in data.people}\n\n" +
				`grant contains {"principal": $"user:{email}", "resource": "team:Payments", "role": role} if some email, role in role_of`,
			[]string{`roles[p.kind] is undefined where p.kind is "enginer"`, "did you mean engineer?"},
		},
		"a row that a helper picks": {
			"payments contains p if {\n\tsome p in data.people\n\tp.team == \"Payments\"\n}\n\n" +
				strings.Replace(strings.Replace(head, "%", "p.role", 1), "data.people", "payments", 1),
			[]string{"p.role is undefined where p is the row of bob@acme.com"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := root(t, "people/people.yaml", rows, "access/people.rego", "package access.people\n\n"+c.rego+"\n")
			s := load(t, dir)
			st := evaluate(t, s)
			if len(st.Grants) != 1 {
				t.Errorf("%d grants, want Ann's", len(st.Grants))
			}
			if len(st.Failures) != 1 {
				t.Fatalf("failures: %+v", st.Failures)
			}
			said := s.ProblemOf(st.Failures[0]).String()
			for _, want := range append(c.want, "from "+dir+"/people/people.yaml:3", "[rule/undefined-head]") {
				if !strings.Contains(said, want) {
					t.Errorf("does not say %q: %s", want, said)
				}
			}
		})
	}
}

// TestS36_AHeadThatIsMeantToBeUndefinedAtTimesIsNone has rules that say for which
// rows they are.
func TestS36_AHeadThatIsMeantToBeUndefinedAtTimesIsNone(t *testing.T) {
	for name, rego := range map[string]string{
		"a condition": `grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "role": p.role} if {
	some p in data.people
	p.role
}`,
		"another rule for those without": `grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "role": p.role} if some p in data.people

grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "role": "observer"} if {
	some p in data.people
	not p.role
}`,
		"another rule, by another name of the row": `by_kind := {"engineer": "responder"}

grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "role": by_kind[p.kind]} if some p in data.people

grant contains {"principal": $"user:{row.email}", "resource": "team:Payments", "role": "observer"} if {
	some row in data.people
	not by_kind[row.kind]
}`,
		"a default": `grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "role": object.get(p, "role", "observer")} if some p in data.people`,
		"a default in the body": `grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "role": role} if {
	some p in data.people
	role := object.get(p, "role", "observer")
}`,
		"no row at all": `grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "role": p.role} if {
	some p in data.people
	p.team == "Platform"
}`,
		"a head that goes over rows itself": `grant contains {"principal": sprintf("user:%s", [data.people[_].nickname]), "resource": "team:Payments", "role": "manager"}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := load(t, root(t, "people/people.yaml", rows, "access/people.rego", "package access.people\n\n"+rego+"\n"))
			if st := evaluate(t, s); len(st.Failures) > 0 {
				t.Errorf("failures: %+v", st.Failures)
			}
		})
	}
}

// TestS36_AFailureInAHeadIsToldOnce has a builtin fail in a head: that is the failure.
func TestS36_AFailureInAHeadIsToldOnce(t *testing.T) {
	s := load(t, root(t, "people/people.yaml", "- {email: ann@acme.com, since: soon}\n", "access/people.rego", `package access.people

grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "role": "manager", "reason": sprintf("%d", [time.parse_rfc3339_ns(p.since)])} if some p in data.people
`))
	st := evaluate(t, s)
	if len(st.Failures) != 1 || st.Failures[0].Code == "rule/undefined-head" {
		t.Errorf("failures: %+v", st.Failures)
	}
}

// TestS36_ManyRowsAreToldInBounds has more rows than are reported one by one.
func TestS36_ManyRowsAreToldInBounds(t *testing.T) {
	text := ""
	for i := range 3000 {
		text += "- {email: u" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + "@acme.com}\n"
	}
	s := load(t, root(t, "people/people.yaml", text, "access/people.rego", `package access.people

grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "role": p["role"]} if some p in data.people
`))
	var st *policies.Statements = evaluate(t, s)
	if n := len(st.Failures); n < 2 || n > 12 {
		t.Errorf("%d failures are told", n)
	}
}

// TestS36_ASlipBehindManyOptionalFieldsIsFound has thousands of rows without a field that
// another rule takes care of, and one with a slip behind them.
func TestS36_ASlipBehindManyOptionalFieldsIsFound(t *testing.T) {
	text := ""
	for i := range 3000 {
		text += fmt.Sprintf("- {email: u%d@acme.com, role: responder}\n", i)
	}
	text += "- {email: zoe@acme.com, rolle: responder, until: 2026-04-01T00:00:00Z}\n"
	s := load(t, root(t, "people/people.yaml", text, "access/people.rego", `package access.people

grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "until": p.until, "role": p.role} if some p in data.people

grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "role": p.role} if {
	some p in data.people
	not p.until
}
`))
	st := evaluate(t, s)
	if len(st.Failures) != 1 || !strings.Contains(st.Failures[0].Text(), "p.role is undefined where p is the row of zoe@acme.com") {
		t.Errorf("failures: %+v", st.Failures)
	}
}
