package eval_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
)

// idleRows is what is said of the rows that no rule uses.
func idleRows(t *testing.T, s *eval.Set) policies.Problems {
	t.Helper()
	st := evaluate(t, s)
	notes, err := s.IdleRows(context.Background(), input(t), noon, st.Idle)
	if err != nil {
		t.Fatal(err)
	}
	return notes
}

func TestRowsThatNoRuleUsesAreShownWithTheirCondition(t *testing.T) {
	const people = `- {email: ann@acme.com, site: Berlin, teams: [Payments]}
- {email: bob@acme.com, site: Berln, teams: [Payments]}
- {email: cat@acme.com, site: Berlin}
`
	const head = `grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "role": "manager"} if {` + "\n"
	for name, c := range map[string]struct {
		rego string
		want []string
	}{
		"a condition": {
			head + "\tsome p in data.people\n\tp.site == \"Berlin\"\n}",
			[]string{`1 of 3 rows of %/people/people.yaml gives nothing: %/people/people.yaml:2 ends at p.site == "Berlin", where p.site is "Berln"`},
		},
		"two conditions": {
			head + "\tsome p in data.people\n\tp.site == \"Berlin\"\n\tsome t in p.teams\n\tt == \"Payments\"\n}",
			[]string{
				`2 of 3 rows of %/people/people.yaml give nothing: %/people/people.yaml:2 ends at p.site == "Berlin", where p.site is "Berln"`,
				`2 of 3 rows of %/people/people.yaml give nothing: %/people/people.yaml:3 ends at some t in p.teams`,
			},
		},
		"rows that come through a helper": {
			"berlin contains p if {\n\tsome p in data.people\n\tp.site == \"Berlin\"\n}\n\n" + head + "\tsome p in berlin\n\tsome t in p.teams\n}",
			[]string{
				`2 of 3 rows of %/people/people.yaml give nothing: %/people/people.yaml:2 ends at p.site == "Berlin", where p.site is "Berln"`,
				`2 of 3 rows of %/people/people.yaml give nothing: %/people/people.yaml:3 ends at some t in p.teams`,
			},
		},
		"another rule uses them": {
			head + "\tsome p in data.people\n\tp.site == \"Berlin\"\n}\n\n" + head + "\tsome p in data.people\n\tp.site == \"Berln\"\n}",
			nil,
		},
		"another rule reads them in another way": {
			head + "\tsome p in data.people\n\tp.site == \"Berlin\"\n}\n\n" + `others := {p.email | some p in data.people}

grant contains {"principal": $"user:{u}", "resource": "team:Payments", "role": "observer"} if some u in others`,
			nil,
		},
		"in brackets": {
			head + "\tp := data.people[_]\n\tp.site == \"Berlin\"\n}",
			[]string{`1 of 3 rows of %/people/people.yaml gives nothing: %/people/people.yaml:2 ends at p.site == "Berlin", where p.site is "Berln"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := root(t, "people/people.yaml", people, "access/people.rego", "package access.people\n\n"+c.rego+"\n")
			notes := idleRows(t, load(t, dir))
			var got []string
			for _, n := range notes {
				if !n.Note || !n.Warning {
					t.Errorf("is no note: %s", n)
				}
				got = append(got, strings.ReplaceAll(n.Text(), dir, "%"))
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestManyRowsThatNoRuleUsesAreShownInBounds(t *testing.T) {
	var people strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&people, "- {email: u%d@acme.com, site: Lisbon}\n", i)
	}
	notes := idleRows(t, load(t, root(t, "people/people.yaml", people.String(), "access/people.rego", `package access.people

grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "role": "manager"} if {
	some p in data.people
	p.site == "Berlin"
}
`)))
	if len(notes) != 1 || !strings.Contains(notes[0].Text(), "5000 of 5000 rows") || !strings.Contains(notes[0].Text(), "and at least 37 more end at") {
		t.Errorf("got %v", notes)
	}
}
