package eval_test

import (
	"context"
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
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
)

// edits are what an author does, each a file and what then stands in it; %d is
// a number that tells one version from another.
var edits = []struct{ file, text string }{
	{"access/a.rego", `package access.a

grant contains {"principal": $"user:{p.email}", "resource": "account", "role": data.access.shared.role} if some p in data.people
`},
	{"access/a.rego", `package access.a

import data.other as people

# METADATA
# title: Version %d
grant contains {"principal": $"user:{p.email}", "resource": "account", "role": data.access.shared.role} if some p in data.people

group contains {"name": $"{p}"} if some p in people
`},
	{"access/b.rego", `package access.b

member contains {"group": name, "principal": "user:ann@acme.com"} if {
	some u in input.users
	name := $"{u.name} {data.dutyward.user(u.email).id} {helper(u)}"
}

helper(u) := %d if u.base_role == "user"

else := count(data.access.a.group)
`},
	{"access/shared/shared.rego", `package access.shared

role := "user"
`},
	{"access/shared/shared.rego", `package access.shared

default role := "observer"

role := "user" if data.other[0] == "%d"
`},
	{"access/failing.rego", `package access.failing

grant contains {"principal": "user:ann@acme.com", "resource": "account", "role": "user"} if not late

late if time.parse_rfc3339_ns(data.other[0]) < data.dutyward.now

group contains {"name": $"{time.parse_rfc3339_ns(x)}"} if some x in data.other
`},
	{"access/failing.rego", `package access.failing

# %d lines and more above
# what fails
limit contains {"principal": "user:ann@acme.com", "resource": "account", "at_most": r, "reason": "r"} if some r in data.other
`},
	{"access/chained.rego", `package access.chained

group contains {"name": x} if {
	x := $"{data.access.shared.role} {rego.metadata.rule().title}"
} {
	x := "%d"
}
`},
	{"access/chained.rego", `package access.chained

group contains {"name": x} if {
	x := "b"
} {
	x := $"{input.now} {count(input)}"
}
`},
	{"risk/r.rego", `package risk.r

finding contains {"rule": "r%d", "subject": "account", "severity": "low", "message": $"{count(input.desired)}"}

finding contains {"rule": "whole", "subject": "account", "severity": "low", "message": $"{count(data.access)}"}
`},
	{"people.yaml", `people: [{email: ann@acme.com, n: %d}]`},
	{"people.yaml", `people: []`},
	{"other.yaml", `other: ["%d"]`},
	{"other.yaml", `other: ["2026-11-23T12:00:00Z", soon]`},
}

// TestAnEvaluatorGivesWhatAWholeEvaluationGives edits policies, data and the
// account at random.
func TestAnEvaluatorGivesWhatAWholeEvaluationGives(t *testing.T) {
	if os.Getenv("DUTYWARD_LONG") == "" {
		before := flag.Lookup("rapid.checks").Value.String()
		_ = flag.Set("rapid.checks", "15")
		t.Cleanup(func() { _ = flag.Set("rapid.checks", before) })
	}
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "policies")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		var evaluator eval.Evaluator
		snapshot, now := account(), noon
		for range rapid.IntRange(2, 5).Draw(t, "saves") {
			for range rapid.IntRange(1, 6).Draw(t, "edits") {
				e := rapid.SampledFrom(edits).Draw(t, "edit")
				name := filepath.Join(dir, e.file)
				if rapid.IntRange(0, 9).Draw(t, "removed") == 0 {
					_ = os.Remove(name)
					continue
				}
				text := strings.ReplaceAll(e.text, "%d", fmt.Sprint(rapid.IntRange(0, 2).Draw(t, "version")))
				if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			switch rapid.IntRange(0, 5).Draw(t, "besides") {
			case 0:
				now = now.Add(time.Minute)
			case 1:
				moved := account()
				name := rapid.SampledFrom([]string{"Ann", "Bob"}).Draw(t, "name")
				moved.Users["PANN"] = inventory.User{ID: "PANN", Name: name, Email: "ann@acme.com", BaseRole: "user"}
				snapshot = moved
			}
			s, err := eval.Load(context.Background(), eval.Options{Roots: []string{dir}})
			if err != nil {
				continue
			}
			in, err := evaluator.Input(snapshot)
			if err != nil {
				t.Fatal(err)
			}
			agree(t, &evaluator, s, policies.PhaseAccess, in, now)
			in, err = in.With("desired", func() any { return map[string]int{"a": 1, s.Revision(): 2} })
			if err != nil {
				t.Fatal(err)
			}
			agree(t, &evaluator, s, policies.PhaseRisk, in, now)
		}
	})
}

func agree(t *rapid.T, e *eval.Evaluator, s *eval.Set, phase policies.Phase, in *eval.Input, now time.Time) {
	want, wantErr := s.Evaluate(context.Background(), phase, in, now)
	got, gotErr := e.Evaluate(context.Background(), s, phase, in, now)
	if fmt.Sprint(wantErr) != fmt.Sprint(gotErr) {
		t.Fatalf("errs with\n%v\nrather than\n%v", gotErr, wantErr)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s (-whole +evaluator):\n%s", phase, diff)
	}
}

func TestOnlyRulesThatCanGiveSomethingElseRunAgain(t *testing.T) {
	const first = `package access.a

import data.access.shared

grant contains {"principal": $"user:{p}", "resource": "account", "role": shared.role} if some p in data.people

group contains {"name": "x"} if data.other
`
	files := map[string]string{
		"access/a.rego":             first,
		"access/b.rego":             "package access.b\n\ngroup contains {\"name\": $\"{u.name}\"} if some u in input.users\n",
		"access/shared/shared.rego": "package access.shared\n\nrole := \"user\"\n",
		"people.yaml":               "people: [ann@acme.com]",
		"other.yaml":                "other: [1]",
	}
	for name, tc := range map[string]struct {
		file, text string
		ran        int
	}{
		"nothing edited":         {"people.yaml", files["people.yaml"], 0},
		"a comment above":        {"access/a.rego", "# A comment.\n" + first, 0},
		"one rule":               {"access/a.rego", strings.Replace(first, `"x"`, `"y"`, 1), 1},
		"what a rule asks":       {"access/shared/shared.rego", "package access.shared\n\nrole := \"observer\"\n", 1},
		"data that a rule reads": {"other.yaml", "other: [2]", 1},
		"a file of its own":      {"access/c.rego", "package access.c\n\ngroup contains {\"name\": \"z\"}\n", 1},
		"an import":              {"access/b.rego", "package access.b\n\nimport data.other\n\ngroup contains {\"name\": $\"{u.name}\"} if some u in input.users\n", 1},
	} {
		t.Run(name, func(t *testing.T) {
			var pairs []string
			for file, text := range files {
				pairs = append(pairs, file, text)
			}
			dir := root(t, pairs...)
			var e eval.Evaluator
			in, err := e.Input(account())
			if err != nil {
				t.Fatal(err)
			}
			evaluate := func() {
				t.Helper()
				if _, err := e.Evaluate(context.Background(), load(t, dir), policies.PhaseAccess, in, noon); err != nil {
					t.Fatal(err)
				}
			}
			evaluate()
			if err := os.WriteFile(filepath.Join(dir, tc.file), []byte(tc.text), 0o644); err != nil {
				t.Fatal(err)
			}
			before := e.Ran()
			evaluate()
			if ran := e.Ran() - before; ran != tc.ran {
				t.Errorf("%d rules ran, want %d", ran, tc.ran)
			}
		})
	}
}
