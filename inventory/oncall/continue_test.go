package oncall_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// customLines are custom shifts in Berlin's time.
func customLines(shifts []inventory.CustomShift) []string {
	var out []inventory.Shift
	for _, s := range shifts {
		out = append(out, inventory.Shift{User: *s.User, Start: s.Start, End: s.End})
	}
	return lines(out, berlin, false)
}

func TestAnEventThatEndedGoesOnFromItsNextTurnWithTheTurnUnderWayAsACustomShift(t *testing.T) {
	now := local(berlin, "2026-06-10 12:00")
	workdays := anEvent(berlin)
	workdays.End, workdays.Recurrence = workdays.Start.Add(8*time.Hour), []string{"RRULE:FREQ=DAILY"}
	vacant := anEvent(berlin)
	vacant.Assignment.Members = slots("ann", "")
	for name, c := range map[string]struct {
		event inventory.Event
		since string
		until []string
		order string
	}{
		"amid a turn":         {anEvent(berlin), "2026-06-15 09:00", []string{"06-10 12:00+02:00 to 06-15 09:00+02:00 bob"}, "ann bob"},
		"amid a turn, daily":  {workdays, "2026-06-11 09:00", []string{"06-10 12:00+02:00 to 06-10 17:00+02:00 bob"}, "ann bob"},
		"in an empty turn":    {vacant, "2026-06-15 09:00", []string{}, "ann "},
		"a turn of two weeks": {withShifts(anEvent(berlin), 2), "2026-06-15 09:00", []string{"06-10 12:00+02:00 to 06-15 09:00+02:00 ann"}, "bob ann"},
	} {
		step, shifts, err := oncall.Continue("R1", c.event, now)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if step.Does != oncall.CreateEvent || step.Rotation != "R1" || step.Event.ID != "" || !step.Event.EffectiveSince.Equal(local(berlin, c.since)) {
			t.Errorf("%s: it goes on by %s of %+v, want from %s", name, step.Does, step.Event, c.since)
		}
		if diff := cmp.Diff(c.until, customLines(shifts)); diff != "" {
			t.Errorf("%s: until then (-want +got):\n%s", name, diff)
		}
		var order []string
		for _, m := range step.Event.Assignment.Members {
			if m == nil {
				m = ptr("")
			}
			order = append(order, *m)
		}
		if got := strings.Join(order, " "); got != c.order {
			t.Errorf("%s: turns are of %q, want %q", name, got, c.order)
		}
	}
	over, ends, strange, nowhere := anEvent(berlin), anEvent(berlin), anEvent(berlin), anEvent("Nowhere/At_All")
	over.Recurrence = []string{"RRULE:FREQ=WEEKLY;COUNT=2"}
	ends.EffectiveUntil = ptr(local(berlin, "2026-06-15 09:00"))
	strange.Assignment.Type = "by lot"
	for name, e := range map[string]inventory.Event{"that is over": over, "that ends before": ends, "of a strange kind": strange, "in no time zone": nowhere} {
		if _, _, err := oncall.Continue("R1", e, now); err == nil || !strings.Contains(err.Error(), `event "Event E" (E)`) {
			t.Errorf("an event %s: %v", name, err)
		}
	}
	ends.EffectiveUntil = ptr(local(berlin, "2026-06-15 09:01"))
	if _, _, err := oncall.Continue("R1", ends, now); err != nil {
		t.Errorf("an event that has a turn left: %v", err)
	}
}

func withShifts(e inventory.Event, each int) inventory.Event {
	e.Assignment.ShiftsPerMember = &each
	return e
}

func TestWhatIsMadeLateMissesTheTurnUnderWay(t *testing.T) {
	now := local(berlin, "2026-06-10 12:00")
	create := func(change func(*inventory.Event)) oncall.Step {
		e := anEvent(berlin)
		e.ID = ""
		change(&e)
		return oncall.Step{Does: oncall.CreateEvent, Rotation: "R1", Event: &e}
	}
	as := func(*inventory.Event) {}
	end := create(as)
	end.Does = oncall.EndEvent
	for name, c := range map[string]struct {
		step oncall.Step
		now  time.Time
		want []string
	}{
		// It begins before now: what it takes over from ends by PagerDuty's clock.
		"days late":            {create(as), now, []string{"06-10 11:59+02:00 to 06-15 09:00+02:00 bob"}},
		"a second late":        {create(as), local(berlin, "2026-06-01 09:00").Add(time.Second), []string{"06-01 09:00+02:00 to 06-08 09:00+02:00 ann"}},
		"in time":              {create(as), local(berlin, "2026-06-01 09:00"), nil},
		"an end":               {end, now, nil},
		"in an empty turn":     {create(func(e *inventory.Event) { e.Assignment.Members = slots("ann", "") }), now, nil},
		"between two turns":    {create(func(e *inventory.Event) { e.End = e.Start.Add(time.Hour) }), now, nil},
		"just after a turn":    {create(func(e *inventory.Event) { e.End = e.Start.Add(51 * time.Hour) }), now, nil},
		"just before a turn":   {create(func(e *inventory.Event) { e.End = e.Start.Add(time.Hour) }), local(berlin, "2026-06-15 09:00").Add(-time.Second), nil},
		"as a turn begins":     {create(func(e *inventory.Event) { e.End = e.Start.Add(time.Hour) }), local(berlin, "2026-06-15 09:00"), []string{"06-15 09:00+02:00 to 06-15 10:00+02:00 ann"}},
		"both of two who turn": {create(func(e *inventory.Event) { e.Assignment.Type = "every_member_assignment_strategy" }), now, []string{"06-10 11:59+02:00 to 06-15 09:00+02:00 ann", "06-10 11:59+02:00 to 06-15 09:00+02:00 bob"}},
	} {
		shifts, err := oncall.MissedByLate(c.step, c.now)
		if err != nil || len(shifts) != len(c.want) || len(c.want) > 0 && fmt.Sprint(customLines(shifts)) != fmt.Sprint(c.want) {
			t.Errorf("%s: missed are %v (%v), want %v", name, customLines(shifts), err, c.want)
		}
	}
	if _, err := oncall.MissedByLate(create(func(e *inventory.Event) { e.TimeZone = "Nowhere/At_All" }), now); err == nil {
		t.Error("an event in no time zone misses nothing")
	}
}

func TestUncoveredIsTheFirstTimeThatNobodyHasAndSomebodyHad(t *testing.T) {
	now := local(berlin, "2026-06-10 09:00")
	was := shiftBased(berlin, anEvent(berlin))
	w := inventory.Window{Since: now, Until: now.Add(4 * week)}
	shift := func(from, until int) inventory.Shift {
		return inventory.Shift{User: "zoe", Start: now.Add(time.Duration(from) * days), End: now.Add(time.Duration(until) * days)}
	}
	for name, c := range map[string]struct {
		shifts []inventory.Shift
		days   int // -1 for covered
	}{
		"covered by one":          {[]inventory.Shift{shift(0, 28)}, -1},
		"covered by several":      {[]inventory.Shift{shift(9, 28), shift(0, 5), shift(4, 9)}, -1},
		"none":                    {nil, 0},
		"a gap":                   {[]inventory.Shift{shift(0, 6), shift(7, 28)}, 6},
		"two gaps":                {[]inventory.Shift{shift(0, 6), shift(7, 14), shift(15, 28)}, 6},
		"a gap at the end":        {[]inventory.Shift{shift(0, 27)}, 27},
		"a gap where a turn ends": {[]inventory.Shift{shift(0, 5), shift(6, 28)}, 5},
	} {
		is := was
		is.Shifts = c.shifts
		at, found, err := oncall.Uncovered(was, is, w)
		if err != nil || found != (c.days >= 0) || found && !at.Equal(now.Add(time.Duration(c.days)*days)) {
			t.Errorf("%s: %t, at %s (%v), want %d days", name, found, at, err, c.days)
		}
	}
	is := was
	is.Overrides = []inventory.Override{{ID: "O", Start: now, End: now.Add(4 * week), Rotation: ptr("R1"), Replaces: ptr("bob")}, {ID: "P", Start: now, End: now.Add(4 * week), Rotation: ptr("R1"), Replaces: ptr("ann")}}
	if _, found, err := oncall.Uncovered(was, is, w); found || err != nil {
		t.Errorf("where overrides leave nobody on call nothing is lost: %t (%v)", found, err)
	}
	was.TimeZone, was.Rotations[0].Events[0].TimeZone = "Nowhere/At_All", "Nowhere/At_All"
	if _, _, err := oncall.Uncovered(was, is, w); err == nil {
		t.Error("a schedule in no time zone is covered")
	}
}

func TestS24_OverridesThatWouldPutNobodyOnCallAnyMoreAreLost(t *testing.T) {
	now := local(berlin, "2026-06-10 09:00")
	over := func(id string, from, until int, replaces string) inventory.Override {
		return inventory.Override{ID: id, User: ptr("zoe"), Start: now.Add(time.Duration(from) * days), End: now.Add(time.Duration(until) * days), Rotation: ptr("R1"), Replaces: &replaces}
	}
	before := shiftBased(berlin, anEvent(berlin)) // bob until the fifth day, then ann for a week
	before.Overrides = []inventory.Override{over("bob's", 0, 2, "bob"), over("ann's", 6, 7, "ann"), over("past", -9, -8, "ann"), over("nobody's", 6, 7, "cy"), over("both weeks", 3, 20, "bob")}
	members := func(m ...string) inventory.Schedule {
		s := own(before)
		s.Rotations[0].Events[0].Assignment.Members = slots(m...)
		return s
	}
	for name, c := range map[string]struct {
		after inventory.Schedule
		want  []string
	}{
		"nothing changes":            {before, nil},
		"ann leaves for dora":        {members("dora", "bob"), []string{"ann's"}},
		"bob leaves for dora":        {members("ann", "dora"), []string{"bob's", "both weeks"}},
		"they change places":         {members("bob", "ann"), []string{"bob's", "ann's", "both weeks"}},
		"bob's second week is later": {members("ann", "bob", "dora"), []string{"ann's", "both weeks"}},
		"no event is left":           {shiftBased(berlin), []string{"bob's", "ann's", "both weeks"}},
	} {
		if name == "no event is left" {
			c.after.Rotations = []inventory.Rotation{{ID: "R1"}}
		}
		c.after.Overrides = before.Overrides
		lost, err := oncall.LostCovers(before, c.after, now)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, o := range lost {
			got = append(got, o.ID)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: lost are (-want +got):\n%s", name, diff)
		}
	}
	layers := both()[0]
	layers.Overrides = []inventory.Override{over("any", 0, 2, "bob")}
	if lost, err := oncall.LostCovers(layers, layerBased(berlin), now); lost != nil || err != nil {
		t.Errorf("on layers an override is in place of whoever is on call, and lost are %v (%v)", lost, err)
	}
	broken := own(before)
	broken.Rotations[0].Events[0].TimeZone = "Nowhere/At_All"
	for name, pair := range map[string][2]inventory.Schedule{"before": {broken, before}, "after": {before, broken}} {
		if _, err := oncall.LostCovers(pair[0], pair[1], now); err == nil {
			t.Errorf("a schedule that did not render %s loses nothing", name)
		}
	}
}

func TestRerenderingSaysWhoIsOnItAndForHowMuchOfTheTime(t *testing.T) {
	for _, s := range both() {
		start := local(berlin, "2026-06-01 09:00")
		if s.Kind == inventory.ScheduleOfShifts {
			s.Rotations[0].Events[0].Assignment.Members = slots("bob", "", "ann")
			s.Rotations = s.Rotations[:1]
		}
		got, err := oncall.Rerender(s, inventory.Window{Since: start, Until: start.Add(2 * week)})
		if err != nil {
			t.Fatal(err)
		}
		users, coverage := "ann bob cy", 100.0
		if s.Kind == inventory.ScheduleOfShifts {
			users, coverage = "ann bob", 50
		}
		if strings.Join(got.Users, " ") != users || got.Coverage != coverage || len(got.Shifts) == 0 {
			t.Errorf("%s: on it are %v for %v percent, in %d shifts", s.Kind, got.Users, got.Coverage, len(got.Shifts))
		}
		s.TimeZone = "Nowhere/At_All"
		for i := range s.Rotations {
			s.Rotations[i].Events[0].TimeZone = "Nowhere/At_All"
		}
		if _, err := oncall.Rerender(s, inventory.Window{Since: start, Until: start.Add(week)}); err == nil {
			t.Errorf("%s: a schedule in no time zone renders", s.Kind)
		}
	}
}

func TestUndoingMakesTheTurnsThoseThatWere(t *testing.T) {
	for _, c := range edits {
		now := local(c.schedule.TimeZone, c.now)
		revised, err := oncall.Revise(c.schedule, []oncall.Revision{c.revision()}, now)
		if err != nil {
			t.Fatal(err)
		}
		is := asRead(revised.Schedule)
		steps := oncall.Undo(c.schedule, is)
		states := oncall.States(is, steps)
		back := states[len(states)-1]
		until := now.Add(8 * week)
		want, err := oncall.Render(c.schedule, now, until)
		if err != nil {
			t.Fatal(err)
		}
		got, err := oncall.Render(back, now, until)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, lines(want, utc, false), lines(got, utc, false))
		if (len(steps) == 0) != (len(revised.Steps) == 0) {
			t.Errorf("%s: %s is undone by %s", c.name, kinds(revised.Steps), kinds(steps))
		}
		if steps := oncall.Undo(c.schedule, c.schedule); len(steps) != 0 {
			t.Errorf("%s: nothing is undone by %s", c.name, kinds(steps))
		}
	}
	was, all := twoRotations(t, local(berlin, "2026-06-10 12:00"))
	states := oncall.States(was, oncall.Bare(all))
	if got := kinds(oncall.Undo(was, asRead(states[len(states)-1]))); got != "delete_event R1, delete_event R2, end_event R1, end_event R2" {
		t.Errorf("what was made goes first: undone by %s", got)
	}
	changed := own(was)
	changed.Rotations[1].Events[0].Assignment.Members = slots("cy")
	steps := oncall.Undo(was, changed)
	if got := kinds(steps); got != "replace_event R2" || steps[0].Event.Assignment.Members[0] == nil || len(steps[0].Event.Assignment.Members) != 2 {
		t.Errorf("another order is undone by %s of %+v", got, steps[0].Event)
	}
}

func TestUndoneLayersStandWhereTheyStoodAndNewOnesEndAtOnceBeneathThem(t *testing.T) {
	was := both()[0]
	is := own(was)
	made := layer("NEW", local(berlin, "2026-06-10 09:00"), week, "zoe")
	is.Layers = []inventory.Layer{is.Layers[1], made, is.Layers[0]}
	is.Layers[2].Users = []string{"zoe"}
	steps := oncall.Undo(was, is)
	if kinds(steps) != "put_layers" {
		t.Fatalf("undone by %s", kinds(steps))
	}
	var got []string
	for _, l := range steps[0].Layers {
		got = append(got, l.ID+" "+strings.Join(l.Users, ","))
	}
	equal(t, []string{"NEW zoe", "L ann,bob", "L2 cy"}, got)
	if end := steps[0].Layers[0].End; end == nil || !end.Equal(made.Start.Add(time.Minute)) || steps[0].Layers[1].End != nil {
		t.Errorf("the new one ends at %v, the old one at %v", end, steps[0].Layers[1].End)
	}
}
