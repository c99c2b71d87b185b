package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/secret"
	"github.com/dutyward/dutyward/reconcile/report"
)

// isTerminal says whether a person sees what is written to w, or types what is
// read from it.
func isTerminal(stream any) bool {
	f, ok := fileOf(stream)
	return ok && term.IsTerminal(int(f.Fd()))
}

// fileOf is the file behind a stream, if there is one.
func fileOf(stream any) (*os.File, bool) {
	if b, ok := stream.(*behind); ok {
		stream = b.w
	}
	if w, ok := stream.(*secret.Writer); ok {
		stream = w.Unwrap()
	}
	f, ok := stream.(*os.File)
	return f, ok
}

// style is how text on w looks.
func (a *app) style(w io.Writer) report.Style {
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
func (a *app) note(format string, args ...any) {
	fmt.Fprintf(a.stderr, "note: %s\n", report.Text(fmt.Sprintf(format, args...)))
}

// readingProgress shows on a terminal how far reading the account is, in one
// line that stop wipes.
func (a *app) readingProgress() (progress func(pagerduty.Progress), stop func()) {
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

// confirm asks a person on the terminal; only "yes" is yes.
func (a *app) confirm(question string) (bool, error) {
	fmt.Fprintf(a.stdout, "\n%s Only \"yes\" is taken for yes: ", question)
	if err := flush(a.stdout); err != nil {
		return false, err
	}
	line, err := bufio.NewReader(a.stdin).ReadString('\n')
	if err != nil && err != io.EOF {
		return false, fmt.Errorf("read the answer: %w", err)
	}
	fmt.Fprintln(a.stdout)
	return strings.TrimSpace(line) == "yes", nil
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
