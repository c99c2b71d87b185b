package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/dutyward/dutyward/policies/guard"
	"github.com/dutyward/dutyward/policies/source"
)

// TestOptions say which tests run, and how.
type TestOptions struct {
	// Run chooses tests by their full name, "access_test.test_somebody"; nil
	// chooses all.
	Run *regexp.Regexp
	// Coverage asks which lines of the policies the tests reach.
	Coverage bool
	// TimeLimit bounds one test; 0 means ten seconds.
	TimeLimit time.Duration
}

const defaultTestTimeLimit = 10 * time.Second

// TestOutcome is how a test ended.
type TestOutcome string

// The outcomes.
const (
	TestPassed  TestOutcome = "passed"
	TestFailed  TestOutcome = "failed"  // a condition of the test did not hold
	TestErrored TestOutcome = "error"   // the evaluation itself failed
	TestSkipped TestOutcome = "skipped" // its name begins with todo_
)

// TestReport is what the tests of a Set gave.
type TestReport struct {
	// Tests are in the order of their files and lines.
	Tests []TestResult `json:"tests"`
	// Coverage is by file, sorted; null unless it was asked for.
	Coverage []FileCoverage `json:"coverage"`
}

// TestResult is what one test rule gave.
type TestResult struct {
	// Package is the test's package without "data.", Name the rule's name.
	Package string `json:"package"`
	Name    string `json:"name"`
	// File and Line are where the rule stands.
	File     string        `json:"file"`
	Line     int           `json:"line"`
	Duration time.Duration `json:"duration_ns"`
	Outcome  TestOutcome   `json:"outcome"`
	// Message says why the test errored, or failed without a failing
	// expression; otherwise empty.
	Message string `json:"message"`
	// Failure is the expression that failed; null where there is none, and on a
	// table, whose cases have their own.
	Failure *TestFailure `json:"failure"`
	// Cases are those of a table, test_name[case], sorted by name.
	Cases []TestCase `json:"cases"`
	// Output is what the test printed.
	Output string `json:"output"`
}

// TestCase is one case of a table.
type TestCase struct {
	Name    string       `json:"name"`
	Outcome TestOutcome  `json:"outcome"`
	Failure *TestFailure `json:"failure"`
}

// FullName is the test's name with its package, as TestOptions.Run sees it.
func (t TestResult) FullName() string { return t.Package + "." + t.Name }

// Count is the number of tests with an outcome; each case of a table counts as
// one.
func (r *TestReport) Count(outcome TestOutcome) int {
	n := 0
	for _, t := range r.Tests {
		if len(t.Cases) == 0 && t.Outcome == outcome {
			n++
		}
		for _, c := range t.Cases {
			if c.Outcome == outcome {
				n++
			}
		}
	}
	return n
}

// Passed says whether no test failed or errored.
func (r *TestReport) Passed() bool {
	return !slices.ContainsFunc(r.Tests, func(t TestResult) bool {
		return t.Outcome == TestFailed || t.Outcome == TestErrored
	})
}

// Test runs the test_ rules of the policies with OPA's tester, with the
// library in place. Tests that fail run once more, traced, for the values in
// the expression that failed. An error means that the tests could not be run.
func (s *Set) Test(ctx context.Context, o TestOptions) (*TestReport, error) {
	modules, err := source.Parse(s.files, s.options.AllowBuiltins, source.NewReport(s.files))
	if err != nil {
		return nil, err
	}
	txn, err := s.store.NewTransaction(ctx)
	if err != nil {
		return nil, fmt.Errorf("run the policies' tests: %w", err)
	}
	defer s.store.Abort(ctx, txn)
	run := &testRun{set: s, txn: txn, parsed: modules, limit: cmp.Or(o.TimeLimit, defaultTestTimeLimit)}

	names := run.chosen(o.Run)
	if len(names) == 0 {
		return &TestReport{Tests: []TestResult{}}, nil
	}
	var tracer *cover.Cover
	if o.Coverage {
		tracer = cover.New()
	}
	plain, err := run.pass(ctx, names, tracer, false)
	if err != nil {
		return nil, err
	}
	report := &TestReport{Tests: run.results(ctx, plain)}
	if failed := failedNames(report.Tests); len(failed) > 0 {
		traced, err := run.pass(ctx, failed, nil, true)
		if err != nil {
			return nil, err
		}
		run.explain(ctx, report.Tests, traced)
	}
	if tracer != nil {
		report.Coverage = fileCoverage(tracer.Report(modules.Parsed), s.files)
	}
	return report, nil
}

// testName is a test rule as it is written.
type testName struct{ pkg, rule string }

// testRun is what the passes over one Set's tests share.
type testRun struct {
	set    *Set
	txn    storage.Transaction
	parsed *source.Modules
	limit  time.Duration
	// compiler is that of the untraced pass.
	compiler *ast.Compiler
}

// chosen are the tests of the policies that the expression matches.
func (r *testRun) chosen(expression *regexp.Regexp) []testName {
	seen := map[testName]bool{}
	for _, m := range r.parsed.Parsed {
		for _, rule := range m.Rules {
			name, ok := testRuleName(rule.Head)
			if ok && (expression == nil || expression.MatchString(source.PackageName(m)+"."+name)) {
				seen[testName{source.PackageName(m), name}] = true
			}
		}
	}
	return slices.Collect(maps.Keys(seen))
}

// testRuleName is the part of a rule's name up to the one that makes it a test.
func testRuleName(h *ast.Head) (string, bool) {
	ref := h.Ref().GroundPrefix()
	for i, t := range ref {
		word := strings.Trim(t.String(), `"`)
		if strings.HasPrefix(word, tester.TestPrefix) || strings.HasPrefix(word, tester.SkipTestPrefix) {
			return ref[:i+1].String(), true
		}
	}
	return "", false
}

// filter is the tester's regular expression for some tests. Rules of one name
// are told apart by a number that the tester appends.
func filter(names []testName) string {
	alternatives := make([]string, len(names))
	for i, n := range names {
		before, last := "data."+n.pkg, n.rule
		if dot := strings.LastIndex(n.rule, "."); dot >= 0 {
			before, last = before+"."+n.rule[:dot], n.rule[dot+1:]
		}
		alternatives[i] = regexp.QuoteMeta(before) + `(\.|\[")` + regexp.QuoteMeta(last) + `(#\d+)?("\])?$`
	}
	return "^(" + strings.Join(alternatives, "|") + ")"
}

// pass runs tests, sorted by place.
func (r *testRun) pass(ctx context.Context, names []testName, tracer *cover.Cover, traced bool) ([]*tester.Result, error) {
	compiler := ast.NewCompiler().
		WithCapabilities(source.Capabilities(r.set.options.AllowBuiltins)).
		WithDefaultRegoVersion(ast.RegoV1).
		WithEnablePrintStatements(true).
		WithRewriteTestRules(traced)
	runner := tester.NewRunner().
		SetCompiler(compiler).
		SetStore(r.set.store).
		SetModules(r.parsed.All()).
		SetRuntime(ast.ObjectTerm()).
		SetTimeout(r.limit).
		RaiseBuiltinErrors(true).
		StackTraces(true).
		CapturePrintOutput(true).
		EnableTracing(traced).
		Filter(filter(names))
	if tracer != nil {
		runner.SetCoverageRuns(nil).SetCoverageQueryTracer(tracer)
	}
	section := guard.From(ctx).Enter(ctx, "run the policies' tests", r.limit)
	defer section.Leave()
	results, err := runner.RunTests(ctx, r.txn)
	if err != nil {
		return nil, fmt.Errorf("run the policies' tests: %w", err)
	}
	var out []*tester.Result
	ended := section.Begin("the first of them")
	for result := range results {
		ended()
		section.Progress()
		ended = section.Begin(fmt.Sprintf("the one after %s (%s:%d)", result.Name, result.Location.File, result.Location.Row))
		out = append(out, result)
	}
	ended()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("run the policies' tests: %w", context.Cause(ctx))
	}
	if !traced {
		r.compiler = compiler
	}
	slices.SortFunc(out, func(a, b *tester.Result) int {
		return cmp.Or(cmp.Compare(a.Location.File, b.Location.File), cmp.Compare(a.Location.Row, b.Location.Row), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

// results are the tester's results as values, without failing expressions.
func (r *testRun) results(ctx context.Context, plain []*tester.Result) []TestResult {
	out := make([]TestResult, len(plain))
	for i, p := range plain {
		t := TestResult{
			Package: strings.TrimPrefix(p.Package, "data."), Name: p.Name,
			File: p.Location.File, Line: p.Location.Row,
			Duration: p.Duration, Outcome: outcomeOf(p), Cases: []TestCase{}, Output: string(p.Output),
		}
		for name, sub := range p.SubResults.Iter {
			if len(sub.SubResults) == 0 {
				t.Cases = append(t.Cases, TestCase{Name: strings.Join(name, "/"), Outcome: passedUnless(sub.Fail)})
			}
		}
		switch {
		case p.Error != nil:
			t.Message, t.Cases = r.errorText(ctx, p), []TestCase{}
		case t.Outcome == TestPassed && len(t.Cases) == 0 && r.isTable(p):
			t.Outcome, t.Message = TestFailed, "the table has no cases: nothing was tested"
		}
		out[i] = t
	}
	return out
}

func outcomeOf(p *tester.Result) TestOutcome {
	switch {
	case p.Skip:
		return TestSkipped
	case p.Error != nil:
		return TestErrored
	}
	return passedUnless(p.Fail)
}

func passedUnless(failed bool) TestOutcome {
	if failed {
		return TestFailed
	}
	return TestPassed
}

// isTable says whether a test's rule names cases.
func (r *testRun) isTable(p *tester.Result) bool {
	rule := source.RuleAt(r.parsed.Parsed[p.Location.File], p.Location.Row)
	return rule != nil && rule.Head.DocKind() == ast.PartialObjectDoc
}

// errorText is why a test could not be evaluated. The tester joins several
// failures of builtins into one text that nobody can read, so the test is
// evaluated again to have each.
func (r *testRun) errorText(ctx context.Context, p *tester.Result) string {
	var single *topdown.Error
	switch {
	case topdown.IsCancel(p.Error) || errors.Is(p.Error, context.DeadlineExceeded):
		return fmt.Sprintf("the test did not finish within %s", r.limit)
	case errors.As(p.Error, &single):
		return errorText(single)
	}
	ctx, stop := context.WithTimeout(ctx, r.limit)
	defer stop()
	var errs []topdown.Error
	_, err := rego.New(
		rego.Compiler(r.compiler), rego.Store(r.set.store), rego.Transaction(r.txn),
		rego.Runtime(ast.ObjectTerm()), rego.Query(p.Package+"."+p.Name),
		rego.BuiltinErrorList(&errs), rego.StackTraces(true),
	).Eval(ctx)
	if err != nil || len(errs) == 0 {
		return p.Error.Error()
	}
	var texts []string
	for i := range errs {
		if text := errorText(&errs[i]); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, "\n")
}

// failedNames are the tests to run again, traced.
func failedNames(tests []TestResult) []testName {
	var out []testName
	for _, t := range tests {
		if t.Outcome == TestFailed {
			name, _, _ := strings.Cut(t.Name, "#")
			out = append(out, testName{t.Package, name})
		}
	}
	return out
}

// explain adds to failed tests the expressions that failed.
func (r *testRun) explain(ctx context.Context, tests []TestResult, traced []*tester.Result) {
	type key struct{ pkg, name string }
	byName := map[key]*tester.Result{}
	for _, t := range traced {
		byName[key{strings.TrimPrefix(t.Package, "data."), t.Name}] = t
	}
	for i := range tests {
		t := &tests[i]
		trace, ok := byName[key{t.Package, t.Name}]
		if t.Outcome != TestFailed || t.Message != "" || !ok {
			continue
		}
		if trace.Error != nil {
			t.Message = "it failed; while its values were looked for, " + r.errorText(ctx, trace)
			continue
		}
		if len(t.Cases) == 0 {
			if t.Failure = failureIn(trace.Trace, trace.Location); t.Failure == nil {
				t.Message = "its value is not true, or what its first condition asks for is absent"
			}
			continue
		}
		for name, sub := range trace.SubResults.Iter {
			at := slices.IndexFunc(t.Cases, func(c TestCase) bool { return c.Name == strings.Join(name, "/") })
			if at >= 0 && sub.Fail {
				t.Cases[at].Failure = failureIn(sub.Trace, trace.Location)
			}
		}
	}
}
