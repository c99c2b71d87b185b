package eval_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
)

// saves are what stands in files, each in versions that an author may save.
var saves = map[string][]string{
	"base/base.rego": {
		"package access.base\n\nimport data.shared\n\ngrant contains {\"principal\": $\"user:{p.email}\", \"resource\": \"account\", \"role\": shared.role} if some p in data.people\n",
		"package access.base\n\ngrant contains {\"principal\": $\"user:{p.email}\", \"resource\": \"account\", \"role\": \"user\"} if {\n\tx := 1\n\tsome p in data.people\n}\n",
	},
	"shared.rego": {
		"package shared\n\nrole := \"user\"\n\nnamed(x) := $\"{x}!\"\n",
		"package shared\n\nrole := \"observer\"\n\nnamed(x) := x\n",
		"package shared\n\nnamed(x) := x\n",
		"package shared\n\nimport data.shared.inner\n\nrole := inner.role\n\nnamed(x) := x\n",
	},
	"inner.rego": {
		"package shared.inner\n\nrole := \"user\"\n",
		"package shared.inner\n\nrole := data.roles[_]\n",
		"package shared.inner\n\nrole := 7\n",
	},
	"a.rego": {
		"package access.a\n\ngroup contains {\"name\": \"g\"}\n\nmember contains {\"group\": \"g\", \"principal\": \"user:ann@acme.com\"}\n",
		"package access.a\n\ngroup contains {\"name\": \"h\"}\n",
		"package access.a\n\n# METADATA\n# title: A %d\ngroup contains {\"name\": data.shared.named(\"g\")}\n",
		"package access.a\n\ngroup contains {\"name\": \"g\"} if {\n\tsome u in input.users\n\tu.emial == \"x\"\n}\n",
	},
	"a2.rego": {
		"package access.a\n\nhelper := 1\n\nlimit contains {\"principal\": \"user:ann@acme.com\", \"resource\": \"account\", \"at_most\": \"user\", \"reason\": \"r\"} if helper == %d\n",
		"package access.a\n\nhelper := \"x\"\n",
	},
	"b.rego": {
		"package access.b\n\nmember contains {\"group\": \"g\", \"principal\": p} if some p in data.dutyward.names\n",
		"package access.b\n\nmember contains {\"group\": x.name, \"principal\": \"user:bob@acme.com\"} if some x in data.access.a.group\n",
		"package access.b\n\ngroup contains {\"name\": \"g\", \"description\": \"%d\"}\n",
		"package access.b\n\ngrant contains {\"principal\": \"group:g\", \"resource\": \"account\", \"role\": \"user\"} if count(data.access) > %d\n",
		"package access.b\n\ngroup contains {\"name\": u.name} if u := data.dutyward.user(\"ann@acme.com\")\n",
		"package access.b\n\ngroup contains {\"name\": x} if x := $\"{rego.metadata.chain()[1].annotations.title}\"\n",
	},
	"top.rego": {
		"# METADATA\n# title: Top %d\n# scope: subpackages\npackage access\n",
		"package access\n\nfallback := \"user\"\n",
		"package access\n\nb := 1\n",
	},
	"a_test.rego": {
		"package access.a_test\n\ntest_a if count(data.access.a.group) == %d\n",
		"package access.a_test\n\ntest_a if data.access.a.nothing\n",
	},
	"people.yaml": {"people: [{email: ann@acme.com}]", "people: [{email: bob@acme.com, team: x}]"},
	"roles.yaml":  {"roles: [user]"},
}

// TestALoaderLoadsWhatLoadDoes saves at random, whatever is right or wrong with it.
func TestALoaderLoadsWhatLoadDoes(t *testing.T) {
	checks := "6"
	if os.Getenv("DUTYWARD_LONG") != "" {
		checks = "100"
	}
	before := flag.Lookup("rapid.checks").Value.String()
	_ = flag.Set("rapid.checks", checks)
	t.Cleanup(func() { _ = flag.Set("rapid.checks", before) })
	names := make([]string, 0, len(saves))
	for name := range saves {
		names = append(names, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "policies")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		write := func(name, text string) {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 20 { // many files that nothing follows from
			write(fmt.Sprintf("more/m%d.rego", i), fmt.Sprintf("package more.m%d\n\nx := 1\n", i))
		}
		for name, versions := range saves {
			write(name, strings.ReplaceAll(versions[0], "%d", "0"))
		}
		var loader eval.Loader
		var evaluator eval.Evaluator
		in, err := evaluator.Input(account())
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(2, 8).Draw(t, "saves") {
			same(t, &loader, &evaluator, in, dir)
			name := rapid.SampledFrom(names).Draw(t, "file")
			text := rapid.SampledFrom(saves[name]).Draw(t, "text")
			write(name, strings.ReplaceAll(text, "%d", fmt.Sprint(rapid.IntRange(0, 2).Draw(t, "version"))))
		}
		same(t, &loader, &evaluator, in, dir)
	})
}

func TestASaveChecksWhatFollowsFromItAlone(t *testing.T) {
	files := []string{
		"shared.rego", "package shared\n\nrole := \"user\"\n",
		"a.rego", "package access.a\n\ngrant contains {\"principal\": \"user:ann@acme.com\", \"resource\": \"account\", \"role\": data.shared.role}\n",
		"b.rego", "package access.b\n\ngroup contains {\"name\": \"b\"}\n",
	}
	for i := range 20 {
		files = append(files, fmt.Sprintf("m%d.rego", i), fmt.Sprintf("package access.m%d\n\ngroup contains {\"name\": \"m%d\"}\n", i, i))
	}
	dir := root(t, files...)
	var loader eval.Loader
	load := func() int {
		t.Helper()
		if _, err := loader.Load(context.Background(), eval.Options{Roots: []string{dir}}); err != nil {
			t.Fatal(err)
		}
		return loader.Checked()
	}
	if n := load(); n != 23 {
		t.Errorf("at first %d files were checked, want all 23", n)
	}
	for _, save := range []struct {
		file, text string
		want       int
	}{
		{"b.rego", "package access.b\n\ngroup contains {\"name\": \"c\"}\n", 1},
		{"a.rego", files[3] + "\n# and what it asks\n", 2},
		{"shared.rego", "package shared\n\nrole := \"observer\"\n", 2},
		{"new.rego", "package access.new\n", 24},
	} {
		if err := os.WriteFile(filepath.Join(dir, save.file), []byte(save.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if n := load(); n != save.want {
			t.Errorf("a save of %s had %d files checked, want %d", save.file, n, save.want)
		}
	}
}

// same compares what a loader gives with what Load does.
func same(t *rapid.T, loader *eval.Loader, evaluator *eval.Evaluator, in *eval.Input, dir string) {
	got, gotErr := loader.Load(context.Background(), eval.Options{Roots: []string{dir}})
	want, wantErr := eval.Load(context.Background(), eval.Options{Roots: []string{dir}})
	if fmt.Sprint(wantErr) != fmt.Sprint(gotErr) {
		t.Fatalf("errs with\n%v\nrather than\n%v", gotErr, wantErr)
	}
	if wantErr != nil {
		return
	}
	said := func(s *eval.Set) any {
		return []any{s.Warnings(), s.Revision(), s.Facts(), s.References(), s.ReadingRules(), s.Rules(), s.ComparedAddresses(), s.Reads(policies.PhaseAccess), s.RuleTexts()}
	}
	if diff := cmp.Diff(said(want), said(got)); diff != "" {
		t.Fatalf("(-load +loader, which checked %d):\n%s", loader.Checked(), diff)
	}
	whole, wholeErr := want.Evaluate(context.Background(), policies.PhaseAccess, in, noon)
	for _, evaluate := range []func() (*policies.Statements, error){
		func() (*policies.Statements, error) {
			return got.Evaluate(context.Background(), policies.PhaseAccess, in, noon)
		},
		func() (*policies.Statements, error) {
			return evaluator.Evaluate(context.Background(), got, policies.PhaseAccess, in, noon)
		},
	} {
		part, err := evaluate()
		if fmt.Sprint(wholeErr) != fmt.Sprint(err) {
			t.Fatalf("evaluation errs with\n%v\nrather than\n%v", err, wholeErr)
		}
		if diff := cmp.Diff(whole, part); diff != "" {
			t.Fatalf("(-load +loader, which checked %d):\n%s", loader.Checked(), diff)
		}
	}
}
