package apply_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

var update = flag.Bool("update", false, "write the golden files anew")

// weekly is a schedule of one event whose turns begin on Mondays at nine, with ann on
// call from start.
func weekly(members ...string) inventory.Schedule {
	one := 1
	e := inventory.Event{
		ID: "E", Name: "Week", Start: start, End: start.Add(7 * 24 * time.Hour), TimeZone: "Etc/UTC", Recurrence: []string{"RRULE:FREQ=WEEKLY"},
		EffectiveSince: start, Assignment: inventory.Assignment{Type: "rotating_member_assignment_strategy", ShiftsPerMember: &one},
	}
	for _, m := range members {
		if m == "" {
			e.Assignment.Members = append(e.Assignment.Members, nil)
			continue
		}
		e.Assignment.Members = append(e.Assignment.Members, &m)
	}
	return inventory.Schedule{ID: "S1", Name: "Night", Kind: inventory.ScheduleOfShifts, TimeZone: "Etc/UTC", Rotations: []inventory.Rotation{{ID: "R1", Events: []inventory.Event{e}}}}
}

// layered is the same as a layer.
func layered(users ...string) inventory.Schedule {
	return inventory.Schedule{ID: "S1", Name: "Night", Kind: inventory.ScheduleOfLayers, TimeZone: "Etc/UTC", Layers: []inventory.Layer{
		{ID: "E", Name: "Week", Start: start, VirtualStart: start, TurnSeconds: 7 * 86400, Users: users},
	}}
}

// joins is a plan by which somebody takes turns on the schedule.
func joins(t *testing.T, s inventory.Schedule, now time.Time, users ...string) *plan.Plan {
	t.Helper()
	revisions := []oncall.Revision{{Part: "E", Join: users}}
	if len(s.Rotations) == 2 { // on both
		revisions = append(revisions, oncall.Revision{Part: "E2", Join: users})
	}
	return revises(t, s, now, revisions, users...)
}

func revises(t *testing.T, s inventory.Schedule, now time.Time, revisions []oncall.Revision, users ...string) *plan.Plan {
	t.Helper()
	revised, err := oncall.Revise(s, revisions, now)
	if err != nil {
		t.Fatal(err)
	}
	p := planOf()
	schedule := inventory.ByID(inventory.KindSchedule, s.ID)
	for _, u := range users {
		c := change(desired.Pair{User: u, Resource: schedule, Layer: "E"}, inventory.None, desired.Rotation)
		c.Layer = "E"
		p.Changes = append(p.Changes, c)
	}
	p.Now, p.Edits = now, []plan.Edit{{Schedule: schedule, Work: plan.Work{Was: s, Revised: revised}}}
	return p
}

// answers are PagerDuty's ways not to do what it is asked.
var (
	errCut     = errors.New("connection reset")
	errRefused = answer{"refused", true, false}
	errRoom    = answer{"no room for another rotation", true, true}
)

// errUnread is that of a step which ended before its write, at a read.
var errUnread = unread{errors.New("GET: 500")}

type unread struct{ error }

func (unread) Unwritten() bool { return true }

type answer struct {
	says        string
	final, room bool
}

func (a answer) Error() string  { return a.says }
func (a answer) Refused() bool  { return a.final }
func (a answer) Final() bool    { return a.final }
func (a answer) Roomless() bool { return a.room }

// story is what comes of an edit, round by round.
type story struct {
	strings.Builder
	desk *desk
	book *book
	// revive has a process that was killed live again, later is what happens until then.
	revive, later func()
	// gap says that the schedule is to have one: a slot stays empty.
	gap bool
}

func newStory(s inventory.Schedule) *story {
	c := newClock()
	c.advance(time.Hour)
	return &story{desk: &desk{clock: c, is: copied(s)}, book: &book{}}
}

func (s *story) say(format string, args ...any) { fmt.Fprintf(&s.Builder, format+"\n", args...) }

// outcome tells an outcome.
func outcome(o apply.Outcome) string {
	line := string(o.Status)
	if o.Found != "" {
		line += " (found " + o.Found + ")"
	}
	if o.Uncertain {
		line += ", uncertain"
	}
	if o.Waits {
		line += ", waits"
	}
	if o.Wrote {
		line += ", wrote"
	}
	if o.Alarm != "" {
		line += ", alarm"
	}
	if o.Change.Override != nil {
		line += fmt.Sprintf(" [%s]", o.Change.Override.ID)
	}
	if o.Why != "" {
		line += ": " + o.Why
	}
	return line
}

func (s *story) tell(what string) {
	if writes := s.desk.writes(); len(writes) > 0 {
		s.say("    sent: %s", strings.Join(writes, "; "))
	}
	s.desk.calls = nil
	var open []string
	for _, in := range s.book.open() {
		open = append(open, fmt.Sprintf("%s, %d changes", in.Status, len(in.Changes)))
	}
	if len(open) > 0 {
		s.say("    open: %s", strings.Join(open, "; "))
	}
}

// run carries out a plan.
func (s *story) run(t *testing.T, p *plan.Plan) {
	t.Helper()
	// One after another, as the desk takes calls.
	report, err := apply.Run(t.Context(), p, s.desk, s.book, apply.Options{Now: s.desk.clock.Now, Concurrency: 1})
	if err != nil {
		s.say("  error: %v", err)
	}
	if report != nil {
		for _, o := range report.Outcomes {
			s.say("  %s %s", o.Change.User, outcome(o))
		}
		if report.Stopped != "" {
			s.say("  stopped: %s", report.Stopped)
		}
	}
	s.tell("run")
}

// recover settles what is open, some time later.
func (s *story) recover(t *testing.T, later time.Duration) {
	t.Helper()
	open := s.book.open()
	if len(open) == 0 {
		return
	}
	s.desk.clock.advance(later)
	s.say("  %s later:", later)
	done, err := apply.Recover(t.Context(), open, s.desk, s.book, apply.Options{Now: s.desk.clock.Now})
	if err != nil {
		s.say("    error: %v", err)
	}
	for _, o := range done.Outcomes {
		s.say("    %s %s", o.Change.User, outcome(o))
	}
	for _, said := range done.Said {
		s.say("    said: %s", said)
	}
	s.tell("recover")
}

// ends tells how the schedule ends, and checks that nobody's time is without cover.
func (s *story) ends(t *testing.T, was inventory.Schedule, name string) {
	t.Helper()
	s.say("  ends as %s", s.desk.turns())
	now := s.desk.clock.Now()
	w := inventory.Window{Since: now, Until: now.Add(6 * 7 * 24 * time.Hour)}
	is, err := oncall.Rerender(s.desk.is, w)
	if err != nil {
		t.Fatal(err)
	}
	if at, gap, err := oncall.Uncovered(was, is, w); err != nil || gap {
		s.say("  nobody is on call from %s on", short(at))
		if !s.gap && !strings.Contains(s.String(), "alarm") {
			t.Errorf("%s: nobody is on call from %s on, and nobody is told (%v)", name, at, err)
		}
	}
}

// two is a schedule of two events in rotations of their own.
func two() inventory.Schedule {
	s, other := weekly("ann", "bob"), weekly("cy", "eve")
	other.Rotations[0].ID, other.Rotations[0].Events[0].ID, other.Rotations[0].Events[0].Name = "R2", "E2", "Other"
	s.Rotations = append(s.Rotations, other.Rotations[0])
	return s
}

// golden compares stories with those that are kept.
func golden(t *testing.T, file, got string) {
	t.Helper()
	path := "testdata/" + file
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}

// ways are the ways in which a write comes to nothing, or seems to.
var ways = []string{"refused", "lost", "unanswered"}

// breaks has the nth write of the desk fail in a way, once.
func breaks(d *desk, n int, way string) {
	left := n
	hit := func(call string) bool {
		if call == "read" || call == "preview" {
			return false
		}
		left--
		return left == 0
	}
	if way == "unanswered" {
		d.after = func(call string) error {
			if hit(call) {
				return errCut
			}
			return nil
		}
		return
	}
	d.before = func(call string) error {
		if hit(call) {
			return map[string]error{"refused": errRefused, "lost": errCut}[way]
		}
		return nil
	}
}

// Promise: wherever an edit breaks off, however PagerDuty lags, the next rounds bring it
// to an end, nobody's time is without cover meanwhile unless an alarm says so, and what
// came of it is said.
func TestS23_WhereverAnEditBreaksOffItIsBroughtToAnEnd(t *testing.T) {
	for name, was := range map[string]inventory.Schedule{"event": weekly("ann", "bob"), "layer": layered("ann", "bob")} {
		var all strings.Builder
		tell := func(title string, lag time.Duration, later []time.Duration, arrange func(s *story)) {
			s := newStory(was)
			s.desk.lag = lag
			p := joins(t, was, s.desk.clock.Now(), "dora")
			arrange(s)
			s.say("%s:", title)
			s.run(t, p)
			for _, l := range later {
				s.recover(t, l)
			}
			s.ends(t, was, title)
			all.WriteString(s.String())
		}
		soon := []time.Duration{time.Minute, 3 * time.Minute}
		late := []time.Duration{7 * 24 * time.Hour, 3 * time.Minute} // an hour after the handoff
		tooLate := []time.Duration{9 * 24 * time.Hour, 3 * time.Minute}
		tell("whole", 0, soon, func(*story) {})
		tell("whole, shown late", 90*time.Second, soon, func(*story) {})
		steps := map[string]int{"event": 4, "layer": 1}[name]
		for n := 1; n <= steps; n++ {
			for _, way := range ways {
				for _, lag := range []time.Duration{0, 90 * time.Second} {
					title := fmt.Sprintf("write %d %s", n, way)
					if lag > 0 {
						title += ", reads late"
					}
					tell(title, lag, soon, func(s *story) { breaks(s.desk, n, way) })
				}
				for k, later := range [][]time.Duration{late, tooLate} {
					after := []string{"after the handoff", "days after the handoff"}[k]
					tell(fmt.Sprintf("write %d %s, looked at %s", n, way, after), 0, later, func(s *story) {
						breaks(s.desk, n, way)
						dies(s, n)
					})
				}
			}
		}
		golden(t, "broken_"+name+".golden", all.String())
	}
}

// dies has every call of the first round fail from the nth write on, as if its process
// were killed.
func dies(s *story, n int) {
	began, before, left := s.desk.clock.Now(), s.desk.before, n
	s.desk.before = func(call string) error {
		if s.desk.clock.Now().After(began) {
			return nil
		}
		if left <= 0 {
			return errCut
		}
		if call != "read" && call != "preview" {
			left--
		}
		if before != nil {
			return before(call)
		}
		return nil
	}
}
