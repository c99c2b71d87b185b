package report

import (
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// On a schedule a person stands to each layer or event, and to the schedule's
// overrides.

// holds is the role that PagerDuty holds for a pair.
func (s *Standings) holds(pair desired.Pair) string {
	kind := plan.KindOf(pair)
	if !kind.OnSchedule() {
		return s.snapshot.RoleOf(pair.User, pair.Resource)
	}
	schedule := s.snapshot.Schedules[pair.Resource.ID]
	if kind == plan.Override {
		for _, o := range plan.OverridesOn(schedule, s.access.At) {
			if o.User == pair.User {
				return desired.OverrideRole
			}
		}
		return inventory.None
	}
	if line, ok := oncall.LineOf(schedule, pair.Layer); ok && line.Includes(pair.User) {
		return desired.Rotation
	}
	return inventory.None
}

// overrides fills in what policies ask for of a person's overrides: the first
// that has not ended.
func (s *Standings) overrides(st *Standing, pair desired.Pair) {
	for _, o := range s.access.Overrides {
		if o.Pair() != pair {
			continue
		}
		if st.From == nil {
			st.window = o.Window
			st.From, st.Until = bounds(o.Window)
		}
		st.By = append(st.By, o.By...)
		st.Limited = append(st.Limited, o.Limited...)
		if len(o.Limited) == 0 {
			st.Asked = desired.OverrideRole
		}
	}
}

// placeName is what people call a resource, with the layer or event.
func (s *Standings) placeName(pair desired.Pair) string {
	name := s.index.Named(pair.Resource)
	schedule := s.snapshot.Schedules[pair.Resource.ID]
	switch plan.KindOf(pair) {
	case plan.BaseRole, plan.TeamRole:
		return name
	case plan.Override:
		return name + " overrides"
	}
	part := "layer"
	if schedule.Kind == inventory.ScheduleOfShifts {
		part = "event"
	}
	if line, ok := oncall.LineOf(schedule, pair.Layer); ok && line.Name != "" {
		return name + " " + part + " " + line.Name
	}
	return name + " " + part + " #" + pair.Layer
}

// turnPairs are the pairs of everybody who has turns or overrides on a schedule,
// or is to have them.
func (s *Standings) turnPairs(resource inventory.Ref) map[desired.Pair]bool {
	pairs := map[desired.Pair]bool{}
	schedule := s.snapshot.Schedules[resource.ID]
	for _, line := range oncall.Lines(schedule, s.access.At) {
		for _, user := range line.Members {
			pairs[desired.Pair{User: user, Resource: resource, Layer: line.ID}] = true
		}
	}
	for _, o := range plan.OverridesOn(schedule, s.access.At) {
		pairs[desired.Pair{User: o.User, Resource: resource}] = true
	}
	for _, o := range s.access.Overrides {
		if o.Schedule == resource.ID {
			pairs[o.Pair()] = true
		}
	}
	return pairs
}

// TurnsOf are the pairs of a person and a schedule that there is anything to say
// of; without any, those of all its layers or events.
func (s *Standings) TurnsOf(user string, resource inventory.Ref) []desired.Pair {
	var pairs, all []desired.Pair
	for _, line := range oncall.Lines(s.snapshot.Schedules[resource.ID], s.access.At) {
		pair := desired.Pair{User: user, Resource: resource, Layer: line.ID}
		all = append(all, pair)
		if _, granted := s.access.Grants.Get(pair); granted || line.Includes(user) {
			pairs = append(pairs, pair)
		}
	}
	if override := (desired.Pair{User: user, Resource: resource}); s.turnPairs(resource)[override] {
		pairs = append(pairs, override)
	}
	if len(pairs) == 0 {
		pairs = all
	}
	slices.SortFunc(pairs, desired.ComparePairs)
	return pairs
}
