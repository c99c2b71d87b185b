// Package typed checks policies by the types that the program itself uses: fields that the
// input or a data document never has, found with OPA's type checker, and the JSON schemas
// by which editors find the same.
package typed

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

const (
	codeUnknownInField code.Code = "policy/unknown-input-field"
	codePlainValue     code.Code = "policy/field-of-plain-value"
	codeUnknownColumn  code.Code = "policy/unknown-data-field"
)

var Fields = source.Analyzer{
	Local: true,
	Name:  "fields",
	Doc:   "what OPA's compiler finds, and fields that input and data never have",
	Run:   checkFields,
	Pages: code.Pages{
		{
			Code:    codeUnknownInField,
			Title:   "The input never has this field",
			Means:   "The record has other fields, by the types that the program itself uses.",
			Why:     "Rego takes it as undefined, and the rule gives nothing, silently.",
			Do:      "Use one of the fields that the message lists.",
			Example: "u.mail  # u.email",
		},
		{
			Code:    codePlainValue,
			Title:   "A field of something that has no fields",
			Means:   "The value is a string, number or list, and the policy reads a field of it.",
			Why:     "It is undefined, and the rule gives nothing, silently.",
			Do:      "Use the value itself, or go through the list.",
			Example: "u.teams[id].role  # u.teams[id] is the role",
		},
		{
			Code:    codeUnknownColumn,
			Title:   "No row of the data has this field",
			Means:   "The policy reads a field of a data document that none of its rows has.",
			Why:     "The rule gives nothing as long as no row has it.",
			Do:      "Correct the name. If rows may have it one day, name it in a schema of the document.",
			Example: "p.squad  # p.team",
		},
	},
}

// checkFields compiles the policies and looks for fields, which goes by what
// compiling found. As that is mostly nothing, the two run at the same time, and the
// second again only if it was something.
func checkFields(p *source.Pass) {
	found := &source.Report{Files: p.Report.Files, Problems: slices.Clone(p.Problems)}
	before := len(p.Problems)
	checked := make(chan error, 1)
	go func() { checked <- findFields(p, found) }()
	p.Compiler = source.Compile(p.ToCompile(), p.Data, p.Report)
	err := <-checked
	if len(p.Problems) > before {
		err = findFields(p, p.Report)
	} else {
		p.Problems = found.Problems
	}
	p.Fail(err)
}

// findFields reports fields that the input never has and warns of those that
// no row of a data document has, wherever OPA's type checker can follow them:
// through variables, comprehensions, rules and the library. Rego would take
// them as undefined, silently.
//
// It compiles a copy of the policies in which input and documents are rules of
// a known type. Whatever else that compile finds is not reported: what policies
// may do is for the compile that is evaluated to say.
func findFields(p *source.Pass, r *source.Report) error {
	before := map[source.Place]bool{}
	for _, x := range r.Problems {
		before[source.Place{File: x.File, Row: x.Line, Column: x.Column}] = true
	}
	c := &fieldCheck{
		report: r, allowed: p.Modules.Allowed, before: before, tree: source.TreeOf(p.ToCompile().Production()), data: p.Data, declared: declaredFields(p.Schemas),
	}
	if err := c.pass(p.Resolved); err != nil || !c.notRecords {
		return err
	}
	// Fields of what is no record are certain for the input alone.
	only := &fieldCheck{report: r, allowed: p.Modules.Allowed, before: c.before, inputOnly: true}
	return only.pass(p.Resolved)
}

// pass compiles until no field is found missing any more.
func (c *fieldCheck) pass(resolved map[string]*ast.Module) error {
	c.caps, c.rules, c.optional = source.Capabilities(c.allowed), map[string]ast.Ref{}, map[source.Place]bool{}
	c.give(inputPath, inputType())
	parsed, err := c.typed(resolved)
	if err != nil {
		return err
	}
	parsed[typesPackage] = c.module()
	var originals map[string]*ast.Rule
	if !c.inputOnly {
		originals = addElementCopies(parsed, c.report.Files)
	}
	for range source.MaxCompiles {
		compiler := ast.NewCompiler().
			SetErrorLimit(0).
			WithCapabilities(c.caps).
			WithDefaultRegoVersion(ast.RegoV1).
			WithOnlyStagesUpTo(ast.StageCheckTypes)
		compiler.Compile(parsed)
		if !compiler.Failed() {
			c.checkElementTypes(compiler, originals)
			return nil
		}
		var rest ast.Errors
		for _, e := range compiler.Errors {
			fixed, err := c.found(e, parsed)
			if err != nil {
				return err
			}
			if !fixed {
				rest = append(rest, e)
			}
		}
		// Rules that fail otherwise are left out, so that others can be checked.
		if next, names := source.WithoutFailing(parsed, rest); len(names) > 0 {
			parsed = next
		} else if len(rest) > 0 {
			return nil
		}
	}
	return nil
}

type fieldCheck struct {
	report *source.Report
	// allowed are the builtins that may be used though they reach out.
	allowed []string
	// before are the places of problems found before, which these would repeat.
	before map[source.Place]bool
	tree   *source.RuleTree
	data   source.Documents
	caps   *ast.Capabilities
	// paths are what has a rule of its own, in the order of their numbers, and
	// rules those rules by path.
	paths []ast.Ref
	rules map[string]ast.Ref
	// declared are the fields that a schema of a document names.
	declared map[string]bool
	// optional are the references under not, which may well be absent.
	optional map[source.Place]bool
	// inputOnly leaves the documents without a type and looks for fields of what
	// is no record, which notRecords says there are.
	inputOnly, notRecords bool
}

var inputPath = ast.InputRootRef

// noteOptional notes what is referred to under not.
func (c *fieldCheck) noteOptional(m *ast.Module) {
	ast.WalkExprs(m, func(e *ast.Expr) bool {
		if _, not := e.Terms.(*ast.Not); !not && !e.Negated {
			return false
		}
		ast.WalkRefs(e, func(ref ast.Ref) bool {
			if loc := ref[0].Location; loc != nil {
				c.optional[source.PlaceOf(loc)] = true
			}
			return false
		})
		return false
	})
}

// declaredFields are the names of all properties in schemas of documents.
func declaredFields(schemas []source.Schema) map[string]bool {
	out := map[string]bool{}
	var walk func(x any)
	walk = func(x any) {
		switch x := x.(type) {
		case []any:
			for _, y := range x {
				walk(y)
			}
		case map[string]any:
			properties, _ := x["properties"].(map[string]any)
			for name := range properties {
				out[name] = true
			}
			for _, y := range x {
				walk(y)
			}
		}
	}
	for _, s := range schemas {
		var doc any
		if json.Unmarshal(s.File.Content, &doc) == nil {
			walk(doc)
		}
	}
	return out
}

// found reports an error of the type checker if it is about a field that
// nothing of the known type has, and fixes it in the modules.
func (c *fieldCheck) found(e *ast.Error, parsed map[string]*ast.Module) (fixed bool, err error) {
	if e.Location == nil || parsed[e.Location.File] == nil {
		return false, nil
	}
	if d, ok := e.Details.(*ast.RefErrUnsupportedDetail); ok {
		c.notRecord(e.Location, d.Ref, d.Pos+1, d.Have)
		return false, nil
	}
	d, ok := e.Details.(*ast.RefErrInvalidDetail)
	if !ok || d.Pos >= len(d.Ref) {
		return false, nil
	}
	if d.Want != nil && types.Compare(d.Want, types.N) == 0 {
		c.notRecord(e.Location, d.Ref, d.Pos, types.NewArray(nil, types.A))
		return false, nil
	}
	field, ok := d.Ref[d.Pos].Value.(ast.String)
	if !ok {
		return false, nil
	}
	var names []string
	known, fromData := false, false
	for _, v := range d.OneOf {
		switch s, ok := v.(ast.String); {
		case !ok:
		case s == anyField:
			known = true
		case s == dataMark:
			fromData = true
		default:
			names = append(names, string(s))
		}
	}
	if !known {
		return false, nil
	}
	c.missing(e.Location, d.Ref[:d.Pos+1], string(field), names, fromData)
	// With a field that has any type in its place, the rest is checked too.
	err = rewriteRefs(parsed[e.Location.File], func(ref ast.Ref) ast.Ref {
		if loc := ref[0].Location; loc == nil || source.PlaceOf(loc) != source.PlaceOf(e.Location) ||
			len(ref) <= d.Pos || ref[d.Pos].Value.Compare(field) != 0 {
			return ref
		}
		fixed = true
		ref = slices.Clone(ref)
		ref[d.Pos] = &ast.Term{Value: ast.String(anyField), Location: ref[d.Pos].Location}
		return ref
	})
	return fixed, err
}

// notRecord reports a field, at pos, of a list or of a plain value.
func (c *fieldCheck) notRecord(loc *ast.Location, ref ast.Ref, pos int, have types.Type) {
	f := c.report.Files[loc.File]
	if f == nil || f.IsTest() || pos >= len(ref) || c.before[source.PlaceOf(loc)] {
		return
	}
	if _, ok := ref[pos].Value.(ast.String); !ok {
		return
	}
	if !c.inputOnly {
		c.notRecords = true
		return
	}
	whole, field := c.shown(ref[:pos]), c.shown(ref[:pos+1])
	p := policies.Problem{Code: codePlainValue, Found: field + ", a field of what has none", Expected: whole + " alone, which is " + kindOf(have)}
	if _, ok := have.(*types.Array); ok {
		p = policies.Problem{Code: codePlainValue, Found: field + ", a field of a list", Expected: "some … in " + whole + ", or an index"}
	}
	c.report.At(loc, p)
}

// kindOf names a type of plain values.
func kindOf(t types.Type) string {
	if union, ok := t.(types.Any); ok {
		names := make([]string, len(union))
		for i, x := range union {
			names[i] = kindOf(x)
		}
		return policies.List(names, "or")
	}
	switch t.(type) {
	case types.String:
		return "a string"
	case types.Number:
		return "a number"
	case types.Boolean:
		return "a boolean"
	case types.Null:
		return "null"
	}
	return types.Sprint(t)
}

// missing reports the last field of a reference.
func (c *fieldCheck) missing(loc *ast.Location, ref ast.Ref, field string, names []string, fromData bool) {
	f := c.report.Files[loc.File]
	if f == nil || f.IsTest() || c.inputOnly || c.before[source.PlaceOf(loc)] {
		return
	}
	near, isNear := policies.Nearest(field, names)
	p := policies.Problem{Code: codeUnknownInField, Found: c.shown(ref) + ", which does not exist", Suggestion: near}
	if fromData {
		if c.declared[field] || !isNear && c.optional[source.PlaceOf(loc)] {
			return
		}
		p.Code, p.Warning, p.Found = codeUnknownColumn, true, c.shown(ref)+", which no row of the data has"
	}
	if len(names) > 0 && len(names) <= 16 {
		p.Expected = "one of " + policies.List(names, "or")
	}
	c.report.At(loc, p)
}

// shown is a reference as its author wrote it.
func (c *fieldCheck) shown(ref ast.Ref) string {
	if v, ok := ref[0].Value.(ast.Var); ok && v.IsGenerated() {
		return fmt.Sprintf("field %s", ref[len(ref)-1])
	}
	written, err := ast.TransformRefs(ref.Copy(), func(r ast.Ref) (ast.Value, error) {
		for _, path := range c.paths {
			if rule := c.rules[path.String()]; r.HasPrefix(rule) {
				// The transformation goes on into what it is given and writes there,
				// while path leads to a term that all of OPA shares.
				return path.Copy().Concat(r[len(rule):]), nil
			}
		}
		return r, nil
	})
	if err != nil {
		return ref.String()
	}
	return fmt.Sprint(written)
}
