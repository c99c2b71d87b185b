package contract

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// LiteralElements are the objects that a rule's head names, as far as the
// source shows them: the key itself, what the body assigns to it, or what it
// is picked from.
func LiteralElements(r *ast.Rule) []*ast.Term {
	key := r.Head.Key
	if key == nil {
		return nil
	}
	v, ok := key.Value.(ast.Var)
	if !ok {
		return []*ast.Term{key}
	}
	if t := Assigned(r.Body, v); t != nil {
		return []*ast.Term{t}
	}
	return picked(r.Body, v)
}

// Assigned is the term that a body assigns to a variable, or nil.
func Assigned(body ast.Body, v ast.Var) *ast.Term {
	for _, expr := range body {
		if expr.Negated || !expr.IsAssignment() && !expr.IsEquality() {
			continue
		}
		if expr.Operand(0).Value.Compare(v) == 0 {
			return expr.Operand(1)
		}
	}
	return nil
}

// picked are the members of the literal collection that `some v in …` picks
// from.
func picked(body ast.Body, v ast.Var) []*ast.Term {
	for _, expr := range body {
		decl, ok := expr.Terms.(*ast.SomeDecl)
		if !ok || len(decl.Symbols) != 1 {
			continue
		}
		call, ok := decl.Symbols[0].Value.(ast.Call)
		if !ok || len(call) != 3 || call[1].Value.Compare(v) != 0 {
			continue
		}
		switch c := call[2].Value.(type) {
		case *ast.Array:
			return Members(c.Foreach)
		case ast.Set:
			return Members(c.Foreach)
		}
	}
	return nil
}

// Members are the terms that a collection's Foreach goes through.
func Members(each func(func(*ast.Term))) []*ast.Term {
	var out []*ast.Term
	each(func(t *ast.Term) { out = append(out, t) })
	return out
}

// Literal reads what a term says before evaluation.
func Literal(body ast.Body) func(*ast.Term) Value {
	return func(t *ast.Term) Value {
		place := t
		if v, ok := t.Value.(ast.Var); ok {
			if t = Assigned(body, v); t == nil {
				return Value{Term: place}
			}
		}
		if t.Location != nil {
			place = t
		}
		v := LiteralValue(t)
		v.Term, v.Written = place, true
		return v
	}
}

// LiteralValue is what is known of a term's value before evaluation.
func LiteralValue(t *ast.Term) Value {
	switch x := t.Value.(type) {
	case ast.String:
		return Value{Typ: "string", Text: string(x), Whole: true}
	case ast.Number:
		return Value{Typ: "number", Text: string(x), Whole: true}
	case ast.Null, ast.Boolean, *ast.Array, ast.Object, ast.Set:
		return Value{Typ: ast.ValueName(x), Whole: true}
	case *ast.ArrayComprehension, *ast.ObjectComprehension, *ast.SetComprehension:
		return Value{Typ: strings.TrimSuffix(ast.ValueName(x), "comprehension"), Whole: true}
	case *ast.TemplateString:
		return Value{Typ: "string", Text: templateStart(x)}
	case ast.Call:
		return Value{Typ: callType(x), Text: callStart(x)}
	}
	return Value{}
}

func templateStart(t *ast.TemplateString) string {
	if len(t.Parts) == 0 {
		return ""
	}
	first, ok := t.Parts[0].(*ast.Term)
	if !ok {
		return ""
	}
	s, _ := first.Value.(ast.String)
	return string(s)
}

// callType is "string" for calls that make strings of parts.
func callType(c ast.Call) string {
	switch c[0].String() {
	case "sprintf", "concat", "lower", "upper":
		return "string"
	}
	return ""
}

// callStart is the literal beginning of the string that a call makes.
func callStart(c ast.Call) string {
	switch c[0].String() {
	case "sprintf":
		format, _ := c[1].Value.(ast.String)
		start, _, _ := strings.Cut(string(format), "%")
		return start
	case "concat":
		parts, ok := c[2].Value.(*ast.Array)
		if !ok || parts.Len() == 0 {
			return ""
		}
		first, ok := parts.Elem(0).Value.(ast.String)
		if !ok {
			return ""
		}
		separator, _ := c[1].Value.(ast.String)
		if parts.Len() > 1 {
			return string(first + separator)
		}
		return string(first)
	}
	return ""
}
