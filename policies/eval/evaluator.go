package eval

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// Evaluator evaluates one revision of policies after the other, and runs only
// the rules whose outcome can have become another: those whose source, or
// whatever they depend on in rules, data or input, is not as it was. It gives
// what Set.Evaluate gives.
//
// The zero value is ready for use, by several goroutines at once.
type Evaluator struct {
	mu     sync.Mutex
	phases map[policies.Phase]*remembered
	input  *Input
	ran    int
}

// remembered is what earlier evaluations of a phase gave.
type remembered struct {
	// outcomes and before are those of the last evaluation and of the one before
	// it: taking an edit back is as quick as making it.
	outcomes, before map[digest]*outcome
	// parts are the parts of the input as they were last seen, and versions
	// counts how often each has become another.
	parts    map[string]*inputPart
	versions map[string]uint64
	now      time.Time
}

type digest [sha256.Size]byte

// Input is NewInput, and for the snapshot that it was last asked for the very
// same input again, which is converted already.
func (e *Evaluator) Input(s *inventory.Snapshot) (*Input, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.input != nil && e.input.snapshot == s {
		return e.input, nil
	}
	in, err := NewInput(s)
	if err == nil {
		e.input = in
	}
	return in, err
}

// Ran is how many rules all evaluations so far ran.
func (e *Evaluator) Ran() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ran
}

// Evaluate is s.Evaluate.
func (e *Evaluator) Evaluate(ctx context.Context, s *Set, phase policies.Phase, in *Input, now time.Time) (*policies.Statements, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.remembered(phase)
	rules := s.rules[phase]
	if err := r.look(in, now, readsOf(rules)); err != nil {
		return nil, err
	}
	outcomes := make([]*outcome, len(rules))
	marks := make([]mark, len(rules))
	for i, rule := range rules {
		marks[i] = s.mark(rule, r, in)
		if outcomes[i] = r.known(marks[i]); outcomes[i] == nil {
			e.ran++
		}
	}
	idle, err := s.run(ctx, phase, in, now, outcomes)
	if err != nil {
		return nil, err
	}
	next := make(map[digest]*outcome, len(rules))
	for i, o := range outcomes {
		if marks[i].ok && !o.leftOut {
			next[marks[i].of(o)] = o
		}
	}
	r.before, r.outcomes = r.outcomes, next
	return s.collect(rules, outcomes, idle, now)
}

func (e *Evaluator) remembered(phase policies.Phase) *remembered {
	if e.phases == nil {
		e.phases = map[policies.Phase]*remembered{}
	}
	if e.phases[phase] == nil {
		e.phases[phase] = &remembered{parts: map[string]*inputPart{}, versions: map[string]uint64{}}
	}
	return e.phases[phase]
}

func readsOf(rules []*rule) keys {
	var reads keys
	for _, r := range rules {
		reads.unite(r.needs.input)
	}
	return reads
}

// look compares the parts of an input that are read with those of the last one.
func (r *remembered) look(in *Input, now time.Time, reads keys) error {
	for _, p := range in.parts {
		last := r.parts[p.key]
		switch {
		case !reads.has(p.key):
			// What is not looked at counts as another when it is read again.
			delete(r.parts, p.key)
			continue
		case p.key == "now":
			if last == nil || !now.Equal(r.now) {
				r.versions[p.key]++
			}
			r.now = now
		case last != p:
			same, err := sameValue(last, p)
			if err != nil {
				return err
			}
			if !same {
				r.versions[p.key]++
			}
		}
		r.parts[p.key] = p
	}
	return nil
}

func sameValue(a, b *inputPart) (bool, error) {
	if a == nil {
		return false, nil
	}
	x, err := a.converted()
	if err != nil {
		return false, err
	}
	y, err := b.converted()
	if err != nil {
		return false, err
	}
	return x.Value.Compare(y.Value) == 0, nil
}

func (r *remembered) known(m mark) *outcome {
	if !m.ok {
		return nil
	}
	for _, d := range []digest{m.what, m.where} {
		for _, outcomes := range []map[digest]*outcome{r.outcomes, r.before} {
			if o := outcomes[d]; o != nil {
				return o
			}
		}
	}
	return nil
}

// mark identifies an outcome by all that it follows from.
type mark struct {
	// what covers the sources of rules, the data and the input; where also all
	// other policies and the lines, which the texts of failures name.
	what, where digest
	// ok says that all of it could be known; else the rule runs each time.
	ok bool
}

// of is the digest under which an outcome may be found again.
func (m mark) of(o *outcome) digest {
	if o.clean() {
		return m.what
	}
	return m.where
}

func (s *Set) mark(r *rule, seen *remembered, in *Input) mark {
	if r.needs.volatile {
		return mark{}
	}
	sources := s.sources()
	var rest []digest
	for dep := range r.needs.rules {
		d, ok := sources.rules[dep]
		if !ok {
			return mark{}
		}
		rest = append(rest, d)
	}
	what, where := sha256.New(), sha256.New()
	own := sources.rules[r.compiled]
	what.Write(own[:])
	slices.SortFunc(rest, func(a, b digest) int { return bytes.Compare(a[:], b[:]) })
	for _, d := range rest {
		what.Write(d[:])
	}
	for _, key := range slices.Sorted(maps.Keys(sources.data)) {
		if r.needs.data.has(key) {
			writeText(what, key)
			d := sources.data[key]
			what.Write(d[:])
		}
	}
	for _, p := range in.parts {
		if r.needs.input.has(p.key) {
			writeText(what, p.key)
			what.Write(binary.AppendUvarint(nil, seen.versions[p.key]))
		}
	}
	m := mark{ok: true}
	what.Sum(m.what[:0])
	where.Write(m.what[:])
	where.Write(sources.policies[:])
	where.Sum(m.where[:0])
	return m
}

// sources are digests of what a revision consists of.
type sources struct {
	// rules are by compiled rule: its text, and the package and imports that give
	// its names a meaning.
	rules map[*ast.Rule]digest
	// data are by first key: the files that hold something under it.
	data map[string]digest
	// policies is the digest of all policy files.
	policies digest
}

func newSources(s *Set) *sources {
	out := &sources{rules: map[*ast.Rule]digest{}, data: map[string]digest{}}
	policies := sha256.New()
	for _, f := range s.files {
		if f.IsRego() {
			writeText(policies, f.Name)
			writeText(policies, string(f.Content))
		}
	}
	policies.Sum(out.policies[:0])
	compilers := s.compilers()
	for name, module := range s.parsed {
		digests := make([]digest, len(module.Rules))
		for i, r := range module.Rules {
			digests[i] = digestOf(module, r, out.policies)
		}
		for _, compiler := range compilers {
			compiled := compiler.Modules[name]
			if compiled == nil || len(compiled.Rules) != len(digests) {
				continue
			}
			// Where it holds what a module once was, no rule of this set asks that.
			for i, r := range compiled.Rules {
				for ; r != nil; r = r.Else {
					out.rules[r] = digests[i]
				}
			}
		}
	}
	for key, files := range s.under {
		h := sha256.New()
		for _, f := range files {
			writeText(h, f.Path)
			writeText(h, string(f.Content))
		}
		var d digest
		h.Sum(d[:0])
		out.data[key] = d
	}
	return out
}

// digestOf is the digest of a parsed rule. What asks for its METADATA depends on
// all policies, for METADATA reaches across files.
func digestOf(m *ast.Module, r *ast.Rule, all digest) digest {
	h := sha256.New()
	writeText(h, m.Package.Path.String())
	for _, i := range m.Imports {
		writeText(h, i.String())
	}
	text := r.String()
	writeText(h, text)
	h.Write(r.Location.Text)
	if strings.Contains(text, "rego.metadata") {
		h.Write(all[:])
	}
	var d digest
	h.Sum(d[:0])
	return d
}

// writeText writes a text so that its end is known.
func writeText(h hash.Hash, text string) {
	h.Write(binary.AppendUvarint(nil, uint64(len(text))))
	h.Write([]byte(text))
}
