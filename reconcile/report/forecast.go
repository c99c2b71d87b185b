package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/forecast"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// ForecastJSON writes a forecast for programs.
func ForecastJSON(w io.Writer, f *forecast.Forecast) error { return JSON(w, f) }

// ForecastText writes a forecast for people: what holds for all of it, a timeline
// of the on-call groups, and what happens, by day and moment.
func ForecastText(w io.Writer, f *forecast.Forecast, s Style) error {
	t := &forecastText{
		planText: newPlanText(w, &plan.Plan{Names: f.Names}, s), forecast: f, width: s.width(),
	}
	t.header()
	t.due()
	t.timeline()
	t.empties()
	t.endings()
	t.days()
	t.asOfNow()
	t.line("")
	t.line("%s", t.strong(forecastSummary(f)))
	return t.err
}

// forecastText is a forecast being written.
type forecastText struct {
	*planText
	forecast *forecast.Forecast
	width    int
}

// dated is a moment with its weekday, by which people know shifts.
func dated(t time.Time) string { return t.UTC().Format("Mon 2006-01-02 15:04 UTC") }

func (t *forecastText) header() {
	f := t.forecast
	facts := []string{"from " + dated(f.From), "until " + dated(f.Until)}
	if f.Revision != "" {
		facts = append(facts, "policies "+short(f.Revision))
	}
	t.line("%s  %s", t.strong("Forecast of "+f.Account), t.mild(strings.Join(facts, ", ")))
	if len(f.Suspended) > 0 {
		t.line("")
		t.line("%s", t.alarm("As things are, nothing is lowered, because:"))
		for _, why := range f.Suspended {
			t.line("  %s", why)
		}
	}
	if n := len(f.Unknown); n > 0 {
		t.line("")
		t.line("%s", t.alarm(fmt.Sprintf("%s not foreseen, since it can't be told what is desired: see dutyward plan.", count(n, "pair or set of pairs is", "pairs or sets of pairs are"))))
	}
	for _, e := range noticeLines(f.Errors) {
		t.line("%s%s", t.lower("error: "), e)
	}
}

// due says what the forecast takes for made.
func (t *forecastText) due() {
	f := t.forecast
	if len(f.Steps) == 0 || !f.Steps[0].At.Equal(f.From) {
		return
	}
	now := f.Steps[0]
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	raised, lowered := 0, 0
	for _, c := range now.Changes {
		if c.Effect == plan.Lower {
			lowered++
		} else {
			raised++
		}
	}
	add(raised, "to raise")
	add(lowered, "to lower")
	add(len(now.Observed), "observed only")
	add(len(now.Blocked), "blocked")
	add(len(now.Held), "held")
	t.line("")
	if len(now.Changes) > 0 {
		t.line("Due now: %s. `dutyward plan` shows them; what is to be made is taken for made.", strings.Join(parts, ", "))
		return
	}
	t.line("Due now: %s. `dutyward plan` shows them.", strings.Join(parts, ", "))
}

func (t *forecastText) empties() {
	n := 0
	for _, g := range t.forecast.Groups {
		if len(g.Empty()) > 0 {
			n++
		}
	}
	if n == 0 {
		return
	}
	t.head("Empty on-call groups (%d): nobody is in them", n)
	for _, g := range t.forecast.Groups {
		spells := g.Empty()
		for i, s := range spells[:min(len(spells), gapsShown)] {
			name := pad("group:"+g.Name, 24)
			if i > 0 {
				name = pad("", 24)
			}
			end := "until " + dated(s.Until) + ", for " + lasting(s.Until.Sub(s.From))
			if !s.Until.Before(t.forecast.Until) {
				end = "past " + dated(s.Until) + ", where the forecast ends"
			}
			t.line("  %s  from %s %s", t.alarm(name), dated(s.From), end)
		}
		if more := len(spells) - gapsShown; more > 0 {
			t.line("  %s  and %s", pad("", 24), count(more, "more time", "more times"))
		}
	}
}

// gapsShown bounds the gaps of one group in text; JSON has them all.
const gapsShown = 3

// lasting is a length of time in days, hours and minutes.
func lasting(d time.Duration) string {
	var parts []string
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}} {
		if n := d / unit.length; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, unit.name))
			d -= n * unit.length
		}
	}
	if len(parts) == 0 {
		return "less than a minute"
	}
	return strings.Join(parts, " ")
}

func (t *forecastText) endings() {
	f := t.forecast
	if len(f.Endings) == 0 {
		return
	}
	t.head("Ending (%d): access that was given for a while", len(f.Endings))
	for _, e := range f.Endings[:min(len(f.Endings), listShown)] {
		t.ending(e, dated)
	}
	if more := len(f.Endings) - listShown; more > 0 {
		t.line("  and %d more (--json lists them)", more)
	}
}

// ending writes one line of time-bound access that ends.
func (t *planText) ending(e plan.Expiring, when func(time.Time) string) {
	kind := e.Resource.Kind
	then := ""
	if e.Then != inventory.None {
		then = ", then " + Role(kind, e.Then)
	}
	line := fmt.Sprintf("%s: %s on %s until %s%s", t.user(e.User), Role(kind, e.Role), t.ref(e.Resource), when(e.Until), then)
	if source := sources(e.By); source != "" {
		line += t.mild(" · from " + source)
	}
	t.line("  %s", line)
}

// foldAt is how many changes of one moment are still shown one by one.
const foldAt = 16

// resourcesShown bounds the resources of a folded moment.
const resourcesShown = 8

// days writes what happens, by day and moment.
func (t *forecastText) days() {
	day := ""
	for _, step := range t.forecast.Steps {
		if !step.At.After(t.forecast.From) {
			continue
		}
		if today := step.At.UTC().Format("Mon 2006-01-02"); today != day {
			day = today
			t.head("%s", day)
		}
		rows := rowsOf(step)
		if len(rows) > foldAt {
			t.folded(step, rows)
			continue
		}
		t.moment(step, rows)
	}
}

// happening is a change with what becomes of it, if it is not made.
type happening struct {
	plan.Change
	fate, why string
}

func rowsOf(s forecast.Step) []happening {
	var rows []happening
	for _, c := range s.Changes {
		rows = append(rows, happening{Change: c})
	}
	for _, c := range s.Observed {
		rows = append(rows, happening{Change: c, fate: "observed only"})
	}
	for _, b := range s.Blocked {
		rows = append(rows, happening{Change: b.Change, fate: "blocked", why: b.Why})
	}
	for _, h := range s.Held {
		rows = append(rows, happening{Change: h.Change, fate: "held (" + h.Rule + ")", why: h.Why})
	}
	return rows
}

// byPlace are the happenings by resource, the account first.
func (t *forecastText) byPlace(rows []happening) (places []string, at map[string][]happening) {
	at = map[string][]happening{}
	for _, r := range rows {
		place := t.place(r.Resource, r.Layer)
		if at[place] == nil {
			places = append(places, place)
		}
		at[place] = append(at[place], r)
	}
	slices.SortStableFunc(places, comparePlaces)
	return places, at
}

// moment writes the happenings of a moment one by one.
func (t *forecastText) moment(step forecast.Step, rows []happening) {
	clock := step.At.UTC().Format("15:04")
	places, at := t.byPlace(rows)
	for _, place := range places {
		rules, under := byRule(at[place])
		head := ""
		if len(rules) == 1 && len(clock)+4+length(place)+2+length(rules[0]) <= t.width {
			head = rules[0]
		}
		t.line("  %s  %s  %s", clock, t.strong(place), t.mild(head))
		clock = "     "
		var users, moves []string
		for _, r := range at[place] {
			users, moves = append(users, t.user(r.User)), append(moves, move(r.Change))
		}
		who, what := widest(users, 40), widest(moves, 60)
		for _, rule := range rules {
			for _, r := range under[rule] {
				t.happening(r, who, what)
			}
			if head == "" && rule != "" {
				t.line("             %s", t.mild(rule))
			}
		}
	}
}

// byRule gathers the happenings that share what is said of their rule.
func byRule(rows []happening) (rules []string, under map[string][]happening) {
	under = map[string][]happening{}
	for _, r := range rows {
		rule := ruleOf(r.Change)
		if under[rule] == nil {
			rules = append(rules, rule)
		}
		under[rule] = append(under[rule], r)
	}
	return rules, under
}

// happening writes who gains or loses what, and why: in one line if it fits.
func (t *forecastText) happening(r happening, who, what int) {
	mark := t.raise
	if r.Effect == plan.Lower {
		mark = t.lower
	}
	plain := symbol(r.Change) + " " + pad(t.user(r.User), who) + "  " + pad(move(r.Change), what)
	why := cause(r.Change) + ": " + r.Reason
	if r.fate != "" {
		why = r.fate + " · " + why
	}
	if r.why != "" {
		why += "; " + r.why
	}
	const indent = "         "
	if len(indent)+length(plain)+2+length(why) <= t.width {
		t.line("%s%s  %s", indent, mark(plain), why)
		return
	}
	t.line("%s%s", indent, mark(plain))
	t.line("%s    %s", indent, why)
}

// length is the columns that text takes.
func length(text string) int { return utf8.RuneCountInString(text) }

// ruleOf is the first rule behind a change in a few words: the groups it came
// through, or its title or place, and the row of data.
func ruleOf(c plan.Change) string {
	if len(c.By) == 0 {
		return ""
	}
	by := c.By[0]
	text := by.Title
	if text == "" && by.File != "" {
		text = fmt.Sprintf("%s:%d", by.File, by.Line)
	}
	switch n := len(by.Chain); {
	case n > 2:
		text = "through " + by.Chain[0] + " → … → " + by.Chain[n-1]
	case n > 0:
		text = "through " + strings.Join(by.Chain, " → ")
	}
	if by.Source != "" {
		text += " · from " + by.Source
	}
	return text
}

// folded writes a moment of many changes as what it comes to.
func (t *forecastText) folded(step forecast.Step, rows []happening) {
	causes := map[string]int{}
	gains, loses := 0, 0
	fates := map[string]int{}
	for _, r := range rows {
		causes[cause(r.Change)]++
		if r.fate != "" {
			fates[r.fate]++
		}
		if r.Effect == plan.Lower {
			loses++
		} else {
			gains++
		}
	}
	places, at := t.byPlace(rows)
	text := fmt.Sprintf("%d changes on %s by %s: %d raised, %d lowered", len(rows), count(len(places), "resource", "resources"), tally(causes), gains, loses)
	if len(fates) > 0 {
		text += "; of these " + tally(fates)
	}
	t.line("  %s  %s", step.At.UTC().Format("15:04"), t.strong(text))
	for _, place := range places[:min(len(places), resourcesShown)] {
		var who []string
		for _, r := range at[place] {
			who = append(who, symbol(r.Change)+" "+t.user(r.User)+" "+move(r.Change))
		}
		t.line("         %s", place)
		t.list("           ", who)
	}
	if more := len(places) - resourcesShown; more > 0 {
		t.line("         and %s (--resource, --person or --group shows them, --json lists them)", count(more, "more resource", "more resources"))
	}
}

// tally is "handover (12), expiry (1)", the most first.
func tally[K ~string](counts map[K]int) string {
	var keys []K
	for k := range counts {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b K) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(string(a), string(b))
	})
	var parts []string
	for _, k := range keys {
		if len(keys) == 1 {
			return string(k)
		}
		parts = append(parts, fmt.Sprintf("%s (%d)", k, counts[k]))
	}
	return strings.Join(parts, ", ")
}

// asOfNow names the rules whose word of the present moment is taken to stand.
func (t *forecastText) asOfNow() {
	f := t.forecast
	if len(f.AsOfNow) == 0 {
		return
	}
	t.head("Taken as of now (%s): what these say may change on the way, and is not foreseen", count(len(f.AsOfNow), "rule", "rules"))
	for _, r := range f.AsOfNow {
		t.line("  %s:%d reads input.%s", r.File, r.Line, strings.Join(r.Reads, ", input."))
	}
}

// forecastSummary is a forecast in one line.
func forecastSummary(f *forecast.Forecast) string {
	s := f.Summary
	line := fmt.Sprintf("Forecast: %d raised, %d lowered at %s in %s", s.Raise, s.Lower, count(s.Moments, "moment", "moments"), lasting(f.Until.Sub(f.From)))
	for _, x := range []struct {
		n    int
		what string
	}{
		{s.Observed, "observed only"}, {s.Blocked, "blocked"}, {s.Held, "held"},
		{s.Endings, "ending by date"},
	} {
		if x.n > 0 {
			line += fmt.Sprintf("; %d %s", x.n, x.what)
		}
	}
	if s.Empty > 0 {
		line += "; " + count(s.Empty, "on-call group", "on-call groups") + " empty at times"
	}
	return line + "."
}
