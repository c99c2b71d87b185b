package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/cmd/internal/terminal"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/policies/source"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/compare"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/report"
)

// watching is `plan --watch`: whenever a policy is saved, the difference that
// it makes to the plan before it. Broken policies leave the last plan to compare
// with.
type watching struct {
	*app
	session *session.Session
	roots   []string
	reader  *reconcile.ReadOnce
	view    *watchView
	loader  eval.Loader
	// last is the last plan that was made; nil before the first.
	last *reconcile.Result
	// compared are the policies of that plan.
	compared *eval.Set
}

// watchPlan watches until ctx ends. A positive refresh takes a live snapshot
// again that often.
func (a *app) watchPlan(ctx context.Context, f roundFlags, refresh time.Duration) error {
	if refresh > 0 && f.Snapshot != "" {
		return errors.New("--refresh is about reading the account again, and --snapshot names a saved one")
	}
	a.CollectRarely()
	snapshot := a.BeginReading(f.Snapshot)
	s, err := a.Configured(f.Options)
	if err != nil {
		return err
	}
	if err := a.Read(ctx, s, snapshot); err != nil {
		return err
	}
	defer s.Close()
	w := &watching{app: a, session: s, roots: f.Policies, reader: &reconcile.ReadOnce{Reader: s.Reader}, view: newWatchView(a)}
	if len(w.roots) == 0 {
		w.roots = s.Config.Policies
	}
	s.Reader, s.Evaluator, s.Cache = w.reader, &eval.Evaluator{}, &diff.Cache{}
	saved, err := source.WatchSaves(ctx, w.roots, func(err error) { a.Note("%v", err) })
	if err != nil {
		return err
	}
	w.view.begin(w.roots, f.Snapshot == "")
	return w.run(ctx, saved, w.retakes(ctx, f, refresh))
}

// run goes on until ctx ends, or asking to end does.
func (w *watching) run(ctx context.Context, saved <-chan struct{}, retake <-chan bool) error {
	for {
		if err := w.update(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return w.view.end()
		case <-saved:
		case again := <-retake:
			if !again {
				return w.view.end()
			}
			w.reader.Forget()
			w.last = nil
		}
	}
}

// retakes tells when the account is to be read again: as often as asked, and at
// a person's word; false is the word to end.
func (w *watching) retakes(ctx context.Context, f roundFlags, refresh time.Duration) <-chan bool {
	out := make(chan bool)
	tell := func(again bool) {
		select {
		case out <- again:
		case <-ctx.Done():
		}
	}
	if refresh > 0 {
		ticker := time.NewTicker(refresh)
		go func() {
			defer ticker.Stop()
			for ctx.Err() == nil {
				select {
				case <-ctx.Done():
				case <-ticker.C:
					tell(true)
				}
			}
		}()
	}
	if f.Snapshot != "-" && terminal.Is(w.Stdin) {
		go func() {
			for lines := bufio.NewScanner(w.Stdin); lines.Scan(); {
				switch strings.TrimSpace(lines.Text()) {
				case "r":
					tell(true)
				case "q":
					tell(false)
				}
			}
		}()
	}
	return out
}

// update plans with the policies as they stand and shows what that makes.
func (w *watching) update(ctx context.Context) error {
	began := time.Now()
	set, err := session.LoadPoliciesWith(ctx, w.session.Config, &w.loader, w.roots)
	var result *reconcile.Result
	ran := w.session.Evaluator.Ran()
	if err == nil {
		w.session.Policies = set
		result, err = w.session.Plan(ctx)
	}
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return w.view.broken(err, time.Since(began))
	}
	now := watchStatus{
		took: time.Since(began), ran: w.session.Evaluator.Ran() - ran, rules: set.Rules(), files: set.Files(),
		warnings: len(set.Warnings()), plan: result.Plan,
	}
	if err := incomplete(result.Snapshot); err != nil {
		now.note = err.Error()
	}
	if w.compared != nil {
		now.changed = set.FilesUnlike(w.compared)
	}
	last := w.last
	w.last, w.compared = result, set
	if last == nil {
		return w.view.whole(now)
	}
	return w.view.difference(compare.Compare(&last.Result, &result.Result), now)
}

// watchStatus is what is said of an update beside the difference.
type watchStatus struct {
	took                        time.Duration
	ran, rules, files, warnings int
	// changed are the files that differ from those of the last plan.
	changed []string
	// note is what is wrong with the account's snapshot; may be empty.
	note string
	plan *plan.Plan
}

func (s watchStatus) text() string {
	parts := []string{
		fmt.Sprintf("%d of %s run", s.ran, report.Counted(s.rules, "rule")),
		report.Counted(s.files, "file"),
		took(s.took),
	}
	if s.warnings > 0 {
		parts = append(parts, report.Counted(s.warnings, "warning")+" (dutyward check)")
	}
	return strings.Join(parts, " · ")
}

func took(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// filesShown bounds the names of changed files in a heading.
const filesShown = 3

func (s watchStatus) heading() string {
	switch n := len(s.changed); {
	case n == 0:
		return "saved"
	case n > filesShown:
		return fmt.Sprintf("%s and %d more files", strings.Join(s.changed[:filesShown], ", "), n-filesShown)
	default:
		return strings.Join(s.changed, ", ")
	}
}

// differenceOf is a difference as text.
func differenceOf(d *compare.Difference, style report.Style) (string, error) {
	var b strings.Builder
	err := report.DifferenceText(&b, d, style)
	return strings.TrimLeft(b.String(), "\n"), err
}

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
func (v *watchView) difference(d *compare.Difference, s watchStatus) error {
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
	return v.show("broken", strings.TrimRight(report.Text(err.Error()), "\n")+"\n", "compared with the last good save once this is fixed · "+took(d))
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
