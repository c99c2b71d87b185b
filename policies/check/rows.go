package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
)

const codeEveryOfNone code.Code = "policy/every-of-none"

// givenFields warns of a field that a function reads of its parameter, and that none of
// the rows has with which it is called.
func (n never) givenFields(r *ast.Rule, ps places) {
	if len(r.Head.Args) == 0 || n.data.Broken {
		return
	}
	for _, arg := range r.Head.Args {
		v, ok := arg.Value.(ast.Var)
		at := ps[v]
		if !ok || len(at.words) < 2 || at.words[len(at.words)-1] != anyPlace {
			continue
		}
		have, rows := map[string]bool{}, 0
		eachAt(n.data.Root, at.words[1:], func(x any) {
			m, isRow := x.(map[string]any)
			if !isRow {
				return
			}
			rows++
			for key := range m {
				have[key] = true
			}
		})
		if rows == 0 {
			continue
		}
		for clause := r; clause != nil; clause = clause.Else {
			for _, e := range clause.Body {
				if !e.Negated {
					n.givenField(e, v, have)
				}
			}
		}
	}
}

func (n never) givenField(e *ast.Expr, v ast.Var, have map[string]bool) {
	ast.WalkRefs(e, func(ref ast.Ref) bool {
		if len(ref) < 2 || !ref[0].Equal(ast.NewTerm(v)) {
			return false
		}
		key, ok := ref[1].Value.(ast.String)
		if !ok || have[string(key)] {
			return false
		}
		p := policies.Problem{Code: codeUnknownKey, Warning: true,
			Found:    fmt.Sprintf("%s, and no row that the function is called with has %s", ref[:2], string(key)),
			Expected: "one of " + policies.List(slices.Sorted(maps.Keys(have)), "or")}
		p.Suggestion, _ = nearKey(string(key), slices.Sorted(maps.Keys(have)))
		n.report.Besides(e.Location, p)
		return false
	})
}

// everyOfNone warns of rows for which `every` has nothing to go over, where it has for
// others: it holds for these, and nothing else asks whether there is one.
func (n never) everyOfNone(r *ast.Rule, ps places) {
	for clause := r; clause != nil; clause = clause.Else {
		in := ps.in(clause.Body)
		for _, e := range clause.Body {
			every, ok := e.Terms.(*ast.Every)
			if !ok || asksOf(clause.Body, e, every.Domain) {
				continue
			}
			at := in.of(every.Domain)
			if !at.known() || at.key || at.words[0] != "data" || n.data.Broken {
				continue
			}
			n.emptyRows(e, every, at)
		}
	}
}

func (n never) emptyRows(e *ast.Expr, every *ast.Every, at dataPath) {
	filled := false
	eachAt(n.data.Root, at.words[1:], func(v any) {
		list, _ := v.([]any)
		filled = filled || len(list) > 0
	})
	cut := slices.Index(at.words, anyPlace)
	if !filled || cut < 2 || len(at.words) != cut+2 {
		return
	}
	field := at.words[cut+1]
	told := 0
	for _, row := range rowsAt(n.data.Root, at.words[1:cut]) {
		if list, ok := row.fields[field].([]any); ok && len(list) == 0 && told < maxOddRows {
			told++
			n.odd.at(append(row.path, field), policies.Problem{Code: codeEveryOfNone, Warning: true, See: shortPlace(e.Location),
				Found:      fmt.Sprintf("%s: [], for which every … in %s at %s holds, as of nothing everything does", field, textOf(every.Domain), shortPlace(e.Location)),
				Expected:   "a condition before it that there is one",
				Suggestion: "count(" + textOf(every.Domain) + ") > 0"})
		}
	}
}

// asksOf says whether something else in a body asks about a collection.
func asksOf(body ast.Body, but *ast.Expr, domain *ast.Term) bool {
	for _, e := range body {
		if e != but && strings.Contains(e.String(), domain.String()) {
			return true
		}
	}
	return false
}
