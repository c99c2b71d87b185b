package eval_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/policies/source"
)

// crowd is an account of n people, a team for ten and a schedule for twenty.
func crowd(n int) *inventory.Snapshot {
	s := account()
	s.Users, s.Teams, s.Schedules = map[string]inventory.User{}, map[string]inventory.Team{}, map[string]inventory.Schedule{}
	s.EscalationPolicies, s.Services = map[string]inventory.EscalationPolicy{}, map[string]inventory.Service{}
	s.Account.Window = inventory.Window{Since: noon.AddDate(0, 0, -7), Until: noon.AddDate(0, 0, 35)}
	for i := range n {
		id := fmt.Sprintf("P%05d", i)
		s.Users[id] = inventory.User{ID: id, Name: id, Email: fmt.Sprintf("u%d@acme.com", i), BaseRole: "limited_user"}
	}
	for i := range n / 10 {
		id := fmt.Sprintf("T%05d", i)
		s.Teams[id] = inventory.Team{ID: id, Name: fmt.Sprintf("Team %d", i), Members: map[string]string{fmt.Sprintf("P%05d", i): "manager"}}
	}
	for i := range n / 20 {
		id := fmt.Sprintf("S%05d", i)
		sched := inventory.Schedule{ID: id, Name: fmt.Sprintf("Schedule %d", i), Kind: inventory.ScheduleOfLayers, Layers: []inventory.Layer{{
			ID: "L" + id, Name: "Day", Start: noon.AddDate(0, 0, -7), VirtualStart: noon.AddDate(0, 0, -7), TurnSeconds: 86400,
			Users: []string{fmt.Sprintf("P%05d", i*20), fmt.Sprintf("P%05d", i*20+1)},
		}}}
		for d := range 42 {
			at := noon.AddDate(0, 0, d-7)
			sched.Shifts = append(sched.Shifts, inventory.Shift{User: fmt.Sprintf("P%05d", (i*20+d)%n), Start: at, End: at.AddDate(0, 0, 1)})
		}
		s.Schedules[id] = sched
		policy, service := "E"+id, "V"+id
		s.EscalationPolicies[policy] = inventory.EscalationPolicy{ID: policy, Name: policy, Rules: []inventory.EscalationRule{
			{DelayMinutes: 30, Targets: []inventory.Target{{Type: "schedule", ID: id}}},
		}}
		s.Services[service] = inventory.Service{ID: service, Name: service, EscalationPolicy: policy, Status: "critical"}
	}
	return s
}

// use is policies that use a function of the library once a person, team or
// schedule: rules of access, and of risk where access may not ask.
type use struct{ access, risk string }

// uses are by function, without its package's first word.
var uses = map[string]use{
	"user":            {access: `grant contains {"principal": $"user:{u.email}", "resource": "account", "role": "user"} if { some p in data.people; u := data.dutyward.user(p.email) }`},
	"team":            {access: `grant contains {"principal": $"user:{p.email}", "resource": $"team:{t.name}", "role": "manager"} if { some p in data.people; t := data.dutyward.team(p.team) }`},
	"schedule":        {access: `group contains {"name": data.dutyward.schedule(s.name).id} if some s in input.schedules`},
	"within":          {access: `grant contains {"principal": $"user:{p.email}", "resource": "account", "role": "user"} if { some p in data.people; data.dutyward.within(p.since, null) }`},
	"now":             {access: `group contains {"name": $"{p.email} {data.dutyward.now}"} if some p in data.people`},
	"local":           {access: `group contains {"name": $"{p.email} {data.dutyward.local(p.zone).date}"} if some p in data.people`},
	"on_call_at":      {access: `grant contains {"principal": $"user:#{id}", "resource": "account", "role": "user"} if { some s in input.schedules; some id in data.dutyward.on_call_at(s.name, data.dutyward.now) }`},
	"rotation":        {access: `grant contains {"principal": $"user:#{id}", "resource": "account", "role": "user"} if { some s in input.schedules; some id in data.dutyward.rotation(s.name) }`},
	"layer_members":   {access: `grant contains {"principal": $"user:#{id}", "resource": "account", "role": "user"} if { some s in input.schedules; some id in data.dutyward.layer_members(s.name, "Day") }`},
	"can_be_paged":    {access: `grant contains {"principal": $"user:{p.email}", "resource": "account", "role": "user"} if { some p in data.people; not data.dutyward.can_be_paged(p.email) }`},
	"takes_turns":     {access: `grant contains {"principal": $"user:{p.email}", "resource": "account", "role": "user"} if { some p in data.people; data.dutyward.takes_turns(p.email, "Schedule 0") }`},
	"first_levels":    {access: `grant contains {"principal": $"user:#{id}", "resource": "account", "role": "user"} if { some p in input.escalation_policies; some id in data.dutyward.first_levels(p.name, 2) }`},
	"in_incident":     {access: `group contains {"name": s.name} if { some s in input.services; data.dutyward.in_incident(s.name) }`},
	"fixture.account": {access: `group contains {"name": email} if some email, _ in data.dutyward.fixture.account({"users": {p.email: {"base_role": "user"} | some p in data.people}}).users`},
	"members": {
		access: `group contains {"name": "all"}

group contains {"name": p.team} if some p in data.people

member contains {"group": p.team, "principal": $"user:{p.email}"} if some p in data.people

member contains {"group": "all", "principal": $"group:{p.team}"} if some p in data.people`,
		risk: `finding contains {"rule": "member", "subject": $"user:#{id}", "severity": "low", "message": "m"} if some id in data.dutyward.members(data.access, "all")`,
	},
	"desired": {
		access: `grant contains {"principal": $"user:{p.email}", "resource": $"team:{p.team}", "role": "responder"} if some p in data.people

limit contains {"principal": $"user:{p.email}", "resource": "team:*", "at_most": "observer", "reason": "r"} if some p in data.people`,
		risk: `finding contains {"rule": "grant", "subject": g.principal, "severity": "low", "message": g.role} if some g in data.dutyward.desired(data.access)`,
	},
}

func TestABenchmarkUsesEachFunctionOfTheLibrary(t *testing.T) {
	functions, err := source.LibraryFunctions()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, f := range functions {
		want = append(want, strings.TrimPrefix(f.Name, "dutyward."))
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(uses))); diff != "" {
		t.Errorf("(-the library's +the benchmark's)\n%s", diff)
	}
	in, err := eval.NewInput(crowd(40))
	if err != nil {
		t.Fatal(err)
	}
	for name, u := range uses {
		access, risk := evaluated(t, u.load(t, 40), in)
		if len(access.Failures)+len(risk.Failures) > 0 || len(access.Grants)+len(access.Groups) < 2 || u.risk != "" && len(risk.Findings) < 2 {
			t.Errorf("the use of %s gives %+v and %+v", name, access, risk)
		}
	}
}

// BenchmarkLibrary holds that each function takes time in proportion to the
// people that it is asked about: go test -run - -bench Library ./policies
func BenchmarkLibrary(b *testing.B) {
	for _, name := range slices.Sorted(maps.Keys(uses)) {
		for _, n := range []int{1_000, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				in, err := eval.NewInput(crowd(n))
				if err != nil {
					b.Fatal(err)
				}
				set := uses[name].load(b, n)
				for b.Loop() {
					evaluated(b, set, in)
				}
			})
		}
	}
}

// load loads the policies with a roster of n people.
func (u use) load(tb testing.TB, n int) *eval.Set {
	tb.Helper()
	dir := rootOf(tb, "people.json", roster(n), "access/a.rego", "package access.a\n\n"+u.access, "risk/r.rego", "package risk.r\n\n"+u.risk)
	set, err := eval.Load(context.Background(), eval.Options{Roots: []string{dir}})
	if err != nil {
		tb.Fatal(err)
	}
	return set
}

// evaluated is what the policies say in the two phases.
func evaluated(tb testing.TB, s *eval.Set, in *eval.Input) (access, risk *policies.Statements) {
	tb.Helper()
	access, err := s.Evaluate(context.Background(), policies.PhaseAccess, in, noon)
	if err != nil {
		tb.Fatal(err)
	}
	if risk, err = s.Evaluate(context.Background(), policies.PhaseRisk, in, noon); err != nil {
		tb.Fatal(err)
	}
	return access, risk
}

// roster is a document data.people of n rows.
func roster(n int) string {
	var b strings.Builder
	b.WriteString(`{"people": [`)
	for i := range n {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, `{"email": "u%d@acme.com", "team": "Team %d", "since": "2026-01-01T00:00:00Z", "zone": "Europe/Berlin"}`, i, i/10)
	}
	b.WriteString("]}")
	return b.String()
}

func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{0, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			rules := ""
			for _, u := range uses {
				rules += u.access + "\n\n"
			}
			o := eval.Options{Roots: []string{rootOf(b, "people.json", roster(n), "access/a.rego", "package access.a\n\n"+rules)}}
			for b.Loop() {
				if _, err := eval.Load(context.Background(), o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkHeads is what it costs to know of heads that are undefined where bodies hold
// (S36), in grants and in a helper that they go through: go test -run - -bench Heads ./policies/eval
func BenchmarkHeads(b *testing.B) {
	const rules = `package access.a

grant contains {"principal": $"user:{p.email}", "resource": $"team:{p.team}", "role": "manager"} if some p in data.people

teams contains {"who": p.email, "team": p.team} if some p in data.people

grant contains {"principal": $"user:{t.who}", "resource": $"team:{t.team}", "role": "responder"} if some t in teams
`
	const n = 10_000
	for _, heads := range []string{"with", "without"} {
		b.Run(heads, func(b *testing.B) {
			in, err := eval.NewInput(crowd(n))
			if err != nil {
				b.Fatal(err)
			}
			set, err := eval.Load(context.Background(), eval.Options{Roots: []string{rootOf(b, "people.json", roster(n), "access/a.rego", rules)}})
			if err != nil {
				b.Fatal(err)
			}
			if heads == "without" {
				set.WithoutHeads()
			}
			for b.Loop() {
				evaluated(b, set, in)
			}
		})
	}
}
