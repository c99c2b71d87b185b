package check

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
)

const (
	codeInText   code.Code = "policy/in-text"
	codeNotADate code.Code = "data/date-form"
)

func sortedTexts(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

// inText warns of a value that is looked for in a text, a number or a truth value: `in`
// looks at the members of lists and sets and the values of objects alone.
func (n never) inText(e *ast.Expr, a, b *ast.Term, ps places) {
	of := ""
	if emptyAlways(b) {
		n.report.Besides(e.Location, policies.Problem{Code: codeInText, Warning: true,
			Found:    fmt.Sprintf("%s, where nothing is in %s", written(e), textOf(b)),
			Expected: "a list or set with something in it; of two sets | is all of both, & what both have"})
		return
	}
	switch b.Value.(type) {
	case ast.String, ast.Number, ast.Boolean:
		of = ast.ValueName(b.Value)
	default:
		types, _ := n.typesOf(b, ps)
		for t := range types {
			if t == "list" || t == "mapping" || len(types) > 1 {
				return
			}
			of = t
		}
	}
	if of == "" || n.data.Broken {
		return
	}
	p := policies.Problem{Code: codeInText, Warning: true,
		Found:    fmt.Sprintf("%s, where %s is %s %s: `in` never finds anything there", written(e), textOf(b), policies.Article(of), of),
		Expected: "a list or set behind `in`"}
	switch a.Value.(type) {
	case *ast.Array, ast.Set:
		p.Suggestion = textOf(b) + " in " + textOf(a)
	default:
		if of == "string" {
			p.Suggestion = fmt.Sprintf("contains(%s, %s)", textOf(b), textOf(a))
		}
	}
	n.report.Besides(e.Location, p)
}

// goesOverText warns of `some x in` a text, a number or a truth value: it goes over
// nothing.
func (n never) goesOverText(e *ast.Expr, ps places) {
	decl, ok := e.Terms.(*ast.SomeDecl)
	if !ok || len(decl.Symbols) != 1 || n.data.Broken {
		return
	}
	call, ok := decl.Symbols[0].Value.(ast.Call)
	if !ok {
		return
	}
	domain := call[len(call)-1]
	types, sample := n.typesOf(domain, ps)
	if len(types) != 1 || types["list"] || types["mapping"] {
		return
	}
	of := slices.Collect(maps.Keys(types))[0]
	p := policies.Problem{Code: codeInText, Warning: true,
		Found:    fmt.Sprintf("%s, %s %s, which some … in goes over: there is nothing to find", textOf(domain), policies.Article(of), of),
		Expected: "a list, a set or a mapping"}
	if text, err := strconv.Unquote(sample); err == nil && strings.HasPrefix(strings.TrimSpace(text), "[") {
		p.Expected = "the list itself in the data, without quotes around it"
	}
	n.report.Besides(e.Location, p)
}

// nanoseconds warns of a number that is added to a time of nanoseconds and is less than a
// minute of them: seconds are likely meant.
func (n never) nanoseconds(t *ast.Term, at *ast.Location) {
	call, ok := t.Value.(ast.Call)
	if !ok || len(call) != 3 || call[0].String() != ast.Plus.Name && call[0].String() != ast.Minus.Name {
		return
	}
	for _, side := range [][2]*ast.Term{{call[1], call[2]}, {call[2], call[1]}} {
		of, isCall := side[0].Value.(ast.Call)
		number, known := constantOf(side[1])
		if !isCall || !known || number == 0 || number >= minuteOfNanoseconds {
			continue
		}
		switch of[0].String() {
		case "time.parse_rfc3339_ns", "time.parse_ns", "time.now_ns", "time.add_date":
			n.report.Besides(at, policies.Problem{Code: codeNanoseconds, Warning: true,
				Found:    fmt.Sprintf("%s, where %s is in nanoseconds and %s is less than a minute of them", textOf(t), textOf(side[0]), textOf(side[1])),
				Expected: fmt.Sprintf("nanoseconds, such as %s * 1000000000 where seconds are meant; or time.add_date for days", textOf(side[1]))})
			return
		}
	}
}

const (
	codeNanoseconds     code.Code = "policy/nanoseconds"
	minuteOfNanoseconds           = 60e9
)

// headTimes looks at the times in what a rule gives.
func (n never) headTimes(r *ast.Rule) {
	for clause := r; clause != nil; clause = clause.Else {
		for _, head := range []*ast.Term{clause.Head.Key, clause.Head.Value} {
			if head != nil {
				ast.WalkTerms(head, func(t *ast.Term) bool {
					n.nanoseconds(t, clause.Head.Location)
					return false
				})
			}
		}
	}
}

// constantOf is a number that is written out, or a product of such.
func constantOf(t *ast.Term) (float64, bool) {
	switch x := t.Value.(type) {
	case ast.Number:
		f, ok := x.Float64()
		return f, ok
	case ast.Call:
		if len(x) == 3 && x[0].String() == ast.Multiply.Name {
			a, isA := constantOf(x[1])
			b, isB := constantOf(x[2])
			return a * b, isA && isB
		}
	}
	return 0, false
}

// emptyAlways says that a collection that is written out has nothing in it.
func emptyAlways(t *ast.Term) bool {
	switch x := t.Value.(type) {
	case *ast.Array:
		return x.Len() == 0
	case ast.Set:
		return x.Len() == 0
	case ast.Call:
		if len(x) != 3 || x[0].String() != ast.And.Name {
			return false
		}
		a, isA := x[1].Value.(ast.Set)
		b, isB := x[2].Value.(ast.Set)
		return isA && isB && a.IsGround() && b.IsGround() && a.Intersect(b).Len() == 0
	}
	return false
}

var (
	isoDate    = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}`)
	germanDate = regexp.MustCompile(`^(\d{1,2})\.(\d{1,2})\.(\d{4})$`)
	slashDate  = regexp.MustCompile(`^(\d{4})/(\d{1,2})/(\d{1,2})$`)
)

// dates warns of rows that write a date in another form than the one with which a rule
// compares: texts are ordered letter by letter.
func (n never) dates(e *ast.Expr, a, b *ast.Term, ps places) {
	for _, side := range [][2]*ast.Term{{a, b}, {b, a}} {
		date, ok := side[1].Value.(ast.String)
		in := ps.of(side[0])
		if !ok || !isoDate.MatchString(string(date)) || !in.known() || in.key || in.words[0] != "data" {
			continue
		}
		seen := map[string]bool{}
		eachAt(n.data.Root, in.words[1:], func(v any) {
			if text, ok := v.(string); ok && text != "" {
				seen[text] = true
			}
		})
		for _, text := range sortedTexts(seen) {
			if isoDate.MatchString(text) {
				continue
			}
			n.odd.at(n.pathOf(in.words[1:], text), policies.Problem{Code: codeNotADate, Warning: true, See: shortPlace(e.Location),
				Found:      fmt.Sprintf("%q, with which %s compares %q: texts are ordered letter by letter", text, shortPlace(e.Location), string(date)),
				Expected:   "a date as 2026-12-31",
				Suggestion: asDate(text)})
		}
	}
}

// asDate is a date as the policies write it, quoted; empty if it can't be known.
func asDate(text string) string {
	var y, m, d string
	if x := germanDate.FindStringSubmatch(text); x != nil {
		d, m, y = x[1], x[2], x[3]
	} else if x := slashDate.FindStringSubmatch(text); x != nil {
		y, m, d = x[1], x[2], x[3]
	} else {
		return ""
	}
	pad := func(s string) string { return strings.Repeat("0", 2-len(s)) + s }
	return strconv.Quote(y + "-" + pad(m) + "-" + pad(d))
}

// truthAndOther warns of a comparison of what a rule or function gives, which is true or
// false alone, with a value of another type: != always holds, == never.
func (n never) truthAndOther(e *ast.Expr, a, b *ast.Term) {
	for _, side := range [][2]*ast.Term{{a, b}, {b, a}} {
		of := ""
		switch side[1].Value.(type) {
		case ast.Null, ast.String, ast.Number:
			of = side[1].String()
		default:
			continue
		}
		name := side[0].String()
		if call, ok := side[0].Value.(ast.Call); ok {
			name = call[0].String()
		}
		if !n.givesTruth(name) {
			continue
		}
		never := "is never"
		if isCall(e, ast.NotEqual.Name) {
			never = "is always other than"
		}
		p := policies.Problem{Code: codeOtherType, Warning: true,
			Found:      fmt.Sprintf("%s, which is true or false and %s %s", textOf(side[0]), never, of),
			Expected:   "the condition alone, or a comparison with true or false",
			Suggestion: textOf(side[0])}
		n.report.Besides(e.Location, p)
		return
	}
}

// givesTruth says that all that a rule or function gives is true or false, and that it
// gives false: what is only true is otherwise undefined, and asked for by any comparison.
func (n never) givesTruth(name string) bool {
	rules, gives := n.rules[name], false
	for _, r := range rules {
		for ; r != nil; r = r.Else {
			if r.Head.Key != nil || r.Head.Value == nil {
				return false
			}
			truth, ok := r.Head.Value.Value.(ast.Boolean)
			if !ok {
				return false
			}
			gives = gives || !bool(truth)
		}
	}
	return gives
}

// callsIn looks at the calls in an expression, closures apart.
func (n never) callsIn(e *ast.Expr, ps places) {
	if terms, ok := e.Terms.([]*ast.Term); ok && len(terms) > 1 {
		n.gets(ast.NewTerm(ast.Call(terms)), e.Location, ps)
	}
	ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension, *ast.Every:
			return true
		case *ast.Term:
			n.gets(x, e.Location, ps)
			n.nanoseconds(x, e.Location)
		}
		return false
	}).Walk(e)
}

// gets warns of object.get with a key that no row of the data has, where one has nearly
// that key or the path that it spells: the default would stand for all of them.
func (n never) gets(t *ast.Term, at *ast.Location, ps places) {
	call, ok := t.Value.(ast.Call)
	if !ok || call[0].String() != "object.get" || len(call) != 4 || n.data.Broken {
		return
	}
	key, isText := call[2].Value.(ast.String)
	in := ps.of(call[1])
	if !isText || !in.known() || in.key || in.words[0] != "data" || len(in.words) < 2 {
		return
	}
	keys, path, found := map[string]bool{}, strings.Split(string(key), "."), false
	eachAt(n.data.Root, in.words[1:], func(v any) {
		m, _ := v.(map[string]any)
		for k := range m {
			keys[k] = true
		}
		eachAt(v, path, func(any) { found = found || len(path) > 1 })
	})
	if keys[string(key)] || len(keys) == 0 {
		return
	}
	p := policies.Problem{Code: codeUnknownKey, Warning: true,
		Found:    fmt.Sprintf("object.get(%s, %q, %s), and nothing there has the key: it is always %s", textOf(call[1]), string(key), textOf(call[3]), textOf(call[3])),
		Expected: "a key that the data has"}
	if found {
		p.Expected = "a path as a list"
		p.Suggestion = `["` + strings.Join(path, `", "`) + `"]`
	} else if near, ok := nearKey(string(key), sortedTexts(keys)); ok {
		p.Suggestion = strconv.Quote(near)
	} else {
		return
	}
	n.report.Besides(at, p)
}

const codeUnknownKey code.Code = "policy/unknown-key"

// nearKey is the key that may be meant by another: a slip away, or the same in another
// spelling, such as German.
func nearKey(key string, keys []string) (string, bool) {
	if near, ok := policies.Nearest(key, keys); ok {
		return near, true
	}
	for _, other := range keys {
		if slipped(key, other) {
			return other, true
		}
	}
	return "", false
}

var textPages = code.Pages{
	{
		Code:    codeNanoseconds,
		Title:   "A few nanoseconds are added to a time",
		Means:   "Rego's times are in nanoseconds, and a number of less than a minute of them is added or taken away.",
		Why:     "The time stays what it was: access that is to last 30 days ends when it begins.",
		Do:      "Multiply seconds by 1000000000, or use time.add_date for days, months and years.",
		Example: `time.parse_rfc3339_ns(p.since) + 30 * 24 * 3600  # time.add_date(…, 0, 0, 30)`,
	},
	{
		Code:    codeEveryOfNone,
		Title:   "every holds for a row that has none",
		Means:   "A rule asks something of every element of a list, and a row has an empty list there, while others have something.",
		Why:     "Of nothing everything holds: the row meets the condition, and gets what it may not be meant to get.",
		Do:      "Ask for one first: count(p.certificates) > 0. If rows without any are meant too, ignore the warning in its line.",
		Example: `every c in p.certificates { c.valid }  # where a row has certificates: []`,
	},
	{
		Code:    codeInText,
		Title:   "in looks into a text",
		Means:   "Behind in stands a text, a number, or true or false.",
		Why:     "in looks at the members of lists and sets and at the values of objects, and never finds anything in a text. The rule gives nothing, silently.",
		Do:      "Put the list behind in, or use contains for a part of a text.",
		Example: `["Payments", "Platform"] in p.team  # p.team in ["Payments", "Platform"]`,
	},
	{
		Code:    codeNotADate,
		Title:   "A row writes a date in another form than a rule compares with",
		Means:   "A rule orders a field by a date such as 2026-12-31, and a row has another form there.",
		Why:     "Texts are ordered letter by letter: \"31.12.2025\" comes behind \"2026-12-31\". The row is taken for later, or earlier, than it is.",
		Do:      "Write the date as in the rule. As until of a grant it needs no comparison at all.",
		Example: `p.until > "2026-11-23"  # where a row has until: 31.12.2026`,
	},
	{
		Code:    codeUnknownKey,
		Title:   "object.get asks for a key that nothing has",
		Means:   "No row of the data has the key, and some have nearly that key, or the path that its dots spell.",
		Why:     "The default stands for all rows, silently.",
		Do:      "Correct the key. A path is a list: object.get(x, [\"a\", \"b\"], false).",
		Example: `object.get(p, "aktive", true)  # "active"`,
	},
	{
		Code:    codeRowPattern,
		Title:   "A pattern matches no row of the data",
		Means:   "A condition with a written pattern holds for no text that the data has there, and would hold if it were written a little otherwise.",
		Why:     "The rule gives nothing, silently.",
		Do:      "Write it as the message shows.",
		Example: `contains("acme.com", p.email)  # contains(p.email, "acme.com")`,
	},
}
