package worker_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/policies/worker"
)

func TestMain(m *testing.M) {
	worker.Main(os.Args)
	os.Exit(m.Run())
}

// limits are those of most tests.
const (
	memory = 192 << 20
	limit  = time.Second
)

func newWorker(t *testing.T, limit time.Duration) *worker.Worker {
	t.Helper()
	w := &worker.Worker{Memory: memory, Time: limit}
	t.Cleanup(w.Close)
	return w
}

// folder writes policies, names and texts in turn, and returns their directory.
func folder(t *testing.T, texts ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(texts); i += 2 {
		path := filepath.Join(dir, texts[i])
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(texts[i+1]), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func company(t *testing.T) *eval.Input {
	t.Helper()
	f, err := os.Open("../../examples/company/seed.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := inventory.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	in, err := eval.NewInput(s)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

const harmless = "package access.good\n\ngrant contains {\"principal\": \"user:ann@acme.com\", \"resource\": \"team:Payments\", \"role\": \"responder\"}\n"

// hostile are policies that neither end nor stay small, by the condition of a rule.
var hostile = map[string]string{
	"a text that doubles":              doubling("concat(\"\", [%, %])"),
	"a text that doubles by sprintf":   doubling("sprintf(\"%s%s\", [%, %])"),
	"a text encoded again and again":   doubling("base64.encode(concat(\"\", [%, %]))"),
	"a text replaced by itself":        `a0 := concat("", [x | some _ in numbers.range(1, 60000); x := "0"]); a1 := replace(a0, "0", a0); count(replace(a1, "0", a0)) > 0`,
	"one huge number":                  `bits.lsh(1, 100000000000) > 5`,
	"numbers multiplied":               `a0 := bits.lsh(1, 30000000); a1 := a0 * a0; a2 := a1 * a1; a3 := a2 * a2; a4 := a3 * a3; format_int(a4, 10) == "x"`,
	"a huge number as text":            `format_int(bits.lsh(1, 300000000), 10) == "x"`,
	"numbers that never end":           `count(numbers.range(1, 100000000000)) > 5`,
	"numbers with steps":               `count(numbers.range_step(1, 100000000000, 2)) > 5`,
	"arrays copied into an array":      `count(json.marshal(json.patch({"a": numbers.range(1, 1000)}, [{"op": "copy", "from": "/a", "path": sprintf("/a/%d", [i])} | some i in numbers.range(1, 3000)]))) > 5`,
	"every address of the internet":    `count(net.cidr_expand("::/0")) > 3`,
	"all paths through a graph":        `g := {i: [j | some j in numbers.range(0, 3000)] | some i in numbers.range(0, 3000)}; count(graph.reachable_paths(g, {0})) > 3`,
	"a product of everything":          `count([1 | some a in numbers.range(1, 100000); some b in numbers.range(1, 100000); a + b == 0]) > 0`,
	"regular expressions, replacing":   `a := concat("", [x | some _ in numbers.range(1, 60000); x := "0"]); b := regex.replace(a, "0", a); count(regex.replace(b, "0", a)) > 3`,
	"objects united":                   `count(object.union_n([{sprintf("%d", [i]): numbers.range(1, i)} | some i in numbers.range(1, 60000)])) > 3`,
	"text that is all nested brackets": `b := concat("", ["[" | some _ in numbers.range(1, 9000000)]); count(json.unmarshal(b)) > 3`,
	"sets of sets":                     `count({s | some i in numbers.range(1, 3000); s := {x | some x in numbers.range(1, 3000); x != i}}) > 5`,
}

// doubling is a condition that makes a value of two of the one before, forty times.
func doubling(step string) string {
	var b strings.Builder
	b.WriteString(`a0 := "xxxxxxxxxxxxxxxx"`)
	for i := range 40 {
		before := "a" + string(rune('0'+i/10)) + string(rune('0'+i%10))
		if i == 0 {
			before = "a0"
		}
		b.WriteString("; a" + string(rune('0'+(i+1)/10)) + string(rune('0'+(i+1)%10)) + " := " + strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(step, "%s", "\x00"), "%", before), "\x00", "%s"))
	}
	b.WriteString("; count(a40) > 3")
	return b.String()
}

func rego(condition string) string {
	return "package access.hostile\n\ngrant contains {\"principal\": \"user:ann@acme.com\", \"resource\": \"team:Payments\", \"role\": \"manager\"} if {\n\t" + condition + "\n}\n"
}

func TestS40_PoliciesThatNeverEndOrGrowAreRefusedAndTheOthersGoOn(t *testing.T) {
	in := company(t)
	for name, condition := range hostile {
		t.Run(name, func(t *testing.T) {
			w := newWorker(t, limit)
			good, err := w.Load(context.Background(), eval.Options{Roots: []string{folder(t, "good.rego", harmless)}})
			if err != nil {
				t.Fatal(err)
			}
			bad, err := w.Load(context.Background(), eval.Options{Roots: []string{folder(t, "hostile.rego", rego(condition))}})
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			_, err = bad.Evaluate(context.Background(), policies.PhaseAccess, in, in.Now())
			var exceeded *worker.ExceededError
			if !errors.As(err, &exceeded) || !strings.Contains(err.Error(), "hostile.rego:3") {
				t.Errorf("got %v; want that a bound was hit, and the rule", err)
			}
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("it took %s", took)
			}
			st, err := good.Evaluate(context.Background(), policies.PhaseAccess, in, in.Now())
			if err != nil || len(st.Grants) != 1 {
				t.Errorf("the good ones: %d grants, %v", len(st.Grants), err)
			}
		})
	}
}

func TestS40_PoliciesThatNestTooDeepAreToldSo(t *testing.T) {
	for name, condition := range map[string]string{
		"a template that asks for itself": `strings.render_template("{{define \"T\"}}{{template \"T\"}}{{end}}{{template \"T\"}}", {}) == "x"`,
		"an object in objects":            "x := " + strings.Repeat("{\"a\": ", 100_000) + "1" + strings.Repeat("}", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorker(t, 20*time.Second)
			dir := folder(t, "h.rego", "package access.h\n\ngrant contains {\"principal\": \"user:ann@acme.com\", \"resource\": \"team:Payments\", \"role\": \"responder\"} if "+condition+"\n")
			set, err := w.Load(t.Context(), eval.Options{Roots: []string{dir}})
			if err == nil {
				in := company(t)
				_, err = set.Evaluate(t.Context(), policies.PhaseAccess, in, in.Now())
			}
			if err == nil || !strings.Contains(err.Error(), "nest too deep") {
				t.Errorf("got %v, want that they nest too deep", err)
			}
		})
	}
}

func TestS40_WhatWasRefusedIsNotTriedAgainAtOnceUnlessItChanges(t *testing.T) {
	in := company(t)
	now := in.Now()
	w := newWorker(t, limit)
	w.Now = func() time.Time { return now }
	dir := folder(t, "a.rego", rego(hostile["a product of everything"]))
	evaluate := func() error {
		s, err := w.Load(context.Background(), eval.Options{Roots: []string{dir}})
		if err != nil {
			return err
		}
		_, err = s.Evaluate(context.Background(), policies.PhaseAccess, in, in.Now())
		return err
	}
	first := evaluate()
	began := time.Now()
	for range 20 {
		if err := evaluate(); err == nil || err.Error() != first.Error() {
			t.Fatalf("got %v, want again %v", err, first)
		}
	}
	if took := time.Since(began); took > 20*limit/2 {
		t.Errorf("refusing it again took %s: it was tried", took)
	}
	now = now.Add(time.Hour)
	began = time.Now()
	if err := evaluate(); err == nil || time.Since(began) < limit {
		t.Errorf("an hour later it was not tried again: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.rego"), []byte(harmless), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := evaluate(); err != nil {
		t.Errorf("fixed: %v", err)
	}
}

func TestS40_GoodPoliciesGoOnWithoutARuleThatDoesNotEndAnyMore(t *testing.T) {
	in := company(t)
	w := newWorker(t, limit)
	set, err := w.Load(context.Background(), eval.Options{Roots: []string{folder(t, "good.rego", harmless, "bad.rego", rego(hostile["a product of everything"]))}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		began := time.Now()
		st, err := set.EvaluateGood(context.Background(), policies.PhaseAccess, in, in.Now())
		if err != nil {
			t.Fatal(err)
		}
		if len(st.Grants) != 1 || len(st.Failures) != 1 || !strings.Contains(st.Failures[0].Message, "time limit") {
			t.Errorf("got %+v", st)
		}
		if i > 0 && time.Since(began) > limit {
			t.Error("the rule was tried again")
		}
	}
}

func TestS40_TheEndOfTheContextEndsTheEvaluation(t *testing.T) {
	in := company(t)
	w := newWorker(t, time.Hour)
	set, err := w.Load(context.Background(), eval.Options{Roots: []string{folder(t, "a.rego", rego(hostile["numbers multiplied"]))}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := set.Evaluate(ctx, policies.PhaseAccess, in, in.Now()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

// The other process must say what this one would say.
func TestTheExampleCompanySaysTheSameInAnotherProcess(t *testing.T) {
	in := company(t)
	o := eval.Options{Roots: []string{"../../examples/company/policies"}, TimeLimit: 30 * time.Second}
	here, err := eval.Load(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorker(t, 30*time.Second)
	there, err := w.Load(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	source, err := there.Source()
	if err != nil {
		t.Fatal(err)
	}
	kept, err := w.LoadSource(context.Background(), source)
	if err != nil {
		t.Fatal(err)
	}
	for name, set := range map[string]*worker.Set{"loaded": there, "kept": kept} {
		if set.Revision() != here.Revision() || len(set.Provenance()) != len(here.Provenance()) {
			t.Errorf("%s: revision %s, want %s", name, set.Revision(), here.Revision())
		}
		if diff := cmp.Diff(here.References(), set.References()); diff != "" {
			t.Errorf("%s: references:\n%s", name, diff)
		}
		want, err := here.Evaluate(context.Background(), policies.PhaseAccess, in, in.Now())
		if err != nil {
			t.Fatal(err)
		}
		got, err := set.Evaluate(context.Background(), policies.PhaseAccess, in, in.Now())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(policies.Statements{}, "Idle")); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestFaultsOfThePoliciesAreToldAsHere(t *testing.T) {
	in := company(t)
	w := newWorker(t, limit)
	_, err := w.Load(context.Background(), eval.Options{Roots: []string{folder(t, "a.rego", "package access.a\n\ngrant contains {\"principal\": }\n")}})
	var problems policies.Problems
	if !errors.As(err, &problems) || problems[0].Line != 3 {
		t.Errorf("a typo: %v", err)
	}
	set, err := w.Load(context.Background(), eval.Options{Roots: []string{folder(t, "a.rego", harmless+"\ngrant contains {\"principal\": x, \"resource\": \"team:Payments\", \"role\": role} if some x, role in data.list\n", "list.json", `{"list": {"user:a@b.c": "chief"}}`)}})
	if err != nil {
		t.Fatal(err)
	}
	st, err := set.Evaluate(context.Background(), policies.PhaseAccess, in, in.Now())
	if !errors.As(err, &problems) || st == nil || len(st.Grants) != 1 {
		t.Errorf("a bad element: %v, %+v", err, st)
	}
}

func TestTheProcessSeesNoSecretOfTheEnvironment(t *testing.T) {
	t.Setenv("PAGERDUTY_TOKEN", "u+canary")
	w := newWorker(t, limit)
	if _, err := w.Load(context.Background(), eval.Options{Roots: []string{folder(t, "a.rego", harmless)}}); err != nil {
		t.Fatal(err)
	}
	for _, env := range childEnvironments(t) {
		if strings.Contains(env, "canary") {
			t.Errorf("the environment of the process: %q", env)
		}
	}
}
