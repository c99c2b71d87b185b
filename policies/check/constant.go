package check

import (
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/source"
)

var constantFields = Analyzer{
	Name: "constants",
	Doc:  "fields of elements that are written out elsewhere",
	Run:  checkConstants,
}

// checkConstants checks the elements whose fields are written out elsewhere: as
// a rule's value, among an object's values, or as what a function returns or is
// given. What may be meant for another case is a warning; what is always so was
// to be given as it stands.
func checkConstants(p *source.Pass) {
	c := constants{report: p.Report, rules: map[string][]*ast.Rule{}}
	for _, module := range p.Policies() {
		for _, rule := range module.Rules {
			path := module.Package.Path.Append(ast.StringTerm(source.RuleName(rule))).String()
			c.rules[path] = append(c.rules[path], rule)
		}
	}
	for _, module := range p.Policies() {
		for _, rule := range module.Rules {
			contract, ok := contract.ContractNamed(source.RuleName(rule))
			if ok && string(contract.Phase) == source.PackageRoot(module) && source.WrongForm(rule) == "" {
				c.rule(rule, contract)
			}
		}
	}
}

type constants struct {
	report *source.Report
	// rules are those of the policies, by their full names.
	rules map[string][]*ast.Rule
}

func (c constants) rule(r *ast.Rule, named *contract.ContractRule) {
	for _, term := range contract.LiteralElements(r) {
		object, made := c.element(term)
		if object == nil {
			continue
		}
		e, ok := contract.ElementOf(named, object, contract.Literal(r.Body))
		if !ok {
			continue
		}
		if made {
			for _, x := range e.Complaints() {
				c.complain(r, term, x)
			}
		}
		for _, name := range e.Order {
			c.field(r, e, name, object.Value.(ast.Object))
		}
	}
}

// element is the object that a term is, or that the function makes which it
// calls, with the arguments in place.
func (c constants) element(t *ast.Term) (object *ast.Term, made bool) {
	if _, ok := t.Value.(ast.Object); ok {
		return t, false
	}
	call, ok := t.Value.(ast.Call)
	if !ok {
		return nil, false
	}
	rules := c.rules[call[0].String()]
	if len(rules) != 1 || rules[0].Else != nil || len(rules[0].Head.Args) != len(call)-1 || rules[0].Head.Value == nil {
		return nil, false
	}
	value := rules[0].Head.Value
	if _, ok := value.Value.(ast.Object); !ok {
		return nil, false
	}
	given := map[ast.Var]*ast.Term{}
	for i, arg := range rules[0].Head.Args {
		if v, ok := arg.Value.(ast.Var); ok {
			given[v] = call[i+1]
		}
	}
	var pairs [][2]*ast.Term
	value.Value.(ast.Object).Foreach(func(key, v *ast.Term) {
		if name, ok := v.Value.(ast.Var); ok && given[name] != nil {
			v = given[name]
		}
		pairs = append(pairs, [2]*ast.Term{key, v})
	})
	return &ast.Term{Value: ast.NewObject(pairs...), Location: t.Location}, true
}

// field checks what a field may be.
func (c constants) field(r *ast.Rule, e contract.Element, name string, object ast.Object) {
	f, ok := e.Rule.Field(name)
	t := object.Get(ast.StringTerm(name))
	if !ok || f.Check == nil || t == nil {
		return
	}
	if v, isVar := t.Value.(ast.Var); isVar {
		if a := contract.Assigned(r.Body, v); a != nil {
			t = a
		}
	}
	possible, several := c.texts(t)
	for _, p := range possible {
		v := contract.Value{Typ: "string", Text: p.text, Whole: true, Written: true, Term: p.term}
		trial := e
		trial.Fields = map[string]contract.Value{}
		for k, other := range e.Fields {
			trial.Fields[k] = other
		}
		trial.Fields[name] = v
		if x := f.Check(name, v, trial); x != nil {
			x.Warning = x.Warning || several
			c.complain(r, p.term, *x)
		}
	}
}

func (c constants) complain(r *ast.Rule, at *ast.Term, x contract.Complaint) {
	loc := r.Location
	if x.Term != nil && x.Term.Location != nil {
		loc = x.Term.Location
	} else if at != nil && at.Location != nil {
		loc = at.Location
	}
	p := x.Problem("")
	if slices.ContainsFunc(c.report.Problems, func(o policies.Problem) bool { return o.File == loc.File && o.Found == p.Found }) {
		return // the type checker has reported it
	}
	if loc != r.Location && loc.Row != r.Location.Row {
		p.Found += fmt.Sprintf(", for the %s in line %d", source.RuleName(r), r.Location.Row)
	}
	c.report.Besides(loc, p)
}

// writtenText is a text and where it stands.
type writtenText struct {
	text string
	term *ast.Term
}

// texts are the texts that a reference to a rule or a call of a function may
// give, as far as they are written out there; several says that they are not
// given in every case.
func (c constants) texts(t *ast.Term) (out []writtenText, several bool) {
	switch x := t.Value.(type) {
	case ast.Call:
		out = c.values(c.rules[x[0].String()])
		return out, true
	case ast.Ref:
		if !x.HasPrefix(ast.DefaultRootRef) {
			return nil, false
		}
		for n := len(x); n > 2; n-- {
			rules := c.rules[x[:n].String()]
			if len(rules) == 0 {
				continue
			}
			if n == len(x) {
				return c.values(rules), len(rules) > 1 || rules[0].Else != nil
			}
			if n == len(x)-1 {
				return c.among(rules, x[n])
			}
			return nil, false
		}
	}
	return nil, false
}

// values are the texts that rules have as their value.
func (c constants) values(rules []*ast.Rule) []writtenText {
	var out []writtenText
	for _, r := range rules {
		for clause := r; clause != nil; clause = clause.Else {
			if v := clause.Head.Value; v != nil && len(clause.Head.Ref()) == 1 {
				if s, ok := v.Value.(ast.String); ok && v.Location != nil {
					out = append(out, writtenText{string(s), v})
				}
			}
		}
	}
	return out
}

// among are the texts among the values of the object that a rule is.
func (c constants) among(rules []*ast.Rule, key *ast.Term) (out []writtenText, several bool) {
	if len(rules) != 1 || rules[0].Head.Value == nil {
		return nil, false
	}
	object, ok := rules[0].Head.Value.Value.(ast.Object)
	if !ok {
		return nil, false
	}
	several = !isConstant(key)
	object.Foreach(func(k, v *ast.Term) {
		if s, ok := v.Value.(ast.String); ok && (several || k.Equal(key)) && v.Location != nil {
			out = append(out, writtenText{string(s), v})
		}
	})
	return out, several
}
