package check

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/source"
)

const (
	codeOddKey  code.Code = "data/odd-key"
	codeOddType code.Code = "data/odd-type"
	codeTruth   code.Code = "data/text-for-truth"
	codeOddText code.Code = "data/odd-text"
)

var oddRows = Analyzer{
	Name: "odd-rows",
	Doc:  "rows of data that are not like the others",
	Run:  checkOddRows,
	Pages: code.Pages{
		{
			Code:  codeOddKey,
			Title: "One row has nearly the key that the others have",
			Means: "A row lacks a key that others of its document have, and has one that differs by a letter or two and that no policy reads.",
			Why:   "It is likely a slip. A rule that reads the key passes over the row, silently.",
			Do:    "Correct the key.",
			Example: `- {email: ann@acme.com, role: manager}
- {email: bob@acme.com, rolle: manager}  # role`,
		},
		{
			Code:  codeOddType,
			Title: "One row has another type than the others",
			Means: "A field that policies read is a text in one row and a number, a list or a truth value in others.",
			Why:   "Values of two types are never equal, a text is greater than any number, and going over a text gives nothing, silently.",
			Do:    "Write it as in the other rows. Where both are meant, have the rule ask with is_string or is_array.",
			Example: `- {email: ann@acme.com, teams: [Payments]}
- {email: bob@acme.com, teams: Payments}  # [Payments]`,
		},
		{
			Code:  codeOddText,
			Title: "One row has nearly the text that a rule compares with",
			Means: "Other rows have the text, and this one has one that differs in case, spaces or a letter, and that no policy names.",
			Why:   "The comparison does not hold for it, and the rule passes over the row, silently.",
			Do:    "Correct the text.",
			Example: `- {email: ann@acme.com, kind: engineer}
- {email: bob@acme.com, kind: enginer}  # engineer`,
		},
		{
			Code:    codeTruth,
			Title:   "A text stands where true or false is asked for",
			Means:   "A rule has a field as a condition, and a row has \"no\", \"yes\" or the like there, which is a text. OPA reads YAML 1.2 in this.",
			Why:     "Any text is true, also \"no\" and \"false\".",
			Do:      "Write true or false, without quotes.",
			Example: `- {email: ann@acme.com, contractor: no}  # false`,
		},
	},
}

// fieldUse is how policies use a field of a document's rows.
type fieldUse struct {
	read, condition, typed bool
	// over says that rules go over what it holds.
	over bool
}

// checkOddRows warns of rows that are not like the others of their document.
func checkOddRows(p *source.Pass) {
	if p.Data.Broken || len(p.Modules.Broken) > 0 {
		return
	}
	o := odd{pass: p, uses: map[string]map[string]*fieldUse{}, words: map[string]bool{}}
	for _, m := range p.Policies() {
		for _, r := range m.Rules {
			o.note(r)
		}
	}
	for _, document := range slices.Sorted(maps.Keys(o.uses)) {
		o.document(strings.Split(document, "."), o.uses[document])
	}
}

type odd struct {
	pass *source.Pass
	// uses are by document, as dotted path, and field.
	uses map[string]map[string]*fieldUse
	// words are all names of fields that policies read, of whatever.
	words map[string]bool
}

// note notes the fields that a rule reads.
func (o odd) note(r *ast.Rule) {
	o.noteWords(r)
	of := placesOf(o.pass)
	of.eachExpr(r, func(e *ast.Expr, ps places) {
		if t, ok := e.Terms.(*ast.Term); ok {
			o.use(ps.of(t), func(u *fieldUse) { u.condition = true })
		}
		o.goesOver(e, ps)
		o.tests(e, ps)
		o.reads(e, ps)
	})
	for clause := r; clause != nil; clause = clause.Else {
		ps := of.parameters(r).in(clause.Body)
		for _, t := range []*ast.Term{clause.Head.Key, clause.Head.Value} {
			if t != nil {
				o.reads(t, ps)
			}
		}
	}
}

// goesOver notes what an expression goes over.
func (o odd) goesOver(e *ast.Expr, ps places) {
	over := func(u *fieldUse) { u.over = true }
	if decl, ok := e.Terms.(*ast.SomeDecl); ok {
		for _, symbol := range decl.Symbols {
			if call, ok := symbol.Value.(ast.Call); ok {
				o.use(ps.of(call[len(call)-1]), over)
			}
		}
	}
	ast.WalkRefs(e, func(ref ast.Ref) bool {
		for i := 1; i < len(ref); i++ {
			if _, ok := ref[i].Value.(ast.Var); ok {
				o.use(ps.ref(ref[:i]), over)
			}
		}
		return false
	})
}

func (o odd) noteWords(r *ast.Rule) {
	ast.WalkTerms(r, func(t *ast.Term) bool {
		if s, ok := t.Value.(ast.String); ok {
			o.words[string(s)] = true
		}
		return false
	})
}

// reads notes what is read in a term or expression, but for texts that are made of it.
func (o odd) reads(x any, ps places) {
	ast.NewGenericVisitor(func(y any) bool {
		switch y := y.(type) {
		case *ast.TemplateString:
			return true
		case *ast.Expr:
			return isCall(y, ast.Sprintf.Name)
		case ast.Call:
			return y[0].String() == ast.Sprintf.Name
		case ast.Ref:
			o.use(ps.ref(y), func(*fieldUse) {})
		case *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension:
			return true // they are visited with their own places
		}
		return false
	}).Walk(x)
}

// typeTests are functions by which rules tell types apart, or have one of another.
var typeTests = []string{
	"is_string", "is_array", "is_object", "is_set", "is_number", "is_boolean", "is_null", "type_name", "to_number", "format_int", "lower", "object.get",
}

// tests notes what is asked for its type.
func (o odd) tests(e *ast.Expr, ps places) {
	note := func(name string, args []*ast.Term) {
		for _, t := range args {
			if slices.Contains(typeTests, name) {
				o.use(ps.of(t), func(u *fieldUse) { u.typed = true })
			}
		}
	}
	if terms, ok := e.Terms.([]*ast.Term); ok {
		note(terms[0].String(), terms[1:])
	}
	ast.WalkTerms(e, func(t *ast.Term) bool {
		if call, ok := t.Value.(ast.Call); ok {
			note(call[0].String(), call[1:])
		}
		return false
	})
}

// use notes that a path is a field of a document's rows: data.people.*.role.
func (o odd) use(p dataPath, f func(*fieldUse)) {
	n := slices.Index(p.words, anyPlace)
	if n < 2 || p.words[0] != "data" || n+1 >= len(p.words) || p.words[n+1] == anyPlace {
		return
	}
	document, field := strings.Join(p.words[1:n], "."), p.words[n+1]
	if o.uses[document] == nil {
		o.uses[document] = map[string]*fieldUse{}
	}
	if o.uses[document][field] == nil {
		o.uses[document][field] = &fieldUse{}
	}
	u := o.uses[document][field]
	u.read = true
	if len(p.words) == n+2 {
		f(u)
	}
}

// row is one row of a document with its key.
type row struct {
	path   []any
	fields map[string]any
}

func rowsAt(root map[string]any, document []string) []row {
	doc, path := any(root), []any{}
	for _, word := range document {
		m, ok := doc.(map[string]any)
		if !ok {
			return nil
		}
		doc, path = m[word], append(path, word)
	}
	var out []row
	add := func(key, x any) {
		if fields, ok := x.(map[string]any); ok {
			out = append(out, row{append(slices.Clone(path), key), fields})
		}
	}
	switch d := doc.(type) {
	case []any:
		for i, x := range d {
			add(i, x)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(d)) {
			add(key, d[key])
		}
	}
	return out
}

func (o odd) document(document []string, uses map[string]*fieldUse) {
	rows := rowsAt(o.pass.Data.Root, document)
	have := map[string]int{}
	for _, r := range rows {
		for key := range r.fields {
			have[key]++
		}
	}
	told := 0
	for _, r := range rows {
		if told == maxOddRows {
			return
		}
		if o.keys(r, have, uses, len(rows)) {
			told++
		}
	}
	for _, field := range slices.Sorted(maps.Keys(uses)) {
		o.truths(rows, field, uses[field])
		o.types(rows, field, uses[field])
	}
}

// maxOddRows is how many rows of one document are reported one by one.
const maxOddRows = 10

// keys warns of a key that is nearly one which the row lacks.
func (o odd) keys(r row, have map[string]int, uses map[string]*fieldUse, rows int) (told bool) {
	for _, key := range slices.Sorted(maps.Keys(r.fields)) {
		if o.words[key] || uses[key] != nil || have[key]*3 > rows && rows > 3 || nothingBehind(r, key) {
			continue
		}
		var lacking []string
		for other := range uses {
			if _, has := r.fields[other]; !has && have[other] >= have[key] && have[other] > 0 {
				lacking = append(lacking, other)
			}
		}
		slices.Sort(lacking)
		near, ok := policies.Nearest(key, lacking)
		if !ok {
			told = o.beside(r, key, have, rows) || told
			continue
		}
		o.at(append(r.path, key), policies.Problem{Code: codeOddKey, Warning: true,
			Found:      fmt.Sprintf("the key %q, where %s", key, othersHave(have[near], near)),
			Expected:   "the same key in each row: no policy reads this one",
			Suggestion: near})
		told = true
	}
	return told
}

func othersHave(n int, key string) string {
	if n == 1 {
		return fmt.Sprintf("another row has %q", key)
	}
	return fmt.Sprintf("%d other rows have %q", n, key)
}

// truths warns of texts for true and false where a rule asks whether it is true.
func (o odd) truths(rows []row, field string, use *fieldUse) {
	if !use.condition || use.typed {
		return
	}
	told := 0
	for _, r := range rows {
		text, ok := r.fields[field].(string)
		meant, isTruth := truths[strings.ToLower(text)]
		if !ok || !isTruth || told == maxOddRows {
			continue
		}
		told++
		o.at(append(r.path, field), policies.Problem{Code: codeTruth, Warning: true,
			Found:    fmt.Sprintf("%s: %s, which is the text %q and counts as true", field, text, text),
			Expected: "true or false, without quotes", Suggestion: meant})
	}
}

var truths = map[string]string{"no": "false", "off": "false", "n": "false", "false": "false", "yes": "true", "on": "true", "y": "true", "true": "true"}

// types warns of rows whose type is another than that of most.
func (o odd) types(rows []row, field string, use *fieldUse) {
	if use.typed {
		return
	}
	of := map[string][]row{}
	for _, r := range rows {
		if v, ok := r.fields[field]; ok && v != nil {
			of[contract.TypeOf(v)] = append(of[contract.TypeOf(v)], r)
		}
	}
	text := slices.ContainsFunc(of["string"], func(r row) bool { return truths[strings.ToLower(r.fields[field].(string))] != "" })
	if len(of) < 2 || use.condition && text {
		return // texts for true and false are reported already
	}
	usual := ""
	for _, t := range slices.Sorted(maps.Keys(of)) {
		if usual == "" || len(of[t]) > len(of[usual]) || len(of[t]) == len(of[usual]) && t != "string" {
			usual = t
		}
	}
	told := 0
	for _, t := range slices.Sorted(maps.Keys(of)) {
		if t == usual || len(of[t])*4 > len(rows) && len(rows) > 4 {
			continue // two ways of writing it
		}
		for _, r := range of[t] {
			if told++; told > maxOddRows {
				return
			}
			v := r.fields[field]
			o.at(append(r.path, field), policies.Problem{Code: codeOddType, Warning: !use.over || usual != "list" && usual != "mapping",
				Found:      fmt.Sprintf("%s: %s, %s %s, where %s", field, shownValue(v), policies.Article(t), t, othersAre(len(of[usual]), usual)),
				Expected:   fmt.Sprintf("%s %s", policies.Article(usual), usual),
				Suggestion: asType(v, usual)})
		}
	}
}

func othersAre(n int, t string) string {
	if n == 1 {
		return fmt.Sprintf("another row has %s %s", policies.Article(t), t)
	}
	return fmt.Sprintf("%d other rows have %s %s", n, policies.Article(t), t)
}

// asType is a value as one of another type; empty if there is none.
func asType(v any, t string) string {
	text, isText := v.(string)
	switch {
	case isText && t == "list":
		return "[" + text + "]"
	case isText && t == "number":
		if _, err := strconv.ParseFloat(text, 64); err == nil {
			return text
		}
	case t == "string":
		return strconv.Quote(fmt.Sprint(v))
	}
	return ""
}

// at tells of what stands at a path in the data.
func (o odd) at(path []any, p policies.Problem) {
	f, line, column := o.pass.PlaceOf(path)
	if f == nil {
		return
	}
	p.File, p.Line, p.Column = f.Name, line, column
	o.pass.Add(p)
}
