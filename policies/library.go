package policies

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// libraryFiles are the embedded library, data.dutyward, and its tests.
//
//go:embed library/*.rego
var libraryFiles embed.FS

// libraryPackage is the package that the library has to itself.
const libraryPackage = "dutyward"

// libraryDir stands before the names of the library's files in messages; no
// policy root has this name.
const libraryDir = "(embedded library)"

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
		if err := os.WriteFile(filepath.Join(dir, f.path), f.content, 0o644); err != nil {
			return fmt.Errorf("export library: %w", err)
		}
	}
	return nil
}

// readLibrary reads the library without its tests.
func readLibrary() ([]*file, error) {
	entries, err := fs.ReadDir(libraryFiles, "library")
	if err != nil {
		return nil, fmt.Errorf("read the embedded library: %w", err)
	}
	var files []*file
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), "_test.rego") {
			continue
		}
		content, err := libraryFiles.ReadFile("library/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("read the embedded library: %w", err)
		}
		files = append(files, &file{root: libraryDir, path: e.Name(), name: libraryDir + "/" + e.Name(), content: content})
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
		m, err := ast.ParseModuleWithOpts(f.name, string(f.content), parserOptions())
		if err != nil {
			return nil, fmt.Errorf("parse the embedded library: %w", err)
		}
		out[f.name] = m
	}
	return out, nil
}
