package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/compare"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// later writes what differs after the present moment, by resource and rule.
func (t *differenceText) later() {
	if why := t.diff.NotForeseen; why != "" {
		t.head("What happens later can't be compared")
		t.line("  %s", why)
	}
	if len(t.diff.Later) == 0 {
		return
	}
	t.head("%s (%d)", t.laterHead(), len(t.diff.Later))
	var rows []row
	for _, l := range t.diff.Later {
		rows = append(rows, row{change: laterChange(l)})
	}
	if t.brief {
		t.foldRows(rows)
		return
	}
	t.rows(rows, "  ")
}

func (t *differenceText) laterHead() string { return "Later, until " + clock(*t.diff.Foreseen) }

// laterChange is what differs later for one person in the shape of a change, whose reason
// says when.
func laterChange(l compare.Later) plan.Change {
	first := slices.MinFunc(slices.Concat(l.Begins, l.Ends), func(a, b compare.Moment) int { return a.At.Compare(b.At) })
	c := first.Change
	c.Cause, c.Reason = "", laterSentence(l)
	if len(l.Begins) > 0 {
		began := l.Begins[0].Change
		began.Cause, began.Reason = "", c.Reason
		return began
	}
	// Nothing begins in its place: they keep what they would have lost, or do without.
	c.Action, c.After = plan.ActionRevoke, c.Before
	if c.Effect == plan.Lower {
		c.Action, c.Effect = plan.ActionGrant, plan.Raise
	} else {
		c.Effect = plan.Lower
	}
	return c
}

// laterSentence is when what differs happens: "at 20:00 rather than at 19:45".
func laterSentence(l compare.Later) string {
	var text string
	rest := len(l.Begins) + len(l.Ends)
	switch {
	case len(l.Begins) == 0:
		m := l.Ends[0]
		text = fmt.Sprintf("no longer %s at %s%s", move(m.Change), clock(m.At), fate(m))
		rest--
	default:
		m := l.Begins[0]
		text = "at " + clock(m.At)
		rest--
		if len(l.Ends) > 0 && l.Ends[0].Change.ID == m.Change.ID {
			rest--
			if !l.Ends[0].At.Equal(m.At) {
				text += " rather than at " + clock(l.Ends[0].At)
			} else if was := fate(l.Ends[0]); was != "" {
				text += fate(m) + "; before:" + strings.TrimPrefix(was, ",")
				break
			} else {
				text += fate(m) + "; before: would be made"
				break
			}
		}
		text += fate(m)
		if end := m.Change.Until; end != nil && m.Change.After != inventory.None {
			text += ", until " + clock(*end)
			if len(l.Begins) > 1 && l.Begins[1].At.Equal(*end) && l.Begins[1].Change.After == m.Change.Before {
				rest-- // that it ends then is said
			}
		}
	}
	if rest > 0 {
		text += fmt.Sprintf("; %s after that", count(rest, "more difference", "more differences"))
	}
	return text
}

// fate is what becomes of a change that is not made; empty of one that is.
func fate(m compare.Moment) string {
	if m.State == compare.OutcomeChange {
		return ""
	}
	return ", " + consequence(compare.Outcome{State: m.State, Rule: m.Rule, Why: m.Why})
}

// said writes what differs and shows in no access, now or later.
func (t *differenceText) said() {
	t.list("Changed, with no effect on access"+t.span(), t.stated())
	t.list("Changed rules", ruleLines(t.diff.Rules))
	t.list("Changed data", t.diff.Data)
	t.list("Changed configuration", settingLines(t.diff.Settings))
}

// span is how far the comparison looks.
func (t *differenceText) span() string {
	if t.diff.Foreseen == nil {
		return " now"
	}
	return " until " + clock(*t.diff.Foreseen)
}

// stated are the elements that begin and end, those of one rule together.
func (t *differenceText) stated() []string {
	type line struct{ place, mark, text string }
	var lines []line
	add := func(mark string, all []compare.Stated) {
		for _, s := range all {
			at := ""
			if len(s.Origins) > 0 {
				at = fmt.Sprintf("%s:%06d", s.Origins[0].File, s.Origins[0].Line)
			}
			lines = append(lines, line{at, mark, s.Rule + " " + s.Says + places(s.Origins)})
		}
	}
	add("-", t.diff.Stated.Ends)
	add("+", t.diff.Stated.Begins)
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(a.place, b.place) })
	var out []string
	for _, l := range lines {
		out = append(out, l.mark+" "+l.text)
	}
	return out
}

// ruleTextShown is how much of a rule is shown, in runes.
const ruleTextShown = 200

// ruleLines say of each rule what it gives; of one that gives nothing, how it reads.
func ruleLines(rules []compare.RuleChange) []string {
	var lines []string
	for _, r := range rules {
		line := fmt.Sprintf("%s  %s  %s", pad(r.Change, 7), Origin(policies.Origin{File: r.Origin.File, Line: r.Origin.Line}), r.Name)
		switch {
		case !r.Contract:
			line += ", which other rules call"
		case r.Change == compare.RuleGone:
			line += fmt.Sprintf(", gave %d", r.Was)
		case r.Change == compare.RuleChanged:
			line += fmt.Sprintf(", gives %d, gave %d", r.Gives, r.Was)
		default:
			line += fmt.Sprintf(", gives %d", r.Gives)
		}
		if r.Origin.Title != "" {
			line += " — " + r.Origin.Title
		}
		if r.Contract && r.Was == 0 && r.Gives == 0 || !r.Contract {
			line += ": " + beginning(r.Text, ruleTextShown)
		}
		lines = append(lines, line)
	}
	return lines
}

func beginning(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most]) + " …"
}

func settingLines(settings []compare.Setting) []string {
	var lines []string
	for _, s := range settings {
		lines = append(lines, fmt.Sprintf("%s: %s → %s", s.Key, cmp.Or(s.Before, "(not set)"), cmp.Or(s.After, "(not set)")))
	}
	return lines
}

// laterRows are what differs later as the lines of a Markdown table.
func (m *markdown) laterRows() []string {
	var lines []string
	for _, l := range m.d.Later {
		c := laterChange(l)
		mark := map[plan.Effect]string{plan.Raise: "▲", plan.Lower: "▼"}[c.Effect]
		lines = append(lines, fmt.Sprintf("| %s | %s | %s %s | %s | %s |",
			codeSpan(m.t.place(l.Resource, l.Layer)), codeSpan(m.t.user(l.User)), mark, escaped(move(c)), escaped(c.Reason),
			rulesOf(compare.AccessDifference{Resource: l.Resource, By: c.By, LimitedBy: c.LimitedBy})))
	}
	return lines
}
