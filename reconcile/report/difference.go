package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/compare"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// DifferenceText writes what other policies do, for people.
func DifferenceText(w io.Writer, d *compare.Difference, s Style) error {
	return DifferenceView{Style: s, Full: true}.Write(w, d)
}

// DifferenceView is how a difference is written.
type DifferenceView struct {
	Style Style
	// Full shows each line of long access and of what differs later, which are summed up
	// without it.
	Full bool
}

// Write writes a difference.
func (v DifferenceView) Write(w io.Writer, d *compare.Difference) error {
	t := newDifferenceText(w, d, v.Style)
	t.brief = !v.Full && len(d.Access)+len(d.Later)+len(d.Consequences) >= longPlan
	if t.brief {
		t.line("%s", t.strong(DifferenceSummary(d)))
		t.line("To see each line with its rule: --full")
	}
	t.access()
	t.list("Turns that move", t.movedTurns())
	t.later()
	t.consequences()
	t.holds()
	t.differingFindings()
	t.movedNotices()
	t.said()
	t.line("")
	t.line("%s", t.strong(DifferenceSummary(d)))
	return t.err
}

// DifferenceJSON writes what other policies do, for programs.
func DifferenceJSON(w io.Writer, d *compare.Difference) error { return JSON(w, d) }

// DifferenceSummary is a difference in one line.
func DifferenceSummary(d *compare.Difference) string {
	if d.Empty() {
		return noDifference(d)
	}
	s := d.Summary
	var parts []string
	add := func(n int, one, many string) {
		if n > 0 {
			parts = append(parts, count(n, one, many))
		}
	}
	add(s.Until, "different end", "different ends")
	add(s.Consequences, "different outcome", "different outcomes")
	add(s.Held, "held", "held")
	add(s.FindingsBegin, "new finding", "new findings")
	add(s.FindingsEnd, "finding gone", "findings gone")
	add(len(d.Protections.Begins), "new protection", "new protections")
	add(len(d.Protections.Ends), "protection gone", "protections gone")
	add(s.UnknownsBegin, "new unknown", "new unknowns")
	add(s.ErrorsBegin, "new error", "new errors")
	add(s.WarningsBegin, "new warning", "new warnings")
	add(s.Turns, "person whose turns move", "people whose turns move")
	add(s.Stated, "changed with no effect", "changed with no effect")
	add(s.Rules, "changed rule", "changed rules")
	add(s.Data, "changed data file", "changed data files")
	add(s.Settings, "changed configuration key", "changed configuration keys")
	line := fmt.Sprintf("Difference: %d to get more, %d to get less", s.Raise, s.Lower) + laterCounts(s)
	if len(parts) > 0 {
		line += "; " + strings.Join(parts, ", ")
	}
	return line + "."
}

// laterCounts is what the summary says of later: "; later 2 to get more, 1 at another time".
func laterCounts(s compare.DifferenceSummary) string {
	var parts []string
	for _, x := range []struct {
		n    int
		what string
	}{{s.LaterRaise, "to get more"}, {s.LaterLower, "to get less"}, {s.Later - s.LaterRaise - s.LaterLower, "at another time"}} {
		if x.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", x.n, x.what))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "; later " + strings.Join(parts, ", ")
}

// noDifference says how far that was looked at.
func noDifference(d *compare.Difference) string {
	if d.Foreseen == nil {
		return "No difference: the policies ask for the same now, and the plan is the same."
	}
	return fmt.Sprintf("No difference until %s: the policies ask for the same, and the plan is the same.", clock(*d.Foreseen))
}

// differenceText is a difference being written, with the means of a plan.
type differenceText struct {
	*planText
	diff *compare.Difference
	// brief says that access is summed up.
	brief bool
}

func newDifferenceText(w io.Writer, d *compare.Difference, s Style) *differenceText {
	return &differenceText{planText: newPlanText(w, &plan.Plan{Names: d.Names}, s), diff: d}
}

// access writes who is to have more or less, by resource and rule.
func (t *differenceText) access() {
	if len(t.diff.Access) == 0 {
		return
	}
	t.head("Access that the policies ask for (%d)", len(t.diff.Access))
	var rows []row
	outcomes := map[string]int{}
	for _, a := range t.diff.Access {
		rows = append(rows, row{change: changeOf(a)})
		outcomes[consequence(a.Then)]++
	}
	if !t.brief {
		t.rows(rows, "  ")
		return
	}
	t.tally("What comes of it", outcomes)
	t.foldRows(rows)
}

// changeOf is a difference in the shape of a change, whose reason is what the
// plan does about it.
func changeOf(a compare.AccessDifference) plan.Change {
	c := plan.Change{
		Kind: plan.KindOf(desired.Pair{User: a.User, Resource: a.Resource, Layer: a.Layer}), Action: plan.ActionRole, Effect: a.Effect, User: a.User, Resource: a.Resource, Layer: a.Layer,
		Before: a.Before, After: a.After, By: a.By, LimitedBy: a.LimitedBy, Reason: consequence(a.Then),
	}
	switch {
	case a.Override != nil:
		c.Override = a.Override
		c.Action = map[plan.Effect]plan.Action{plan.Raise: plan.ActionGrant, plan.Lower: plan.ActionRevoke}[a.Effect]
		c.Reason += ", from " + clock(a.Override.Start) + " until " + clock(a.Override.End)
	case a.Before == inventory.None:
		c.Action = plan.ActionGrant
	case a.After == inventory.None:
		c.Action = plan.ActionRevoke
	case a.Before == a.After:
		c.Reason = otherEnd(a) + "; " + c.Reason
	}
	if a.Before != a.After && a.UntilAfter != nil {
		c.Reason += ", until " + clock(*a.UntilAfter)
	}
	if a.Was.Key != "" && a.Then.Key == "" {
		c.Reason += "; before: " + handled(a.Was)
	}
	return c
}

func otherEnd(a compare.AccessDifference) string {
	switch {
	case a.UntilAfter == nil:
		return "no longer ends " + clock(*a.UntilBefore)
	case a.UntilBefore == nil:
		return "ends " + clock(*a.UntilAfter)
	}
	return fmt.Sprintf("ends %s rather than %s", clock(*a.UntilAfter), clock(*a.UntilBefore))
}

// consequence says what a plan does about a pair.
func consequence(o compare.Outcome) string {
	switch o.State {
	case compare.OutcomeChange:
		return "would be made"
	case compare.OutcomeUnenforced:
		return "not enforced"
	case compare.OutcomeHeld:
		return "would be held (" + o.Rule + ")"
	case compare.OutcomeBlocked:
		return "would be blocked: " + o.Why
	case compare.OutcomeUnknown:
		return "unknown: " + o.Why
	case compare.OutcomeProtected:
		return "protected: " + o.Why
	case compare.OutcomeImplied:
		return "given by PagerDuty: " + o.Why
	case compare.OutcomeLeft:
		return "left alone: " + o.Why
	}
	return "nothing to do: PagerDuty holds " + o.Before
}

// consequences writes where the plan does something else for other reasons.
func (t *differenceText) consequences() {
	if len(t.diff.Consequences) == 0 {
		return
	}
	t.head("Same access asked for, different outcome (%d)", len(t.diff.Consequences))
	if t.brief {
		t.foldConsequences()
		return
	}
	for _, c := range t.diff.Consequences {
		t.line("  %s on %s: %s; before: %s", t.user(c.User), t.place(c.Resource, c.Layer), handled(c.Then), handled(c.Was))
	}
}

// handled is an outcome with the change that it is about.
func handled(o compare.Outcome) string {
	switch {
	case o.State == compare.OutcomeNone:
		return "nothing to do"
	case o.Key == "", o.Before == "" && o.After == "":
		return consequence(o)
	}
	return fmt.Sprintf("%s → %s %s", o.Before, o.After, consequence(o))
}

// holds writes why changes would be held.
func (t *differenceText) holds() {
	if len(t.diff.Holds) == 0 {
		return
	}
	t.head("This would be held until a person releases it")
	for _, h := range t.diff.Holds {
		t.line("  %s (%s): %s", t.alarm(count(h.Changes, "change", "changes")), h.Rule, h.Why)
	}
}

func (t *differenceText) differingFindings() {
	if begins := t.diff.Findings.Begins; len(begins) > 0 {
		t.head("New findings (%d)", len(begins))
		for _, f := range begins {
			t.finding(f)
		}
	}
	if ends := t.diff.Findings.Ends; len(ends) > 0 {
		t.head("Findings gone (%d)", len(ends))
		for _, f := range ends {
			t.line("  %s  %s: %s", pad(f.Severity, 8), t.subject(f), f.Message)
		}
	}
}

// movedNotices writes what begins and ends besides.
func (t *differenceText) movedNotices() {
	d := t.diff
	t.list("Nothing is lowered any more, because", desired.Messages(d.Suspended.Begins))
	t.list("No longer suspends lowering", desired.Messages(d.Suspended.Ends))
	t.list("New protections", t.protections(d.Protections.Begins))
	t.list("Protections gone", t.protections(d.Protections.Ends))
	t.list("New errors", noticeLines(d.Errors.Begins))
	t.list("Errors gone", noticeLines(d.Errors.Ends))
	t.list("New warnings", noticeLines(d.Warnings.Begins))
	t.list("Warnings gone", noticeLines(d.Warnings.Ends))
	t.list("Newly unknown", t.unknowns(d.Unknown.Begins))
	t.list("No longer unknown", t.unknowns(d.Unknown.Ends))
	t.list("Newly named, without an account", addresses(d.Absent.Begins))
	t.list("No longer named, without an account", addresses(d.Absent.Ends))
}

func (t *differenceText) list(head string, lines []string) {
	if len(lines) == 0 {
		return
	}
	t.head("%s (%d)", head, len(lines))
	for _, line := range lines {
		t.line("  %s", line)
	}
}

func (t *differenceText) protections(gs []compare.Guarded) []string {
	var lines []string
	for _, g := range gs {
		who, what := "everybody", "every resource"
		if g.People >= 0 {
			who = t.few(g.Users)
		}
		if !g.Resource.IsZero() {
			what = t.ref(g.Resource)
		}
		lines = append(lines, fmt.Sprintf("%s on %s: %s%s", who, what, g.Reason, places([]policies.Origin{g.Origin})))
	}
	return lines
}

// few are people by name, or their number where they are many.
func (t *differenceText) few(users []string) string {
	if len(users) > 3 {
		return count(len(users), "person", "people")
	}
	var names []string
	for _, user := range users {
		names = append(names, t.user(user))
	}
	return cmp.Or(strings.Join(names, ", "), "nobody")
}

// movedTurns are those who neither join nor leave and are on call at other times.
func (t *differenceText) movedTurns() []string {
	var lines []string
	for _, m := range t.diff.Turns {
		turns := ""
		if m.Turns > 0 {
			turns = ", " + count(m.Turns, "turn", "turns") + " in eight weeks"
		}
		lines = append(lines, fmt.Sprintf("%s on %s from %s%s: %s", t.user(m.User), t.ref(m.Schedule), clock(m.Since), turns, m.Why))
	}
	return lines
}

func (t *differenceText) unknowns(us []desired.Unknown) []string {
	var lines []string
	for _, u := range us {
		who, what := "everybody", "every resource"
		if u.User != "*" {
			who = t.user(u.User)
		}
		if !u.Resource.IsZero() {
			what = t.ref(u.Resource)
		}
		lines = append(lines, fmt.Sprintf("%s on %s: %s", who, what, u.Reason))
	}
	return lines
}

func addresses(as []desired.Absent) []string {
	var lines []string
	for _, a := range as {
		line := a.Email
		if len(a.By) > 0 {
			line += " — " + Rule(a.By[0])
		}
		lines = append(lines, line)
	}
	return lines
}
