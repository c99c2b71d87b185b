package typed

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/source"
)

// dataMark is a property that marks types inferred from data: a field that no
// row has may still be meant, so it is a warning, where one that the input
// never has is an error.
const dataMark = "\x00data"

// form is what was seen of one place in a data document, over all rows.
type form struct {
	text, number, boolean, null bool
	// objects counts the mappings seen here, keys their keys.
	objects, keys int
	fields        map[string]*form
	lists         int
	elements      *form
}

func (f *form) see(v any) {
	switch v := v.(type) {
	case nil:
		f.null = true
	case bool:
		f.boolean = true
	case string:
		f.text = true
	case []any:
		f.lists++
		if f.elements == nil {
			f.elements = &form{}
		}
		for _, x := range v {
			f.elements.see(x)
		}
	case map[string]any:
		f.objects++
		f.keys += len(v)
		if f.fields == nil {
			f.fields = make(map[string]*form, len(v))
		}
		for key, x := range v {
			field := f.fields[key]
			if field == nil {
				field = &form{}
				f.fields[key] = field
			}
			field.see(x)
		}
	default:
		f.number = true
	}
}

// join adds what was seen at another place.
func (f *form) join(o *form) {
	f.text, f.number = f.text || o.text, f.number || o.number
	f.boolean, f.null = f.boolean || o.boolean, f.null || o.null
	f.objects, f.keys, f.lists = f.objects+o.objects, f.keys+o.keys, f.lists+o.lists
	if o.elements != nil {
		if f.elements == nil {
			f.elements = &form{}
		}
		f.elements.join(o.elements)
	}
	if f.fields == nil && o.fields != nil {
		f.fields = map[string]*form{}
	}
	for key, field := range o.fields {
		if f.fields[key] == nil {
			f.fields[key] = &form{}
		}
		f.fields[key].join(field)
	}
}

// typ is the type of what was seen; where nothing was, it is any.
func (f *form) typ() types.Type {
	var out types.Type
	if f.text {
		out = types.Or(out, types.S)
	}
	if f.number {
		out = types.Or(out, types.N)
	}
	if f.boolean {
		out = types.Or(out, types.B)
	}
	if f.lists > 0 {
		out = types.Or(out, types.NewArray(nil, f.elements.typ()))
	}
	if f.objects > 0 {
		out = types.Or(out, f.object())
	}
	if out == nil {
		return types.A
	}
	if f.null {
		out = types.Or(out, types.Nl)
	}
	return out
}

// object is the type of the mappings seen: of records, whose keys are known, or
// of a map, whose keys are data themselves.
func (f *form) object() types.Type {
	if !f.isMap() {
		properties := []*types.StaticProperty{types.NewStaticProperty(dataMark, types.Nl), types.NewStaticProperty(anyField, types.A)}
		for _, key := range slices.Sorted(maps.Keys(f.fields)) {
			properties = append(properties, types.NewStaticProperty(key, f.fields[key].typ()))
		}
		return types.NewObject(properties, nil)
	}
	values := &form{}
	for _, field := range f.fields {
		values.join(field)
	}
	return types.NewObject(nil, types.NewDynamicProperty(types.S, values.typ()))
}

// isMap says that keys look like data: there are many of them, or each row has
// others, or all values are mappings or lists, as where things stand by name.
func (f *form) isMap() bool {
	if len(f.fields) == 0 || len(f.fields) > 64 || len(f.fields) > 8 && len(f.fields)*f.objects > 3*f.keys {
		return true
	}
	for _, field := range f.fields {
		if field.text || field.number || field.boolean || field.null {
			return false
		}
	}
	return true
}

// inputDocument is the input of the longest phase: the snapshot, desired access
// and the groups.
type inputDocument struct {
	inventory.Snapshot
	Desired desiredDocument          `json:"desired"`
	Groups  map[string]groupDocument `json:"groups"`
}

// These are the shapes of what the desired access adds to the input, whose
// package this one can't import; a test holds the two together.
type (
	desiredDocument struct {
		Grants  []grantDocument   `json:"grants"`
		Unknown []unknownDocument `json:"unknown"`
	}
	grantDocument struct {
		User     string        `json:"user"`
		Resource inventory.Ref `json:"resource"`
		Role     string        `json:"role"`
		Layer    string        `json:"layer"`
		From     *time.Time    `json:"from"`
		Until    *time.Time    `json:"until"`
		By       []byDocument  `json:"by"`
	}
	byDocument struct {
		policies.Origin
		Chain []string `json:"chain"`
	}
	unknownDocument struct {
		Code     code.Code     `json:"code"`
		User     string        `json:"user"`
		Resource inventory.Ref `json:"resource"`
		Reason   string        `json:"reason"`
	}
	groupDocument struct {
		Description string                    `json:"description"`
		Owner       string                    `json:"owner"`
		Members     map[string]memberDocument `json:"members"`
	}
	memberDocument struct {
		From   *time.Time `json:"from"`
		Until  *time.Time `json:"until"`
		Chains [][]string `json:"chains"`
	}
)

// anyField is a property of any type that all types of records have, to stand
// for a field that was found missing.
const anyField = "\x00any"

// inputType is the input as OPA's type checker knows it.
func inputType() types.Type { return typeOfJSON(reflect.TypeFor[inputDocument]()) }

// typeOfJSON is the type of the JSON that encoding/json makes of a Go type.
func typeOfJSON(t reflect.Type) types.Type {
	if t.Kind() == reflect.Pointer {
		return types.Or(types.Nl, typeOfJSON(t.Elem()))
	}
	if t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		return types.S
	}
	switch t.Kind() {
	case reflect.String:
		return types.S
	case reflect.Bool:
		return types.B
	case reflect.Int, reflect.Int64, reflect.Float64:
		return types.N
	case reflect.Slice:
		return types.NewArray(nil, typeOfJSON(t.Elem()))
	case reflect.Map:
		return types.NewObject(nil, types.NewDynamicProperty(types.S, typeOfJSON(t.Elem())))
	case reflect.Struct:
		return types.NewObject(append(propertiesOf(t), types.NewStaticProperty(anyField, types.A)), nil)
	}
	return types.A
}

func propertiesOf(t reflect.Type) []*types.StaticProperty {
	var out []*types.StaticProperty
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported():
		case f.Anonymous && name == "":
			out = append(out, propertiesOf(f.Type)...)
		case name == "":
			out = append(out, types.NewStaticProperty(f.Name, typeOfJSON(f.Type)))
		default:
			out = append(out, types.NewStaticProperty(name, typeOfJSON(f.Type)))
		}
	}
	return out
}

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
			f, _ := named.Field(name)
			e.Fields[name] = contract.Value{Typ: f.Type()}
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
