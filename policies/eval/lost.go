package eval

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/dutyward/dutyward/policies"
)

// lostElements are the answers of a rule's body for which its head is undefined.
type lostElements struct {
	*evaluation
	rule *rule
	// told are those that are described one by one, more is how many others there are.
	told []policies.Failure
	more int
	// looked is how many were looked at.
	looked int
	// written are compiled variables as they are written.
	written map[ast.Var]string
	rows    *rowFinder
	// usual are the keys of rows that have a key, by that key.
	usual map[string]map[string]bool
	// optional are parts of heads that authors know to be undefined at times.
	optional map[string]bool
}

// mostLooked bounds how many of them are looked at once one is a failure. Before that
// each is: a slip may stand behind any number of fields that are meant to be optional.
const mostLooked = 1000

// note notes one, and says whether it is reported as a failure.
func (l *lostElements) note(ctx context.Context, result topdown.QueryResult) (told bool) {
	if l.looked++; l.looked > mostLooked && len(l.told) > 0 {
		l.more++
		return true
	}
	if l.written == nil {
		l.written = writtenIn(l.rule.head.exprs, l.rule.compiler.RewrittenVars)
		l.optional = l.set.optionalBeside(l.rule)
		l.rows, l.usual = l.set.rowFinder(), map[string]map[string]bool{}
	}
	known := maps.Clone(result)
	e := l.undefined(ctx, known)
	if e == nil {
		return false
	}
	// A step may be a condition as well, and a helper be for some rows only, unless a slip
	// of the pen shows that it is none.
	if (l.rule.helper || l.rule.head.parts.isStep(e.Location.Offset)) && l.missing(ctx, e, known).suggestion == "" {
		return false
	}
	if len(l.told) == maxFailures {
		l.more++
		return true
	}
	f := l.failureAt(ctx, e, known)
	if !slices.ContainsFunc(l.told, func(t policies.Failure) bool { return t.Text() == f.Text() }) {
		l.told = append(l.told, f)
	}
	return true
}

func (l *lostElements) failures() []policies.Failure {
	if l.more > 0 {
		f := l.rule.failure(codeUndefinedHead, fmt.Sprintf("the head of this %s rule is undefined %d more times", l.rule.contract.Name, l.more))
		return append(l.told, f)
	}
	return l.told
}

// undefined is the expression of the head that has no value for one answer of the
// body; nil where a builtin failed, which is reported by itself, and where the author
// seems to know. What comes before it gets to be known.
func (l *lostElements) undefined(ctx context.Context, known map[ast.Var]*ast.Term) *ast.Expr {
	for _, e := range l.rule.head.exprs {
		var failed []topdown.Error
		holds := false
		err := l.query(l.rule, given(e, known)).WithBuiltinErrorList(&failed).Iter(ctx, func(result topdown.QueryResult) error {
			holds = true
			maps.Copy(known, result)
			return nil
		})
		if holds {
			continue
		}
		if err != nil || len(failed) > 0 || l.optional[shapeOf(textOf(e))] {
			return nil
		}
		return e
	}
	return nil
}

// failureAt is the failure at an expression of the head.
func (l *lostElements) failureAt(ctx context.Context, e *ast.Expr, known map[ast.Var]*ast.Term) policies.Failure {
	f := l.rule.failure(codeUndefinedHead, "")
	if e.Location.Row != l.rule.origin.Line {
		f.File, f.Line = e.Location.File, e.Location.Row
	}
	written := textOf(e)
	f.Row = l.rows.of(l.rule, known)
	from := ""
	if f.Row != "" {
		from = ", from " + f.Row
	}
	missing := l.missing(ctx, e, known)
	f.Message = fmt.Sprintf("%s is undefined%s%s%s: the conditions of this %s rule hold, and it gives nothing",
		written, missing.why, l.where(e, known), from, l.rule.contract.Name)
	f.Expected = missing.expected
	if f.Expected == "" {
		f.Expected = "a value for it"
	}
	f.Expected += "; or " + written + " among the conditions, if the rule is only for what has it"
	f.Suggestion = missing.suggestion
	return f
}

// where says which values an expression has, as it is written.
func (l *lostElements) where(e *ast.Expr, known map[ast.Var]*ast.Term) string {
	var parts []string
	ast.WalkVars(e, func(v ast.Var) bool {
		name, value := l.written[v], known[v]
		if name == "" || value == nil || v.Equal(elementVar) {
			return false
		}
		part := name + " is " + briefly(value.Value)
		if !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
		return false
	})
	if len(parts) == 0 {
		return ""
	}
	return " where " + policies.List(parts, "and")
}

// lack is what an expression is undefined for.
type lack struct{ why, expected, suggestion string }

// missing finds out what an expression lacks.
func (l *lostElements) missing(ctx context.Context, e *ast.Expr, known map[ast.Var]*ast.Term) lack {
	if e.IsCall() && !e.IsEquality() {
		return lack{
			expected:   "a rule of that function that holds",
			suggestion: l.nearArgument(e.Operator(), e, known),
		}
	}
	ref, ok := refIn(e)
	if !ok {
		return lack{}
	}
	ref = plugged(ref, known)
	container, key := l.furthest(ctx, ref)
	if container == nil || key == nil {
		return lack{}
	}
	name, isText := key.Value.(ast.String)
	object, isObject := container.(ast.Object)
	switch {
	case isObject && isText:
		return l.missingKey(ctx, object, string(name), ref[0])
	case !isObject && l.isKey(e, container):
		g := l.rule.generators[0]
		return lack{expected: "the row in place of its number", suggestion: fmt.Sprintf("some %s in %s", l.written[g.key], g.document)}
	case isText && l.rowsBelow(e, container, name, known) != "":
		return lack{expected: "the rows, which are one level further down", suggestion: l.rowsBelow(e, container, name, known)}
	case !isObject:
		return lack{why: fmt.Sprintf(" in %s %s", policies.Article(ast.ValueName(container)), ast.ValueName(container))}
	}
	return lack{}
}

// isKey says that an expression selects from the key of a row, which has that value.
func (l *lostElements) isKey(e *ast.Expr, value ast.Value) bool {
	ref, _ := refIn(e)
	_, isNumber := value.(ast.Number)
	return isNumber && len(l.rule.generators) > 0 && l.rule.generators[0].key.Compare(ref[0].Value) == 0
}

// missingKey is that an object lacks a key: one of the rules' or the data's, which does
// not know a row's word, or a row, which lacks a field.
func (l *lostElements) missingKey(ctx context.Context, object ast.Object, name string, root *ast.Term) lack {
	keys := keysOf(object)
	if _, document := root.Value.(ast.Var); document {
		near, _ := policies.Nearest(name, keys)
		x := lack{expected: fmt.Sprintf("an entry for %q", name), suggestion: near}
		if len(keys) > 0 && len(keys) <= 8 {
			x.expected = policies.List(keys, "or")
		}
		return x
	}
	usual := l.usualKeys(ctx, name)
	keys = slices.DeleteFunc(keys, func(key string) bool { return usual[key] || l.rule.helper && l.set.says(key) })
	x := lack{expected: fmt.Sprintf("%q in each row", name)}
	if near, ok := policies.Nearest(name, keys); ok {
		x.suggestion = name + " instead of " + near
	}
	return x
}

// usualKeys are those of other rows, which have a key.
func (l *lostElements) usualKeys(ctx context.Context, key string) map[string]bool {
	if known, ok := l.usual[key]; ok {
		return known
	}
	usual := map[string]bool{}
	l.usual[key] = usual
	for _, g := range l.rule.generators {
		document := l.value(ctx, l.rule, g.document)
		if document == nil {
			continue
		}
		eachEntry(document.Value, func(_, row *ast.Term) {
			o, ok := row.Value.(ast.Object)
			if !ok || o.Get(ast.StringTerm(key)) == nil {
				return
			}
			for _, k := range keysOf(o) {
				usual[k] = true
			}
		})
	}
	return usual
}

// value is what a reference stands for to a rule; nil if it is undefined.
func (e *evaluation) value(ctx context.Context, r *rule, ref ast.Ref) *ast.Term {
	var found *ast.Term
	bind := ast.Equality.Expr(ast.VarTerm(string(elementVar)), ast.NewTerm(ref))
	err := e.query(r, ast.NewBody(bind)).Iter(ctx, func(result topdown.QueryResult) error {
		found = result[elementVar]
		return nil
	})
	if err != nil {
		return nil
	}
	return found
}

// furthest is the value that a reference leads to before it ends, and the key at
// which it does.
func (l *lostElements) furthest(ctx context.Context, ref ast.Ref) (ast.Value, *ast.Term) {
	if _, isVar := ref[0].Value.(ast.Var); !isVar {
		for i := 1; i < len(ref); i++ {
			if _, err := ref[0].Value.Find(ref[1 : i+1]); err != nil {
				value, err := ref[0].Value.Find(ref[1:i])
				if err != nil {
					return nil, nil
				}
				return value, ref[i]
			}
		}
		return nil, nil
	}
	for n := len(ref) - 1; n > 1; n-- {
		found := l.value(ctx, l.rule, ref[:n])
		if found != nil {
			return found.Value, ref[n]
		}
	}
	return nil, nil
}

// nearArgument is a text that a function knows and that one which it is called with
// nearly is.
func (l *lostElements) nearArgument(function ast.Ref, call *ast.Expr, known map[ast.Var]*ast.Term) string {
	var texts []string
	for _, r := range l.rule.compiler.GetRulesExact(function) {
		for dep := range newNeedsFinder(l.rule.compiler).of(r).rules {
			ast.WalkTerms(dep, func(t *ast.Term) bool {
				if s, ok := t.Value.(ast.String); ok && len(s) > 2 && !slices.Contains(texts, string(s)) {
					texts = append(texts, string(s))
				}
				return false
			})
		}
	}
	for _, t := range call.Operands() {
		for _, given := range textsOf(plugTerm(t, known)) {
			if slices.Contains(texts, given) || len(given) < 3 {
				continue
			}
			if near, ok := policies.Nearest(given, texts); ok {
				return fmt.Sprintf("%s instead of %s", near, given)
			}
		}
	}
	return ""
}

func keysOf(o ast.Object) []string {
	var keys []string
	for _, k := range o.Keys() {
		if s, ok := k.Value.(ast.String); ok {
			keys = append(keys, string(s))
		}
	}
	return keys
}

// briefly is a value in a message: a record by its name.
func briefly(v ast.Value) string {
	if o, ok := v.(ast.Object); ok {
		for _, key := range []string{"email", "name", "id"} {
			if t := o.Get(ast.StringTerm(key)); t != nil {
				return "the row of " + strings.Trim(t.String(), `"`)
			}
		}
	}
	return abbreviated(ast.NewTerm(v))
}

// lookedThrough bounds how many rows that a helper passes over are looked at: most of
// them may well be passed over for a reason.
const lookedThrough = 1000

// helperLosses are the rows that helpers lost, each found out once in an evaluation.
type helperLosses struct {
	mu   sync.Mutex
	once map[*rule]func() []policies.Failure
}

// lostByHelpers are the failures of the helpers that a rule follows from, as its own:
// what it would have reached is unknown.
func (e *evaluation) lostByHelpers(ctx context.Context, r *rule) []policies.Failure {
	var out []policies.Failure
	for _, h := range r.helpers {
		for _, f := range e.losses.of(h, func() []policies.Failure { return e.lostBy(ctx, h) }) {
			if f.Line == 0 {
				f.File, f.Line = h.origin.File, h.origin.Line
			}
			f.Rule, f.Origin = r.contract.Name, r.origin
			out = append(out, f)
		}
	}
	return out
}

func (l *helperLosses) of(h *rule, find func() []policies.Failure) []policies.Failure {
	l.mu.Lock()
	if l.once == nil {
		l.once = map[*rule]func() []policies.Failure{}
	}
	if l.once[h] == nil {
		l.once[h] = sync.OnceValue(find)
	}
	once := l.once[h]
	l.mu.Unlock()
	return once()
}

// lostBy runs the body of a helper and looks where its head is undefined.
func (e *evaluation) lostBy(ctx context.Context, h *rule) []policies.Failure {
	lost := &lostElements{evaluation: e, rule: h}
	var failed []topdown.Error // they are reported where they matter
	err := e.query(h, h.head.query).WithBuiltinErrorList(&failed).Iter(ctx, func(result topdown.QueryResult) error {
		if lost.looked < lookedThrough && len(h.elementsIn(result)) == 0 {
			lost.note(ctx, result)
		}
		return nil
	})
	if err != nil {
		return nil // the rules that ask for it fail in the same way
	}
	return slices.Clip(lost.failures())
}

// says that a text stands in some policy: a field of that name is read.
func (s *Set) says(text string) bool {
	found := false
	for _, m := range s.parsed {
		ast.WalkTerms(m, func(t *ast.Term) bool {
			found = found || t.Value.Compare(ast.String(text)) == 0
			return found
		})
	}
	return found
}
