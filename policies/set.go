package policies

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

	"github.com/dutyward/dutyward/inventory/secret"
	"github.com/dutyward/dutyward/policies/guard"
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
	files      []*file
	roots      map[string]string // file name to root
	compiler   *ast.Compiler
	store      storage.Store
	rules      map[Phase][]*rule
	warnings   Problems
	refs       []Reference
	schemas    []schema
	doubtful   doubtful
	groupsRead groupsRead
	provenance []Provenance
	// parsed are the modules that are evaluated, as they were written.
	parsed map[string]*ast.Module
	// under are the data files by the first key that they give something under.
	under   map[string][]*file
	sources func() *sources
}

// Load reads the policies, or says everything that is wrong with them: the
// error is then Problems, warnings included.
func Load(ctx context.Context, o Options) (*Set, error) { return new(Loader).Load(ctx, o) }

// Loader loads one revision of policies after the other, and decodes data only
// where some of it became another.
//
// The zero value is ready for use, by one goroutine at a time.
type Loader struct {
	// data are the documents of the data files last loaded.
	data  documents
	files []*file
}

// Load is the function Load.
func (l *Loader) Load(ctx context.Context, o Options) (*Set, error) {
	defer guard.From(ctx).Enter(ctx, "load the policies", o.withDefaults().TimeLimit).Leave()
	read, roots := readRoots(o.Roots, o.As, o.Secrets), o.Roots
	o.Roots = calledRoots(o.Roots, o.As)
	schemas, schemaProblems := readSchemas(o.Schemas, o.Secrets)
	set, err := l.load(ctx, o, read.files, read.left, schemas, append(read.problems, schemaProblems...))
	if err != nil {
		return nil, err
	}
	set.provenance = read.provenance
	if o.AskGit {
		for i, root := range roots {
			if !isBundle(root) {
				p := askGit(ctx, root)
				p.Root = o.Roots[i]
				set.provenance = append(set.provenance, p)
			}
		}
	}
	return set, nil
}

// load checks and compiles the policies; left are the paths of files that are not read.
func (l *Loader) load(ctx context.Context, o Options, files []*file, left []string, schemas []schema, problems Problems) (*Set, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("load policies: %w", err)
	}
	r := newReport(files)
	r.add(problems...)

	data := l.documents(files, r)
	data.left = left
	data.broken = data.broken || len(problems.Errors()) > 0
	checkSchemas(schemas, data, r)
	modules, err := parse(files, o.AllowBuiltins, r)
	if err != nil {
		return nil, err
	}
	checkRepeatedKeys(modules, r)
	checkContract(modules, r)
	checkContractData(data, r)
	checkBuiltins(modules, r)
	resolved := modules.resolved()
	checkReferences(modules, resolved, data, r)
	compiler, err := compileTwice(modules, resolved, data, schemas, r)
	if err != nil {
		return nil, err
	}
	checkHabits(modules, resolved, r)
	checkSpeed(modules, resolved, data, r)
	checkMeaning(modules, resolved, r)
	checkArguments(modules, resolved, r)
	checkConstants(modules, resolved, r)
	checkNever(modules, resolved, data, r)
	checkStatements(modules, groupsReadIn(resolved, files), r)

	all := r.problems.sorted()
	if len(all.Errors()) > 0 {
		return nil, all
	}
	return newSet(o, files, schemas, modules, resolved, data, compiler, all.Warnings()), nil
}

// compileTwice is compile and checkFields, which goes by what compile found. As
// that is mostly nothing, the two run at the same time, and the second again only
// if it was something.
func compileTwice(m *modules, resolved map[string]*ast.Module, d documents, schemas []schema, r *report) (*ast.Compiler, error) {
	fields := &report{files: r.files, problems: slices.Clone(r.problems)}
	before := len(r.problems)
	checked := make(chan error, 1)
	go func() { checked <- checkFields(m, resolved, d, schemas, fields) }()
	compiler := compile(m, d, r)
	err := <-checked
	if len(r.problems) > before {
		return compiler, checkFields(m, resolved, d, schemas, r)
	}
	r.problems = fields.problems
	return compiler, err
}

// documents are those of the data files: the ones kept, if they are of the same.
func (l *Loader) documents(files []*file, r *report) documents {
	files = slices.DeleteFunc(slices.Clone(files), (*file).isRego)
	same := func(a, b *file) bool {
		return a.root == b.root && a.path == b.path && a.name == b.name && bytes.Equal(a.content, b.content)
	}
	if len(files) > 0 && slices.EqualFunc(files, l.files, same) {
		return l.data
	}
	before := len(r.problems)
	data := loadData(files, r)
	l.data, l.files = data, files
	if len(r.problems) > before {
		l.files = nil // what is wrong is to be said again
	}
	return data
}

// loadKept compiles policies that were good once, as they are. What newer
// versions of this program would refuse besides is for those who load policies
// anew: refused here, the last good ones would be lost with an upgrade.
func loadKept(ctx context.Context, o Options, files []*file, schemas []schema) (*Set, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("load policies: %w", err)
	}
	r := newReport(files)
	data := keptData(files, r)
	modules, err := parse(files, o.AllowBuiltins, r)
	if err != nil {
		return nil, err
	}
	compiler := compileAll(modules.production(), modules, data, r, func(*ast.Location) bool { return true })
	if errs := r.problems.sorted().Errors(); len(errs) > 0 {
		return nil, errs
	}
	return newSet(o, files, schemas, modules, modules.resolved(), data, compiler, nil), nil
}

func newSet(
	o Options, files []*file, schemas []schema, m *modules, resolved map[string]*ast.Module, data documents, compiler *ast.Compiler, warnings Problems,
) *Set {
	s := &Set{
		options: o.withDefaults(), files: files, compiler: compiler, warnings: warnings,
		store: data.store(), roots: map[string]string{}, schemas: schemas, parsed: m.production(), under: data.under,
	}
	s.sources = sync.OnceValue(func() *sources { return newSources(s) })
	for _, f := range files {
		s.roots[f.name] = f.root
	}
	s.rules = s.contractRules()
	s.doubtful = doubtfulIn(s.parsed)
	s.refs = literalReferences(files, resolved)
	s.groupsRead = groupsReadIn(resolved, files)
	return s
}

// Limit bounds an evaluation anew, as for policies that were kept with another bound.
func (s *Set) Limit(time time.Duration) { s.options.TimeLimit = time }

// Warnings are what is odd about the policies but no reason to refuse them.
func (s *Set) Warnings() []Problem { return s.warnings }

// Located are problems with the source lines of their places, where they lack
// them.
func (s *Set) Located(problems Problems) Problems {
	r := newReport(s.files)
	r.add(problems...)
	return r.problems.sorted()
}

// Files counts the files of all roots.
func (s *Set) Files() int { return len(s.files) }

// FilesUnlike are the names, sorted, of the files that are not as in another
// set: changed, there alone, or here alone.
func (s *Set) FilesUnlike(other *Set) []string {
	contents := map[string][]byte{}
	for _, f := range other.files {
		contents[f.name] = f.content
	}
	var names []string
	for _, f := range s.files {
		content, ok := contents[f.name]
		if !ok || !bytes.Equal(content, f.content) {
			names = append(names, f.name)
		}
		delete(contents, f.name)
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

func revisionOf(roots []string, files []*file) string {
	h := sha256.New()
	order := map[string]int{}
	for _, root := range roots {
		if _, ok := order[root]; !ok {
			order[root] = len(order)
		}
	}
	for _, f := range files {
		fmt.Fprintf(h, "%d %d %s %d\n", order[f.root], len(f.path), f.path, len(f.content))
		h.Write(f.content)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}
