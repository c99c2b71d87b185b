// Package eval loads policies and evaluates them into statements.
//
// Load reads a Set from its roots or says everything that is wrong with it;
// Set.Evaluate runs the contract rules of one phase against an input document.
package eval

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/inventory/secret"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/guard"
	"github.com/dutyward/dutyward/policies/source"
)

// Options say where policies are and within what bounds they run.
type Options struct {
	// Roots are the policy directories, or OPA bundles (.tar.gz). Each holds
	// .rego, .json, .yaml and .yml files, also in subdirectories; what begins with
	// a dot is skipped.
	Roots []string
	// As maps roots to the names that messages and origins call them by, where
	// these are others: for a copy of a root of that name.
	As map[string]string
	// AskGit says to ask git for the commits of the directories.
	AskGit bool
	// Schemas maps a data document by its dotted path, e.g. "people", to the
	// JSON schema file that it must satisfy.
	Schemas map[string]string
	// TimeLimit bounds loading, and one evaluation of a phase; 0 means 30 seconds.
	TimeLimit time.Duration
	// MaxElements bounds the elements of one evaluation; 0 means a million.
	MaxElements int
	// AllowBuiltins are names of RefusedBuiltins that policies may use: their
	// plans can then not be made again as they were.
	AllowBuiltins []string
	// Ignore are the warnings that the configuration ignores, besides those that
	// comments do.
	Ignore policies.Ignores
	// Unsaved are files as an editor has them, which are read instead of those on disk.
	Unsaved source.Unsaved
	// Secrets are what no policy and no data may hold; nil for none.
	Secrets *secret.Keeper
}

const (
	defaultTimeLimit   = 30 * time.Second
	defaultMaxElements = 1_000_000
)

func (o Options) withDefaults() Options {
	if o.TimeLimit == 0 {
		o.TimeLimit = defaultTimeLimit
	}
	if o.MaxElements == 0 {
		o.MaxElements = defaultMaxElements
	}
	return o
}

// Set is a revision of the policies: loaded, checked and compiled. It may be
// used by several goroutines at once.
type Set struct {
	options    Options
	files      []*source.File
	roots      map[string]string // file name to root
	store      storage.Store
	rules      map[policies.Phase][]*rule
	warnings   policies.Problems
	refs       []policies.Reference
	schemas    []source.Schema
	doubtful   doubtful
	groupsRead source.GroupsRead
	provenance []policies.Provenance
	// parsed are the modules that are evaluated, as they were written.
	parsed map[string]*ast.Module
	// under are the data files by the first key that they give something under.
	under   map[string][]*source.File
	sources func() *sources
	ignores policies.Ignores
	// ignored are the warnings of loading that they are about.
	ignored policies.Problems
}

// Load reads the policies, or says everything that is wrong with them: the
// error is then Problems, warnings included.
func Load(ctx context.Context, o Options) (*Set, error) { return new(Loader).Load(ctx, o) }

// Loader loads one revision of policies after the other. It decodes data only where
// some of it became another, and parses, checks and compiles only policies that did or
// that follow from such, as long as nothing is wrong with them.
//
// The zero value is ready for use, by one goroutine at a time.
type Loader struct {
	// data are the documents of the data files last loaded.
	data  source.Documents
	files []*source.File
	// last is what was loaded last without an error; nil if nothing was.
	last *revision
	// mentions are what the modules name of one another.
	mentions source.Mentions
	checked  int
}

// Checked is how many policy files the last revision had parsed, checked and compiled
// that could not be taken over from the one before it.
func (l *Loader) Checked() int { return l.checked }

// Load is the function Load.
func (l *Loader) Load(ctx context.Context, o Options) (*Set, error) {
	defer guard.From(ctx).Enter(ctx, "load the policies", o.withDefaults().TimeLimit).Leave()
	read, roots := source.ReadRoots(o.Roots, o.As, o.Secrets, o.Unsaved), o.Roots
	o.Roots = source.CalledRoots(o.Roots, o.As)
	schemas, schemaProblems := source.ReadSchemas(o.Schemas, o.Secrets)
	set, err := l.load(ctx, o, read.Files, read.Left, schemas, append(read.Problems, schemaProblems...))
	if err != nil {
		return nil, err
	}
	set.provenance = read.Provenance
	if o.AskGit {
		for i, root := range roots {
			if !source.IsBundle(root) {
				p := source.AskGit(ctx, root)
				p.Root = o.Roots[i]
				set.provenance = append(set.provenance, p)
			}
		}
	}
	return set, nil
}

// load checks and compiles the policies; left are the paths of files that are not read.
func (l *Loader) load(ctx context.Context, o Options, files []*source.File, left []string, schemas []source.Schema, problems policies.Problems) (*Set, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("load policies: %w", err)
	}
	r := source.NewReport(files)
	r.Add(problems...)

	data := l.documents(files, r)
	in := revision{options: o, left: left, schemas: schemas, problems: problems, files: files}
	data.Left = left
	data.Broken = data.Broken || len(problems.Errors()) > 0
	source.CheckSchemas(schemas, data, r)
	modules, err := source.ParseAgain(files, o.AllowBuiltins, r, l.last.modules())
	if err != nil {
		return nil, err
	}
	in.early = slices.Clone(r.Problems)
	in.pass = &source.Pass{Report: r, Files: files, Modules: modules, Data: data, Schemas: schemas}
	if !l.checkPart(&in) {
		r.Problems = slices.Clone(in.early)
		in.checkAll()
		l.checked = len(modules.Parsed)
	}
	if in.pass.Err != nil {
		return nil, in.pass.Err
	}
	ignores := slices.Concat(o.Ignore, in.pass.Ignores())
	all, ignored := ignores.Waive(r.Problems.Sorted())
	if len(all.Errors()) > 0 {
		return nil, all
	}
	in.set = newSet(o, in.pass, all.Warnings(), l.last.setOf())
	in.set.ignores, in.set.ignored = ignores, ignored
	l.last = &in
	return in.set, nil
}

// documents are those of the data files: the ones kept, if they are of the same.
func (l *Loader) documents(files []*source.File, r *source.Report) source.Documents {
	files = slices.DeleteFunc(slices.Clone(files), (*source.File).IsRego)
	same := func(a, b *source.File) bool {
		return a.Root == b.Root && a.Path == b.Path && a.Name == b.Name && bytes.Equal(a.Content, b.Content)
	}
	if len(files) > 0 && slices.EqualFunc(files, l.files, same) {
		return l.data
	}
	before := len(r.Problems)
	data := source.LoadData(files, r)
	l.data, l.files = data, files
	if len(r.Problems) > before {
		l.files = nil // what is wrong is to be said again
	}
	return data
}

// loadKept compiles policies that were good once, as they are. What newer
// versions of this program would refuse besides is for those who load policies
// again: refused here, the last good ones would be lost with an upgrade.
func loadKept(ctx context.Context, o Options, files []*source.File, schemas []source.Schema) (*Set, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("load policies: %w", err)
	}
	r := source.NewReport(files)
	data := source.KeptData(files, r)
	modules, err := source.Parse(files, o.AllowBuiltins, r)
	if err != nil {
		return nil, err
	}
	compiler := source.CompileAll(modules.Production(), modules, data, r, func(*ast.Location) bool { return true })
	if errs := r.Problems.Sorted().Errors(); len(errs) > 0 {
		return nil, errs
	}
	return newSet(o, &source.Pass{
		Files: files, Modules: modules, Resolved: modules.Resolved(), Data: data, Schemas: schemas, Compiler: compiler,
	}, nil, nil), nil
}

// newSet is the set that a pass leads to. Of the one before it, nil if there was none, it
// takes what its part leaves as it was.
func newSet(o Options, p *source.Pass, warnings policies.Problems, before *Set) *Set {
	s := &Set{
		options: o.withDefaults(), files: p.Files, warnings: warnings,
		store: p.Data.Store(), roots: map[string]string{}, schemas: p.Schemas, parsed: p.Modules.Production(), under: p.Data.Under,
	}
	s.sources = sync.OnceValue(func() *sources { return newSources(s) })
	for _, f := range p.Files {
		s.roots[f.Name] = f.Root
	}
	s.rules = s.contractRules(p.Compiler, p.Part, before)
	var known doubtful
	if before != nil {
		known = before.doubtful
	}
	s.doubtful = doubtfulIn(s.parsed, known)
	s.refs = literalReferences(p.Files, p.Resolved)
	s.groupsRead = source.GroupsReadIn(p.Resolved, p.Files)
	return s
}

// Limit bounds a further evaluation, as for policies that were kept with another bound.
func (s *Set) Limit(time time.Duration) { s.options.TimeLimit = time }

// Waive leaves out of problems the warnings that are ignored, and warns of ignores that
// are none, by the pages that there are, or that have nothing to ignore. The problems
// are all that there are, on an account or without one.
func (s *Set) Waive(problems policies.Problems, pages code.Pages, account bool) policies.Problems {
	left, ignored := s.ignores.Waive(problems)
	return append(left, s.ignores.Idle(slices.Concat(s.ignored, ignored), pages, account)...)
}

// Waived parts problems into those that are left and the warnings that are ignored.
func (s *Set) Waived(problems policies.Problems) (left, ignored policies.Problems) {
	return s.ignores.Waive(problems)
}

// Ignored are the warnings of loading that are ignored.
func (s *Set) Ignored() policies.Problems { return s.ignored }

// Warnings are what is odd about the policies but no reason to refuse them.
func (s *Set) Warnings() []policies.Problem { return s.warnings }

// Located are problems with the source lines of their places, where they lack
// them.
func (s *Set) Located(problems policies.Problems) policies.Problems {
	r := source.NewReport(s.files)
	r.Add(problems...)
	return r.Problems.Sorted()
}

// Files counts the files of all roots.
func (s *Set) Files() int { return len(s.files) }

// FilesUnlike are the names, sorted, of the files that are not as in another
// set: changed, there alone, or here alone.
func (s *Set) FilesUnlike(other *Set) []string {
	contents := map[string][]byte{}
	for _, f := range other.files {
		contents[f.Name] = f.Content
	}
	var names []string
	for _, f := range s.files {
		content, ok := contents[f.Name]
		if !ok || !bytes.Equal(content, f.Content) {
			names = append(names, f.Name)
		}
		delete(contents, f.Name)
	}
	names = slices.AppendSeq(names, maps.Keys(contents))
	slices.Sort(names)
	return names
}

// Rules counts the contract rules of all phases.
func (s *Set) Rules() int {
	n := 0
	for _, rules := range s.rules {
		n += len(rules)
	}
	return n
}

// Revision is a digest of all files of all roots, "sha256:…": equal content in
// equal places has an equal revision.
func (s *Set) Revision() string { return revisionOf(s.options.Roots, s.files) }

func revisionOf(roots []string, files []*source.File) string {
	h := sha256.New()
	order := map[string]int{}
	for _, root := range roots {
		if _, ok := order[root]; !ok {
			order[root] = len(order)
		}
	}
	for _, f := range files {
		fmt.Fprintf(h, "%d %d %s %d\n", order[f.Root], len(f.Path), f.Path, len(f.Content))
		h.Write(f.Content)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// ReadsGroup says whether policies read the members of a group of that name, as
// input.groups.NAME or by a name that they compute. Going over all groups is no
// use of any.
func (s *Set) ReadsGroup(name string) bool { return s.groupsRead.Any || s.groupsRead.Names[name] }

// References are the names that the policies look up by literal arguments of
// the library's functions, in the order of their places.
func (s *Set) References() []policies.Reference { return s.refs }

// Provenance says where the policies are from, root by root.
func (s *Set) Provenance() []policies.Provenance {
	if s.provenance == nil {
		return []policies.Provenance{}
	}
	return s.provenance
}
