package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Calendar is who is on call on a schedule before and after a plan. Its JSON
// form is what `oncall --compare` prints for programs.
type Calendar struct {
	// Schedule is a PagerDuty id, Name what people call it.
	Schedule string `json:"schedule"`
	Name     string `json:"name"`
	// From and Until are what it covers.
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	// Joining and Leaving are the people whose turns begin or end with the plan;
	// Overriding those who get or lose an override; Displaced those whose turns
	// move although they neither join nor leave.
	Joining    []Person `json:"joining"`
	Leaving    []Person `json:"leaving"`
	Overriding []Person `json:"overriding"`
	// Weighed are those who are to have another number of turns within a cycle.
	Weighed   []Weighed `json:"weighed"`
	Displaced []Moved   `json:"displaced"`
	// Spells are in order and without a gap.
	Spells []CalendarSpell `json:"spells"`
}

// Weighed is somebody who is to have another number of turns within a cycle.
type Weighed struct {
	Person
	Before int `json:"before"`
	After  int `json:"after"`
}

// Moved is somebody whose turns move although they neither join nor leave.
type Moved struct {
	Person
	Since time.Time `json:"since"`
	Turns int       `json:"turns"`
	Why   string    `json:"why"`
}

// CalendarSpell is a span for which neither side changes.
type CalendarSpell struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	// Before and After are the people on call; empty is a gap.
	Before []Person `json:"before"`
	After  []Person `json:"after"`
	// Differs says that they are not the same people.
	Differs bool `json:"differs"`
}

// Calendars are the calendars of the schedules that a plan touches.
func Calendars(p *plan.Plan) []Calendar {
	t := newPlanText(nil, p, Style{})
	out := []Calendar{}
	for _, e := range slices.Concat(p.Edits, p.WouldEdit) {
		out = append(out, t.calendar(e))
	}
	return out
}

func (t *planText) calendar(e plan.Edit) Calendar {
	c := Calendar{
		Schedule: e.Schedule.ID, Name: t.ref(e.Schedule), From: t.plan.Now, Until: e.Until,
		Joining: []Person{}, Leaving: []Person{}, Overriding: []Person{}, Weighed: []Weighed{}, Displaced: []Moved{}, Spells: []CalendarSpell{},
	}
	for _, change := range t.changesOf(e) {
		list := &c.Joining
		switch {
		case change.Kind == plan.Override:
			list = &c.Overriding
		case change.After == inventory.None:
			list = &c.Leaving
		case change.Before != inventory.None:
			c.Weighed = append(c.Weighed, Weighed{Person: t.person(change.User), Before: inventory.TurnsOf(change.Before), After: inventory.TurnsOf(change.After)})
			continue
		}
		if who := t.person(change.User); !slices.Contains(*list, who) {
			*list = append(*list, who)
		}
	}
	for _, d := range e.Displaced {
		c.Displaced = append(c.Displaced, Moved{Person: t.person(d.User), Since: d.Since, Turns: d.Turns, Why: d.Why})
	}
	moments := []time.Time{c.From, c.Until}
	for _, turn := range slices.Concat(e.Before, e.After) {
		for _, m := range []time.Time{turn.Start, turn.End} {
			if m.After(c.From) && m.Before(c.Until) {
				moments = append(moments, m)
			}
		}
	}
	slices.SortFunc(moments, time.Time.Compare)
	moments = slices.CompactFunc(moments, time.Time.Equal)
	for i := range len(moments) - 1 {
		s := CalendarSpell{From: moments[i], Until: moments[i+1], Before: t.onCallAt(e.Before, moments[i]), After: t.onCallAt(e.After, moments[i])}
		s.Differs = !slices.Equal(s.Before, s.After)
		c.Spells = append(c.Spells, s)
	}
	return c
}

// changesOf are the changes that make up an edit.
func (t *planText) changesOf(e plan.Edit) []plan.Change {
	changes := slices.Concat(t.plan.Changes, t.plan.Unenforced)
	for _, h := range t.plan.Held {
		changes = append(changes, h.Change)
	}
	return slices.DeleteFunc(changes, func(c plan.Change) bool {
		return c.Resource != e.Schedule || !slices.Contains(e.Changes, c.ID)
	})
}

func (t *planText) person(id string) Person { return Person{User: id, Email: t.user(id)} }

func (t *planText) onCallAt(turns []plan.Turn, at time.Time) []Person {
	people := []Person{}
	for _, turn := range turns {
		if !turn.Start.After(at) && turn.End.After(at) {
			people = append(people, t.person(turn.User))
		}
	}
	slices.SortFunc(people, func(a, b Person) int { return strings.Compare(a.Email, b.Email) })
	return slices.Compact(people)
}

// edits writes what the plan's changes make of turns.
func (t *planText) edits() {
	t.turns("Turns (%s)", t.plan.Edits)
	t.turns("Turns if what is held or not enforced were made too (%s)", t.plan.WouldEdit)
	if len(t.plan.Edits)+len(t.plan.WouldEdit) > 0 {
		t.line("  All of it: save the plan with --out, then `dutyward oncall --compare FILE`.")
	}
}

func (t *planText) turns(title string, edits []plan.Edit) {
	if len(edits) == 0 {
		return
	}
	t.head(title, count(len(edits), "schedule", "schedules"))
	for i, e := range edits {
		if i > 0 {
			t.line("")
		}
		t.page.calendar(t.calendar(e), e.Effective, t.plan.Now, spellsShown)
	}
}

// spellsShown bounds the calendar of one schedule in a plan.
const spellsShown = 8

// calendar writes a calendar, at most so many spells of it from the first that
// differs on; 0 is all of it.
func (p *page) calendar(c Calendar, effective *time.Time, now time.Time, most int) {
	when := ""
	switch {
	case effective == nil:
	case effective.After(now):
		when = "from the handoff at " + clock(*effective)
	default:
		when = "at once, from the turn under way, which is nobody's"
	}
	p.line("  %s  %s", p.strong(c.Name), p.mild(when))
	for _, group := range []struct {
		word   string
		people []Person
	}{{"joins", c.Joining}, {"leaves", c.Leaving}, {"override", c.Overriding}} {
		for _, person := range group.people {
			p.line("    %s  %s", pad(group.word, 8), person.Email)
		}
	}
	for _, w := range c.Weighed {
		p.line("    %s  %s: %s within a cycle instead of %d", pad("turns", 8), w.Email, count(w.After, "turn", "turns"), w.Before)
	}
	for _, m := range c.Displaced {
		turns := ""
		if m.Turns > 0 {
			turns = ", " + count(m.Turns, "turn", "turns") + " in eight weeks"
		}
		p.line("    %s  %s from %s%s: %s", pad("moves", 8), m.Email, clock(m.Since), turns, m.Why)
	}
	spells, more := c.Spells, 0
	if most > 0 {
		first := max(0, slices.IndexFunc(spells, func(s CalendarSpell) bool { return s.Differs })-1)
		spells = spells[first:]
		if len(spells) > most {
			more, spells = len(spells)-most, spells[:most]
		}
	}
	var before []string
	for _, s := range spells {
		before = append(before, emailsOf(s.Before))
	}
	width := max(widest(before, 40), len("before"))
	p.line("    %s", p.mild(pad("from", len(clockLayout))+"  "+pad("before", width)+"    after"))
	for i, s := range spells {
		mark, after := " ", emailsOf(s.After)
		if s.Differs {
			mark, after = "≠", p.strong(after)
		}
		p.line("    %s  %s  %s %s", clock(s.From), pad(before[i], width), mark, after)
	}
	if more > 0 {
		p.line("    %s", p.mild(fmt.Sprintf("… and %d more until %s", more, clock(c.Until))))
	}
}

const clockLayout = "2006-01-02 15:04 UTC"

// emailsOf are people's addresses, or nobody.
func emailsOf(people []Person) string {
	if len(people) == 0 {
		return "nobody"
	}
	var emails []string
	for _, p := range people {
		emails = append(emails, p.Email)
	}
	return strings.Join(emails, ", ")
}

// CompareText writes the calendars of a plan in full.
func CompareText(w io.Writer, p *plan.Plan, s Style) error {
	t := newPlanText(w, p, s)
	t.line("%s  %s", t.strong("On call before and after the plan of "+p.Account), t.mild("made for "+clock(p.Now)))
	differing := 0
	edits := slices.Concat(p.Edits, p.WouldEdit)
	for i, e := range edits {
		c := t.calendar(e)
		t.line("")
		if i == len(p.Edits) {
			t.line("%s", t.strong("If what is held or not enforced were made too"))
			t.line("")
		}
		t.page.calendar(c, e.Effective, p.Now, 0)
		if slices.ContainsFunc(c.Spells, func(s CalendarSpell) bool { return s.Differs }) {
			differing++
		}
	}
	t.line("")
	if len(edits) == 0 {
		t.line("%s", t.strong("The plan touches no schedule."))
		return t.err
	}
	t.line("%s", t.strong(fmt.Sprintf("%s, %d with other people on call within %d weeks.",
		count(len(edits), "schedule", "schedules"), differing, int(edits[0].Until.Sub(p.Now).Hours()/24/7))))
	return t.err
}
