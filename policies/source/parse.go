package source

import (
	"bytes"
	"errors"
	"maps"
	"regexp"
	"strconv"
	"strings"

	"github.com/dutyward/dutyward/policies"
	"github.com/open-policy-agent/opa/v1/ast"
)

// Modules are the parsed policies and the library.
type Modules struct {
	Files []*File
	// Parsed are by file name; files that do not parse are absent.
	Parsed map[string]*ast.Module
	// library are the embedded modules, by name.
	library map[string]*ast.Module
	// Allowed are the builtins that may be used though they reach out.
	Allowed []string
	// Broken are the packages of files that do not parse, as far as they can be
	// told; "" stands for one that can't.
	Broken map[string]bool
	byName map[string]*File
}

// ParserOptions are those by which all policies are parsed.
func ParserOptions() ast.ParserOptions {
	return ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1, Capabilities: Capabilities(nil)}
}

// Parse parses all policies. The error is a fault of this build.
func Parse(files []*File, allowed []string, r *Report) (*Modules, error) {
	return ParseAgain(files, allowed, r, nil)
}

// ParseAgain parses those policies that are not as they were before; nil is none.
func ParseAgain(files []*File, allowed []string, r *Report, before *Modules) (*Modules, error) {
	library, err := parseLibrary()
	if err != nil {
		return nil, err
	}
	m := &Modules{Files: files, Parsed: map[string]*ast.Module{}, library: library, Allowed: allowed, Broken: map[string]bool{}}
	for _, f := range files {
		if !f.IsRego() {
			continue
		}
		if module := before.moduleOf(f); module != nil {
			m.Parsed[f.Name] = module
			continue
		}
		if f.mergeConflict(r) {
			m.Broken[packageInText(f)] = true
			continue
		}
		if bytes.IndexByte(f.Content, 0) >= 0 {
			r.Add(policies.Problem{Code: codeNotText, File: f.Name, Found: "a file that is no text", Expected: "a policy in UTF-8; any other file under another name, or outside the policy roots"})
			m.Broken[packageInText(f)] = true
			continue
		}
		module, err := ast.ParseModuleWithOpts(f.Name, string(f.Content), ParserOptions())
		switch {
		case err != nil:
			r.addParseErrors(f, err)
			m.Broken[packageInText(f)] = true
		case module == nil:
			r.Add(policies.Problem{Code: codeNoPackage, File: f.Name, Found: "an empty policy", Expected: "a package and rules; delete the file if nothing is meant"})
		default:
			m.Parsed[f.Name] = module
		}
	}
	return m, nil
}

// moduleOf is what a file was parsed to; nil where it was another file, or nil itself.
func (m *Modules) moduleOf(f *File) *ast.Module {
	if m == nil {
		return nil
	}
	if m.byName == nil {
		m.byName = map[string]*File{}
		for _, f := range m.Files {
			m.byName[f.Name] = f
		}
	}
	if was := m.byName[f.Name]; was == nil || !bytes.Equal(was.Content, f.Content) {
		return nil
	}
	return m.Parsed[f.Name]
}

func (r *Report) addParseErrors(f *File, err error) {
	var errs ast.Errors
	var single *ast.Error
	if errors.As(err, &single) {
		errs = ast.Errors{single}
	} else if !errors.As(err, &errs) {
		r.Add(policies.Problem{Code: codeSyntax, File: f.Name, Message: err.Error()})
		return
	}
	for _, e := range errs {
		if e.Location == nil || e.Location.Row == 0 {
			r.Add(policies.Problem{Code: codeNoPackage, File: f.Name, Found: "a policy without a package", Expected: "a package and rules; delete the file if nothing is meant"})
			continue
		}
		if r.has(f.Name, e.Location.Row) {
			continue // one slip makes the parser say several things
		}
		loc := *e.Location
		if m := hintedLine.FindStringSubmatch(e.Message); m != nil {
			loc.Row, _ = strconv.Atoi(m[1])
			e.Message, _, _ = strings.Cut(e.Message, ";")
		}
		if strings.Contains(e.Message, "annotation scope") {
			loc.Row = f.scopeLine(loc.Row)
		}
		r.At(&loc, compileProblem(e, nil, f.line(loc.Row)))
	}
}

// scopeOf is a line of METADATA that says its scope.
var scopeOf = regexp.MustCompile(`^\s*#\s*scope\s*:`)

// scopeLine is the line that says the scope in the METADATA that begins at a line; that
// line itself if none does.
func (f *File) scopeLine(begin int) int {
	for row := begin; strings.HasPrefix(strings.TrimSpace(f.line(row)), "#"); row++ {
		if scopeOf.MatchString(f.line(row)) {
			return row
		}
	}
	return begin
}

// hintedLine is the line of METADATA that a message is about.
var hintedLine = regexp.MustCompile(`Hint: on line (\d+),`)

var packageLine = regexp.MustCompile(`(?m)^\s*package\s+([\w.]+)`)

// packageInText is the package that a file which does not parse seems to have.
func packageInText(f *File) string {
	if m := packageLine.FindSubmatch(f.Content); m != nil {
		return string(m[1])
	}
	return ""
}

// Production are the modules that are evaluated: no tests.
func (m *Modules) Production() map[string]*ast.Module {
	out := maps.Clone(m.library)
	for _, f := range m.Files {
		if module := m.Parsed[f.Name]; module != nil && !f.IsTest() {
			out[f.Name] = module
		}
	}
	return out
}

// All are the production modules and the tests.
func (m *Modules) All() map[string]*ast.Module {
	out := maps.Clone(m.library)
	maps.Copy(out, m.Parsed)
	return out
}

// PackageName is a module's package without "data.".
func PackageName(m *ast.Module) string {
	return strings.TrimPrefix(m.Package.Path.String(), "data.")
}

// PackageRoot is the first word of a module's package.
func PackageRoot(m *ast.Module) string {
	if len(m.Package.Path) < 2 {
		return ""
	}
	s, _ := m.Package.Path[1].Value.(ast.String)
	return string(s)
}

// packageEnding is the only package whose last word is that; empty if there is
// none or several.
func (m *Modules) packageEnding(word string) string {
	found := map[string]bool{}
	for _, module := range m.Parsed {
		if name := PackageName(module); strings.HasSuffix(name, "."+word) {
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
