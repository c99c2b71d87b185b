package policies

import (
	"strings"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
)

// report collects problems and adds to each its source line.
type report struct {
	files    map[string]*file
	problems Problems
}

func newReport(files []*file) *report {
	r := &report{files: map[string]*file{}}
	for _, f := range files {
		r.files[f.name] = f
	}
	return r
}

// maxSource bounds the source lines that problems show, in bytes.
const maxSource = 2000

func (r *report) add(ps ...Problem) {
	for _, p := range ps {
		if f := r.files[p.File]; f != nil && p.Source == "" {
			if line := f.line(p.Line); utf8.ValidString(line) && len(line) <= maxSource {
				p.Source = line
			}
		}
		if p.Line > 0 && p.Column == 0 && p.Source != "" {
			p.Column = 1 + len(p.Source) - len(strings.TrimLeft(p.Source, " \t"))
		}
		r.problems = append(r.problems, p)
	}
}

// at adds a problem at a location in a policy.
func (r *report) at(loc *ast.Location, p Problem) {
	if loc != nil {
		p.File, p.Line, p.Column = loc.File, loc.Row, loc.Col
	}
	r.add(p)
}

// besides adds a problem at a location, unless one was reported there.
func (r *report) besides(loc *ast.Location, p Problem) {
	if loc == nil {
		return
	}
	for _, other := range r.problems {
		if other.File == loc.File && other.Line == loc.Row && other.Column == loc.Col {
			return
		}
	}
	r.at(loc, p)
}

// lineAt is the source line of a location; empty if there is none.
func (r *report) lineAt(loc *ast.Location) string {
	if f := r.files[loc.File]; f != nil {
		return f.line(loc.Row)
	}
	return ""
}

// has says whether an error was reported at that line.
func (r *report) has(file string, line int) bool {
	for _, p := range r.problems {
		if !p.Warning && p.File == file && p.Line == line {
			return true
		}
	}
	return false
}
