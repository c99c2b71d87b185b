package eval

import (
	"fmt"
	"github.com/dutyward/dutyward/policies/source"
)

// Files are the files of a revision, which nothing was made of yet.
type Files struct {
	options Options
	files   []*source.File
	schemas []source.Schema
}

// ReadFiles reads the files that Load would load.
func ReadFiles(o Options) (*Files, error) {
	read := source.ReadRoots(o.Roots, o.As, o.Secrets)
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
