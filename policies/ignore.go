package policies

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/dutyward/dutyward/inventory/code"
)

// Ignore says that warnings of a code are not to be reported: beside a comment in the
// policies or their data, or by the configuration. Errors are never ignored.
type Ignore struct {
	Code code.Code
	// File, Line and Column are where it is written.
	File         string
	Line, Column int
	// Comment says that it is about its own line, and about Next, the line below a
	// comment that stands alone; 0 for none.
	Comment bool
	Next    int
	// Paths are the files, directories or patterns that one of the configuration is
	// about; none for all.
	Paths []string
	// Elsewhere says that it may be about other policies than those at hand.
	Elsewhere bool
}

func (i Ignore) covers(p Problem) bool {
	switch {
	case !p.Warning || p.Code != i.Code:
		return false
	case i.Comment:
		return p.File == i.File && i.isOn(p.Line) || p.See != "" && i.row(p.See)
	}
	return len(i.Paths) == 0 || slices.ContainsFunc(i.Paths, func(pattern string) bool {
		matches, _ := path.Match(pattern, p.File)
		return matches || strings.HasPrefix(p.File, strings.TrimSuffix(pattern, "/")+"/")
	})
}

// isOn says whether a comment is about a line of its file.
func (i Ignore) isOn(line int) bool { return line == i.Line || i.Next > 0 && line == i.Next }

// row says whether a comment is about the row of data at a place, "file:line".
func (i Ignore) row(place string) bool {
	file, line, ok := strings.Cut(place, ":")
	n, err := strconv.Atoi(line)
	return ok && err == nil && file == i.File && i.isOn(n)
}

// Ignores are all that policies and their configuration have.
type Ignores []Ignore

// Waive parts problems into those that are left and the warnings that are ignored.
func (is Ignores) Waive(problems Problems) (left, ignored Problems) {
	for _, p := range problems {
		if slices.ContainsFunc(is, func(i Ignore) bool { return i.covers(p) }) {
			ignored = append(ignored, p)
		} else {
			left = append(left, p)
		}
	}
	return left, ignored
}

// Idle warns of ignores of codes that do not exist, and of those that had none of the
// ignored warnings to ignore. Where the account is not known, one that may be about it
// has the benefit of the doubt.
func (is Ignores) Idle(ignored Problems, pages code.Pages, account bool) Problems {
	var out Problems
	for _, i := range is {
		page, known := pages.Of(i.Code)
		switch {
		case i.Code == "":
			out = append(out, i.problem(CodeUnknownIgnore, "an ignore without a code", "# dutyward:ignore CODE, and perhaps a reason behind it"))
		case !known:
			p := i.problem(CodeUnknownIgnore, fmt.Sprintf("an ignore of %s, which is no code", i.Code), "a code as problems show it; dutyward help codes lists them")
			p.Suggestion, _ = Nearest(string(i.Code), pages.Codes())
			out = append(out, p)
		case i.Elsewhere, page.Account && !account, slices.ContainsFunc(ignored, i.covers):
		default:
			out = append(out, i.problem(CodeIdleIgnore, fmt.Sprintf("an ignore of %s that ignores nothing", i.Code),
				"it to be deleted; a warning is ignored in its own line or from the line above, an error never"))
		}
	}
	return out
}

// problem is a warning of an ignore.
func (i Ignore) problem(c code.Code, found, expected string) Problem {
	return Problem{Code: c, About: string(i.Code), File: i.File, Line: i.Line, Column: i.Column, Warning: true, Found: found, Expected: expected}
}
