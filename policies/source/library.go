package source

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/policies/library"
)

// LibraryPackage is the package that the library has to itself.
const LibraryPackage = "dutyward"

// LibraryDir stands before the names of the library's files in messages; no
// policy root has this name.
const LibraryDir = "(embedded library)"

// ExportLibrary writes the embedded library's policies to a directory, for
// stock OPA and for editors.
func ExportLibrary(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("export library: %w", err)
	}
	files, err := readLibrary()
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.Path), f.Content, 0o644); err != nil {
			return fmt.Errorf("export library: %w", err)
		}
	}
	return nil
}

// readLibrary reads the library without its tests.
func readLibrary() ([]*File, error) {
	entries, err := fs.ReadDir(library.Files, ".")
	if err != nil {
		return nil, fmt.Errorf("read the embedded library: %w", err)
	}
	var files []*File
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), "_test.rego") {
			continue
		}
		content, err := library.Files.ReadFile(e.Name())
		if err != nil {
			return nil, fmt.Errorf("read the embedded library: %w", err)
		}
		files = append(files, &File{Root: LibraryDir, Path: e.Name(), Name: LibraryDir + "/" + e.Name(), Content: content})
	}
	return files, nil
}

// parseLibrary parses the library; an error is a fault of this build.
func parseLibrary() (map[string]*ast.Module, error) {
	files, err := readLibrary()
	if err != nil {
		return nil, err
	}
	out := map[string]*ast.Module{}
	for _, f := range files {
		m, err := ast.ParseModuleWithOpts(f.Name, string(f.Content), ParserOptions())
		if err != nil {
			return nil, fmt.Errorf("parse the embedded library: %w", err)
		}
		out[f.Name] = m
	}
	return out, nil
}
