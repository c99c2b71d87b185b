package apply_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// overrideOf is a change that makes an override.
func overrideOf(o plan.OverrideShift) plan.Change {
	c := change(desired.Pair{User: o.User, Resource: inventory.ByID(inventory.KindSchedule, "S1")}, inventory.None, desired.OverrideRole)
	c.Override = &o
	return c
}

func TestS24_WhatComesOfAnOverrideIsSaid(t *testing.T) {
	events, layers := weekly("ann", "bob"), layered("ann", "bob")
	shift := func(kind plan.OverrideKind, from, until time.Duration) plan.OverrideShift {
		return plan.OverrideShift{Kind: kind, User: "zoe", Start: start.Add(from), End: start.Add(until)}
	}
	for_ := func(o plan.OverrideShift) plan.OverrideShift { o.Replaces, o.Rotation = "ann", "R1"; return o }
	back := func(o plan.OverrideShift, id string) plan.Change {
		o.ID = id
		c := overrideOf(o)
		c.Before, c.After = c.After, c.Before
		return c
	}
	later := shift(plan.AsOverride, 3*hour, 5*hour)
	there := func(s *story) {
		if s.desk.is.Kind == inventory.ScheduleOfShifts {
			s.desk.is.Overrides = []inventory.Override{replaced("zoe", "bob", "R1", later.Start, later.End)}
			s.desk.is.CustomShifts = []inventory.CustomShift{{ID: "CS", User: new("zoe"), Start: later.Start, End: later.End}}
			return
		}
		s.desk.is.Overrides = []inventory.Override{{ID: "OV", User: new("zoe"), Start: later.Start, End: later.End}}
	}
	as := func(*story) {}
	var all strings.Builder
	for _, c := range []struct {
		title   string
		was     inventory.Schedule
		change  plan.Change
		arrange func(*story)
	}{
		{"on layers", layers, overrideOf(later), as},
		{"in place of somebody", events, overrideOf(for_(later)), as},
		{"as a custom shift", events, overrideOf(shift(plan.AsCustomShift, 3*hour, 5*hour)), as},
		{"far ahead", layers, overrideOf(shift(plan.AsOverride, 20*aDay, 21*aDay)), as},
		{"that has begun", layers, overrideOf(shift(plan.AsOverride, 0, 5*hour)), func(s *story) { s.desk.clock.advance(10 * time.Second) }},
		{"that begins now", layers, overrideOf(shift(plan.AsOverride, hour, 5*hour)), as},
		{"that is about to end", layers, overrideOf(shift(plan.AsOverride, 0, hour+minute)), func(s *story) { s.desk.clock.advance(10 * time.Second) }},
		{"that is there", layers, overrideOf(later), there},
		{"that others have for another", events, overrideOf(for_(later)), there},
		{"that far ahead is there", layers, overrideOf(shift(plan.AsOverride, 20*aDay, 21*aDay)), func(s *story) {
			s.desk.is.Overrides = []inventory.Override{{ID: "FAR", User: new("zoe"), Start: start.Add(20 * aDay), End: start.Add(21 * aDay)}}
		}},
		{"refused", layers, overrideOf(later), func(s *story) { always(s, "add override", errRefused) }},
		{"lost", layers, overrideOf(later), func(s *story) { at(s, "add override", func() error { return errCut }) }},
		{"unanswered", layers, overrideOf(later), func(s *story) { then(s, "add override", func() error { return errCut }) }},
		{"on a schedule that can't be read", layers, overrideOf(later), func(s *story) { at(s, "read", func() error { return errCut }) }},
		{"taken back", layers, back(later, "OV"), there},
		{"a custom shift taken back", events, back(shift(plan.AsCustomShift, 3*hour, 5*hour), "CS"), there},
		{"taken back, and gone", layers, back(later, "GONE"), there},
		{"taken back, of another kind", events, back(later, "CS"), there},
		{"taken back, unanswered", layers, back(later, "OV"), func(s *story) { there(s); then(s, "remove override", func() error { return errCut }) }},
	} {
		s := newStory(c.was)
		c.arrange(s)
		s.say("%s:", c.title)
		s.run(t, planOf(c.change))
		s.recover(t, minute)
		s.recover(t, 3*minute)
		s.ends(t, c.was, c.title)
		all.WriteString(s.String())
	}
	golden(t, "overrides.golden", all.String())
}
