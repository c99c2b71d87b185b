package diff

import (
	"maps"
	"slices"

	"github.com/dutyward/dutyward/policies/desired"
)

// operators are the people whom the program never changes (S20).
type operators struct {
	users map[string]bool
	// bound are the names resolved, to be remembered (S11).
	bound map[string]string
	// wrong says what is wrong with names.
	wrong []desired.Notice
	// nobody says of which names it can't be told whom they mean.
	nobody []string
}

// findOperators finds out who must never be changed.
func (b *builder) findOperators() { b.operators = operatorsOf(b.ground.names(), b.in) }

func operatorsOf(names *desired.Names, in Input) operators {
	o := operators{users: map[string]bool{}, bound: map[string]string{}}
	for _, name := range in.Settings.Operators {
		p := names.Person(name)
		for _, id := range p.IDs {
			o.users[id] = true
		}
		if p.ID != "" {
			o.bound[p.Key] = p.ID
		}
		if p.Why == "" {
			continue
		}
		why := "operators or account.acting_user: " + p.Why
		if p.Nobody {
			o.nobody = append(o.nobody, why)
		}
		o.wrong = append(o.wrong, desired.Notice{Code: p.Code, Message: why})
	}
	if user := in.TokenUser; user != "" {
		o.users[user] = true
	}
	return o
}

// protectOperators keeps the program off its operators' feet (S20).
func (b *builder) protectOperators() {
	b.findOperators()
	b.access.Protections = slices.Concat(b.access.Protections, b.operators.protection())
}

// protection is that of the operators, if there are any.
func (o operators) protection() []desired.Protection {
	if len(o.users) == 0 {
		return nil
	}
	return []desired.Protection{{
		Users: o.users, Reason: "the token's user, the acting user and the operators are never changed",
		By: desired.By{Chain: []string{}},
	}}
}

// operatorErrors are what is wrong with the names of operators.
func (b *builder) operatorErrors() []desired.Notice {
	return slices.Clone(b.operators.wrong)
}

// Bindings are the names resolved, to be remembered (S11): those that policies
// refer to, and those of the operators.
func (r *Result) Bindings() map[string]string {
	bindings := r.Access.Bindings()
	maps.Copy(bindings, r.operators)
	return bindings
}
