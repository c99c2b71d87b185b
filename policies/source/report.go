package source

import (
	"strings"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/policies"
)

// Report collects problems and adds to each its source line.
type Report struct {
	Files    map[string]*File
	Problems policies.Problems
}

// NewReport is an empty report on files.
func NewReport(files []*File) *Report {
	r := &Report{Files: map[string]*File{}}
	for _, f := range files {
		r.Files[f.Name] = f
	}
	return r
}

// maxSource bounds the source lines that problems show, in bytes.
const maxSource = 2000

// Add adds problems, each with its source line.
func (r *Report) Add(ps ...policies.Problem) {
	for _, p := range ps {
		if f := r.Files[p.File]; f != nil && p.Source == "" {
			if line := f.line(p.Line); utf8.ValidString(line) && len(line) <= maxSource {
				p.Source = line
			}
		}
		if p.Line > 0 && p.Column == 0 && p.Source != "" {
			p.Column = 1 + len(p.Source) - len(strings.TrimLeft(p.Source, " \t"))
		}
		r.Problems = append(r.Problems, p)
	}
}

// At adds a problem at a location in a policy.
func (r *Report) At(loc *ast.Location, p policies.Problem) {
	if loc != nil {
		p.File, p.Line, p.Column = loc.File, loc.Row, loc.Col
	}
	r.Add(p)
}

// Besides adds a problem at a location, unless one was reported there.
func (r *Report) Besides(loc *ast.Location, p policies.Problem) {
	if loc == nil {
		return
	}
	for _, other := range r.Problems {
		if other.File == loc.File && other.Line == loc.Row && other.Column == loc.Col {
			return
		}
	}
	r.At(loc, p)
}

// lineAt is the source line of a location; empty if there is none.
func (r *Report) lineAt(loc *ast.Location) string {
	if f := r.Files[loc.File]; f != nil {
		return f.line(loc.Row)
	}
	return ""
}

// has says whether an error was reported at that line.
func (r *Report) has(file string, line int) bool {
	for _, p := range r.Problems {
		if !p.Warning && p.File == file && p.Line == line {
			return true
		}
	}
	return false
}

// Place is a place in a policy.
type Place struct {
	File        string
	Row, Column int
}

// PlaceOf is the place of a location of OPA's.
func PlaceOf(loc *ast.Location) Place { return Place{File: loc.File, Row: loc.Row, Column: loc.Col} }
