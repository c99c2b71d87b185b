package policies

import (
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// checkConstants checks the elements whose fields are written out elsewhere: as
// a rule's value, among an object's values, or as what a function returns or is
// given. What may be meant for another case is a warning; what is always so was
// to be given as it stands.
func checkConstants(m *modules, resolved map[string]*ast.Module, r *report) {
	c := constants{report: r, rules: map[string][]*ast.Rule{}}
	for _, f := range m.files {
		if module := resolved[f.name]; module != nil && !f.isTest() {
			for _, rule := range module.Rules {
				path := module.Package.Path.Append(ast.StringTerm(ruleName(rule))).String()
				c.rules[path] = append(c.rules[path], rule)
			}
		}
	}
	for _, f := range m.files {
		module := resolved[f.name]
		if module == nil || f.isTest() {
			continue
		}
		for _, rule := range module.Rules {
			contract, ok := contractNamed(ruleName(rule))
			if ok && string(contract.phase) == packageRoot(module) && wrongForm(rule) == "" {
				c.rule(rule, contract)
			}
		}
	}
}

type constants struct {
	report *report
	// rules are those of the policies, by their full names.
	rules map[string][]*ast.Rule
}

func (c constants) rule(r *ast.Rule, contract *contractRule) {
	for _, term := range literalElements(r) {
		object, made := c.element(term)
		if object == nil {
			continue
		}
		e, ok := elementOf(contract, object, literal(r.Body))
		if !ok {
			continue
		}
		if made {
			for _, x := range e.complaints() {
				c.complain(r, term, x)
			}
		}
		for _, name := range e.order {
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
func (c constants) field(r *ast.Rule, e element, name string, object ast.Object) {
	f, ok := e.rule.field(name)
	t := object.Get(ast.StringTerm(name))
	if !ok || f.check == nil || t == nil {
		return
	}
	if v, isVar := t.Value.(ast.Var); isVar {
		if a := assigned(r.Body, v); a != nil {
			t = a
		}
	}
	possible, several := c.texts(t)
	for _, p := range possible {
		v := value{typ: "string", text: p.text, whole: true, written: true, term: p.term}
		trial := e
		trial.fields = map[string]value{}
		for k, other := range e.fields {
			trial.fields[k] = other
		}
		trial.fields[name] = v
		if x := f.check(name, v, trial); x != nil {
			x.warning = x.warning || several
			c.complain(r, p.term, *x)
		}
	}
}

func (c constants) complain(r *ast.Rule, at *ast.Term, x complaint) {
	loc := r.Location
	if x.term != nil && x.term.Location != nil {
		loc = x.term.Location
	} else if at != nil && at.Location != nil {
		loc = at.Location
	}
	p := x.problem("")
	if slices.ContainsFunc(c.report.problems, func(o Problem) bool { return o.File == loc.File && o.Found == p.Found }) {
		return // the type checker has told it
	}
	if loc != r.Location && loc.Row != r.Location.Row {
		p.Found += fmt.Sprintf(", for the %s in line %d", ruleName(r), r.Location.Row)
	}
	c.report.besides(loc, p)
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
