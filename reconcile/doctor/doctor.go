// Package doctor says whether everything that a round needs is in order: one
// line a thing, and what to do where it is not. It judges what it is given, and
// asks for nothing itself but the address of the account (Reach).
package doctor

import (
	"fmt"
	"io"
	"strings"
)

// Status is how a check came out.
type Status string

// The statuses.
const (
	OK   Status = "ok"
	Warn Status = "warn" // works, and may not be what is meant
	Fail Status = "fail" // keeps the program from its work
	// Skip is a check that could not be made, since what it needs failed or was
	// not asked for.
	Skip Status = "skip"
)

// Check is one thing that was looked at.
type Check struct {
	// Name is stable, for scripts: "token", "read users".
	Name   string `json:"name"`
	Status Status `json:"status"`
	// Text is what was found, in a sentence.
	Text string `json:"text"`
	// Remedy says what to do; empty where nothing is to be done.
	Remedy string `json:"remedy"`
}

// Report is all that was looked at, in order.
type Report struct {
	Checks []Check `json:"checks"`
	OK     int     `json:"ok"`
	Warn   int     `json:"warn"`
	Fail   int     `json:"fail"`
	Skip   int     `json:"skip"`
}

// Add adds checks.
func (r *Report) Add(checks ...Check) {
	r.Checks = append(r.Checks, checks...)
	for _, c := range checks {
		switch c.Status {
		case OK:
			r.OK++
		case Warn:
			r.Warn++
		case Fail:
			r.Fail++
		case Skip:
			r.Skip++
		}
	}
}

// Text writes the report for people: a line a check, its remedy below it, and
// the numbers at the end.
func (r *Report) Text(w io.Writer) error {
	width := 0
	for _, c := range r.Checks {
		width = max(width, len(c.Name))
	}
	further := "\n" + strings.Repeat(" ", 8+width) // a text of several lines stays in its column
	for _, c := range r.Checks {
		text := c.Text
		if c.Remedy != "" {
			text += "\n→ " + c.Remedy
		}
		if _, err := fmt.Fprintf(w, "%-4s  %-*s  %s\n", c.Status, width, c.Name, strings.ReplaceAll(text, "\n", further)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "\n%d ok, %d warn, %d fail, %d skipped.\n", r.OK, r.Warn, r.Fail, r.Skip)
	return err
}

func ok(name, format string, args ...any) Check {
	return Check{Name: name, Status: OK, Text: fmt.Sprintf(format, args...)}
}

func warn(name, remedy, format string, args ...any) Check {
	return Check{Name: name, Status: Warn, Remedy: remedy, Text: fmt.Sprintf(format, args...)}
}

func fail(name, remedy, format string, args ...any) Check {
	return Check{Name: name, Status: Fail, Remedy: remedy, Text: fmt.Sprintf(format, args...)}
}

// Skipped is a check that was not made.
func Skipped(name, why string) Check {
	return Check{Name: name, Status: Skip, Text: why}
}
