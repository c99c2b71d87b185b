package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/reconcile/compare"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// CourseMarker is the first line of the difference of two forecasts in Markdown.
const CourseMarker = "<!-- dutyward forecast --base -->"

// CourseJSON writes the difference of two forecasts for programs.
func CourseJSON(w io.Writer, c *compare.Course) error { return JSON(w, c) }

// CourseText writes the difference of two forecasts for people: by day, moment and
// resource, what is new and what is gone.
func CourseText(w io.Writer, c *compare.Course, base string, s Style) error {
	t := newCourseText(w, c, s)
	t.line("%s  %s", t.strong("Forecast of "+c.Account), t.mild(fmt.Sprintf("from %s, until %s, compared with %s", dated(c.From), dated(c.Until), base)))
	day := ""
	for _, m := range c.Moments {
		today := m.At.UTC().Format("Mon 2006-01-02")
		if !m.At.After(c.From) {
			today = "Due now"
		}
		if today != day {
			day = today
			t.head("%s", day)
		}
		t.moment(m)
	}
	t.section("On-call groups with different members", len(c.Groups), t.groups())
	t.section("Changed configuration", len(c.Settings), settingLines(c.Settings))
	t.line("")
	t.line("%s", t.strong(CourseSummary(c)))
	return t.err
}

func (t *courseText) section(head string, n int, lines []string) {
	if n == 0 {
		return
	}
	t.head("%s (%d)", head, n)
	for _, line := range lines {
		t.line("  %s", line)
	}
}

// courseText is the difference of two forecasts being written.
type courseText struct {
	*planText
	course *compare.Course
	width  int
}

func newCourseText(w io.Writer, c *compare.Course, s Style) *courseText {
	return &courseText{planText: newPlanText(w, &plan.Plan{Names: c.Names}, s), course: c, width: s.width()}
}

// CourseSummary is the difference of two forecasts in one line.
func CourseSummary(c *compare.Course) string {
	part := ""
	if c.Narrowed {
		part = " in the part that was asked for"
	}
	if c.Empty() {
		return fmt.Sprintf("No difference until %s%s: the same changes happen at the same moments. "+
			"Rules that differ without effect until then: `dutyward plan --base`.", clock(c.Until), part)
	}
	s := c.Summary
	line := fmt.Sprintf("Difference until %s%s: %s new, %d gone, at %s", clock(c.Until), part, count(s.Begins, "change", "changes"), s.Ends, count(s.Moments, "moment", "moments"))
	if s.Groups > 0 {
		line += "; " + count(s.Groups, "on-call group differs", "on-call groups differ")
	}
	if s.Settings > 0 {
		line += "; " + count(s.Settings, "changed configuration key", "changed configuration keys")
	}
	return line + "."
}

// courseRow is a change that happens with one of the policies alone.
type courseRow struct {
	mark string // "new" or "gone"
	compare.Moment
}

// rowsOfCourse are the changes of a moment by resource, those of one person together.
func (t *courseText) rowsOfCourse(m compare.CourseMoment) (places []string, at map[string][]courseRow) {
	at = map[string][]courseRow{}
	for mark, list := range map[string][]compare.Moment{"new": m.Begins, "gone": m.Ends} {
		for _, x := range list {
			place := t.place(x.Change.Resource, x.Change.Layer)
			at[place] = append(at[place], courseRow{mark, x})
		}
	}
	for place, rows := range at {
		places = append(places, place)
		slices.SortStableFunc(rows, func(a, b courseRow) int {
			return cmp.Or(t.order.Compare(t.user(a.Change.User), t.user(b.Change.User)), strings.Compare(a.mark, b.mark))
		})
	}
	slices.SortFunc(places, t.comparePlaces)
	return places, at
}

func (t *courseText) moment(m compare.CourseMoment) {
	clock := m.At.UTC().Format("15:04")
	places, at := t.rowsOfCourse(m)
	for _, place := range places {
		t.line("  %s  %s", clock, t.strong(place))
		clock = "     "
		var users, moves []string
		for _, r := range at[place] {
			users, moves = append(users, t.user(r.Change.User)), append(moves, move(r.Change))
		}
		who, what := widest(users, 40), widest(moves, 60)
		for _, r := range at[place] {
			mark := t.raise
			if r.Change.Effect == plan.Lower {
				mark = t.lower
			}
			plain := symbol(r.Change) + " " + pad(t.user(r.Change.User), who) + "  " + pad(move(r.Change), what)
			const indent = "         "
			if len(indent)+6+length(plain)+2+length(r.why()) <= t.width {
				t.line("%s%s  %s  %s", indent, pad(r.mark, 4), mark(plain), r.why())
			} else {
				t.line("%s%s  %s", indent, pad(r.mark, 4), mark(plain))
				t.line("%s          %s", indent, r.why())
			}
			if rule := ruleOf(r.Change); rule != "" && r.mark == "new" {
				t.line("%s          %s", indent, t.mild(rule))
			}
		}
	}
}

// why is a change's cause and reason, and what becomes of it if it is not made.
func (r courseRow) why() string {
	text := cause(r.Change) + ": " + r.Change.Reason
	if f := fate(r.Moment); f != "" {
		text = strings.TrimPrefix(f, ", ") + " · " + text
	}
	return text
}

// groups are the spans in which other people are in on-call groups.
func (t *courseText) groups() []string {
	people := func(ids []string) string {
		if len(ids) == 0 {
			return "nobody"
		}
		var names []string
		for _, id := range ids {
			names = append(names, t.user(id))
		}
		slices.SortFunc(names, t.order.Compare)
		return strings.Join(names, ", ")
	}
	var lines []string
	for _, g := range t.course.Groups {
		if len(g.UnknownAfter) > 0 {
			lines = append(lines, fmt.Sprintf("group:%s: unknown with the policies here: %s", g.Name, strings.Join(g.UnknownAfter, "; ")))
		}
		if len(g.UnknownBefore) > 0 {
			lines = append(lines, fmt.Sprintf("group:%s: unknown before: %s", g.Name, strings.Join(g.UnknownBefore, "; ")))
		}
		for i, s := range g.Spells {
			if i == gapsShown {
				lines = append(lines, fmt.Sprintf("group:%s: and %s (--json lists them)", g.Name, count(len(g.Spells)-i, "more time", "more times")))
				break
			}
			lines = append(lines, fmt.Sprintf("group:%s from %s until %s: %s; before: %s", g.Name, dated(s.From), dated(s.Until), people(s.After), people(s.Before)))
		}
	}
	return lines
}

// CourseMarkdown writes the difference of two forecasts as a comment for a pull request.
func CourseMarkdown(w io.Writer, c *compare.Course, base string) error {
	t := newCourseText(io.Discard, c, Style{})
	m := &markdown{command: "dutyward forecast --base"}
	m.add(CourseMarker)
	m.add("### What these policies change in the days ahead\n")
	m.add(fmt.Sprintf("**%s**\n", escaped(CourseSummary(c))))
	m.add(fmt.Sprintf("Compared with %s, on the account %s as of %s. Policies %s, before %s.\n",
		codeSpan(base), codeSpan(c.Account), clock(c.TakenAt), codeSpan(short(c.After.Revision)), codeSpan(short(c.Before.Revision))))
	var rows []string
	for _, x := range c.Moments {
		places, at := t.rowsOfCourse(x)
		for _, place := range places {
			for _, r := range at[place] {
				rows = append(rows, fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |", dated(x.At), r.mark, codeSpan(place), codeSpan(t.user(r.Change.User)),
					escaped(move(r.Change)), escaped(r.why()), rulesOf(compare.AccessDifference{Resource: r.Change.Resource, By: r.Change.By, LimitedBy: r.Change.LimitedBy})))
			}
		}
	}
	m.all([]section{
		{head: "What happens differently", lines: rows,
			table: "| when | | resource | who | role | why | by |\n| --- | --- | --- | --- | --- | --- | --- |"},
		{head: "On-call groups with different members", lines: items(t.groups())},
		{head: "Changed configuration", lines: items(settingLines(c.Settings))},
	})
	_, err := io.WriteString(w, m.b.String())
	return err
}
