package eval_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRulesThatReadWhatChanges(t *testing.T) {
	head := "package access.x\n\nimport data.dutyward\n\n"
	grant := `grant contains {"principal": "user:ann@acme.com", "resource": "team:Payments", "role": "manager"} if `
	for name, c := range map[string]struct {
		body string
		want []string
	}{
		"a rule over data reads nothing":                     {grant + "some p in data.people", nil},
		"a rule that goes over teams by name":                {grant + "{\n\tsome t in input.teams\n\tt.name == \"x\"\n}", nil},
		"a rule that looks up a person":                      {grant + "dutyward.user(\"ann@acme.com\").name == \"x\"", nil},
		"the time":                                           {grant + "input.now != \"\"", []string{"now"}},
		"the time, by the library":                           {grant + "dutyward.within(\"2026-01-01T00:00:00Z\", null)", []string{"now"}},
		"base roles":                                         {grant + "{\n\tsome u in input.users\n\tu.base_role == \"user\"\n}", []string{"users"}},
		"members, by a helper":                               {grant + "_big\n\n_big if {\n\tsome t in input.teams\n\tcount(t.members) > 3\n}", []string{"teams"}},
		"who is on call now, by the library and the time":    {grant + "count(dutyward.on_call_at(\"Primary\", input.now)) > 0", []string{"now", "schedules"}},
		"a rule that goes over schedules and people by name": {grant + "{\n\tsome s in input.schedules\n\ts.name == \"x\"\n\tsome u in input.users\n\tu.name == \"x\"\n}", nil},
		"who is on a schedule":                               {grant + "{\n\tsome s in input.schedules\n\tcount(s.users) > 1\n}", []string{"schedules"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := load(t, root(t, "a.rego", head+c.body, "people/people.yaml", "[{email: ann@acme.com}]"))
			var got []string
			for _, r := range s.ReadingRules() {
				got = append(got, r.What...)
				if r.Origin.Line != 5 {
					t.Errorf("line %d", r.Origin.Line)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
