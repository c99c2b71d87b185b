package eval_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/policies/source"
)

// company is a root that uses most of what policies can say.
func company(t *testing.T) string {
	return root(t,
		"people/roster.yaml", "- {email: ann@acme.com, team: Payments, since: 2026-01-01T00:00:00Z}\n- {email: bob@acme.com, team: Payments, since: 2027-01-01T00:00:00Z}\n",
		"exceptions.json", `{"exceptions": [{"who": "bob@acme.com", "until": "2026-12-01T00:00:00+01:00"}]}`,
		"access/people.rego", `package access.people

import data.dutyward

grant contains {"principal": $"user:{p.email}", "resource": $"team:{p.team}", "role": role(p), "source": "roster"} if {
	some p in data.people
	dutyward.within(p.since, null)
	dutyward.user(p.email)
}

role(p) := "manager" if dutyward.user(p.email).base_role == "user"

role(p) := "responder" if dutyward.user(p.email).base_role != "user"

grant contains {"principal": $"user:{x.who}", "resource": "account", "role": "admin", "until": x.until} if some x in data.exceptions

grant contains g if {
	some m in data.access.oncall.member
	g := {"principal": m.principal, "resource": "team:Payments", "role": "observer"}
}

limit contains {"principal": "group:contractors", "resource": "team:*", "at_most": "responder", "reason": "contract"}

protect contains {"principal": $"user:{u.email}", "reason": "break glass"} if {
	some u in input.users
	u.base_role == "owner"
}
`,
		"access/oncall.rego", `package access.oncall

group contains {"name": name} if some name in {"payments", "prod"}

member contains {"group": "payments", "principal": $"oncall:Payments {line}", "lead": "15m"} if some line in {"Primary", "Secondary"}

member contains {"group": "prod", "principal": "group:payments"}
`,
		"risk/paging.rego", `package risk.paging

finding contains {"rule": "unreachable", "subject": $"user:{u.email}", "severity": "high", "message": "can't be paged"} if {
	some u in input.users
	not data.dutyward.can_be_paged(u)
}

finding contains {"rule": "wide", "subject": "account", "severity": "low", "message": $"{count(input.desired.grants)} grants"}

waive contains {"rule": "unreachable", "subject": "user:ann@acme.com", "reason": "known", "until": "2027-01-01T00:00:00Z"}
`,
		"access/people_test.rego", `package access.people_test

test_clock if time.now_ns() > 0
`)
}

func TestStockOPAGivesTheSameElements(t *testing.T) {
	ctx := context.Background()
	dir, library := company(t), t.TempDir()
	if err := source.ExportLibrary(library); err != nil {
		t.Fatal(err)
	}
	s := load(t, dir)
	access := input(t)
	risk, err := access.With("desired", func() any { return map[string]any{"grants": []string{"a", "<b>"}, "unknown": []string{}} })
	if err != nil {
		t.Fatal(err)
	}
	for phase, in := range map[policies.Phase]*eval.Input{policies.PhaseAccess: access, policies.PhaseRisk: risk} {
		st, err := s.Evaluate(ctx, phase, in, noon)
		if err != nil {
			t.Fatal(err)
		}
		if len(st.Failures) > 0 {
			t.Errorf("%s: %+v", phase, st.Failures)
		}
		text, err := in.JSON()
		if err != nil {
			t.Fatal(err)
		}
		want := stock(t, phase, text, dir, library)
		if len(want) == 0 {
			t.Errorf("%s: stock OPA gives nothing", phase)
		}
		if diff := cmp.Diff(want, said(st)); diff != "" {
			t.Errorf("%s (-stock OPA +Evaluate):\n%s", phase, diff)
		}
	}
}

// stock is what stock OPA gives for the contract rules of a phase: lines of
// rule and fields, sorted.
func stock(t *testing.T, phase policies.Phase, text []byte, paths ...string) []string {
	t.Helper()
	var doc any
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	results, err := rego.New(rego.Query("data."+string(phase)), rego.Load(paths, nil), rego.Input(doc), rego.StrictBuiltinErrors(true)).Eval(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]bool{}
	for _, pkg := range results[0].Expressions[0].Value.(map[string]any) {
		for name, elements := range pkg.(map[string]any) {
			list, ok := elements.([]any)
			if !ok {
				continue
			}
			for _, e := range list {
				fields := e.(map[string]any)
				delete(fields, "source")
				lines[line(name, fields)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(lines))
}

func line(rule string, fields map[string]any) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(fields)) {
		v := fmt.Sprint(fields[k])
		if k == "until" {
			v = strings.Replace(v, "2026-12-01T00:00:00+01:00", "2026-11-30T23:00:00Z", 1)
		}
		if v != "" && v != "<nil>" {
			parts = append(parts, k+"="+v)
		}
	}
	return rule + " " + strings.Join(parts, " ")
}

// said is the same of statements.
func said(st *policies.Statements) []string {
	var out []string
	add := func(rule string, fields map[string]any) { out = append(out, line(rule, fields)) }
	for _, g := range st.Grants {
		until := ""
		if g.Until != nil {
			until = g.Until.Format("2006-01-02T15:04:05Z07:00")
		}
		add("grant", map[string]any{"principal": g.Principal, "resource": g.Resource, "role": g.Role, "until": until})
	}
	for _, g := range st.Groups {
		add("group", map[string]any{"name": g.Name})
	}
	for _, m := range st.Members {
		lead := ""
		if m.Lead > 0 {
			lead = strings.TrimSuffix(m.Lead.String(), "0s")
		}
		add("member", map[string]any{"group": m.Group, "principal": m.Principal, "lead": lead})
	}
	for _, l := range st.Limits {
		add("limit", map[string]any{"principal": l.Principal, "resource": l.Resource, "at_most": l.AtMost, "reason": l.Reason})
	}
	for _, p := range st.Protects {
		add("protect", map[string]any{"principal": p.Principal, "reason": p.Reason})
	}
	for _, f := range st.Findings {
		add("finding", map[string]any{"rule": f.Rule, "subject": f.Subject, "severity": f.Severity, "message": f.Message})
	}
	for _, w := range st.Waivers {
		add("waive", map[string]any{"rule": w.Rule, "subject": w.Subject, "reason": w.Reason, "until": w.Until.Format("2006-01-02T15:04:05Z07:00")})
	}
	slices.Sort(out)
	return out
}
