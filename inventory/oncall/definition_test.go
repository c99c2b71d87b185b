package oncall_test

import (
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// changedLayers are changes of a layer, each in one respect.
var changedLayers = map[string]func(*inventory.Layer){
	"the name":          func(l *inventory.Layer) { l.Name = "Other" },
	"the start":         func(l *inventory.Layer) { l.Start = l.Start.Add(time.Minute) },
	"an end":            func(l *inventory.Layer) { l.End = ptr(l.Start.Add(week)) },
	"the virtual start": func(l *inventory.Layer) { l.VirtualStart = l.VirtualStart.Add(time.Minute) },
	"the turns":         func(l *inventory.Layer) { l.TurnSeconds++ },
	"the order":         func(l *inventory.Layer) { l.Users = []string{"bob", "ann"} },
	"no restrictions":   func(l *inventory.Layer) { l.Restrictions = nil },
	"a restriction's type": func(l *inventory.Layer) {
		l.Restrictions = []inventory.Restriction{onWeekday(1, "09:00:00", 8*time.Hour)}
		l.Restrictions[0].StartDay = nil
	},
	"a restriction's start":  func(l *inventory.Layer) { l.Restrictions = []inventory.Restriction{daily("10:00:00", 8*time.Hour)} },
	"a restriction's length": func(l *inventory.Layer) { l.Restrictions = []inventory.Restriction{daily("09:00:00", 9*time.Hour)} },
	"a restriction's day": func(l *inventory.Layer) {
		l.Restrictions = []inventory.Restriction{daily("09:00:00", 8*time.Hour)}
		l.Restrictions[0].StartDay = ptr(1)
	},
}

func aLayer() inventory.Layer {
	l := layer("L", local(berlin, "2026-06-01 09:00"), week, "ann", "bob")
	l.Restrictions = []inventory.Restriction{daily("09:00:00", 8*time.Hour)}
	return l
}

// changedEvents are changes of an event, each in one respect.
var changedEvents = map[string]func(*inventory.Event){
	"the name":            func(e *inventory.Event) { e.Name = "Other" },
	"the start":           func(e *inventory.Event) { e.Start = e.Start.Add(time.Minute) },
	"the end":             func(e *inventory.Event) { e.End = e.End.Add(time.Minute) },
	"the time zone":       func(e *inventory.Event) { e.TimeZone = chicago },
	"the rule":            func(e *inventory.Event) { e.Recurrence = []string{"RRULE:FREQ=DAILY"} },
	"from when it holds":  func(e *inventory.Event) { e.EffectiveSince = e.EffectiveSince.Add(-time.Minute) },
	"until when it holds": func(e *inventory.Event) { e.EffectiveUntil = ptr(e.Start.Add(3 * week)) },
	"the kind of turns":   func(e *inventory.Event) { e.Assignment.Type = "every_member_assignment_strategy" },
	"the turn's length":   func(e *inventory.Event) { e.Assignment.ShiftsPerMember = ptr(2) },
	"no turn's length":    func(e *inventory.Event) { e.Assignment.ShiftsPerMember = nil },
	"the order":           func(e *inventory.Event) { e.Assignment.Members = slots("bob", "ann") },
	"an empty slot":       func(e *inventory.Event) { e.Assignment.Members = slots("ann", "") },
}

func anEvent(zone string) inventory.Event {
	return weekly("E", local(berlin, "2026-06-01 09:00"), local(berlin, "2026-06-08 09:00"), zone, "ann", "bob")
}

func TestLayersAndEventsAreTheSameOnlyIfNothingButTheirIDsDiffers(t *testing.T) {
	l, e := aLayer(), anEvent(berlin)
	l.ID, e.ID = "OTHER", "OTHER"
	if !oncall.SameLayer(aLayer(), l) || !oncall.SameEvent(anEvent(berlin), e) {
		t.Error("another id makes another layer or event")
	}
	for name, change := range changedLayers {
		l := aLayer()
		if change(&l); oncall.SameLayer(aLayer(), l) || oncall.SameLayer(l, aLayer()) {
			t.Errorf("layers that differ in %s are the same", name)
		}
		if !oncall.SameLayer(l, l) {
			t.Errorf("a layer with another %s is not the same as itself", name)
		}
	}
	for name, change := range changedEvents {
		e := anEvent(berlin)
		if change(&e); oncall.SameEvent(anEvent(berlin), e) || oncall.SameEvent(e, anEvent(berlin)) {
			t.Errorf("events that differ in %s are the same", name)
		}
		if !oncall.SameEvent(e, e) {
			t.Errorf("an event with another %s is not the same as itself", name)
		}
	}
	// PagerDuty reads back Etc/UTC for UTC.
	if !oncall.SameEvent(anEvent("UTC"), anEvent(utc)) || oncall.SameEvent(anEvent("UTC"), anEvent(berlin)) {
		t.Error("UTC is not Etc/UTC, or is Berlin's time")
	}
	ends, later := aLayer(), aLayer()
	ends.End, later.End = ptr(date("2026-07-01")), ptr(date("2026-07-02"))
	if oncall.SameLayer(ends, later) || !oncall.SameLayer(ends, ends) {
		t.Error("two ends are one")
	}
}

// changedDefinitions are changes of a schedule, each in one respect.
func changedDefinitions(s inventory.Schedule) map[string]func(*inventory.Schedule) {
	changes := map[string]func(*inventory.Schedule){
		"the id":        func(s *inventory.Schedule) { s.ID = "OTHER" },
		"the kind":      func(s *inventory.Schedule) { s.Kind = "other" },
		"the time zone": func(s *inventory.Schedule) { s.TimeZone = chicago },
	}
	if len(s.Layers) > 0 {
		changes["a layer's turns"] = func(s *inventory.Schedule) { s.Layers[0].TurnSeconds++ }
		changes["a layer's id"] = func(s *inventory.Schedule) { s.Layers[0].ID = "OTHER" }
		changes["one layer less"] = func(s *inventory.Schedule) { s.Layers = s.Layers[1:] }
		changes["the layers' order"] = func(s *inventory.Schedule) { s.Layers[0], s.Layers[1] = s.Layers[1], s.Layers[0] }
	}
	if len(s.Rotations) > 0 {
		changes["a rotation's id"] = func(s *inventory.Schedule) { s.Rotations[0].ID = "OTHER" }
		changes["one rotation less"] = func(s *inventory.Schedule) { s.Rotations = s.Rotations[1:] }
		changes["an event's id"] = func(s *inventory.Schedule) { s.Rotations[0].Events[0].ID = "OTHER" }
		changes["an event's rule"] = func(s *inventory.Schedule) { s.Rotations[0].Events[0].Recurrence = []string{"RRULE:FREQ=DAILY"} }
		changes["one event more"] = func(s *inventory.Schedule) { s.Rotations[0].Events = append(s.Rotations[0].Events, anEvent(chicago)) }
	}
	return changes
}

// own is a copy that shares nothing.
func own(s inventory.Schedule) inventory.Schedule {
	s.Layers = append([]inventory.Layer{}, s.Layers...)
	s.Rotations = append([]inventory.Rotation{}, s.Rotations...)
	for i := range s.Rotations {
		s.Rotations[i].Events = append([]inventory.Event{}, s.Rotations[i].Events...)
	}
	return s
}

// both are a schedule of either kind, of two parts.
func both() []inventory.Schedule {
	second := anEvent(berlin)
	second.ID, second.Name = "E2", "Second"
	return []inventory.Schedule{
		layerBased(berlin, aLayer(), layer("L2", local(berlin, "2026-06-01 09:00"), week, "cy")), shiftBased(berlin, anEvent(berlin), second),
	}
}

func TestADefinitionIsTheSameWhereNothingThatMakesTurnsDiffers(t *testing.T) {
	now := local(berlin, "2026-06-10 12:00")
	for _, s := range both() {
		renamed := own(s)
		renamed.Name, renamed.Shifts = "Other", []inventory.Shift{{User: "ann"}}
		if !oncall.SameDefinition(s, renamed) || !oncall.Matches(renamed, s, now) {
			t.Error("a name and shifts make no other definition")
		}
		for name, change := range changedDefinitions(s) {
			other := own(s)
			change(&other)
			if oncall.SameDefinition(s, other) || oncall.SameDefinition(other, s) {
				t.Errorf("%s: schedules that differ in %s are the same", s.Kind, name)
			}
			if oncall.Matches(other, s, now) || oncall.Matches(s, other, now) {
				t.Errorf("%s: schedules that differ in %s match", s.Kind, name)
			}
		}
	}
}

func TestWhatIsForeseenWithoutAnIDMayHaveAny(t *testing.T) {
	now := local(berlin, "2026-06-10 12:00")
	for _, is := range both() {
		want := own(is)
		for i := range want.Layers {
			want.Layers[i].ID = ""
		}
		for i := range want.Rotations {
			want.Rotations[i].ID, want.Rotations[i].Events[0].ID = "", ""
		}
		if !oncall.Matches(is, want, now) {
			t.Errorf("%s: what is to be made does not match what was made", is.Kind)
		}
		if oncall.Matches(want, is, now) {
			t.Errorf("%s: what was made without an id matches one that has one", is.Kind)
		}
	}
	is := both()[1]
	// Rotations come in any order, and what has ended may be listed or not.
	turned := own(is)
	turned.Rotations[0], turned.Rotations[1] = turned.Rotations[1], turned.Rotations[0]
	ended := anEvent(berlin)
	ended.ID, ended.EffectiveUntil = "E0", ptr(now)
	turned.Rotations[1].Events = append(turned.Rotations[1].Events, ended)
	if !oncall.Matches(turned, is, now) || !oncall.Matches(is, turned, now) {
		t.Error("the order of rotations or what has ended makes a difference")
	}
	if oncall.Matches(turned, is, now.Add(-time.Second)) {
		t.Error("what ends in a second makes no difference")
	}
	// One whose id is known is taken for the one of that id first.
	twins, want := own(is), own(is)
	twins.Rotations[1].Events[0] = anEvent(berlin)
	want.Rotations[0].ID, want.Rotations[0].Events[0].ID = "", ""
	want.Rotations[1].Events[0] = anEvent(berlin)
	want.Rotations[1].ID = "R1"
	if !oncall.Matches(twins, want, now) {
		t.Error("a rotation without an id takes the place of one that has it")
	}
}

func TestAnEventMadeLateIsTheOneThatWasToBeMade(t *testing.T) {
	due := local(berlin, "2026-06-08 09:00")
	want := anEvent(berlin)
	want.ID, want.EffectiveSince = "", due
	foreseen := shiftBased(berlin, want)
	for _, c := range []struct {
		since, now time.Time
		want       bool
	}{
		{due, due, true},
		{due.Add(time.Minute), due.Add(time.Minute), true},
		{due.Add(time.Minute), due.Add(time.Hour), true},
		{due.Add(time.Minute), due, false}, // it is yet to come, and not as late as now
		{due.Add(-time.Minute), due, false},
	} {
		is := shiftBased(berlin, anEvent(berlin))
		is.Rotations[0].Events[0].EffectiveSince = c.since
		if got := oncall.Matches(is, foreseen, c.now); got != c.want {
			t.Errorf("in effect from %s at %s, due at %s: matches %t", c.since, c.now, due, got)
		}
	}
}

func TestWhatIsWrittenAlreadyIsNotWrittenAgain(t *testing.T) {
	s := both()
	layers, events := s[0], s[1]
	put := func(change func(ls []inventory.Layer) []inventory.Layer) oncall.Step {
		return oncall.Step{Does: oncall.PutLayers, Layers: change(own(layers).Layers)}
	}
	event := func(does oncall.StepKind, rotation, id string, change func(*inventory.Event)) oncall.Step {
		e := anEvent(berlin)
		e.ID = id
		change(&e)
		return oncall.Step{Does: does, Rotation: rotation, Event: &e}
	}
	as := func(*inventory.Event) {}
	for name, c := range map[string]struct {
		schedule inventory.Schedule
		step     oncall.Step
		written  bool
	}{
		"layers as they are":           {layers, put(func(ls []inventory.Layer) []inventory.Layer { return ls }), true},
		"a layer that got its id":      {layers, put(func(ls []inventory.Layer) []inventory.Layer { ls[1].ID = ""; return ls }), true},
		"a layer of another id":        {layers, put(func(ls []inventory.Layer) []inventory.Layer { ls[1].ID = "L9"; return ls }), false},
		"a layer that changed":         {layers, put(func(ls []inventory.Layer) []inventory.Layer { ls[1].TurnSeconds++; return ls }), false},
		"a layer more":                 {layers, put(func(ls []inventory.Layer) []inventory.Layer { return append(ls, ls[0]) }), false},
		"an event made":                {events, event(oncall.CreateEvent, "R1", "", as), true},
		"an event made late":           {events, event(oncall.CreateEvent, "R1", "", func(e *inventory.Event) { e.EffectiveSince = e.EffectiveSince.Add(-time.Hour) }), true},
		"an event made early":          {events, event(oncall.CreateEvent, "R1", "", func(e *inventory.Event) { e.EffectiveSince = e.EffectiveSince.Add(time.Hour) }), false},
		"an event not made":            {events, event(oncall.CreateEvent, "R2", "", as), false},
		"a rotation that is not there": {events, event(oncall.CreateEvent, "R3", "", as), false},
		"an event replaced":            {events, event(oncall.ReplaceEvent, "R1", "E", as), true},
		"another event of that shape":  {events, event(oncall.ReplaceEvent, "R1", "E9", as), false},
		"an event to be put off":       {events, event(oncall.ReplaceEvent, "R1", "E", func(e *inventory.Event) { e.EffectiveSince = e.EffectiveSince.Add(-time.Hour) }), false},
		"an event not ended":           {events, event(oncall.EndEvent, "R1", "E", func(e *inventory.Event) { e.EffectiveUntil = ptr(e.Start.Add(week)) }), false},
		"an event still there":         {events, event(oncall.DeleteEvent, "R1", "E", as), false},
		"an event deleted":             {events, event(oncall.DeleteEvent, "R1", "E9", as), true},
		"a net":                        {events, event(oncall.AddRotation, "", "", as), false},
		"a net taken away":             {events, event(oncall.DeleteRotation, "R1", "E", as), false},
	} {
		if got := len(oncall.Remaining(c.schedule, []oncall.Step{c.step})) == 0; got != c.written {
			t.Errorf("%s: written %t, want %t", name, got, c.written)
		}
	}
}
