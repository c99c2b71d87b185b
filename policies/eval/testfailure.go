package eval

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// TestFailure is the expression of a test that did not hold.
type TestFailure struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	// Source is the expression as it is written, perhaps of several lines.
	Source string `json:"source"`
	// Came and Expected are the sides of a comparison for equality, where it can
	// be told which is which: what is expected is written out, or called so
	// ("want", "expected"). Both are null elsewhere.
	Came     *TestValue `json:"came"`
	Expected *TestValue `json:"expected"`
	// Missing and Extra are, for collections, the elements that Expected has and
	// Came has not, and the reverse: Rego terms, an object's with their key.
	Missing []string `json:"missing"`
	Extra   []string `json:"extra"`
	// Values are the other values in the expression.
	Values []TestValue `json:"values"`
	// Attempts is how often the expression was tried, for it may stand behind
	// `some`; the values are those of the last attempt.
	Attempts int `json:"attempts"`
}

// TestValue is a part of an expression, as it is written, and its value.
type TestValue struct {
	Text string `json:"text"`
	// Value is a Rego term, or "undefined".
	Value string `json:"value"`
}

const undefined = "undefined"

// failureIn is the expression of a rule at which its evaluation ended: of those
// that failed, the one furthest down. It is nil if the rule was not evaluated
// or none of its expressions failed.
func failureIn(trace []*topdown.Event, rule *ast.Location) *TestFailure {
	begin := 0
	for i, e := range trace {
		if e.Op == topdown.TestCaseOp {
			begin = i // a table's trace holds the cases before this one, too
		}
	}
	queries := map[uint64]bool{}
	for _, e := range trace {
		if r, ok := e.Node.(*ast.Rule); ok && e.Op == topdown.EnterOp && r.Location != nil && r.Location.Equal(rule) {
			queries[e.QueryID] = true
		}
	}
	var failed *topdown.Event
	at, attempts := 0, 0
	for i, e := range trace[begin:] {
		expr := failedExpr(e)
		if expr == nil || !queries[e.QueryID] {
			continue
		}
		switch {
		case failed == nil || expr.Index > failedExpr(failed).Index:
			failed, at, attempts = e, begin+i, 1
		case expr.Index == failedExpr(failed).Index:
			failed, at = e, begin+i
			attempts++
		}
	}
	if failed == nil {
		return nil
	}
	f := newTestFailure(withinEvery(trace[begin:at+1], failed), attempts)
	if failedExpr(failed).Negated {
		f.Values = append(f.Values, denied(trace[begin:at], failed.QueryID, f)...)
	}
	return f
}

// denied are the values in what stands behind a `not` that failed, which is a
// query of its own.
func denied(trace []*topdown.Event, query uint64, f *TestFailure) []TestValue {
	for _, e := range slices.Backward(trace) {
		body, ok := e.Node.(ast.Body)
		if !ok || e.Op != topdown.ExitOp || e.ParentID != query {
			continue
		}
		r := &reading{event: e, written: map[string]bool{}}
		for _, v := range f.Values {
			r.written[v.Text] = true
		}
		for _, expr := range body {
			for _, t := range termsOf(expr) {
				r.add(t, false)
			}
		}
		return r.values
	}
	return nil
}

// failedExpr is the expression that an event says has failed, or nil.
func failedExpr(e *topdown.Event) *ast.Expr {
	expr, ok := e.Node.(*ast.Expr)
	if e.Op != topdown.FailOp || !ok || expr.BaseCogeneratedExpr().Location == nil {
		return nil
	}
	return expr
}

// withinEvery is the failure within an `every` for which the `every` failed,
// or the failure itself.
func withinEvery(trace []*topdown.Event, failed *topdown.Event) *topdown.Event {
	outer := failedExpr(failed)
	if !outer.IsEvery() {
		return failed
	}
	first := outer.Location.Row
	last := first + strings.Count(string(outer.Location.Text), "\n")
	for _, e := range slices.Backward(trace) {
		expr := failedExpr(e)
		if expr == nil || expr.IsEvery() {
			continue
		}
		if row := expr.BaseCogeneratedExpr().Location.Row; row >= first && row <= last {
			return e
		}
	}
	return failed
}

func newTestFailure(e *topdown.Event, attempts int) *TestFailure {
	expr := failedExpr(e)
	written := expr.BaseCogeneratedExpr()
	f := &TestFailure{
		File: written.Location.File, Line: written.Location.Row, Column: written.Location.Col,
		Source:  dedented(string(written.Location.Text), written.Location.Col-1),
		Missing: []string{}, Extra: []string{}, Values: []TestValue{}, Attempts: attempts,
	}
	r := &reading{event: e, written: map[string]bool{f.Source: true}}
	if expr == written && !expr.Negated && (expr.IsEquality() || expr.Operator().Equal(ast.Equal.Ref())) {
		f.compare(r, expr.Operand(0), expr.Operand(1))
	}
	for _, t := range termsOf(expr) {
		r.add(t, expr != written)
	}
	for _, co := range expr.CogeneratedExprs() {
		for _, t := range termsOf(co) {
			r.add(t, false)
		}
	}
	f.Values = append(f.Values, r.values...)
	return f
}

// compare fills in what came and what was expected.
func (f *TestFailure) compare(r *reading, a, b *ast.Term) {
	came, expected := a, b
	switch {
	case likeExpected(a) == likeExpected(b):
		return
	case likeExpected(a) > likeExpected(b):
		came, expected = b, a
	}
	have, want := r.value(came), r.value(expected)
	f.Came, f.Expected = valueOf(came, have), valueOf(expected, want)
	r.written[f.Came.Text], r.written[f.Expected.Text] = true, true
	f.Missing, f.Extra = beyond(want, have), beyond(have, want)
}

var (
	calledExpected = regexp.MustCompile(`(^|[._])(want|wanted|exp|expect|expected)$`)
	calledCame     = regexp.MustCompile(`(^|[._])(got|act|actual|have|came)$`)
)

// likeExpected says how much a side of a comparison looks like what is
// expected: written out in place, or called so.
func likeExpected(t *ast.Term) int {
	switch t.Value.(type) {
	case ast.Var, ast.Ref, ast.Call, *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension:
		switch {
		case t.Location == nil:
			return 0
		case calledExpected.Match(t.Location.Text):
			return 2
		case calledCame.Match(t.Location.Text):
			return -1
		}
		return 0
	}
	if t.IsGround() {
		return 3
	}
	return 1
}

// isLiteral says whether a term is a value, written out.
func isLiteral(t *ast.Term) bool {
	_, ref := t.Value.(ast.Ref)
	return !ref && t.IsGround()
}

func valueOf(t *ast.Term, v ast.Value) *TestValue {
	out := &TestValue{Text: text(t), Value: undefined}
	if v != nil {
		out.Value = v.String()
	}
	return out
}

// text is a term as it is written, in one line.
func text(t *ast.Term) string {
	if t.Location == nil || len(t.Location.Text) == 0 || isLiteral(t) {
		return t.String()
	}
	return strings.Join(strings.Fields(string(t.Location.Text)), " ")
}

// beyond are the elements of a that b has not; none unless both are
// collections of a kind.
func beyond(a, b ast.Value) []string {
	out := []string{}
	switch a := a.(type) {
	case ast.Set:
		if b, ok := b.(ast.Set); ok {
			for _, t := range a.Diff(b).Slice() {
				out = append(out, t.String())
			}
		}
	case ast.Object:
		if b, ok := b.(ast.Object); ok {
			for _, key := range a.Keys() {
				if other := b.Get(key); other == nil || !other.Equal(a.Get(key)) {
					out = append(out, fmt.Sprintf("%s: %s", key, a.Get(key)))
				}
			}
		}
	case *ast.Array:
		if b, ok := b.(*ast.Array); ok {
			for i := range a.Len() {
				if i >= b.Len() || !b.Elem(i).Equal(a.Elem(i)) {
					out = append(out, fmt.Sprintf("[%d] %s", i, a.Elem(i)))
				}
			}
		}
	}
	return out
}

// termsOf are the terms that an expression is about: operands, or the one term
// that it consists of.
func termsOf(e *ast.Expr) []*ast.Term {
	switch t := e.Terms.(type) {
	case *ast.Term:
		return []*ast.Term{t}
	case []*ast.Term:
		return t[1:]
	}
	return nil
}

// reading collects the values in an expression at an event, each text once.
type reading struct {
	event   *topdown.Event
	written map[string]bool
	values  []TestValue
}

// add adds a term's value and, behind it, those of the author's variables in
// it. A term without value is added only if it is what the expression failed
// for.
func (r *reading) add(t *ast.Term, failing bool) {
	r.addSource(t)
	if t.Location == nil || len(t.Location.Text) == 0 {
		return
	}
	v := r.value(t)
	if !isLiteral(t) && (v != nil || failing || r.isLocal(t)) {
		r.put(text(t), v)
	}
	ast.WalkTerms(t, func(part *ast.Term) bool {
		name, ok := part.Value.(ast.Var)
		if !ok {
			return false
		}
		meta := r.event.LocalMetadata[name]
		if v := r.event.Locals.Get(name); v != nil && meta.Name != "" && !meta.Name.IsGenerated() && !meta.Name.IsWildcard() {
			r.put(string(meta.Name), v)
		}
		return false
	})
}

func (r *reading) put(text string, v ast.Value) {
	if r.written[text] {
		return
	}
	r.written[text] = true
	value := undefined
	if v != nil {
		value = v.String()
	}
	r.values = append(r.values, TestValue{Text: text, Value: value})
}

// isLocal says whether t selects from a variable that has a value: what it
// selects does then not exist.
func (r *reading) isLocal(t *ast.Term) bool {
	ref, ok := t.Value.(ast.Ref)
	if !ok {
		return false
	}
	head, ok := ref[0].Value.(ast.Var)
	return ok && r.event.Locals.Get(head) != nil
}

// value is a term's value at the event, or nil.
func (r *reading) value(t *ast.Term) ast.Value {
	switch v := t.Value.(type) {
	case ast.Var:
		return r.event.Locals.Get(v)
	case ast.Ref:
		head, ok := v[0].Value.(ast.Var)
		if !ok {
			return nil
		}
		value := r.event.Locals.Get(head)
		if value == nil {
			return nil
		}
		path := make(ast.Ref, 0, len(v))
		for _, part := range v[1:] {
			key := r.value(part)
			if key == nil {
				return nil
			}
			path = append(path, ast.NewTerm(key))
		}
		found, err := value.Find(path)
		if err != nil {
			return nil
		}
		return found
	case ast.Call, *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension:
		return nil
	}
	return r.plugged(t)
}

// plugged is a composite term with its variables' values in their places.
func (r *reading) plugged(t *ast.Term) ast.Value {
	if t.IsGround() {
		return t.Value
	}
	x, err := ast.TransformVars(t.Copy().Value, func(v ast.Var) (ast.Value, error) {
		if value := r.event.Locals.Get(v); value != nil {
			// The transformation writes into what it is given.
			return ast.CopyValue(value), nil
		}
		return v, nil
	})
	value, ok := x.(ast.Value)
	if err != nil || !ok || !value.IsGround() {
		return nil
	}
	return value
}

// dedented is text of several lines without the indentation of its first,
// which ends before it.
func dedented(text string, indent int) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines[1:] {
		rest := strings.TrimLeft(line, " \t")
		keep := max(0, len(line)-len(rest)-indent)
		lines[i+1] = strings.Repeat("  ", min(keep, 4)) + rest
	}
	return strings.Join(lines, "\n")
}
