package report

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dutyward/dutyward/reconcile/forecast"
)

// The timeline draws on-call groups over days: a line a person, "━" while they
// are in the group, and a line "nobody" with "!" where it is empty. A column that
// holds both says both, so that no gap is too short to be seen.

// groupsShown and peopleShown bound the timeline; JSON has all of it.
const (
	groupsShown = 12
	peopleShown = 8
)

// grid is the columns of a timeline.
type grid struct {
	// from is the midnight at which the first column begins.
	from   time.Time
	column time.Duration
	// perDay and days are columns a day and whole days.
	perDay, days int
	// label is the width of the names.
	label int
}

// newGrid fits days beside names into a width; false if there is no room.
func newGrid(from, until time.Time, label, width int) (grid, bool) {
	g := grid{from: from.UTC().Truncate(24 * time.Hour), label: label}
	g.days = int((until.Sub(g.from) + 24*time.Hour - 1) / (24 * time.Hour))
	for _, perDay := range []int{12, 8, 6, 4, 3, 2, 1} {
		if perDay*g.days <= width-label-4 {
			g.perDay, g.column = perDay, 24*time.Hour/time.Duration(perDay)
			return g, true
		}
	}
	return g, false
}

// head are the lines of weekdays and dates.
func (g grid) head() (weekdays, dates string) {
	for d := range g.days {
		day := g.from.AddDate(0, 0, d)
		weekday, date := day.Format("Mon"), day.Format("02")
		switch {
		case g.perDay < 3 && day.Weekday() != time.Monday:
			weekday, date = "", ""
		case g.perDay == 3:
			weekday = weekday[:2]
		}
		weekdays, dates = put(weekdays, weekday, d*g.perDay), put(dates, date, d*g.perDay)
	}
	return weekdays, dates
}

// put writes text at a column, if what is there leaves room.
func put(line, text string, column int) string {
	if text == "" || len(line) > column {
		return line
	}
	return pad(line, column) + text
}

// cells draws spans with a mark, "·" for the rest of the forecast.
func (g grid) cells(f *forecast.Forecast, mark rune, in func(from, until time.Time) bool) string {
	var b strings.Builder
	for i := range g.days * g.perDay {
		from := g.from.Add(time.Duration(i) * g.column)
		until := from.Add(g.column)
		switch {
		case !until.After(f.From) || !from.Before(f.Until):
			b.WriteByte(' ')
		case in(from, until):
			b.WriteRune(mark)
		default:
			b.WriteRune('·')
		}
	}
	return b.String()
}

// timeline draws the on-call groups.
func (t *forecastText) timeline() {
	f := t.forecast
	if len(f.Groups) == 0 {
		return
	}
	shown := f.Groups[:min(len(f.Groups), groupsShown)]
	names := t.shortNames(shown)
	var labels []string
	for _, n := range names {
		labels = append(labels, n)
	}
	g, ok := newGrid(f.From, f.Until, max(12, widest(labels, t.width/3)), t.width)
	if !ok {
		t.line("")
		t.line("The timeline of on-call groups needs a wider terminal or fewer days.")
		return
	}
	weekdays, dates := g.head()
	t.line("")
	t.line("%s  %s", t.strong(pad("On-call groups", g.label+2)), t.mild(weekdays))
	t.line("%s  %s", pad("", g.label+2), t.mild(dates))
	for _, group := range shown {
		t.groupLines(group, g, names)
	}
	if more := len(f.Groups) - len(shown); more > 0 {
		t.line("and %s (--group shows one, --json lists them)", count(more, "more group", "more groups"))
	}
}

func (t *forecastText) groupLines(group forecast.GroupCourse, g grid, names map[string]string) {
	t.line("group:%s", group.Name)
	for _, why := range group.Unknown {
		t.line("  %s%s", t.alarm("not known whole: "), why)
	}
	line := func(label string, mark rune, paint func(string) string, is func(forecast.GroupSpell) bool) {
		cells := g.cells(t.forecast, mark, func(from, until time.Time) bool {
			return slices.ContainsFunc(group.Spells, func(s forecast.GroupSpell) bool {
				return s.From.Before(until) && s.Until.After(from) && is(s)
			})
		})
		t.line("  %s  %s", pad(cut(label, g.label), g.label), paint(cells))
	}
	people := inOrder(group)
	for _, user := range people[:min(len(people), peopleShown)] {
		line(names[user], '━', t.raise, func(s forecast.GroupSpell) bool { return slices.Contains(s.Users, user) })
	}
	if more := len(people) - peopleShown; more > 0 {
		t.line("  and %s", count(more, "more person", "more people"))
	}
	if len(group.Empty()) > 0 {
		line("nobody", '!', t.alarm, func(s forecast.GroupSpell) bool { return len(s.Users) == 0 })
	}
}

// inOrder are a group's people in the order in which they first come.
func inOrder(g forecast.GroupCourse) []string {
	var people []string
	for _, s := range g.Spells {
		for _, u := range s.Users {
			if !slices.Contains(people, u) {
				people = append(people, u)
			}
		}
	}
	return people
}

// shortNames are the people of groups by the part of their address before the
// "@", or by all of it where two share that.
func (t *forecastText) shortNames(groups []forecast.GroupCourse) map[string]string {
	names, taken := map[string]string{}, map[string]int{}
	for _, g := range groups {
		for _, u := range inOrder(g) {
			if _, seen := names[u]; !seen {
				local, _, _ := strings.Cut(t.user(u), "@")
				names[u] = local
				taken[local]++
			}
		}
	}
	for u, local := range names {
		if taken[local] > 1 {
			names[u] = t.user(u)
		}
	}
	return names
}

// cut shortens text to a width in runes.
func cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:max(0, width-1)]) + "…"
}
