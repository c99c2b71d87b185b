package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
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
			t.line("  %s", why.Message)
		}
	}
	if n := len(f.Unknown); n > 0 {
		t.line("")
		t.line("%s", t.alarm(fmt.Sprintf("%s not forecast, since what is desired is unknown: see dutyward plan.", count(n, "pair or set of pairs is", "pairs or sets of pairs are"))))
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
	changes := plan.TallyOf(now.Changes)
	add(changes.Add, "to add")
	add(changes.Change, "to change")
	add(changes.Remove, "to remove")
	add(len(now.Unenforced), "not enforced")
	add(len(now.Blocked), "blocked")
	add(len(now.Held), "held")
	t.line("")
	if len(now.Changes) > 0 {
		t.line("Due now: %s. `dutyward plan` shows them, and the rest assumes that they are made.", strings.Join(parts, ", "))
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
	end := when(e.Until)
	if e.UntilZone != "" {
		end = policies.Clock(e.Until, e.UntilZone)
	}
	line := fmt.Sprintf("%s: %s on %s until %s%s", t.user(e.User), Role(kind, e.Role), t.ref(e.Resource), end, then)
	if source := sources(e.By); source != "" {
		line += t.mild(" · from " + source)
	}
	t.line("  %s", line)
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
	var changes plan.Tally
	for _, step := range f.Steps {
		if !step.At.After(f.From) {
			continue // due now
		}
		for _, c := range step.Changes {
			changes.Count(c)
		}
	}
	line := fmt.Sprintf("Forecast: %s at %s in %s", made(changes), count(s.Moments, "moment", "moments"), lasting(f.Until.Sub(f.From)))
	for _, x := range []struct {
		n    int
		what string
	}{
		{s.Unenforced, "not enforced"}, {s.Blocked, "blocked"}, {s.Held, "held"},
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
