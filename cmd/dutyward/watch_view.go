package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/dutyward/dutyward/cmd/internal/terminal"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/report"
)

// watchView is what `plan --watch` shows. On a terminal each update takes the
// place of the one before, with a line at the bottom that says how it came; else
// updates follow one another and nothing is ever taken back.
type watchView struct {
	*app
	style    report.Style
	terminal bool
	head     string
}

func newWatchView(a *app) *watchView {
	return &watchView{app: a, style: a.Style(a.Stdout), terminal: terminal.Is(a.Stdout)}
}

// end leaves the terminal to whoever comes next.
func (v *watchView) end() error {
	if !v.terminal {
		return nil
	}
	_, err := fmt.Fprintln(v.Stdout)
	return err
}

func (v *watchView) begin(roots []string, live bool) {
	v.head = "Watching " + strings.Join(roots, ", ") + "; Ctrl-C ends"
	if v.terminal && live {
		v.head += ", r and Enter read the account again"
	}
	if !v.terminal {
		fmt.Fprintln(v.Stdout, v.head)
	}
}

// whole shows the first plan, in its summary: what follows is compared with it.
func (v *watchView) whole(s watchStatus) error {
	const form = "2006-01-02 15:04 UTC"
	planned := "Planned on the account as of " + s.plan.TakenAt.UTC().Format(form)
	if now := s.plan.Now.UTC().Format(form); !strings.HasSuffix(planned, now) {
		planned += ", for " + now
	}
	lines := []string{planned + "."}
	return v.show("", strings.Join(append(v.notes(lines, s), report.PlanSummary(s.plan)), "\n")+"\n", s.text())
}

// difference shows what an edit makes.
func (v *watchView) difference(d *diff.Difference, s watchStatus) error {
	text, err := differenceOf(d, v.style)
	if err != nil {
		return err
	}
	body := strings.Join(append(v.notes(nil, s), text+report.PlanSummary(s.plan)), "\n") + "\n"
	return v.show(s.heading(), body, s.text())
}

func (v *watchView) notes(lines []string, s watchStatus) []string {
	if s.note != "" {
		lines = append(lines, "note: "+report.Text(s.note))
	}
	return lines
}

// broken shows why there is no plan. The last one stays what is compared with.
func (v *watchView) broken(err error, d time.Duration) error {
	return v.show("broken", strings.TrimRight(report.Text(err.Error()), "\n")+"\n", "compared with the last good save once this is mended · "+took(d))
}

func (v *watchView) show(heading, body, status string) error {
	if !v.terminal {
		if heading != "" {
			heading = "\n--- " + heading + " ---\n"
		}
		_, err := fmt.Fprintf(v.Stdout, "%s%s(%s)\n", heading, body, status)
		return err
	}
	screen, _ := terminal.FileOf(v.Stdout)
	width, height, err := term.GetSize(int(screen.Fd()))
	if err != nil || width < 20 || height < 8 {
		width, height = 80, 24
	}
	if heading == "" {
		heading = "first plan"
	}
	text := v.head + "\n\n" + heading + "\n\n" + fitted(body, width, height-6)
	at := time.Now().Format("15:04:05")
	_, err = fmt.Fprintf(v.Stdout, "\x1b[2J\x1b[H%s\x1b[%d;1H\x1b[7m %s \x1b[0m", text, height, cut(at+" · "+status, width-2))
	return err
}

// fitted is as much of a text as a screen holds, and how much more there is.
func fitted(text string, width, height int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	used := 0
	for i, line := range lines {
		used += 1 + max(0, visible(line)-1)/width
		if used >= height && i < len(lines)-1 {
			return strings.Join(lines[:i], "\n") + fmt.Sprintf("\n… and %s; pipe it through a file or a pager to see all", report.Counted(len(lines)-i, "more line"))
		}
	}
	return strings.Join(lines, "\n")
}

var escapes = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// visible is the width of a line without its colours.
func visible(line string) int { return utf8.RuneCountInString(escapes.ReplaceAllString(line, "")) }

func cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:max(0, width-1)]) + "…"
}
