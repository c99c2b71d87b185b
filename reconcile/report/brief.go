package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/report/lines"
)

// PlanView is how a plan is shown to people.
type PlanView struct {
	Style
	// Full shows each change of a long plan, which is summed up without it.
	Full bool
	// Commit names the commit that a change is from; nil, or an empty name, where that is
	// not known.
	Commit func(plan.Change) string
}

// Write writes a plan. A long one is summed up on two screens or so, with those who lose
// something by name, and the rest as far as it fits.
func (v PlanView) Write(w io.Writer, p *plan.Plan) error {
	t := newPlanText(w, p, v.Style)
	t.commit = v.Commit
	if v.Full || changesIn(p) < longPlan {
		t.whole()
	} else {
		t.brief()
	}
	return t.err
}

func (t *planText) brief() {
	p := t.plan
	t.header()
	t.suspended()
	t.errors()
	t.overview()
	lower, raise := partition(p.Changes)
	t.folded("Changed or removed", lower, lowerShown)
	t.folded("Added", raise, raiseShown)
	t.foldedEdits()
	t.folded("Not enforced: set `manage` in the configuration to have them made", p.Unenforced, unenforcedShown)
	t.foldedBlocked()
	t.foldedHolds()
	t.unknown()
	t.foldedFindings()
	t.notices()
	t.besides()
	t.line("")
	t.line("%s", t.strong(PlanSummary(p)))
	t.line("To see each change with its rule: --full")
}

// How many lines a plan that is summed up has for what.
const (
	lowerShown      = 30
	raiseShown      = 15
	unenforcedShown = 8
	reasonsShown    = 6
	editsShown      = 10
	findingsShown   = 10
	wholeShown      = 12
)

// partition tells what only adds from all that takes something away or gives another role.
func partition(changes []plan.Change) (other, added []plan.Change) {
	for _, c := range changes {
		if c.Action == plan.ActionGrant {
			added = append(added, c)
		} else {
			other = append(other, c)
		}
	}
	return other, added
}

// folded writes changes by resource and role, one line each: those that lower first.
func (t *planText) folded(head string, changes []plan.Change, most int) {
	if len(changes) == 0 {
		return
	}
	t.head("%s (%d)", head, len(changes))
	type line struct {
		effect      plan.Effect
		place, move string
	}
	people := map[line][]string{}
	var order []line
	for _, c := range changes {
		l := line{c.Effect, t.place(c.Resource, c.Layer), symbol(c) + " " + move(c)}
		if people[l] == nil {
			order = append(order, l)
		}
		people[l] = append(people[l], t.user(c.User))
	}
	slices.SortFunc(order, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.effect, b.effect), t.comparePlaces(a.place, b.place), cmp.Compare(a.move, b.move))
	})
	var places, moves []string
	for _, l := range order {
		places, moves = append(places, l.place), append(moves, l.move)
	}
	wide := []int{widest(places, 32), widest(moves, 40)}
	rest := 0
	for i, l := range order {
		if i >= most {
			rest += len(people[l])
			continue
		}
		slices.SortFunc(people[l], t.order.Compare)
		t.some(fmt.Sprintf("  %s  %s  ", pad(l.place, wide[0]), pad(l.move, wide[1])), people[l])
	}
	if rest > 0 {
		t.line("  and %s on %s", Counted(rest, "more change"), count(len(order)-most, "other resource or role", "other resources or roles"))
	}
}

// some writes as many items as fit into a line, and how many there are besides; of a plan
// that is not that long, into a few lines.
func (t *planText) some(prefix string, items []string) {
	line := cmp.Or(t.wide, 120)
	wide := line
	if changesIn(t.plan) <= 2*longPlan {
		wide += 3 * max(line/4, line-len([]rune(prefix)))
	}
	var list strings.Builder
	for i, item := range items {
		more := fmt.Sprintf(" and %d more", len(items)-i)
		if i > 0 && len([]rune(prefix))+list.Len()+len(item)+2+len(more) > wide {
			list.WriteString(more)
			break
		}
		if i > 0 {
			list.WriteString(", ")
		}
		list.WriteString(item)
	}
	t.block(lines.Wrap(prefix+list.String(), line, len([]rune(prefix))))
}

// foldedEdits writes whose turns begin, end or move, and not the calendars.
func (t *planText) foldedEdits() {
	edits := slices.Concat(t.plan.Edits, t.plan.WouldEdit)
	if len(edits) == 0 {
		return
	}
	t.head("Turns (%s): `dutyward oncall --compare FILE` shows the calendars of a saved plan", count(len(edits), "schedule", "schedules"))
	for i, e := range edits[:min(len(edits), editsShown)] {
		c := t.calendar(e)
		when := ""
		if e.Effective != nil && e.Effective.After(t.plan.Now) {
			when = " from the handoff at " + clock(*e.Effective)
		}
		if i >= len(t.plan.Edits) {
			when += ", if what is held or not enforced were made too"
		}
		t.line("  %s%s", c.Name, when)
		t.together("    joins    ", c.Joining)
		t.together("    leaves   ", c.Leaving)
		t.together("    override ", c.Overriding)
		for _, w := range c.Weighed[:min(len(c.Weighed), reasonsShown)] {
			t.line("    turns    %s: %d within a cycle instead of %d", w.Email, w.After, w.Before)
		}
		for _, m := range c.Displaced[:min(len(c.Displaced), reasonsShown)] {
			t.line("    moves    %s from %s: %s", m.Email, clock(m.Since), m.Why)
		}
		if more := len(c.Displaced) - reasonsShown; more > 0 {
			t.line("    and %s whose turns move", count(more, "other", "others"))
		}
	}
	if more := len(edits) - editsShown; more > 0 {
		t.line("  and %s", count(more, "other schedule", "other schedules"))
	}
}

func (t *planText) together(prefix string, people []Person) {
	if len(people) == 0 {
		return
	}
	var emails []string
	for _, p := range people {
		emails = append(emails, p.Email)
	}
	t.some(prefix, emails)
}

// foldedBlocked writes what is blocked by the reason.
func (t *planText) foldedBlocked() {
	var rows []stuck
	for _, b := range t.plan.Blocked {
		rows = append(rows, stuck{b.Why, b.Unblock, b.Change})
	}
	t.stuck("Blocked (%d): can't be made as things are", rows)
}

// foldedHolds writes what is held by the reason.
func (t *planText) foldedHolds() {
	var rows []stuck
	for _, h := range t.plan.Held {
		rows = append(rows, stuck{h.Rule + ": " + h.Why, h.Release, h.Change})
	}
	decision := map[bool]string{true: "need a decision; "}[needDecision(t.plan.Held)]
	t.stuck("Held (%d): "+decision+"`dutyward holds` lists them with their keys, `dutyward release` lets one through", rows)
}

// stuck is a change that is not made, why, and what to do.
type stuck struct {
	why, wayOn string
	change     plan.Change
}

func (t *planText) stuck(head string, rows []stuck) {
	if len(rows) == 0 {
		return
	}
	t.head(head, len(rows))
	at := map[string][]stuck{}
	var order []string
	for _, r := range rows {
		if at[r.why] == nil {
			order = append(order, r.why)
		}
		at[r.why] = append(at[r.why], r)
	}
	slices.SortStableFunc(order, func(a, b string) int { return len(at[b]) - len(at[a]) })
	rest := 0
	for i, why := range order {
		if i >= reasonsShown {
			rest += len(at[why])
			continue
		}
		t.line("  %s", t.alarm(why))
		t.concerned(at[why])
		if wayOn := at[why][0].wayOn; wayOn != "" && len(at[why]) == 1 {
			t.line("      next step: %s", wayOn)
		}
	}
	if rest > 0 {
		t.line("  and %s for %s", count(rest, "other", "others"), count(len(order)-reasonsShown, "other reason", "other reasons"))
	}
}

// concerned writes whom changes are about that are not made for one reason; of many, how
// many there are on which resource.
func (t *planText) concerned(rows []stuck) {
	var people []string
	places := map[string]int{}
	for _, r := range rows {
		c, place := r.change, t.place(r.change.Resource, r.change.Layer)
		people = append(people, fmt.Sprintf("%s %s on %s (%s)", symbol(c), t.user(c.User), place, move(c)))
		places[place]++
	}
	slices.SortFunc(people, t.order.Compare)
	if len(people) <= wholeShown {
		for _, one := range people {
			t.line("      %s", one)
		}
		return
	}
	var list []string
	for _, place := range slices.SortedFunc(maps.Keys(places), t.comparePlaces) {
		list = append(list, fmt.Sprintf("%s (%d)", place, places[place]))
	}
	t.list("      ", list)
}

// foldedFindings writes the open findings, the worst first, those of one rule together.
func (t *planText) foldedFindings() {
	open := slices.DeleteFunc(slices.Clone(t.plan.Findings), func(f plan.Finding) bool { return f.Waived != nil })
	if len(open) == 0 {
		return
	}
	t.head("Findings (%d)", len(open))
	severities := []string{"critical", "high", "medium", "low"}
	type kind struct{ severity, rule string }
	var order []kind
	at := map[kind][]plan.Finding{}
	for _, f := range open {
		k := kind{f.Severity, f.Rule + places(f.By)}
		if at[k] == nil {
			order = append(order, k)
		}
		at[k] = append(at[k], f)
	}
	slices.SortStableFunc(order, func(a, b kind) int {
		return slices.Index(severities, a.severity) - slices.Index(severities, b.severity)
	})
	rest := 0
	for i, k := range order {
		if i >= findingsShown {
			rest += len(at[k])
			continue
		}
		if len(at[k]) == 1 {
			t.line("  %s  %s: %s", pad(k.severity, 8), t.subject(at[k][0]), at[k][0].Message)
			continue
		}
		t.line("  %s  %d of %s", pad(k.severity, 8), len(at[k]), k.rule)
		var subjects []string
		for _, f := range at[k] {
			subjects = append(subjects, t.subject(f))
		}
		slices.SortFunc(subjects, t.order.Compare)
		t.some("            ", subjects)
	}
	if rest > 0 {
		t.line("  and %d more", rest)
	}
}

// besides counts what a plan only tells.
func (t *planText) besides() {
	p := t.plan
	var also []string
	for _, x := range []struct {
		n    int
		what string
	}{
		{len(p.Protected), "protected"}, {len(p.Extra), "in no policy"}, {len(p.Implied), "implied"}, {len(p.Absent), "without an account"},
		{len(p.Unassigned), "without a base role in any policy"}, {len(p.Starting), "starting soon"}, {len(p.Expiring), "ending soon"},
	} {
		if x.n > 0 {
			also = append(also, fmt.Sprintf("%d %s", x.n, x.what))
		}
	}
	if len(also) > 0 {
		t.line("")
		t.line("Also: %s.", strings.Join(also, ", "))
	}
}

// changesIn are how many changes a plan has, whatever becomes of them.
func changesIn(p *plan.Plan) int {
	return len(p.Changes) + len(p.Unenforced) + len(p.Blocked) + len(p.Held)
}

// moveIn is what a change does to a role, for a count of such changes.
func moveIn(c plan.Change) string {
	text := cmp.Or(move(c), string(c.Kind))
	switch c.Resource.Kind {
	case inventory.KindTeam:
		return "on teams: " + text
	case inventory.KindAccount:
		return "base role: " + text
	}
	return "on schedules: " + text
}
