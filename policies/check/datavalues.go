package check

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
)

// types warns of a comparison of values of which the data has none of the other's type.
func (n never) types(e *ast.Expr, a, b *ast.Term, ps places) {
	if n.data.Broken {
		return
	}
	x, sampleOfA := n.typesOf(a, ps)
	y, sampleOfB := n.typesOf(b, ps)
	for t := range x {
		if y[t] {
			return
		}
	}
	if len(x) != 1 || len(y) != 1 || sampleOfA == "" && sampleOfB == "" {
		return
	}
	said := func(t *ast.Term, types map[string]bool, sample string) string {
		of := slices.Collect(maps.Keys(types))[0]
		if sample == "" {
			return fmt.Sprintf("%s, %s %s", textOf(t), policies.Article(of), of)
		}
		return fmt.Sprintf("%s (in the data %s %s, such as %s)", textOf(t), policies.Article(of), of, sample)
	}
	never := "they are never equal"
	if !e.IsEquality() && !isCall(e, ast.Equal.Name) && !isCall(e, ast.NotEqual.Name) {
		never = "a string is greater than any number, whatever they say"
	}
	n.report.Besides(e.Location, policies.Problem{Code: codeOtherType, Warning: true,
		Found:    fmt.Sprintf("%s compared with %s: %s", said(a, x, sampleOfA), said(b, y, sampleOfB), never),
		Expected: "values of one type, in the data or in the rule"})
}

// typesOf are the types of what a term may be, with an example where that is from the
// data; none where it can't be told.
func (n never) typesOf(t *ast.Term, ps places) (types map[string]bool, sample string) {
	switch v := t.Value.(type) {
	case ast.String, ast.Number, ast.Boolean:
		return map[string]bool{ast.ValueName(v): true}, ""
	}
	p := ps.of(t)
	if !p.known() || p.key || p.words[0] != "data" {
		return nil, ""
	}
	types = map[string]bool{}
	eachAt(n.data.Root, p.words[1:], func(v any) {
		if v == nil {
			return
		}
		types[contract.TypeOf(v)] = true
		if sample == "" {
			sample = shownValue(v)
		}
	})
	return types, sample
}

// eachAt calls f with what stands at a path of a document.
func eachAt(doc any, path []string, f func(any)) {
	if len(path) == 0 {
		f(doc)
		return
	}
	switch doc := doc.(type) {
	case map[string]any:
		if path[0] != anyPlace {
			if next, ok := doc[path[0]]; ok {
				eachAt(next, path[1:], f)
			}
			return
		}
		for _, key := range slices.Sorted(maps.Keys(doc)) {
			eachAt(doc[key], path[1:], f)
		}
	case []any:
		for _, next := range doc {
			if path[0] == anyPlace {
				eachAt(next, path[1:], f)
			}
		}
	}
}

// oddValues warns of rows that have nearly a text which a rule compares with.
func (n never) oddValues(loc *ast.Location, p dataPath, text string, seen map[string]bool) {
	for _, other := range slices.Sorted(maps.Keys(seen)) {
		if other == text || n.words[other] || !slipped(text, other) {
			continue
		}
		n.odd.at(n.pathOf(p.words[1:], other), policies.Problem{Code: codeOddText, Warning: true, See: shortPlace(loc),
			Found:      fmt.Sprintf("%q, where other rows have %q, with which %s compares", other, text, shortPlace(loc)),
			Expected:   "a text that the policies know",
			Suggestion: strconv.Quote(text)})
	}
}

// pathOf is the path of the first value of a text at a path with places of any key.
func (n never) pathOf(path []string, text string) []any {
	var found []any
	var walk func(doc any, at []any, rest []string)
	walk = func(doc any, at []any, rest []string) {
		if found != nil {
			return
		}
		if len(rest) == 0 {
			if doc == any(text) {
				found = at
			}
			return
		}
		at = at[:len(at):len(at)]
		switch doc := doc.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(doc)) {
				if rest[0] == key || rest[0] == anyPlace {
					walk(doc[key], append(at, key), rest[1:])
				}
			}
		case []any:
			for i := range doc {
				walk(doc[i], append(at, i), rest[1:])
			}
		}
	}
	walk(n.data.Root, nil, path)
	return found
}

func shownValue(v any) string {
	if s, ok := v.(string); ok {
		return strconv.Quote(s)
	}
	text := fmt.Sprint(v)
	if len(text) > 40 {
		text = strings.ToValidUTF8(text[:37], "") + "…"
	}
	return text
}
