package check

import (
	"fmt"
	"maps"
	"slices"

	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/source"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"
)

// elementPrefix begins the names of the copies of contract rules.
const elementPrefix = "dutyward element "

// addElementCopies gives each contract rule a copy of a name of its own, whose
// type is then that of the elements of this one rule. It returns the originals
// by the copies' full names.
func addElementCopies(modules map[string]*ast.Module, files map[string]*source.File) map[string]*ast.Rule {
	originals := map[string]*ast.Rule{}
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		m := modules[name]
		if f := files[name]; f == nil || f.IsTest() {
			continue
		}
		for _, r := range slices.Clone(m.Rules) {
			c, ok := contract.ContractNamed(source.RuleName(r))
			if !ok || string(c.Phase) != source.PackageRoot(m) || source.WrongForm(r) != "" {
				continue
			}
			twin := r.Copy()
			own := fmt.Sprintf("%s%d", elementPrefix, len(originals))
			twin.Head.Name = ast.Var(own)
			twin.Head.Reference = ast.Ref{ast.VarTerm(own)}
			twin.Module = m
			m.Rules = append(m.Rules, twin)
			originals[m.Package.Path.Append(ast.StringTerm(own)).String()] = r
		}
	}
	return originals
}

// checkElementTypes reports elements whose type can't be that of the contract:
// through variables, rules and functions, as far as OPA's type checker follows.
func (c *fieldCheck) checkElementTypes(compiler *ast.Compiler, originals map[string]*ast.Rule) {
	for _, path := range slices.Sorted(maps.Keys(originals)) {
		r := originals[path]
		set, ok := compiler.TypeEnv.GetByRef(ast.MustParseRef(path)).(*types.Set)
		if !ok {
			continue
		}
		contract, _ := contract.ContractNamed(source.RuleName(r))
		told, all := toldFields(r, contract), alternatives(set.Of())
		for _, t := range all {
			c.elementType(r, contract, t, told, len(all) > 1)
		}
	}
}

// toldFields are the fields whose value stands in the rule itself, of which its
// own check has said what is to be said.
func toldFields(r *ast.Rule, named *contract.ContractRule) map[string]bool {
	told := map[string]bool{}
	for _, t := range contract.LiteralElements(r) {
		e, ok := contract.ElementOf(named, t, contract.Literal(r.Body))
		for name, v := range e.Fields {
			told[name] = ok && v.Typ != ""
		}
	}
	return told
}

func alternatives(t types.Type) []types.Type {
	if union, ok := t.(types.Any); ok {
		return union
	}
	return []types.Type{t}
}

// elementType reports what is wrong with one type of a rule's elements. Where
// there are several, a condition may keep this one out.
func (c *fieldCheck) elementType(r *ast.Rule, named *contract.ContractRule, t types.Type, told map[string]bool, several bool) {
	object, ok := t.(*types.Object)
	if !ok {
		if name := typeName(t); name != "" {
			c.complain(r, contract.NotAnObject(named, nil, name))
		}
		return
	}
	e := contract.Element{Rule: named, Fields: map[string]contract.Value{}, Open: object.DynamicValue() != nil}
	for _, p := range object.StaticProperties() {
		name, isText := p.Key.(string)
		if !isText || name == dataMark || name == anyField {
			continue
		}
		e.Fields[name] = contract.Value{Typ: typeName(p.Value)}
		if told[name] {
			e.Fields[name] = contract.Value{Typ: "string"}
		}
		e.Order = append(e.Order, name)
	}
	if len(e.Order) == 0 {
		return
	}
	slices.Sort(e.Order)
	for _, x := range e.Complaints() {
		x.Warning = x.Warning || several
		c.complain(r, x)
	}
}

// typeName is Rego's name of a type; empty while it may be one of several.
func typeName(t types.Type) string {
	switch t.(type) {
	case types.String:
		return "string"
	case types.Number:
		return "number"
	case types.Boolean:
		return "boolean"
	case types.Null:
		return "null"
	case *types.Array:
		return "array"
	case *types.Object:
		return "object"
	case *types.Set:
		return "set"
	}
	return ""
}

// complain reports a complaint at a rule, unless it was reported there before.
func (c *fieldCheck) complain(r *ast.Rule, x contract.Complaint) {
	for _, p := range c.report.Problems {
		if p.File == r.Location.File && p.Found == x.Found {
			return
		}
	}
	p := x.Problem("")
	if p.Code != contract.CodeUnknownField && p.Code != contract.CodeMissingField && p.Code != contract.CodeOverrideBounds {
		p.Message = "an element of this rule"
	}
	c.report.At(r.Location, p)
}
