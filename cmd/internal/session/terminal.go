package session

import (
	"fmt"
	"io"

	"golang.org/x/term"

	"github.com/dutyward/dutyward/cmd/internal/terminal"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/reconcile/report"
)

// Style is how text on w looks.
func (p *Process) Style(w io.Writer) report.Style {
	s := report.Style{Colour: terminal.Is(w) && !p.NoColour && p.Env["NO_COLOR"] == "" && p.Env["TERM"] != "dumb"}
	if f, ok := terminal.FileOf(w); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			s.Width = width
		}
	}
	return s
}

// Note tells a person something beside the answer. What it is about is often named
// by others, so nothing of it is obeyed by a terminal.
func (p *Process) Note(format string, args ...any) {
	fmt.Fprintf(p.Stderr, "note: %s\n", report.Text(fmt.Sprintf(format, args...)))
}

// ReadingProgress shows on a terminal how far reading the account is, in one
// line that stop wipes.
func (p *Process) ReadingProgress() (progress func(pagerduty.Progress), stop func()) {
	if !terminal.Is(p.Stderr) {
		return nil, func() {}
	}
	waits := func() bool { return p.Locked != nil && p.Locked.Load() } // and a terminal may be stopped
	return func(now pagerduty.Progress) {
			if waits() {
				return
			}
			of := ""
			if now.Of > 0 {
				of = fmt.Sprintf(" of %d", now.Of)
			}
			fmt.Fprintf(p.Stderr, "\r\033[KReading %s: %d%s", now.What, now.Done, of)
		}, func() {
			if !waits() {
				fmt.Fprint(p.Stderr, "\r\033[K")
			}
		}
}
