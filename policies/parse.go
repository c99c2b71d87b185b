package policies

import (
	"bytes"
	"errors"
	"maps"
	"regexp"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// modules are the parsed policies and the library.
type modules struct {
	files []*file
	// parsed are by file name; files that do not parse are absent.
	parsed map[string]*ast.Module
	// library are the embedded modules, by name.
	library map[string]*ast.Module
	// allowed are the builtins that may be used though they reach out.
	allowed []string
	// broken are the packages of files that do not parse, as far as they can be
	// told; "" stands for one that can't.
	broken map[string]bool
}

func parserOptions() ast.ParserOptions {
	return ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1, Capabilities: capabilities(nil)}
}

// parse parses all policies. The error is a fault of this build.
func parse(files []*file, allowed []string, r *report) (*modules, error) {
	library, err := parseLibrary()
	if err != nil {
		return nil, err
	}
	m := &modules{files: files, parsed: map[string]*ast.Module{}, library: library, allowed: allowed, broken: map[string]bool{}}
	for _, f := range files {
		if !f.isRego() {
			continue
		}
		if f.mergeConflict(r) {
			m.broken[packageInText(f)] = true
			continue
		}
		if bytes.IndexByte(f.content, 0) >= 0 {
			r.add(Problem{File: f.name, Found: "a file that is no text", Expected: "a policy in UTF-8; any other file under another name, or outside the policy roots"})
			m.broken[packageInText(f)] = true
			continue
		}
		module, err := ast.ParseModuleWithOpts(f.name, string(f.content), parserOptions())
		switch {
		case err != nil:
			r.addParseErrors(f, err)
			m.broken[packageInText(f)] = true
		case module == nil:
			r.add(Problem{File: f.name, Found: "an empty policy", Expected: "a package and rules; delete the file if nothing is meant"})
		default:
			m.parsed[f.name] = module
		}
	}
	return m, nil
}

func (r *report) addParseErrors(f *file, err error) {
	var errs ast.Errors
	var single *ast.Error
	if errors.As(err, &single) {
		errs = ast.Errors{single}
	} else if !errors.As(err, &errs) {
		r.add(Problem{File: f.name, Message: err.Error()})
		return
	}
	for _, e := range errs {
		if e.Location == nil || e.Location.Row == 0 {
			r.add(Problem{File: f.name, Found: "a policy without a package", Expected: "a package and rules; delete the file if nothing is meant"})
			continue
		}
		if r.has(f.name, e.Location.Row) {
			continue // one slip makes the parser say several things
		}
		r.at(e.Location, compileProblem(e, nil, f.line(e.Location.Row)))
	}
}

var packageLine = regexp.MustCompile(`(?m)^\s*package\s+([\w.]+)`)

// packageInText is the package that a file which does not parse seems to have.
func packageInText(f *file) string {
	if m := packageLine.FindSubmatch(f.content); m != nil {
		return string(m[1])
	}
	return ""
}

// production are the modules that are evaluated: no tests.
func (m *modules) production() map[string]*ast.Module {
	out := maps.Clone(m.library)
	for _, f := range m.files {
		if module := m.parsed[f.name]; module != nil && !f.isTest() {
			out[f.name] = module
		}
	}
	return out
}

// all are the production modules and the tests.
func (m *modules) all() map[string]*ast.Module {
	out := maps.Clone(m.library)
	maps.Copy(out, m.parsed)
	return out
}

// packageName is a module's package without "data.".
func packageName(m *ast.Module) string {
	return strings.TrimPrefix(m.Package.Path.String(), "data.")
}

// packageRoot is the first word of a module's package.
func packageRoot(m *ast.Module) string {
	if len(m.Package.Path) < 2 {
		return ""
	}
	s, _ := m.Package.Path[1].Value.(ast.String)
	return string(s)
}

// packageEnding is the only package whose last word is that; empty if there is
// none or several.
func (m *modules) packageEnding(word string) string {
	found := map[string]bool{}
	for _, module := range m.parsed {
		if name := packageName(module); strings.HasSuffix(name, "."+word) {
			found[name] = true
		}
	}
	if len(found) != 1 {
		return ""
	}
	for name := range found {
		return name
	}
	return ""
}
