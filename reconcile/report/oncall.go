package report

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/reconcile/report/lines"
)

// OnCall is who is on call on schedules and escalation policies at one moment,
// and who comes next. Its JSON form is what `oncall` prints for programs.
type OnCall struct {
	At time.Time `json:"at"`
	// Window is what the snapshot knows of shifts.
	Window inventory.Window `json:"window"`
	// Schedules and EscalationPolicies are sorted by name.
	Schedules          []ScheduleDuty `json:"schedules"`
	EscalationPolicies []PolicyDuty   `json:"escalation_policies"`
}

// ScheduleDuty is who is on call on a schedule.
type ScheduleDuty struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Kind is "layers" or "shifts".
	Kind     string `json:"kind"`
	TimeZone string `json:"time_zone"`
	Duty
}

// PolicyDuty is who is on call on an escalation policy.
type PolicyDuty struct {
	ID     string      `json:"id"`
	Name   string      `json:"name"`
	Levels []LevelDuty `json:"levels"`
}

// LevelDuty is who is on call on one level, counted from 1.
type LevelDuty struct {
	Level int `json:"level"`
	Duty
	// Unread are schedules on the level that the snapshot does not hold; who is
	// on call through them can't be known.
	Unread []string `json:"unread"`
}

// Duty is who is on call, and who comes next.
type Duty struct {
	// On is sorted by address; empty is a gap.
	On []Holder `json:"on"`
	// Next is when other people are on call; null if that is not within the window.
	Next *Spell `json:"next"`
	// Resumes is who ends the gap that Next is; else null.
	Resumes *Spell `json:"resumes"`
}

// Holder is somebody on call.
type Holder struct {
	Person
	// From and Until are null where the window does not reach that far, and for
	// people directly on an escalation policy.
	From  *time.Time `json:"from"`
	Until *time.Time `json:"until"`
	// Schedules are the schedules on a level through which it is, by name; empty
	// for people directly on it, and on schedules.
	Schedules []string `json:"schedules"`
}

// Person is somebody by PagerDuty id and address.
type Person struct {
	User  string `json:"user"`
	Email string `json:"email"`
}

// Spell is a span for which the same people are on call; nobody is a gap.
type Spell struct {
	From time.Time `json:"from"`
	// Until is null where the window does not reach that far.
	Until  *time.Time `json:"until"`
	People []Person   `json:"people"`
}

// NewOnCall is who is on call at the snapshot's now: on all schedules and
// escalation policies, or for a schedule's id on that one and the levels that it
// is on.
func NewOnCall(s *inventory.Snapshot, schedule string) *OnCall {
	v := dutyView{s, inventory.NewIndex(s)}
	out := &OnCall{At: s.Now, Window: s.Account.Window, Schedules: []ScheduleDuty{}, EscalationPolicies: []PolicyDuty{}}
	for _, id := range slices.Sorted(maps.Keys(s.Schedules)) {
		if schedule != "" && schedule != id {
			continue
		}
		c := s.Schedules[id]
		duty := v.duty(oncall.DutyAt(s.Manned(c.Shifts), s.Account.Window, s.Now))
		out.Schedules = append(out.Schedules, ScheduleDuty{ID: id, Name: c.Name, Kind: c.Kind, TimeZone: c.TimeZone, Duty: duty})
	}
	for _, id := range slices.Sorted(maps.Keys(s.EscalationPolicies)) {
		p := PolicyDuty{ID: id, Name: s.EscalationPolicies[id].Name, Levels: []LevelDuty{}}
		for i, rule := range s.EscalationPolicies[id].Rules {
			if schedule == "" || slices.Contains(rule.Targets, inventory.Target{Type: "schedule", ID: schedule}) {
				p.Levels = append(p.Levels, v.level(id, i+1))
			}
		}
		if len(p.Levels) > 0 || schedule == "" {
			out.EscalationPolicies = append(out.EscalationPolicies, p)
		}
	}
	names := lines.NewOrder()
	slices.SortStableFunc(out.Schedules, func(a, b ScheduleDuty) int { return names.Compare(a.Name, b.Name) })
	slices.SortStableFunc(out.EscalationPolicies, func(a, b PolicyDuty) int { return names.Compare(a.Name, b.Name) })
	return out
}

// dutyView puts names to a snapshot's on-call duty.
type dutyView struct {
	snapshot *inventory.Snapshot
	index    *inventory.Index
}

func (v dutyView) person(id string) Person {
	return Person{User: id, Email: v.index.Name(inventory.KindUser, id)}
}

func (v dutyView) duty(d oncall.Duty) Duty {
	out := Duty{On: []Holder{}, Next: v.spell(d.Next), Resumes: v.spell(d.Resumes)}
	for _, s := range d.On {
		out.On = append(out.On, Holder{Person: v.person(s.User), From: moment(s.Start), Until: moment(s.End), Schedules: []string{}})
	}
	slices.SortStableFunc(out.On, func(a, b Holder) int { return cmp.Compare(a.Email, b.Email) })
	return out
}

func (v dutyView) spell(s *oncall.Spell) *Spell {
	if s == nil {
		return nil
	}
	out := &Spell{From: s.Start, Until: moment(s.End), People: []Person{}}
	for _, id := range s.Users {
		out.People = append(out.People, v.person(id))
	}
	slices.SortStableFunc(out.People, func(a, b Person) int { return cmp.Compare(a.Email, b.Email) })
	return out
}

func (v dutyView) level(policy string, level int) LevelDuty {
	s := v.snapshot
	out := LevelDuty{Level: level, Duty: v.duty(oncall.LevelDuty(s, policy, level, s.Now)), Unread: oncall.Unread(s, policy, level)}
	if out.Unread == nil {
		out.Unread = []string{}
	}
	through, direct := map[string][]string{}, map[string]bool{}
	for _, o := range oncall.Escalation(s, policy, level, s.Now) {
		if o.Schedule == nil {
			direct[o.User] = true
		} else {
			through[o.User] = append(through[o.User], v.index.Name(inventory.KindSchedule, *o.Schedule))
		}
	}
	for i, h := range out.On {
		if !direct[h.User] {
			out.On[i].Schedules = through[h.User]
		}
	}
	return out
}

// calledBy is what a reference has behind its kind: a name, or an id where the
// name does not name just one thing, with the name behind it.
func calledBy(name, id string, named map[string]int) string {
	if named[name] > 1 || strings.HasPrefix(name, "#") {
		return "#" + id + " (" + name + ")"
	}
	return name
}

// OnCallText writes who is on call, until when, and who is next.
func OnCallText(w io.Writer, o *OnCall, s Style) error {
	p := newPage(w, s)
	p.line("%s  %s", p.strong("On call"), p.mild("at "+clock(o.At)))
	end := "past " + clock(o.Window.Until) + ", where the snapshot ends"
	emptySchedules, levels, emptyLevels := 0, 0, 0
	schedules, policies := map[string]int{}, map[string]int{}
	for _, c := range o.Schedules {
		schedules[c.Name]++
	}
	for _, e := range o.EscalationPolicies {
		policies[e.Name]++
	}
	for _, c := range o.Schedules {
		p.line("")
		p.line("%s  %s", p.strong("schedule:"+calledBy(c.Name, c.ID, schedules)), p.mild(kindOfSchedule(c.Kind)+", "+c.TimeZone))
		p.duty(c.Duty, "  ", end, end)
		if len(c.On) == 0 {
			emptySchedules++
		}
	}
	for _, e := range o.EscalationPolicies {
		p.head("escalation:%s", calledBy(e.Name, e.ID, policies))
		if len(e.Levels) == 0 {
			p.line("  %s", p.alarm("no levels: nobody is ever on call"))
		}
		for _, l := range e.Levels {
			p.line("  level %d", l.Level)
			p.duty(l.Duty, "    ", end, "always, named on the level")
			for _, id := range l.Unread {
				p.line("    %s", p.alarm("schedule #"+id+" could not be read; who is on call through it is not known"))
			}
			levels++
			if len(l.On) == 0 {
				emptyLevels++
			}
		}
	}
	p.line("")
	p.line("%s, %d with nobody on call; %s, %d with nobody on call.",
		count(len(o.Schedules), "schedule", "schedules"), emptySchedules,
		count(levels, "level of escalation policies", "levels of escalation policies"), emptyLevels)
	return p.err
}

func kindOfSchedule(kind string) string {
	if kind == inventory.ScheduleOfShifts {
		return "shift-based"
	}
	return "layer-based"
}

// duty writes who is on call and who is next. What it says of an end that the
// window does not reach is end for who is on call through a schedule's shifts
// and unnamed for those where no schedule is named.
func (p *page) duty(d Duty, indent, end, unnamed string) {
	var emails []string
	for _, h := range d.On {
		emails = append(emails, h.Email)
	}
	width := max(widest(emails, 40), len("nobody"))
	if len(d.On) == 0 {
		until := "as far as the snapshot knows"
		if d.Next != nil {
			until = "until " + clock(d.Next.From)
		}
		p.line("%s%s  %s", indent, p.alarm(pad("nobody", width)), until)
	}
	for _, h := range d.On {
		until := unnamed
		if len(h.Schedules) > 0 {
			until = end
		}
		if h.Until != nil {
			until = "until " + clock(*h.Until)
		}
		if len(h.Schedules) > 0 {
			until += ", through schedule:" + strings.Join(h.Schedules, ", schedule:")
		}
		p.line("%s%s  %s", indent, pad(h.Email, width), until)
	}
	switch {
	case d.Next == nil:
	case len(d.Next.People) > 0:
		at := ""
		if slices.ContainsFunc(d.On, func(h Holder) bool { return h.Until == nil || !h.Until.Equal(d.Next.From) }) {
			at = " from " + clock(d.Next.From)
		}
		p.line("%s%s  %s%s", indent, pad("next", width), people(d.Next), at)
	case d.Resumes == nil:
		p.line("%s%s  %s", indent, pad("next", width), p.alarm("nobody")+" from "+clock(d.Next.From)+", as far as the snapshot knows")
	default:
		p.line("%s%s  %s, then %s", indent, pad("next", width),
			p.alarm("nobody")+" from "+clock(d.Next.From)+" until "+clock(d.Resumes.From), people(d.Resumes))
	}
}

// people are the addresses of a spell.
func people(s *Spell) string {
	var emails []string
	for _, p := range s.People {
		emails = append(emails, p.Email)
	}
	return strings.Join(emails, ", ")
}
