package policies

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
)

// Problem is something that policies or their data do wrong, for the person
// who wrote them.
type Problem struct {
	// Code is its kind, which has a page; programs go by it, never by the texts.
	Code code.Code `json:"code"`
	File string    `json:"file"`
	// Line and Column count from 1; 0 means the file as a whole.
	Line   int `json:"line"`
	Column int `json:"column"`
	// Source is the source line, without its line break; may be empty.
	Source string `json:"source"`
	// Message says what is wrong where Found and Expected do not.
	Message string `json:"message"`
	// Found and Expected are what stands there and what should.
	Found    string `json:"found"`
	Expected string `json:"expected"`
	// Suggestion is what the author may have meant; may be empty.
	Suggestion string `json:"suggestion"`
	// About is what it is about, where that has a name: "group:core"; made by Subject.
	About string `json:"about"`
	// See is another place that it is about, "file:line": of two, the first.
	See string `json:"see"`
	// Warning says that the policies can be used all the same.
	Warning bool `json:"warning"`
	// Note says that it is a warning which is only worth knowing: what it tells of may
	// well be meant.
	Note bool `json:"note"`
}

// Subject is what a reference names, as problems are about it: whoever is on call on
// a schedule, or takes turns on it, is about the schedule.
func Subject(ref inventory.Ref) string {
	ref.Kind, ref.Level = ref.Kind.Thing(), 0
	return ref.String()
}

// Text is the problem in one sentence, without its place.
func (p Problem) Text() string {
	parts := make([]string, 0, 4)
	if p.Message != "" {
		parts = append(parts, p.Message)
	}
	if p.Found != "" {
		parts = append(parts, "found "+p.Found)
	}
	if p.Expected != "" {
		parts = append(parts, "expected "+p.Expected)
	}
	if p.Suggestion != "" {
		parts = append(parts, "did you mean "+p.Suggestion+"?")
	}
	return strings.Join(parts, "; ")
}

// Place is "file:line", or the file alone.
func (p Problem) Place() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// String is the problem with its place and, below it, the source line with a
// caret under the column.
func (p Problem) String() string {
	var b strings.Builder
	if place := p.Place(); place != "" {
		b.WriteString(place + ": ")
	}
	switch {
	case p.Note:
		b.WriteString("note: ")
	case p.Warning:
		b.WriteString("warning: ")
	}
	b.WriteString(p.Text())
	if p.Code != "" {
		b.WriteString(" [" + string(p.Code) + "]")
	}
	if source := strings.TrimSpace(p.Source); source != "" {
		b.WriteString("\n    " + strings.ReplaceAll(source, "\t", " "))
		if column := p.caret(); column > 0 {
			b.WriteString("\n    " + strings.Repeat(" ", column-1) + "^")
		}
	}
	return b.String()
}

// caret is the column in the trimmed source line, in characters; 0 for none.
func (p Problem) caret() int {
	indent := len(p.Source) - len(strings.TrimLeft(p.Source, " \t"))
	at := p.Column - 1
	if at < indent || at > len(p.Source) {
		return 0
	}
	return len([]rune(p.Source[indent:at])) + 1
}

// Problems are all that is wrong with a set of policies, as an error.
type Problems []Problem

// Error says every problem, one after the other.
func (ps Problems) Error() string {
	texts := make([]string, len(ps))
	for i, p := range ps {
		texts[i] = p.String()
	}
	return strings.Join(texts, "\n")
}

// Errors are the problems that are not warnings.
func (ps Problems) Errors() Problems {
	return slices.DeleteFunc(slices.Clone(ps), func(p Problem) bool { return p.Warning })
}

// Warnings are the problems that are warnings, notes among them.
func (ps Problems) Warnings() Problems {
	return slices.DeleteFunc(slices.Clone(ps), func(p Problem) bool { return !p.Warning })
}

// Notes are the problems that are only worth knowing.
func (ps Problems) Notes() Problems {
	return slices.DeleteFunc(slices.Clone(ps), func(p Problem) bool { return !p.Note })
}

// Sorted is ps by place, each problem once.
func (ps Problems) Sorted() Problems {
	out := slices.Clone(ps)
	slices.SortStableFunc(out, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column), cmp.Compare(a.Text(), b.Text()),
		)
	})
	return slices.Compact(out)
}
