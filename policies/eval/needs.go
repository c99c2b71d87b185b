package eval

import (
	"cmp"
	"maps"
	"slices"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
	"github.com/open-policy-agent/opa/v1/ast"
)

// keys are first keys of a document: of input or of data.
type keys struct {
	// all says that any may be meant.
	all   bool
	named map[string]bool
}

func (k keys) has(key string) bool { return k.all || k.named[key] }

func (k *keys) add(key string) {
	if k.named == nil {
		k.named = map[string]bool{}
	}
	k.named[key] = true
}

func (k *keys) unite(o keys) {
	k.all = k.all || o.all
	for key := range o.named {
		k.add(key)
	}
}

// Keys are the first keys of the input that the rules of a phase read.
type Keys struct {
	// All says that any may be meant.
	All   bool     `json:"all"`
	Named []string `json:"named"`
}

func (k Keys) keys() keys {
	out := keys{all: k.All}
	for _, key := range k.Named {
		out.add(key)
	}
	return out
}

// Reads are the keys of the input that the rules of a phase read.
func (s *Set) Reads(phase policies.Phase) Keys {
	reads := readsOf(s.rules[phase])
	return Keys{All: reads.all, Named: slices.Sorted(maps.Keys(reads.named))}
}

// needs are what a rule's outcome follows from: its own source and that of the
// rules that it asks, directly or not, and what all these read.
type needs struct {
	rules map[*ast.Rule]bool
	input keys
	data  keys
	// volatile says that a builtin among it gives another answer each time.
	volatile bool
	// facts are the parts of the account that are read: "users",
	// "account.abilities", or "" for the whole input.
	facts map[string]bool
}

// needsFinder finds the needs of compiled rules.
type needsFinder struct {
	compiler *ast.Compiler
	volatile map[string]bool
	own      map[*ast.Rule]*needs
}

func newNeedsFinder(c *ast.Compiler) *needsFinder {
	f := &needsFinder{compiler: c, volatile: map[string]bool{}, own: map[*ast.Rule]*needs{}}
	for _, b := range ast.Builtins {
		if b.Nondeterministic || source.Outreaching(b) {
			f.volatile[b.Name] = true
		}
	}
	return f
}

func (f *needsFinder) of(r *ast.Rule) *needs {
	all := &needs{rules: map[*ast.Rule]bool{}, facts: map[string]bool{}}
	f.collect(r, all)
	return all
}

// collect adds a rule and what it depends on as the compiler found it: rather a
// rule too many than one too few.
func (f *needsFinder) collect(r *ast.Rule, all *needs) {
	if all.rules[r] {
		return
	}
	all.rules[r] = true
	own := f.own[r]
	if own == nil {
		own = f.readBy(r)
		f.own[r] = own
	}
	all.input.unite(own.input)
	all.data.unite(own.data)
	for fact := range own.facts {
		all.facts[fact] = true
	}
	all.volatile = all.volatile || own.volatile
	for dep := range f.compiler.Graph.Dependencies(r) {
		f.collect(dep.(*ast.Rule), all)
	}
}

// readBy is what one compiled rule reads itself.
func (f *needsFinder) readBy(r *ast.Rule) *needs {
	own := needs{facts: map[string]bool{}}
	var visit *ast.GenericVisitor
	visit = ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case ast.Ref:
			switch {
			case x.HasPrefix(ast.InputRootRef):
				own.input.read(x)
				own.noteFact(x)
			case x.HasPrefix(ast.DefaultRootRef):
				own.data.read(x)
			default:
				own.volatile = own.volatile || f.volatile[x.String()]
				visit.Walk(x[0])
			}
			// The head names the document, and is no use of the whole.
			for _, t := range x[1:] {
				visit.Walk(t)
			}
			return true
		case ast.Var:
			if x.Equal(ast.InputRootDocument.Value) {
				own.input.all, own.facts[""] = true, true
			}
			own.data.all = own.data.all || x.Equal(ast.DefaultRootDocument.Value)
		}
		return false
	})
	visit.Walk(r)
	for _, t := range r.Head.Ref()[1:] {
		visit.Walk(t)
	}
	return &own
}

// read adds what a reference into the document reads.
func (k *keys) read(ref ast.Ref) {
	if len(ref) > 1 {
		if key, ok := ref[1].Value.(ast.String); ok {
			k.add(string(key))
			return
		}
	}
	k.all = true
}

// steady are the parts of input.account that are the same whenever it is read.
var steady = []string{"name", "region"}

// noteFact notes which part of the account a reference into the input reads: none
// if it is the time, or what does not change.
func (n *needs) noteFact(ref ast.Ref) {
	if len(ref) < 2 {
		n.facts[""] = true
		return
	}
	first, ok := ref[1].Value.(ast.String)
	switch {
	case !ok:
		n.facts[""] = true
	case first == "now":
	case first != "account":
		n.facts[string(first)] = true
	case len(ref) < 3:
		n.facts["account"] = true
	default:
		second, _ := ref[2].Value.(ast.String)
		if !slices.Contains(steady, string(second)) {
			n.facts["account."+string(second)] = true
		}
	}
}

// Facts are the parts of the account that the access policies read in their own
// words, sorted, as "users" and "account.abilities"; "input" is all of it. Facts
// that principals stand for are not among them.
func (s *Set) Facts() []string {
	facts := map[string]bool{}
	for _, r := range s.rules[policies.PhaseAccess] {
		for fact := range r.needs.facts {
			facts[cmp.Or(fact, "input")] = true
		}
	}
	return slices.Sorted(maps.Keys(facts))
}
