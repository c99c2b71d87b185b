package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dutyward/dutyward/reconcile/forecast"
	"github.com/dutyward/dutyward/reconcile/plan"
)

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
	for _, c := range s.Unenforced {
		rows = append(rows, happening{Change: c, fate: "not enforced"})
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
	slices.SortStableFunc(places, t.comparePlaces)
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
	var changes plan.Tally
	fates := map[string]int{}
	for _, r := range rows {
		causes[cause(r.Change)]++
		if r.fate != "" {
			fates[r.fate]++
		}
		changes.Count(r.Change)
	}
	places, at := t.byPlace(rows)
	text := fmt.Sprintf("%d changes on %s by %s: %s", len(rows), count(len(places), "resource", "resources"), tally(causes), made(changes))
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

// tally is "handoff (12), expiry (1)", the most first.
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
