package apply_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// telling is a story to be: what the schedule was, what happens, and when it is looked at
// again.
type telling struct {
	title   string
	was     inventory.Schedule
	later   []time.Duration
	arrange func(s *story, p *plan.Plan)
}

// leaves is an edit by which ann leaves and dora joins.
func leaves(t *testing.T, s *story, p *plan.Plan) {
	t.Helper()
	*p = *revises(t, copied(s.desk.is), s.desk.clock.Now(), []oncall.Revision{{Part: "E", Join: []string{"dora"}, Leave: []string{"ann"}}}, "dora")
}

// at has f done before the call that begins so, the first time.
func at(s *story, call string, f func() error) {
	done, before := false, s.desk.before
	s.desk.before = func(c string) error {
		if !done && strings.HasPrefix(c, call) {
			done = true
			return f()
		}
		if before != nil {
			return before(c)
		}
		return nil
	}
}

// always has every call fail that begins so.
func always(s *story, call string, err error) {
	before := s.desk.before
	s.desk.before = func(c string) error {
		if strings.HasPrefix(c, call) {
			return err
		}
		if before != nil {
			return before(c)
		}
		return nil
	}
}

// then has f done once a call that begins so is through.
func then(s *story, call string, f func() error) {
	done := false
	s.desk.after = func(c string) error {
		if !done && strings.HasPrefix(c, call) {
			done = true
			return f()
		}
		return nil
	}
}

// lost has the process killed right after a call that begins so.
func lost(s *story, call string) {
	dead := false
	then(s, call, func() error { dead = true; return errCut })
	s.book.refuses = func(string) error {
		if dead {
			return errUnkept
		}
		return nil
	}
	s.revive = func() { dead, s.book.refuses = false, nil }
	before := s.desk.before
	s.desk.before = func(c string) error {
		if dead {
			return errCut
		}
		if before != nil {
			return before(c)
		}
		return nil
	}
}

func (s *story) event(i int) *inventory.Event { return &s.desk.is.Rotations[0].Events[i] }

func named(names ...string) []*string {
	var out []*string
	for _, n := range names {
		out = append(out, &n)
	}
	return out
}

// gone is the word of PagerDuty that the schedule is not there.
var errGone = goneError{errors.New("no such schedule")}

// leftoverError is a refusal after which an empty rotation is left.
type leftoverError struct{ answer }

func (leftoverError) Leftover() bool { return true }

// elsewhere has somebody else add a person to the event.
func elsewhere(s *story) func() error {
	return func() error {
		s.event(0).Assignment.Members = append(slices.Clone(s.event(0).Assignment.Members), named("zoe")...)
		return nil
	}
}

func replaced(user, replaces, rotation string, from, until time.Time) inventory.Override {
	return inventory.Override{ID: "OV", User: &user, Replaces: &replaces, Rotation: &rotation, Start: from, End: until}
}

const (
	hour   = time.Hour
	aDay   = 24 * hour
	aWeek  = 7 * aDay
	minute = time.Minute
)

func TestS23_WhatComesOfAnEditIsSaid(t *testing.T) {
	events, layers := weekly("ann", "bob"), layered("ann", "bob")
	roomless := func(s *story) { always(s, "add_rotation", errRoom) }
	soon := []time.Duration{minute, 3 * minute}
	passed := []time.Duration{aWeek, minute}
	var all strings.Builder
	for _, c := range []telling{
		// Before anything is written.
		{"the schedule can't be read", events, nil, func(s *story, _ *plan.Plan) { always(s, "read", errCut) }},
		{"it is so already", events, nil, func(s *story, p *plan.Plan) { s.desk.is = p.Edits[0].Work.Revised.Schedule }},
		{"somebody changed it since the plan", events, nil, func(s *story, _ *plan.Plan) { _ = elsewhere(s)() }},
		{"the plan has no edit of it", events, nil, func(_ *story, p *plan.Plan) { p.Edits = nil }},
		{"the plan has ended", events, nil, func(s *story, p *plan.Plan) {
			p.Expires = new(s.desk.clock.Now().Add(minute))
			at(s, "read", func() error { s.desk.clock.advance(minute); return nil })
		}},
		{"the plan ends before the first step is sent", events, nil, func(s *story, p *plan.Plan) {
			p.Expires = new(s.desk.clock.Now().Add(minute))
			s.book.refuses = func(what string) error {
				if what == "begin" {
					s.desk.clock.advance(2 * minute)
				}
				return nil
			}
		}},
		{"the plan ends once the first step is sent", events, nil, func(s *story, p *plan.Plan) {
			p.Expires = new(s.desk.clock.Now().Add(minute))
			then(s, "add_rotation", func() error { s.desk.clock.advance(2 * minute); return nil })
		}},
		{"no preview, no answer", layers, nil, func(s *story, _ *plan.Plan) { always(s, "preview", errCut) }},
		{"no preview, refused", layers, nil, func(s *story, _ *plan.Plan) { always(s, "preview", errRefused) }},
		{"the preview shows others", layers, nil, func(s *story, _ *plan.Plan) {
			s.desk.preview = func(v *inventory.Schedule) { v.Layers[0].Users = []string{"bob", "ann", "dora"} }
		}},
		{"a layer that has ended names people who are gone", func() inventory.Schedule {
			s := layered("ann", "bob")
			old := s.Layers[0]
			old.ID, old.Name, old.Start, old.End, old.Users = "OLD", "Old", start.Add(-aWeek), &start, []string{"gone"}
			s.Layers = append([]inventory.Layer{old}, s.Layers...)
			return s
		}(), nil, func(s *story, _ *plan.Plan) {
			s.desk.preview = func(v *inventory.Schedule) {
				for _, l := range v.Layers {
					if slices.Contains(l.Users, "gone") {
						v.TimeZone = "refused"
					}
				}
			}
		}},
		{"an override since the plan would be void", events, nil, func(s *story, _ *plan.Plan) {
			s.desk.is.Overrides = []inventory.Override{replaced("zoe", "bob", "R1", start.Add(3*aWeek), start.Add(4*aWeek))}
		}},
		{"an override that the plan knew would be", events, nil, func(s *story, p *plan.Plan) {
			s.desk.is.Overrides = []inventory.Override{replaced("zoe", "bob", "R1", start.Add(3*aWeek), start.Add(4*aWeek))}
			p.Edits[0].Work.Was.Overrides = s.desk.is.Overrides
		}},
		{"an override since the plan that the plan makes itself", events, nil, func(s *story, p *plan.Plan) { makesIt(s, p, func(*plan.Change) {}) }},
		{"one of another person", events, nil, func(s *story, p *plan.Plan) { makesIt(s, p, func(c *plan.Change) { c.User = "yan" }) }},
		{"one of another end", events, nil, func(s *story, p *plan.Plan) {
			makesIt(s, p, func(c *plan.Change) { c.Override.End = c.Override.End.Add(hour) })
		}},
		{"one on another schedule", events, nil, func(s *story, p *plan.Plan) { makesIt(s, p, func(c *plan.Change) { c.Resource.ID = "S2" }) }},
		{"one that the plan takes back", events, nil, func(s *story, p *plan.Plan) {
			makesIt(s, p, func(c *plan.Change) { c.Before, c.After = c.After, c.Before })
		}},
		{"another that the plan knew, and one since", events, nil, func(s *story, p *plan.Plan) {
			s.desk.is.Overrides = []inventory.Override{replaced("zoe", "bob", "R1", start.Add(3*aWeek), start.Add(4*aWeek))}
			p.Edits[0].Work.Was.Overrides = []inventory.Override{replaced("zoe", "ann", "R1", start, start.Add(hour))}
			p.Edits[0].Work.Was.Overrides[0].ID = "OTHER"
		}},
		{"an override since the plan stays in effect", events, nil, func(s *story, _ *plan.Plan) {
			s.desk.is.Overrides = []inventory.Override{replaced("zoe", "bob", "R1", start.Add(aWeek), start.Add(2*aWeek))}
		}},
		{"what the first step concerns can't be read", events, soon, func(s *story, _ *plan.Plan) { always(s, "add_rotation", errUnread) }},
		// The record.
		{"the intent can't be recorded", events, nil, func(s *story, _ *plan.Plan) { s.book.refuses = func(string) error { return errUnkept } }},
		{"the first step can't be recorded", events, nil, func(s *story, _ *plan.Plan) { unkeptFrom(s, "step", 1) }},
		{"the second step can't be recorded", events, soon, func(s *story, _ *plan.Plan) { unkeptFrom(s, "step", 2) }},
		{"the third step can't be recorded, without a net", events, soon, func(s *story, _ *plan.Plan) { roomless(s); unkeptFrom(s, "step", 3) }},
		{"the result can't be recorded", events, soon, func(s *story, _ *plan.Plan) { unkeptFrom(s, "finish", 1) }},
		// Without a net.
		{"no room for a net", events, soon, func(s *story, _ *plan.Plan) { roomless(s) }},
		{"no room for a net, the successor refused", events, soon, func(s *story, _ *plan.Plan) { roomless(s); always(s, "create_event", errRefused) }},
		{"no room for a net, the successor lost", events, soon, func(s *story, _ *plan.Plan) {
			roomless(s)
			at(s, "create_event", func() error { return errCut })
		}},
		{"no room for a net, the successor refused and unseen", events, soon, func(s *story, _ *plan.Plan) {
			roomless(s)
			s.desk.lag = minute
			always(s, "create_event", errRefused)
		}},
		{"no room for a net, the successor refused and no way back", events, soon, func(s *story, _ *plan.Plan) {
			roomless(s)
			s.desk.lag = minute
			at(s, "create_event", func() error { always(s, "end_event", errCut); return errRefused })
		}},
		{"no room for a net, killed before the successor", events, passed, func(s *story, _ *plan.Plan) { roomless(s); lost(s, "end_event") }},
		{"no room for a net, killed before the successor, looked at days late", events, []time.Duration{aWeek + 2*aDay, minute}, func(s *story, _ *plan.Plan) { roomless(s); lost(s, "end_event") }},
		{"no room for a net, killed before the successor, and a person is gone", events, passed, func(s *story, _ *plan.Plan) {
			roomless(s)
			lost(s, "end_event")
			s.later = func() { always(s, "create_event", errRefused) }
		}},
		{"no room for a net, killed before the successor, and somebody stepped in", events, passed, func(s *story, _ *plan.Plan) {
			roomless(s)
			lost(s, "end_event")
			s.later = func() {
				zoe := "zoe"
				s.desk.is.CustomShifts = []inventory.CustomShift{{ID: "Z", User: &zoe, Start: start.Add(aWeek), End: start.Add(20 * aWeek)}}
			}
		}},
		{"no room for a net, killed before the successor, looked at a day late", events, []time.Duration{aWeek - hour + aDay, minute}, func(s *story, _ *plan.Plan) { roomless(s); lost(s, "end_event") }},
		{"no room for a net, killed before the successor, and who was to leave is gone", events, passed, func(s *story, p *plan.Plan) {
			leaves(t, s, p)
			roomless(s)
			lost(s, "end_event")
			s.later = func() { at(s, "create_event", func() error { return errRefused }) }
		}},
		{"likewise with an empty slot", weekly("ann", "", "bob"), passed, func(s *story, p *plan.Plan) {
			*p = *revises(t, copied(s.desk.is), s.desk.clock.Now(), []oncall.Revision{{Part: "E", Leave: []string{"ann"}}})
			p.Changes = []plan.Change{change(desired.Pair{User: "ann", Resource: p.Edits[0].Schedule, Layer: "E"}, desired.Rotation, inventory.None)}
			p.Changes[0].Layer, s.gap = "E", true
			roomless(s)
			lost(s, "end_event")
			s.later = func() { at(s, "create_event", func() error { return errRefused }) }
		}},
		{"no room for nets of two events, the third step can't be recorded", two(), soon, func(s *story, _ *plan.Plan) { roomless(s); unkeptFrom(s, "step", 5) }},
		{"no room for nets of two events, the second end can't be recorded", two(), soon, func(s *story, _ *plan.Plan) { roomless(s); unkeptFrom(s, "step", 6) }},
		// With a net.
		{"two events", two(), soon, func(*story, *plan.Plan) {}},
		{"two events, killed after the first", two(), soon, func(s *story, _ *plan.Plan) { lost(s, "create_event R1") }},
		{"two events, killed after the first, looked at after the handoff", two(), passed, func(s *story, _ *plan.Plan) { lost(s, "create_event R1") }},
		{"two events, the second net leaves an empty rotation", two(), soon, func(s *story, _ *plan.Plan) {
			at(s, "add_rotation", func() error {
				at(s, "add_rotation", func() error {
					s.desk.is.Rotations = append(s.desk.is.Rotations, inventory.Rotation{ID: "BARE"})
					return leftoverError{errRefused}
				})
				return nil
			})
		}},
		{"killed in the net, looked at after just two minutes", events, []time.Duration{2 * minute, minute}, func(s *story, _ *plan.Plan) { lost(s, "end_event") }},
		{"killed in the net, others' overrides on it", events, passed, func(s *story, _ *plan.Plan) {
			lost(s, "end_event")
			s.later = func() {
				net := s.desk.is.Rotations[1].ID
				s.desk.is.Overrides = []inventory.Override{
					replaced("zoe", "bob", net, start.Add(aWeek+2*aDay), start.Add(aWeek+3*aDay)), replaced("zoe", "dora", net, start.Add(3*aWeek), start.Add(3*aWeek+aDay)),
					replaced("zoe", "ann", "R1", start.Add(4*aWeek), start.Add(4*aWeek+aDay)), replaced("zoe", "bob", net, start, start.Add(aDay)),
				}
			}
		}},
		{"killed in the net, and the overrides are refused", events, passed, func(s *story, _ *plan.Plan) {
			lost(s, "end_event")
			s.later = func() {
				s.desk.is.Overrides = []inventory.Override{replaced("zoe", "bob", s.desk.is.Rotations[1].ID, start.Add(aWeek+2*aDay), start.Add(aWeek+3*aDay))}
				always(s, "add override", errRefused)
			}
		}},
		{"killed in the net, and the overrides get no answer", events, passed, func(s *story, _ *plan.Plan) {
			lost(s, "end_event")
			s.later = func() {
				s.desk.is.Overrides = []inventory.Override{replaced("zoe", "bob", s.desk.is.Rotations[1].ID, start.Add(aWeek+2*aDay), start.Add(aWeek+3*aDay))}
				at(s, "add override", func() error { return errCut })
			}
		}},
		{"killed in the net, and its own rotation takes it no more", events, passed, func(s *story, _ *plan.Plan) {
			lost(s, "end_event")
			s.later = func() { always(s, "create_event", errRefused) }
		}},
		{"killed in the net, and its own rotation gives no answer", events, passed, func(s *story, _ *plan.Plan) {
			lost(s, "end_event")
			s.later = func() { at(s, "create_event", func() error { return errCut }) }
		}},
		{"killed in the net, and the custom shift is refused", events, passed, func(s *story, _ *plan.Plan) {
			lost(s, "end_event")
			s.later = func() { at(s, "add custom shift", func() error { return errRefused }) }
		}},
		{"the net leaves an empty rotation", events, soon, func(s *story, _ *plan.Plan) {
			at(s, "add_rotation", func() error {
				s.desk.is.Rotations = append(s.desk.is.Rotations, inventory.Rotation{ID: "BARE"})
				return leftoverError{errRefused}
			})
		}},
		{"the net leaves an empty rotation that can't be deleted", events, soon, func(s *story, _ *plan.Plan) {
			at(s, "add_rotation", func() error {
				s.desk.is.Rotations = append(s.desk.is.Rotations, inventory.Rotation{ID: "BARE"})
				return leftoverError{errRefused}
			})
			always(s, "delete_rotation", errRefused)
		}},
		{"the net leaves an empty rotation, and deleting it gets no answer", events, append(soon, minute), func(s *story, _ *plan.Plan) {
			at(s, "add_rotation", func() error {
				s.desk.is.Rotations = append(s.desk.is.Rotations, inventory.Rotation{ID: "BARE"})
				return leftoverError{errRefused}
			})
			at(s, "delete_rotation", func() error { return errCut })
		}},
		// Other turns than foreseen.
		{"PagerDuty renders others", events, soon, func(s *story, _ *plan.Plan) { s.desk.shows = others(start.Add(2*aWeek), start.Add(3*aWeek)) }},
		{"PagerDuty renders others, and it can't be taken back", events, soon, func(s *story, _ *plan.Plan) {
			s.desk.shows = others(start.Add(2*aWeek), start.Add(3*aWeek))
			always(s, "delete_event", errRefused)
		}},
		{"PagerDuty renders others, and the handoff has passed", events, nil, func(s *story, _ *plan.Plan) {
			s.desk.shows = others(start.Add(2*aWeek), start.Add(3*aWeek))
			then(s, "delete_rotation", func() error { s.desk.clock.advance(aWeek); return nil })
		}},
		{"PagerDuty renders others, and there is no room for a net", events, soon, func(s *story, _ *plan.Plan) {
			roomless(s)
			s.desk.shows = others(start.Add(2*aWeek), start.Add(3*aWeek))
		}},
		{"PagerDuty renders others, and the net of the way back stays", events, soon, func(s *story, _ *plan.Plan) {
			s.desk.shows = others(start.Add(2*aWeek), start.Add(3*aWeek))
			always(s, "delete_rotation NET4", errRefused)
		}},
		{"PagerDuty renders others of a layer", layers, soon, func(s *story, _ *plan.Plan) { s.desk.shows = others(start.Add(2*aWeek), start.Add(3*aWeek)) }},
		// Somebody else amid the edit.
		{"somebody adds a person amid it", events, soon, func(s *story, _ *plan.Plan) { then(s, "add_rotation", elsewhere(s)) }},
		{"somebody adds a person after it", events, soon, func(s *story, _ *plan.Plan) {
			then(s, "delete_rotation", func() error { s.event(1).Assignment.Members = named("bob", "ann", "dora", "zoe"); return nil })
		}},
		{"somebody changes the layer after it", layers, soon, func(s *story, _ *plan.Plan) {
			then(s, "put_layers", func() error { s.desk.is.Layers[0].Users = []string{"ann", "zoe"}; return nil })
		}},
		{"somebody leaves the layer without anybody after it", layers, append(soon, 3*minute), func(s *story, _ *plan.Plan) {
			then(s, "put_layers", func() error { s.desk.is.Layers[0].End = new(start.Add(2 * aWeek)); return nil })
		}},
		{"somebody adds another rotation amid it", events, soon, func(s *story, _ *plan.Plan) {
			lost(s, "end_event")
			s.later = func() {
				e := *s.event(0)
				e.ID, e.Name, e.EffectiveUntil, e.Assignment.Members = "X", "Other", nil, named("zoe")
				s.desk.is.Rotations = append(s.desk.is.Rotations, inventory.Rotation{ID: "RX", Events: []inventory.Event{e}})
			}
		}},
		{"somebody deletes the net amid it", events, append(soon, 3*minute), func(s *story, _ *plan.Plan) {
			lost(s, "end_event")
			s.later = func() {
				s.desk.is.Rotations = s.desk.is.Rotations[:1]
				s.event(0).Name = "Renamed"
			}
		}},
		{"somebody deletes the net amid it, looked at after just two minutes", events, []time.Duration{2 * minute, minute}, func(s *story, _ *plan.Plan) {
			lost(s, "end_event")
			s.later = func() {
				s.desk.is.Rotations = s.desk.is.Rotations[:1]
				s.event(0).Name = "Renamed"
			}
		}},
		{"somebody deletes the net and adds a rotation amid it", events, append(soon, 3*minute), func(s *story, _ *plan.Plan) {
			lost(s, "end_event")
			s.later = func() {
				e := *s.event(0)
				e.ID, e.Name, e.EffectiveUntil, e.End, e.Assignment.Members = "X", "Other", nil, e.Start.Add(hour), named("zoe")
				s.desk.is.Rotations = append(s.desk.is.Rotations[:1], inventory.Rotation{ID: "RX", Events: []inventory.Event{e}})
			}
		}},
		// The schedule is out of sight.
		{"killed, and the schedule is gone for just two minutes", events, []time.Duration{2 * minute}, func(s *story, _ *plan.Plan) { lost(s, "end_event"); s.later = func() { always(s, "read", errGone) } }},
		{"killed, and the schedule is gone", events, []time.Duration{minute, 3 * minute}, func(s *story, _ *plan.Plan) { lost(s, "end_event"); s.later = func() { always(s, "read", errGone) } }},
		{"killed, and the schedule is not to be read", events, []time.Duration{9 * minute, minute, aDay - 10*minute, minute}, func(s *story, _ *plan.Plan) {
			lost(s, "end_event")
			s.later = func() { always(s, "read", refusedError{errors.New("not for this token")}) }
		}},
		{"killed, and nothing answers", events, []time.Duration{minute, 2 * aDay}, func(s *story, _ *plan.Plan) { lost(s, "end_event"); s.later = func() { always(s, "read", errCut) } }},
		{"written, and not to be read back", events, soon, func(s *story, _ *plan.Plan) {
			then(s, "delete_rotation", func() error { at(s, "read", func() error { return errCut }); return nil })
		}},
	} {
		s := newStory(c.was)
		p := joins(t, c.was, s.desk.clock.Now(), "dora")
		c.arrange(s, p)
		s.say("%s:", c.title)
		s.run(t, p)
		for i, l := range c.later {
			if i == 0 && s.revive != nil {
				s.revive()
			}
			if i == 0 && s.later != nil {
				s.later()
			}
			s.recover(t, l)
		}
		s.ends(t, c.was, c.title)
		all.WriteString(s.String())
	}
	golden(t, "edits.golden", all.String())
}

// makesIt has the plan make an override that is there by then, and would be void.
func makesIt(s *story, p *plan.Plan, change func(*plan.Change)) {
	o := replaced("zoe", "bob", "R1", start.Add(3*aWeek), start.Add(4*aWeek))
	s.desk.is.Overrides = []inventory.Override{o}
	c := overrideOf(plan.OverrideShift{Kind: plan.AsOverride, User: "zoe", Start: o.Start, End: o.End, Replaces: "bob", Rotation: "R1"})
	change(&c)
	p.Changes = append(p.Changes, c)
}

// others shows somebody else on call for a time, once the edit is there.
func others(from, until time.Time) func(*inventory.Schedule) {
	return func(s *inventory.Schedule) {
		edited := len(s.Layers) > 0 && len(s.Layers[0].Users) == 3 || len(s.Rotations) == 1 && len(s.Rotations[0].Events) == 2
		if edited {
			s.Shifts = append(slices.Clone(s.Shifts), inventory.Shift{User: "zoe", Start: from, End: until})
		}
	}
}

// unkeptFrom has the nth record of a kind fail, and all after it in the first round.
func unkeptFrom(s *story, what string, n int) {
	s.book.refuses = func(w string) error {
		if w == what {
			n--
		}
		if n <= 0 {
			return errUnkept
		}
		return nil
	}
	s.revive = func() { s.book.refuses = nil }
}
