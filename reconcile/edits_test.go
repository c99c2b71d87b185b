package reconcile_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/compare"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// edits are what an author does, each a file and what then stands in it; %d is
// a number that tells one version from another.
var edits = []struct{ file, text string }{
	{"people.rego", `package access.people

grant contains {"principal": $"user:{p.email}", "resource": $"team:Team {p.team}", "role": p.role, "source": p.email} if some p in data.people

grant contains {"principal": $"user:{p.email}", "resource": "account", "role": "limited_user"} if some p in data.people
`},
	{"people.rego", `package access.people

grant contains {"principal": $"user:u{i}@big.test", "resource": "team:Team 0", "role": "responder"} if some i in numbers.range(0, %d)

grant contains {"principal": $"user:u{i}@big.test", "resource": "account", "role": "admin", "until": "2026-03-2%dT00:00:00Z"} if some i in {1, %d}
`},
	{"people.json", `[{"email": "u1@big.test", "team": "%d", "role": "manager"}, {"email": "nobody@big.test", "team": "0", "role": "observer"}]`},
	{"people.json", `[]`},
	{"oncall.rego", `package access.oncall

group contains {"name": $"oncall {s.name}", "owner": "version %d"} if some s in input.schedules

member contains {"group": $"oncall {s.name}", "principal": $"oncall:#{s.id}", "lead": "%dh"} if some s in input.schedules

grant contains {"principal": "group:oncall Schedule %d", "resource": "team:Team 1", "role": "manager"}
`},
	{"oncall.rego", `package access.oncall

group contains {"name": "all"}

member contains {"group": "all", "principal": p} if some p in {"team:Team %d", "rotation:Schedule 0", "escalation:Policy"}

grant contains {"principal": "group:all", "resource": "team:Team 0", "role": "observer"}

grant contains {"principal": "team:Team 0", "resource": "team:Team 2", "role": "observer"}
`},
	{"turns.rego", `package access.turns

grant contains {"principal": $"user:u{i}@big.test", "resource": "schedule:Schedule 0", "layer": "L", "role": "rotation"} if some i in {0, %d}

grant contains {"principal": "user:u2@big.test", "resource": "schedule:Schedule 1", "role": "override", "from": "2026-03-17T0%d:00:00Z", "until": "2026-03-18T00:00:00Z"}
`},
	{"bounds.rego", `package access.bounds

limit contains {"principal": $"user:u{i}@big.test", "resource": "team:*", "at_most": "observer", "reason": "version %d"} if some i in {1, %d}

protect contains {"principal": "user:u%d@big.test", "reason": "break glass"}

empty contains {"resource": "team:Team %d", "reason": "over"}
`},
	{"bounds.rego", `package access.bounds

protect contains {"resource": "team:Team %d", "reason": "theirs"}

limit contains {"principal": "user:gone%d@big.test", "resource": "account", "at_most": "observer", "reason": "r"}

leaver contains {"principal": "user:u3@big.test", "reason": "left"}
`},
	{"wrong.rego", `package access.wrong

grant contains {"principal": p, "resource": r, "role": "manager"} if some [p, r] in [["user:u%d@big.test", "team:Tea 1"], ["group:no", "team:Team 1"], ["oncall:Schedule 9", "team:Team %d"]]

grant contains {"principal": "user:u4@big.test", "resource": "team:Team 1", "role": "manager"} if time.parse_rfc3339_ns("soon%d") > 0
`},
	{"risk/r.rego", `package risk.r

finding contains {"rule": "r", "subject": $"user:#{g.user}", "severity": "low", "message": "version %d"} if {
	some g in input.desired.grants
	g.role == "manager"
}

waive contains {"rule": "r", "subject": "user:u%d@big.test", "reason": "r", "until": "2026-04-01T00:00:00Z"}
`},
}

// TestAPlanOfAnEditEqualsAPlanMadeAnew edits policies, data and the account at
// random: what is kept from plan to plan must not show.
func TestAPlanOfAnEditEqualsAPlanMadeAnew(t *testing.T) {
	before := flag.Lookup("rapid.checks").Value.String()
	checks := "15"
	switch {
	case os.Getenv("DUTYWARD_LONG") != "":
		checks = "200"
	case testing.Short():
		checks = "5"
	}
	_ = flag.Set("rapid.checks", checks)
	t.Cleanup(func() { _ = flag.Set("rapid.checks", before) })
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "policies")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		for _, e := range edits {
			edit(t, dir, e)
		}
		var loader eval.Loader
		kept := reconcile.Round{
			Reader: inMemory{editedAccount(t)}, Memory: rememberedBy(t), Evaluator: &eval.Evaluator{}, Cache: &diff.Cache{},
			Settings: plan.Settings{Default: plan.Sync, Longest: 60 * 24 * time.Hour, WarnBefore: 5 * 24 * time.Hour}, Now: time.Now,
		}
		var last, lastAnew *reconcile.Result
		for range rapid.IntRange(2, 6).Draw(t, "saves") {
			for range rapid.IntRange(1, 4).Draw(t, "edits") {
				edit(t, dir, rapid.SampledFrom(edits).Draw(t, "edit"))
			}
			switch rapid.IntRange(0, 3).Draw(t, "besides") {
			case 0:
				kept.Reader = inMemory{editedAccount(t)}
			case 1, 2:
				kept.Memory = rememberedBy(t)
			}
			set, err := loader.Load(context.Background(), eval.Options{Roots: []string{dir}})
			other, otherErr := eval.Load(context.Background(), eval.Options{Roots: []string{dir}})
			if agree(t, "load", err, otherErr); err != nil {
				continue
			}
			anew := kept
			anew.Evaluator, anew.Cache = nil, nil
			kept.Policies, anew.Policies = set, other
			kept.Good = rapid.Bool().Draw(t, "good")
			anew.Good = kept.Good
			got, err := kept.Plan(context.Background())
			want, wantErr := anew.Plan(context.Background())
			if agree(t, "plan", err, wantErr); err != nil {
				continue
			}
			same(t, "plan", want.Plan, got.Plan)
			same(t, "access", want.Access.Document(), got.Access.Document())
			same(t, "groups", want.Access.GroupDocuments(), got.Access.GroupDocuments())
			same(t, "names", want.Access.Pinned(), got.Access.Pinned())
			same(t, "round", diff.RoundOf(&want.Result, want.Statements, want.Snapshot, nil), diff.RoundOf(&got.Result, got.Statements, got.Snapshot, nil))
			if last != nil {
				same(t, "difference", compare.Compare(&lastAnew.Result, &want.Result), compare.Compare(&last.Result, &got.Result))
			}
			last, lastAnew = got, want
		}
	})
}

// edit makes one edit of policies or data.
func edit(t *rapid.T, dir string, e struct{ file, text string }) {
	name := filepath.Join(dir, e.file)
	if strings.HasSuffix(name, ".json") {
		name = filepath.Join(dir, "people", e.file)
	}
	if rapid.IntRange(0, 9).Draw(t, "removed") == 0 {
		_ = os.Remove(name)
		return
	}
	text := e.text
	for strings.Contains(text, "%d") {
		text = strings.Replace(text, "%d", fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "version")), 1)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// editedAccount is a small account in which some things are otherwise each time.
func editedAccount(t *rapid.T) *inventory.Snapshot {
	s := bigAccount(40)
	s.EscalationPolicies = map[string]inventory.EscalationPolicy{"PE": {ID: "PE", Name: "Policy", Teams: []string{"PT000002"},
		Rules: []inventory.EscalationRule{{Targets: []inventory.Target{{Type: "schedule", ID: "PS000001"}, {Type: "user", ID: "PU000007"}}}}}}
	if rapid.Bool().Draw(t, "an owner") {
		owner := s.Users["PU000001"]
		owner.BaseRole = "owner"
		s.Users["PU000001"] = owner
	}
	if rapid.Bool().Draw(t, "two of a name") {
		team := s.Teams["PT000003"]
		team.Name = "Team 1"
		s.Teams["PT000003"] = team
	}
	s.Account.Complete = rapid.IntRange(0, 3).Draw(t, "incomplete") > 0
	s.Normalize()
	return s
}

// rememberedBy is the memory of an earlier round.
func rememberedBy(t *rapid.T) reconcile.Memory {
	m := memory{Pinned: map[string]string{}}
	if rapid.Bool().Draw(t, "renamed") {
		m.Pinned["team:Team 1"] = "PT000000"
	}
	if rapid.IntRange(0, 3).Draw(t, "written") == 0 {
		at := time.Date(2026, 3, 16, 9, 29, 0, 0, time.UTC)
		m.Overlay = []plan.Write{{Role: "manager", Before: "responder", At: at}}
		m.Overlay[0].Pair.User, m.Overlay[0].Pair.Resource = "PU000002", inventory.ByID(inventory.KindTeam, "PT000000")
	}
	return m
}

type memory plan.Memory

func (m memory) Memory(context.Context, time.Time) (plan.Memory, error) { return plan.Memory(m), nil }

func (m memory) GoodPolicies(context.Context) (string, []byte, error) { return "", nil, nil }

func agree(t *rapid.T, what string, got, want error) {
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("%s errs with\n%v\nrather than\n%v", what, got, want)
	}
}

func same(t *rapid.T, what string, want, got any) {
	texts := [2]string{}
	for i, v := range []any{want, got} {
		b, err := json.MarshalIndent(v, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(b)
	}
	if diff := cmp.Diff(texts[0], texts[1]); diff != "" {
		t.Fatalf("%s (-anew +kept):\n%s", what, diff)
	}
}
