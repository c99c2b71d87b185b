package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/decide"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// The sections under the changes: each said once, and left out when empty.

func (t *planText) unenforced() {
	if len(t.plan.Unenforced) == 0 {
		return
	}
	t.head("Not enforced (%d): would change, but these resources are in observe or grant-only mode", len(t.plan.Unenforced))
	var rows []row
	for _, c := range t.plan.Unenforced {
		rows = append(rows, row{change: c})
	}
	t.rows(rows, "  ")
	t.line("  To have them made, set `manage` in the configuration to sync, or to grant-only for what raises.")
}

func (t *planText) blocked() {
	if len(t.plan.Blocked) == 0 {
		return
	}
	t.head("Blocked (%d): can't be made as things are", len(t.plan.Blocked))
	var rows []row
	for _, b := range t.plan.Blocked {
		notes := []string{"blocked: " + b.Why}
		if b.Unblock != "" {
			notes = append(notes, "to unblock: "+b.Unblock)
		}
		rows = append(rows, row{change: b.Change, notes: notes})
	}
	t.rows(rows, "  ")
}

func (t *planText) held() {
	if len(t.plan.Held) == 0 {
		return
	}
	t.head("Held (%d)%s", len(t.plan.Held), map[bool]string{true: ": need a decision (dutyward release KEY)"}[needDecision(t.plan.Held)])
	var held []decide.Hold
	for _, h := range t.plan.Held {
		held = append(held, decide.Hold{Held: h})
	}
	if t.byReason(held, "  ", false) {
		t.line("  %s", letThrough)
	}
}

// needDecision says whether some of what is held waits for a person: time alone does not
// let it through.
func needDecision(held []plan.Held) bool {
	return slices.ContainsFunc(held, func(h plan.Held) bool { return h.Releasable && h.Acts == nil })
}

func (t *planText) unknown() {
	if len(t.plan.Unknown) == 0 {
		return
	}
	t.head("Unknown (%d): neither raised nor lowered in this round", len(t.plan.Unknown))
	whom := map[string][]string{}
	var reasons []string
	for _, u := range t.plan.Unknown {
		if _, seen := whom[u.Reason]; !seen {
			reasons = append(reasons, u.Reason)
		}
		whom[u.Reason] = append(whom[u.Reason], t.unknownPair(u))
	}
	for _, reason := range reasons {
		t.line("  %s", reason)
		t.list("      ", whom[reason])
	}
}

func (t *planText) unknownPair(u desired.Unknown) string {
	who, where := "everybody", "on every resource"
	if u.User != "*" {
		who = t.user(u.User)
	}
	switch {
	case u.Resource.IsZero():
	case u.Resource.Name == "*":
		where = "on every " + string(u.Resource.Kind)
	default:
		where = "on " + t.ref(u.Resource)
	}
	return who + " " + where
}

func (t *planText) protected() {
	if len(t.plan.Protected) == 0 {
		return
	}
	t.head("Protected (%d): stay as they are, though policies say otherwise", len(t.plan.Protected))
	for _, p := range t.plan.Protected {
		kind := p.Resource.Kind
		t.line("  %s on %s: %s stays, policies say %s", t.user(p.User), t.ref(p.Resource), Role(kind, p.Before), Role(kind, p.Would))
		if rule := Rule(p.By); rule == "built in" {
			t.line("      %s", t.mild(p.Reason))
		} else {
			t.line("      %s", t.mild(p.Reason+" — "+rule))
		}
	}
}

func (t *planText) implied() {
	if len(t.plan.Implied) == 0 {
		return
	}
	t.head("Implied (%d): PagerDuty gives it on its own", len(t.plan.Implied))
	places := map[string]map[string]bool{}
	var held []holding
	for _, d := range t.plan.Implied {
		h := holding{place: t.ref(d.Resource), user: t.user(d.User), role: Role(d.Resource.Kind, d.Role), why: d.Why}
		held = append(held, h)
		add(places, h.why, h.place)
	}
	// What is so in many places, whichever they are, is reported by person.
	var everywhere, here []holding
	for _, h := range held {
		if len(places[h.why]) > 3 {
			everywhere = append(everywhere, h)
		} else {
			here = append(here, h)
		}
	}
	t.byPerson(everywhere)
	t.holdings(here)
}

// byPerson writes "why: ann@acme.com (12 teams), …", one line for each reason.
func (t *planText) byPerson(held []holding) {
	places := map[string]map[string]bool{}
	people := map[string]map[string]bool{}
	for _, h := range held {
		add(places, h.why+"\x00"+h.user, h.place)
		add(people, h.why, h.user)
	}
	for _, why := range slices.Sorted(maps.Keys(people)) {
		var list []string
		for _, user := range slices.SortedFunc(maps.Keys(people[why]), t.order.Compare) {
			at := slices.Collect(maps.Keys(places[why+"\x00"+user]))
			where := at[0]
			if len(at) > 1 {
				where = count(len(at), "team", "teams")
			}
			list = append(list, user+" ("+where+")")
		}
		t.line("  %s", why)
		t.list("      ", list)
	}
}

func add(sets map[string]map[string]bool, key, member string) {
	if sets[key] == nil {
		sets[key] = map[string]bool{}
	}
	sets[key][member] = true
}

// holding is a role that somebody has and the plan leaves.
type holding struct{ place, user, role, why string }

// holdings writes "team:Payments: ann@acme.com (manager), … — why", one line
// for each place and reason.
func (t *planText) holdings(held []holding) {
	slices.SortStableFunc(held, func(a, b holding) int {
		return cmp.Or(t.comparePlaces(a.place, b.place), cmp.Compare(a.why, b.why), t.order.Compare(a.user, b.user))
	})
	for len(held) > 0 {
		n := 1
		for n < len(held) && held[n].place == held[0].place && held[n].why == held[0].why {
			n++
		}
		var people []string
		for _, h := range held[:n] {
			people = append(people, h.user+" ("+h.role+")")
		}
		t.line("  %s — %s", held[0].place, held[0].why)
		t.list("      ", people)
		held = held[n:]
	}
}

func (t *planText) absent() {
	if len(t.plan.Absent) == 0 {
		return
	}
	t.head("Absent people (%d): policies name them, no account has them", len(t.plan.Absent))
	var emails []string
	for _, a := range t.plan.Absent {
		emails = append(emails, a.Email)
	}
	width := widest(emails, 40)
	for _, a := range t.plan.Absent {
		var at []string
		for _, by := range a.By {
			at = append(at, Origin(by.Origin))
		}
		slices.Sort(at)
		t.line("  %s  %s", pad(a.Email, width), t.mild(strings.Join(slices.Compact(at), "; ")))
	}
}

func (t *planText) unassigned() {
	if len(t.plan.Unassigned) == 0 {
		return
	}
	t.head("Unassigned (%d): no policy gives them a base role, and they keep theirs", len(t.plan.Unassigned))
	var people []string
	for _, id := range t.plan.Unassigned {
		people = append(people, t.user(id))
	}
	slices.SortFunc(people, t.order.Compare)
	t.list("  ", people)
}

func (t *planText) starting() {
	if len(t.plan.Starting) == 0 {
		return
	}
	t.head("Starting soon (%d): access that policies give from a date on", len(t.plan.Starting))
	for _, x := range t.plan.Starting[:min(len(t.plan.Starting), listShown)] {
		line := fmt.Sprintf("%s: %s on %s from %s", t.user(x.User), Role(x.Resource.Kind, x.Role), t.place(x.Resource, x.Layer), policies.Clock(x.From, x.FromZone))
		if x.Until != nil {
			line += " until " + policies.Clock(*x.Until, x.UntilZone)
		}
		if len(x.By) > 0 {
			line += t.mild(" — " + Rule(x.By[0]))
		}
		t.line("  %s", line)
	}
	if more := len(t.plan.Starting) - listShown; more > 0 {
		t.line("  and %d more (--json lists them)", more)
	}
}

func (t *planText) expiring() {
	if len(t.plan.Expiring) == 0 {
		return
	}
	t.head("Ending soon (%d): access that was given for a while", len(t.plan.Expiring))
	for _, e := range t.plan.Expiring[:min(len(t.plan.Expiring), listShown)] {
		t.ending(e, clock)
	}
	if more := len(t.plan.Expiring) - listShown; more > 0 {
		t.line("  and %d more (--json lists them)", more)
	}
}

func (t *planText) notices() {
	p := t.plan
	if len(p.Warnings) > 0 {
		t.head("Warnings (%d)", len(p.Warnings))
		for _, line := range noticeLines(p.Warnings) {
			t.line("  %s%s", t.alarm("warning: "), line)
		}
	}
	if len(p.Notices) > 0 {
		t.head("Notes")
		for _, line := range noticeLines(p.Notices) {
			t.line("  %s", line)
		}
	}
}

// noticeLines are notices in words. What one rule says of several data rows is
// one line, which names the first of them.
func noticeLines(notices []desired.Notice) []string {
	var lines []string
	times, sources := map[string]int{}, map[string][]string{}
	for _, n := range notices {
		line := n.Message
		if n.Origin.File != "" {
			line = fmt.Sprintf("%s:%d: %s", n.Origin.File, n.Origin.Line, n.Message)
		}
		if times[line]++; times[line] == 1 {
			lines = append(lines, line)
		}
		if s := n.Origin.Source; s != "" && !slices.Contains(sources[line], s) {
			sources[line] = append(sources[line], s)
		}
	}
	for i, line := range lines {
		if from := sources[line]; len(from) > 0 {
			lines[i] += " · from " + strings.Join(from[:min(sourcesShown, len(from))], "; ")
		}
		if more := times[line] - max(1, min(sourcesShown, len(sources[line]))); more > 0 {
			lines[i] += fmt.Sprintf(" and %d more", more)
		}
	}
	return lines
}

// sourcesShown bounds the data rows that one line names.
const sourcesShown = 3

// listShown bounds lists of people in text; JSON has them all.
const listShown = 40

// list writes items side by side, in lines as wide as the terminal, or 100 columns.
func (p *page) list(indent string, items []string) {
	wide := cmp.Or(p.wide, 100)
	more := 0
	if len(items) > listShown {
		more, items = len(items)-listShown, items[:listShown]
	}
	line := ""
	for i, item := range items {
		if i < len(items)-1 || more > 0 {
			item += ","
		}
		if line != "" && len(indent)+len(line)+1+len(item) > wide {
			p.line("%s%s", indent, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += item
	}
	if more > 0 {
		line += fmt.Sprintf(" and %d more (--json lists them)", more)
	}
	p.line("%s%s", indent, line)
}

// findings writes the open ones by severity, and the waived apart.
func (t *planText) findings() {
	var open, waived []plan.Finding
	for _, f := range t.plan.Findings {
		if f.Waived == nil {
			open = append(open, f)
		} else {
			waived = append(waived, f)
		}
	}
	if len(open) > 0 {
		t.head("Findings (%d)", len(open))
	}
	for _, severity := range []string{"critical", "high", "medium", "low"} {
		for _, f := range open {
			if f.Severity == severity {
				t.finding(f)
			}
		}
	}
	if len(waived) > 0 {
		t.head("Waived findings (%d)", len(waived))
	}
	for _, f := range waived {
		t.line("  %s  %s: %s", pad(f.Severity, 8), t.subject(f), f.Message)
		t.line("      %s", t.mild(fmt.Sprintf("waived until %s: %s%s", clock(f.Waived.Until), f.Waived.Reason, places(f.Waived.By))))
	}
}

func (t *planText) finding(f plan.Finding) {
	mark := t.alarm
	if f.Severity == "critical" || f.Severity == "high" {
		mark = t.lower
	}
	t.line("  %s  %s: %s", mark(pad(f.Severity, 8)), t.subject(f), f.Message)
	if f.Remediation != "" {
		t.line("      fix: %s", f.Remediation)
	}
	t.line("      %s", t.mild(f.Rule+places(f.By)))
}

// subject is whom and what a finding is about.
func (t *planText) subject(f plan.Finding) string {
	text := t.ref(f.Subject)
	if !f.Resource.IsZero() && f.Resource != f.Subject && f.Resource.Kind != inventory.KindAccount {
		text += " on " + t.ref(f.Resource)
	}
	return text
}
