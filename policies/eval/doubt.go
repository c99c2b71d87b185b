package eval

import (
	"fmt"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// A builtin that fails makes its expression undefined. Where the expression
// had to hold for an element, the element is not given, and that is right. But
// where it stood under `not`, in a comprehension or `every`, behind a default
// or an else, or in a set that is counted or compared, elements come out that
// would not if it had worked: `not expired(p)` with a bad date grants. Such an
// error leaves its rule in doubt.

// doubtful are the places of expressions that can hold because something in
// them is undefined, by file.
type doubtful map[string]*doubtfulFile

type doubtfulFile struct {
	// parsed is the module that they are of.
	parsed *ast.Module

	// always holds expressions under not, every, a comprehension, a default or
	// an else.
	always map[source.Place]bool
	// partial holds those within partial sets and objects, in doubt only if what
	// asks for them wants the whole.
	partial map[source.Place]bool
	// picks holds those that look for one element and are false without it.
	picks map[source.Place]bool
}

// doubtfulIn finds the doubtful expressions of parsed modules; those of a module that
// was there before are known.
func doubtfulIn(modules map[string]*ast.Module, before doubtful) doubtful {
	all := doubtful{}
	for name, m := range modules {
		if known := before[name]; known != nil && known.parsed == m {
			all[name] = known
			continue
		}
		d := &doubtfulFile{parsed: m, always: map[source.Place]bool{}, partial: map[source.Place]bool{}, picks: map[source.Place]bool{}}
		all[name] = d
		defaults := map[string]bool{}
		for _, r := range m.Rules {
			if r.Default {
				defaults[r.Head.Ref().String()] = true
			}
		}
		for _, r := range m.Rules {
			d.rule(r, defaults[r.Head.Ref().String()])
		}
	}
	return all
}

// at are those of the file of a place.
func (d doubtful) at(p source.Place) doubtfulFile {
	if f := d[p.File]; f != nil {
		return *f
	}
	return doubtfulFile{}
}

func (d *doubtfulFile) rule(r *ast.Rule, hasDefault bool) {
	ast.WalkExprs(r, func(e *ast.Expr) bool {
		at := source.PlaceOf(e.Location)
		if hasDefault || r.Else != nil || e.Negated || e.IsEvery() {
			d.always[at] = true
		}
		if source.IsContains(r) || len(r.Head.Ref()) > 1 {
			d.partial[at] = true
		}
		if picks(e) {
			d.picks[at] = true
			// The compiler moves a collection out of the call, to its own place.
			if terms, ok := e.Terms.([]*ast.Term); ok && terms[len(terms)-1].Location != nil {
				d.picks[source.PlaceOf(terms[len(terms)-1].Location)] = true
			}
		}
		return false
	})
	ast.WalkClosures(r, func(x any) bool {
		if e, ok := x.(*ast.Every); ok {
			x = e.Body
		}
		ast.WalkExprs(x, func(e *ast.Expr) bool {
			d.always[source.PlaceOf(e.Location)] = true
			return false
		})
		return false
	})
	// The value of `name if …` is true, which stands nowhere.
	if r.Head.Value != nil && r.Head.Value.Location != nil && (hasDefault || r.Else != nil) {
		d.always[source.PlaceOf(r.Head.Value.Location)] = true
	}
}

// picks says that an expression iterates over a collection or looks one
// element up: `some x in xs`, `x in xs`, `xs[x]`, `y := xs[_]`.
func picks(e *ast.Expr) bool {
	switch t := e.Terms.(type) {
	case *ast.SomeDecl:
		return true
	case *ast.Term:
		return true
	case []*ast.Term:
		switch t[0].String() {
		case ast.Member.Name, ast.MemberWithKey.Name:
			return true
		case ast.Assign.Name, ast.Equality.Name:
			return isRef(t[1]) || isRef(t[2])
		}
	}
	return false
}

func isRef(t *ast.Term) bool {
	ref, ok := t.Value.(ast.Ref)
	return ok && len(ref) > 1
}

// doubts says whether an error leaves its rule in doubt. The stack is innermost
// first; the last frame is the contract rule's own body.
func (d doubtful) doubts(e *topdown.Error) bool {
	if len(e.StackTrace) == 0 {
		return true
	}
	for i, frame := range e.StackTrace {
		if frame.Location == nil {
			continue
		}
		at := source.PlaceOf(frame.Location)
		if d.at(at).always[at] {
			return true
		}
		outermost := i == len(e.StackTrace)-1
		if outermost || !d.at(at).partial[at] {
			continue
		}
		if caller := e.StackTrace[i+1].Location; caller != nil && !d.picks(source.PlaceOf(caller)) {
			return true
		}
	}
	return false
}

func (d doubtful) picks(p source.Place) bool { return d.at(p).picks[p] }

// widens are the contract rules whose elements give or take away; an element
// too many does harm. Of the others, an element too many only holds back or
// tells.
var widens = map[string]bool{"grant": true, "member": true, "leaver": true, "empty": true, "waive": true}

// inDoubt is the failure that drops all that a rule gave, if one of its errors
// leaves it in doubt.
func (s *Set) inDoubt(r *rule, errs []topdown.Error) (policies.Failure, bool) {
	if !widens[r.contract.Name] {
		return policies.Failure{}, false
	}
	for i := range errs {
		if s.doubtful.doubts(&errs[i]) {
			return r.failure(codeInDoubt, fmt.Sprintf("nothing is taken from this %s rule: the error stands under not, in a comprehension or the like, "+
				"where it could give what should not be given", r.contract.Name)), true
		}
	}
	return policies.Failure{}, false
}
