package check

import (
	"fmt"
	"iter"
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
	p := policies.Problem{Code: codeOtherType, Warning: true,
		Found:    fmt.Sprintf("%s compared with %s: %s", said(a, x, sampleOfA), said(b, y, sampleOfB), never),
		Expected: "values of one type, in the data or in the rule"}
	if sample, err := strconv.Unquote(sampleOfA + sampleOfB); err == nil && (x["boolean"] || y["boolean"]) && truths[strings.ToLower(sample)] != "" {
		p.Expected, p.Suggestion = "true or false in the data, without quotes", truths[strings.ToLower(sample)]+" in place of "+sample
	}
	n.report.Besides(e.Location, p)
}

// typesOf are the types of what a term may be, with an example where that is from the
// data; none where it can't be known.
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

// collected is what a comprehension collects, and the body that it is collected by.
func collected(t *ast.Term) iter.Seq2[ast.Body, *ast.Term] {
	return func(yield func(ast.Body, *ast.Term) bool) {
		switch c := t.Value.(type) {
		case *ast.SetComprehension:
			yield(c.Body, c.Term)
		case *ast.ArrayComprehension:
			yield(c.Body, c.Term)
		}
	}
}

// amongValues warns of a text that is looked for among the values of an object which a
// rule makes, where these are no texts: leads := {"ann@acme.com": true}.
func (n never) amongValues(e *ast.Expr, a, b *ast.Term) {
	rules := n.rules[b.String()]
	if len(rules) != 1 || rules[0].Head.Value == nil || rules[0].Else != nil {
		return
	}
	var values []*ast.Term
	switch v := rules[0].Head.Value.Value.(type) {
	case ast.Object:
		v.Foreach(func(_, value *ast.Term) { values = append(values, value) })
	case *ast.ObjectComprehension:
		values = append(values, v.Value)
	}
	if len(values) == 0 || isConstant(a) && ast.ValueName(a.Value) != "string" {
		return
	}
	for _, v := range values {
		switch v.Value.(type) {
		case ast.Boolean, ast.Number, ast.Null, ast.Object, *ast.Array, ast.Set:
		default:
			return
		}
		if v.Value.Compare(a.Value) == 0 {
			return
		}
	}
	n.report.Besides(e.Location, policies.Problem{Code: codeIDAmongValues, Warning: true,
		Found:    fmt.Sprintf("%s, which looks among the values, such as %s, not among the keys", written(e), values[0]),
		Expected: "a look-up by key", Suggestion: textOf(b) + "[" + textOf(a) + "]"})
}

// nameInMap warns of a name where the maps of teams and members have ids.
func (n never) nameInMap(e *ast.Expr, ps places) {
	if slices.ContainsFunc(n.report.Problems, func(p policies.Problem) bool {
		return p.File == e.Location.File && p.Line == e.Location.Row && !p.Warning
	}) {
		return
	}
	ast.WalkTerms(e, func(t *ast.Term) bool {
		ref, ok := t.Value.(ast.Ref)
		if !ok {
			return false
		}
		for i := 1; i < len(ref); i++ {
			text, isText := ref[i].Value.(ast.String)
			at := ps.ref(ref[:i])
			if !isText || at.key || couldBeID.MatchString(string(text)) {
				continue
			}
			if p := at.String(); p == "input.users.*.teams" || p == "input.teams.*.members" {
				written := ast.NewTerm(ref[:i])
				n.report.Besides(e.Location, policies.Problem{Code: codeNameAsKey, Warning: true,
					Found:    fmt.Sprintf("%s: nothing there has the id %q", ref[:i+1], string(text)),
					Expected: byName(written.String(), p+".*", string(text))})
			}
		}
		return false
	})
}

// byName is how something is found in a map of ids by its name.
func byName(written, element, name string) string {
	switch element {
	case "input.users.*.teams.*":
		return fmt.Sprintf("a look-up by id: %s[data.dutyward.team(%q).id]", written, name)
	case "input.teams.*.members.*":
		return fmt.Sprintf("a look-up by id: %s[data.dutyward.user(%q).id]", written, name)
	}
	return "a look-up by id"
}

// idFields are the fields of the input that are ids of people, by which records refer to them.
var idFields = []string{"id", "user"}

// idAndName warns of an id of the account that is compared with an address or a name.
func (n never) idAndName(e *ast.Expr, a, b *ast.Term, ps places) {
	last := func(t *ast.Term) string {
		p := ps.of(t)
		if !p.known() || p.key || p.words[0] != "input" || len(p.words) < 4 {
			return ""
		}
		return p.words[len(p.words)-1]
	}
	for _, side := range [][2]*ast.Term{{a, b}, {b, a}} {
		id, name := last(side[0]), last(side[1])
		if !slices.Contains(idFields, id) || name != "email" && name != "name" {
			continue
		}
		x := policies.Problem{Code: codeIDAndName, Warning: true,
			Found: fmt.Sprintf("%s, an id, compared with %s, %s: they are never equal", textOf(side[0]), textOf(side[1]), map[string]string{"email": "an address", "name": "a name"}[name]), Expected: "an id on both sides"}
		if ref, ok := side[1].Value.(ast.Ref); ok {
			x.Suggestion = ref[:len(ref)-1].Append(ast.StringTerm("id")).String()
		}
		n.report.At(e.Location, x)
		return
	}
}
