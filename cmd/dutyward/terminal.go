package main

import (
	"fmt"
	"io"

	"golang.org/x/term"

	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/reconcile/report"
)

// style is how text on w looks.
func (a *process) style(w io.Writer) report.Style {
	s := report.Style{Colour: isTerminal(w) && !a.noColour && a.env["NO_COLOR"] == "" && a.env["TERM"] != "dumb"}
	if f, ok := fileOf(w); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			s.Width = width
		}
	}
	return s
}

// note tells a person something beside the answer. What it is about is often named
// by others, so nothing of it is obeyed by a terminal.
func (a *process) note(format string, args ...any) {
	fmt.Fprintf(a.stderr, "note: %s\n", report.Text(fmt.Sprintf(format, args...)))
}

// readingProgress shows on a terminal how far reading the account is, in one
// line that stop wipes.
func (a *process) readingProgress() (progress func(pagerduty.Progress), stop func()) {
	if !isTerminal(a.stderr) {
		return nil, func() {}
	}
	waits := func() bool { return a.locked != nil && a.locked.Load() } // and a terminal may be stopped
	return func(p pagerduty.Progress) {
			if waits() {
				return
			}
			of := ""
			if p.Of > 0 {
				of = fmt.Sprintf(" of %d", p.Of)
			}
			fmt.Fprintf(a.stderr, "\r\033[KReading %s: %d%s", p.What, p.Done, of)
		}, func() {
			if !waits() {
				fmt.Fprint(a.stderr, "\r\033[K")
			}
		}
}
