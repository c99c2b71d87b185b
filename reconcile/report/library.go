package report

import (
	"io"
	"strings"

	"github.com/dutyward/dutyward/policies/source"
)

// LibraryText writes functions of the library: a line each, or with all that
// there is to say of them.
func LibraryText(w io.Writer, functions []source.LibraryFunction, whole bool, s Style) error {
	p := newPage(w, s)
	var signatures []string
	for _, f := range functions {
		signatures = append(signatures, f.Signature)
	}
	wide := widest(signatures, 60)
	for _, f := range functions {
		if !whole {
			p.line("%s  %s", pad(f.Signature, wide), f.Title)
			continue
		}
		p.line("%s  %s", p.strong(f.Signature), f.Title)
		p.line("")
		for _, line := range Wrapped(f.Description, 90) {
			p.line("  %s", line)
		}
	}
	return p.err
}

// Wrapped is a text in lines of at most so many runes, words whole.
func Wrapped(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
