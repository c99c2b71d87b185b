// Package report renders plans, groups, explanations and outcomes: as text for
// people, as JSON for programs. It decides nothing and reads nothing but what
// it is given.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fatih/color"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/report/lines"
)

// The rules of output:
//
//  1. Text reads the same without color: every color repeats a word or a
//     symbol. "+" is a new role, "-" a role taken away, "~" another role, and a
//     role change says whether it raises or lowers.
//  2. Everything is said once: what shares a reason stands under that reason,
//     and an empty section is left out.
//  3. People and things appear by name, as policies write them; base roles carry
//     PagerDuty's own label, since its "user" is labelled Manager.
//  4. Whatever happens says why, and whatever does not happen says what to do.
//  5. Times are UTC to the minute. Equal inputs give equal bytes.
//  6. The last line is the summary.
//  7. JSON is the plan itself; it never depends on a Style.

// Style is how text looks. The zero value is plain.
type Style struct {
	// Colour adds ANSI colors.
	Colour bool
	// Width is how many columns a terminal has, at which lines are broken; 0 means that
	// there is none: lines are as long as they are, and drawings have 100 columns.
	Width int
}

func (s Style) width() int {
	if s.Width == 0 {
		return 100
	}
	return max(s.Width, narrowest)
}

// narrowest is how wide text is at least, whatever the terminal.
const narrowest = 60

// paint colours text by what it means.
type paint struct {
	raise, lower, mild, strong, alarm func(string) string
}

func (s Style) paint() paint {
	in := func(attributes ...color.Attribute) func(string) string {
		c := color.New(attributes...)
		if s.Colour {
			c.EnableColor()
		} else {
			c.DisableColor()
		}
		return func(text string) string { return painted(c, text) }
	}
	return paint{
		raise:  in(color.FgGreen),
		lower:  in(color.FgRed),
		mild:   in(color.Faint),
		strong: in(color.Bold),
		alarm:  in(color.FgYellow),
	}
}

// painted is a text in a colour, if there are any.
func painted(c *color.Color, text string) string {
	const mark = "\x00"
	before, after, _ := strings.Cut(c.Sprint(mark), mark)
	return sealed(before) + text + sealed(after)
}

// page collects lines and keeps the first error of writing them.
type page struct {
	paint
	w   io.Writer
	err error
	// wide is at how many columns lines are broken; 0 is never.
	wide int
	// order is how names are put in order.
	order *lines.Order
}

func newPage(w io.Writer, s Style) *page {
	p := &page{paint: s.paint(), w: w, order: lines.NewOrder()}
	if s.Width > 0 {
		p.wide = s.width()
	}
	return p
}

// line writes one line, without trailing blanks and without what would disturb
// a terminal. On one, what is too long goes on below.
func (p *page) line(format string, args ...any) {
	text := format
	if len(args) > 0 {
		text = fmt.Sprintf(format, args...)
	}
	p.hanging(len(text)-len(strings.TrimLeft(text, " "))+4, text)
}

// hanging writes one line like line, and begins at a column what is too long. Where that
// would leave less than half of the width, it begins further to the left.
func (p *page) hanging(column int, text string) {
	if p.err != nil {
		return
	}
	text = strings.TrimRight(unsealed(text), " ")
	if p.wide > 0 {
		if column > p.wide/2 {
			column = len(text) - len(strings.TrimLeft(text, " ")) + 8
		}
		text = lines.Wrap(text, p.wide, column)
	}
	_, p.err = fmt.Fprintln(p.w, text)
}

// block writes a text of several lines.
func (p *page) block(text string) {
	for line := range strings.Lines(text) {
		p.line("%s", strings.TrimSuffix(line, "\n"))
	}
}

// head begins a section.
func (p *page) head(format string, args ...any) {
	p.line("")
	p.line("%s", p.strong(fmt.Sprintf(format, args...)))
}

// JSON writes v as indented JSON with a final line break.
func JSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// Role is a role with PagerDuty's own label where it is a base role.
func Role(kind inventory.Kind, role string) string {
	if kind != inventory.KindAccount || role == inventory.None || role == "" {
		return role
	}
	if label := inventory.BaseRoleLabel(role); label != role {
		return role + " (" + label + ")"
	}
	return role
}

// pad fills text with blanks up to a width in runes.
func pad(text string, width int) string {
	if n := width - utf8.RuneCountInString(text); n > 0 {
		return text + strings.Repeat(" ", n)
	}
	return text
}

// widest is the greatest width in runes, capped so that one long name does not
// push everything else out of sight.
func widest(texts []string, limit int) int {
	w := 0
	for _, t := range texts {
		if n := utf8.RuneCountInString(t); n <= limit {
			w = max(w, n)
		}
	}
	return w
}

func clock(t time.Time) string { return t.UTC().Format(clockLayout) }

// count is a number with its noun: "1 person", "2 people".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
