package pagerdutysim

import (
	"fmt"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// parts are what of a layer-based schedule an answer includes besides the
// schedule itself.
type parts struct{ layers, overrides, final bool }

// allParts is what the answers about a single schedule include.
var allParts = parts{layers: true, overrides: true, final: true}

// scheduleView is a layer-based schedule as answers show it.
func (s *Server) scheduleView(c *schedule, v rendering, p parts) object {
	if v.zone == nil {
		v.zone = zoneOf(c)
	}
	o := s.head("schedule", c.ID, c.Name, "/schedules")
	o["name"], o["time_zone"], o["description"] = c.Name, c.TimeZone, nil
	if c.Description != "" {
		o["description"] = c.Description
	}
	o["teams"] = s.teamRefs(c.Teams)
	policies := []reference{}
	for _, p := range s.acct.policiesOf(c.ID) {
		policies = append(policies, s.policyRef(p))
	}
	o["escalation_policies"] = policies
	users := []reference{}
	for _, id := range everybody(c) {
		users = append(users, s.userRef(id))
	}
	o["users"] = users
	if p.layers {
		o["schedule_layers"] = s.layersView(c, v)
	}
	if p.overrides {
		o["overrides_subschedule"] = s.rendered(object{"name": "Overrides"}, v, func() ([]inventory.Shift, float64, error) {
			alone := schedule{Schedule: c.Schedule}
			alone.Layers = nil
			return v.entries(func(since, until time.Time) ([]inventory.Shift, error) {
				return oncall.Render(alone.Schedule, since, until)
			})
		})
	}
	if p.final {
		o["final_schedule"] = s.rendered(object{"name": "Final Schedule"}, v, func() ([]inventory.Shift, float64, error) {
			return s.final(c, v)
		})
	}
	return o
}

// everybody are the ids of all people on the schedule's layers, ended or not.
func everybody(c *schedule) []string {
	var ids []string
	for _, l := range c.Layers {
		ids = append(ids, l.Users...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// layersView lists layers highest precedence first, the reverse of what writes
// expect. Source: PagerDuty/public-support-scripts, schedule_layer_reorganizer.
func (s *Server) layersView(c *schedule, v rendering) []object {
	list := []object{}
	for _, l := range slices.Backward(c.Layers) {
		users := []object{}
		for _, id := range l.Users {
			users = append(users, object{"user": s.userRef(id)})
		}
		o := object{
			"id": l.ID, "name": l.Name, "start": stamp(l.Start, v.zone), "end": nil,
			"rotation_virtual_start":       stamp(l.VirtualStart, v.zone),
			"rotation_turn_length_seconds": l.TurnSeconds,
			"users":                        users,
			"restrictions":                 restrictionsView(l.Restrictions),
		}
		if l.End != nil {
			o["end"] = stamp(*l.End, v.zone)
		}
		list = append(list, s.rendered(o, v, func() ([]inventory.Shift, float64, error) {
			return v.entries(func(since, until time.Time) ([]inventory.Shift, error) {
				return oncall.RenderLayer(l, zoneOf(c), since, until)
			})
		}))
	}
	return list
}

func restrictionsView(restrictions []inventory.Restriction) []object {
	list := []object{}
	for _, r := range restrictions {
		o := object{"type": r.Type, "start_time_of_day": r.StartTime, "duration_seconds": r.DurationSeconds}
		if r.StartDay != nil {
			o["start_day_of_week"] = *r.StartDay
		}
		list = append(list, o)
	}
	return list
}

// rendered adds entries and coverage to o; they are empty and null where the
// request names no bounds.
func (s *Server) rendered(o object, v rendering, render func() ([]inventory.Shift, float64, error)) object {
	list := []object{}
	o["rendered_coverage_percentage"] = nil
	if v.bounded {
		shifts, coverage, err := render()
		if err != nil {
			// Seeds and writes are refused if they do not render.
			panic(fmt.Sprintf("render: %v", err))
		}
		for _, e := range shifts {
			list = append(list, object{
				"start": stamp(e.Start, v.zone), "end": stamp(e.End, v.zone), "user": s.userRef(e.User),
			})
		}
		o["rendered_coverage_percentage"] = coverage
	}
	o["rendered_schedule_entries"] = list
	return o
}

// zoneOf is a schedule's own zone.
func zoneOf(c *schedule) *time.Location {
	zone, err := loadZone(c.TimeZone)
	if err != nil {
		return time.UTC
	}
	return zone
}

func stamp(t time.Time, zone *time.Location) string { return t.In(zone).Format(time.RFC3339) }

// renderable says what keeps a schedule from being rendered.
func renderable(c inventory.Schedule, now time.Time) error {
	_, err := oncall.Render(c, now.Add(-time.Hour), now.Add(time.Hour))
	return err
}
