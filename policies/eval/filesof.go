package eval

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/source"
	"github.com/open-policy-agent/opa/v1/ast"
)

// Files are the files of a revision, which nothing was made of yet.
type Files struct {
	options Options
	files   []*source.File
	schemas []source.Schema
}

// ReadFiles reads the files that Load would load.
func ReadFiles(o Options) (*Files, error) {
	read := source.ReadRoots(o.Roots, o.As, o.Secrets, o.Unsaved)
	schemas, problems := source.ReadSchemas(o.Schemas, o.Secrets)
	if problems = append(read.Problems, problems...); len(problems.Errors()) > 0 {
		return nil, problems
	}
	o.Roots = source.CalledRoots(o.Roots, o.As)
	return &Files{o, read.Files, schemas}, nil
}

// ArchivedFiles are the files of what Source gave.
func ArchivedFiles(source []byte) (*Files, error) {
	m, contents, err := unpack(source)
	if err != nil {
		return nil, fmt.Errorf("read archived policies: %w", err)
	}
	f := &Files{}
	f.options, f.files, f.schemas = m.revision(contents)
	return f, nil
}

// Revision is that of the set which Load makes of the files.
func (s *Files) Revision() string { return revisionOf(s.options.Roots, s.files) }

// RuleTexts are the rules of all packages as they were written, tests apart, in the order
// of their files: the contract rules and what these call.
func (s *Set) RuleTexts() []policies.RuleText {
	var all []policies.RuleText
	for _, f := range s.files {
		m := s.parsed[f.Name]
		if m == nil || f.IsTest() {
			continue
		}
		root := source.PackageRoot(m)
		for _, r := range m.Rules {
			c, known := contract.ContractNamed(string(r.Head.Name))
			all = append(all, policies.RuleText{
				Origin:   policies.Origin{File: f.Name, Line: r.Location.Row, Package: source.PackageName(m), Root: f.Root},
				Name:     r.Head.Ref().String(),
				Contract: known && string(c.Phase) == root && r.Head.RuleKind() == ast.MultiValue,
				Means:    r.String(), Text: oneLine(string(r.Location.Text)),
			})
		}
	}
	return all
}

// DataUnlike are the names, sorted, of the data files that hold other values than in
// another set, are there alone or here alone. How they are laid out does not matter.
func (s *Set) DataUnlike(other *Set) []string {
	names := s.FilesUnlike(other)
	return slices.DeleteFunc(names, func(name string) bool {
		here, there := s.file(name), other.file(name)
		if here == nil && there == nil || here != nil && here.IsRego() || there != nil && there.IsRego() {
			return true
		}
		return here != nil && there != nil && (bytes.Equal(here.Content, there.Content) || sameData(here, there))
	})
}

func (s *Set) file(name string) *source.File {
	if i := slices.IndexFunc(s.files, func(f *source.File) bool { return f.Name == name }); i >= 0 {
		return s.files[i]
	}
	return nil
}

// sameData says that two files hold the same values. Both were loaded before.
func sameData(a, b *source.File) bool {
	read := func(f *source.File) map[string]any {
		return source.LoadData([]*source.File{f}, source.NewReport([]*source.File{f})).Root
	}
	return reflect.DeepEqual(read(a), read(b))
}
