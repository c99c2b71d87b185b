package pagerdutysim

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Limits of shift-based schedules. Source: PagerDuty's API description, and
// PagerDuty/api-schema, docs/CONCEPTS.md.
const (
	maxRotations = 10
	maxEvents    = 5
	maxMembers   = 20
)

func (s *Server) rotationRoutes() {
	s.handle("GET /v3/schedules/{id}/rotations", s.listRotations)
	s.handle("POST /v3/schedules/{id}/rotations", s.createRotation)
	s.handle("GET /v3/schedules/{id}/rotations/{rotation_id}", s.getRotation)
	s.handle("DELETE /v3/schedules/{id}/rotations/{rotation_id}", s.deleteRotation)
}

// rotation finds the rotation that a request names, a pointer into its
// schedule; if there is none it has answered.
func (s *Server) rotation(w http.ResponseWriter, r *http.Request) (*schedule, *inventory.Rotation, bool) {
	c, ok := s.v3Schedule(w, r)
	if !ok {
		return nil, nil, false
	}
	i := slices.IndexFunc(c.Rotations, func(x inventory.Rotation) bool { return x.ID == r.PathValue("rotation_id") })
	if i < 0 {
		writeNotFound(w)
		return nil, nil, false
	}
	return c, &c.Rotations[i], true
}

func (s *Server) listRotations(w http.ResponseWriter, r *http.Request) {
	c, ok := s.v3Schedule(w, r)
	if !ok {
		return
	}
	v3Paginate(s, w, r, "rotations", v3DefaultParts, v3MaxParts, c.listedRotations(), func(x inventory.Rotation) object {
		return s.rotationView(c, x)
	})
}

func (s *Server) getRotation(w http.ResponseWriter, r *http.Request) {
	c, rot, ok := s.rotation(w, r)
	if !ok {
		return
	}
	writeJSON(w, http.StatusOK, object{"rotation": s.rotationView(c, *rot)})
}

// createRotation makes an empty rotation; the body is empty or {}.
func (s *Server) createRotation(w http.ResponseWriter, r *http.Request) {
	c, ok := s.v3Schedule(w, r)
	if !ok {
		return
	}
	body, err := io.ReadAll(r.Body)
	if body = bytes.TrimSpace(body); err != nil || len(body) > 0 && string(body) != "{}" {
		writeV3Invalid(w, v3Refused("rotation", "The request body must be empty or {}"))
		return
	}
	active := 0
	for _, x := range c.Rotations {
		if !over(x, s.now()) {
			active++
		}
	}
	if active >= maxRotations {
		writeV3Invalid(w, v3Refused("schedule.rotations", "A schedule can have at most %d active rotations", maxRotations))
		return
	}
	rot := inventory.Rotation{ID: s.acct.newLongID()}
	c.Rotations = append(c.Rotations, rot)
	writeJSON(w, http.StatusCreated, object{"rotation": s.rotationView(c, rot)})
}

// over says that a rotation has only events of the past.
func over(rot inventory.Rotation, now time.Time) bool {
	for _, e := range rot.Events {
		if phaseOf(e, now) != past {
			return false
		}
	}
	return len(rot.Events) > 0
}

// phase is where an event stands in time, which decides what may change.
type phase int

const (
	future phase = iota
	active
	past
)

func phaseOf(e inventory.Event, now time.Time) phase {
	switch {
	case e.EffectiveUntil != nil && !e.EffectiveUntil.After(now):
		return past
	case e.EffectiveSince.After(now):
		return future
	}
	return active
}

// hasPast says that an event was in effect before now.
func hasPast(e inventory.Event, now time.Time) bool { return e.EffectiveSince.Before(now) }

// endEvent ends an event now, unless it has ended.
func endEvent(e *inventory.Event, now time.Time) {
	if phaseOf(*e, now) != past {
		e.EffectiveUntil = &now
	}
}

// deleteRotation ends the active events now and drops those to come. What has
// a past stays as history, which the final schedule shows and no list; without one
// the rotation is gone.
func (s *Server) deleteRotation(w http.ResponseWriter, r *http.Request) {
	c, rot, ok := s.rotation(w, r)
	if !ok {
		return
	}
	id := rot.ID
	rot.Events = slices.DeleteFunc(rot.Events, func(e inventory.Event) bool { return !hasPast(e, s.now()) })
	for i := range rot.Events {
		endEvent(&rot.Events[i], s.now())
	}
	c.withdraw(id)
	if len(rot.Events) == 0 {
		c.Rotations = slices.DeleteFunc(c.Rotations, func(x inventory.Rotation) bool { return x.ID == id })
		c.Overrides = slices.DeleteFunc(c.Overrides, func(o inventory.Override) bool { return o.Rotation != nil && *o.Rotation == id })
	}
	w.WriteHeader(http.StatusNoContent)
}

// v3ScheduleView is a shift-based schedule as answers show it; the final
// schedule is added where it was asked for.
func (s *Server) v3ScheduleView(c *schedule) object {
	rotations := []object{}
	for _, rot := range c.listedRotations() {
		rotations = append(rotations, s.rotationView(c, rot))
	}
	policies := []reference{}
	for _, p := range s.acct.policiesOf(c.ID) {
		policies = append(policies, s.policyRef(p))
	}
	return object{
		"id": c.ID, "type": "schedule_v3", "name": c.Name, "time_zone": v3Zone(c.TimeZone),
		"description": c.Description, "teams": s.teamRefs(c.Teams), "escalation_policies": policies,
		"rotations": rotations,
		"self":      s.selfURL("/v3/schedules", c.ID), "html_url": s.webURL("/schedules", c.ID),
	}
}

func (s *Server) rotationView(c *schedule, rot inventory.Rotation) object {
	events := []object{}
	for _, e := range c.listedEvents(rot) {
		events = append(events, s.eventView(c, rot.ID, e))
	}
	return object{
		"id": rot.ID, "type": "schedule_rotation", "events": events,
		"self": s.selfURL("/v3/schedules/"+c.ID+"/rotations", rot.ID),
	}
}

// eventView shows the event's times in UTC beside its zone. Source: PagerDuty's
// Terraform provider, resource_pagerduty_schedulev2.go.
func (s *Server) eventView(c *schedule, rotationID string, e inventory.Event) object {
	zoned := func(t time.Time) object {
		return object{"date_time": stamp(t, time.UTC), "time_zone": v3Zone(e.TimeZone)}
	}
	members := []object{}
	for _, m := range e.Assignment.Members {
		members = append(members, memberView(m))
	}
	strategy := object{"type": e.Assignment.Type, "members": members}
	if e.Assignment.ShiftsPerMember != nil {
		strategy["shifts_per_member"] = *e.Assignment.ShiftsPerMember
	}
	o := object{
		"id": e.ID, "type": "schedule_event", "name": e.Name,
		"start_time": zoned(e.Start), "end_time": zoned(e.End),
		"effective_since": stamp(e.EffectiveSince, time.UTC), "effective_until": nil,
		"recurrence": e.Recurrence, "assignment_strategy": strategy,
		"self": s.selfURL("/v3/schedules/"+c.ID+"/rotations/"+rotationID+"/events", e.ID),
	}
	if e.EffectiveUntil != nil {
		o["effective_until"] = stamp(*e.EffectiveUntil, time.UTC)
	}
	return o
}

// memberView is a user_member or, for nil, the empty_member.
func memberView(user *string) object {
	if user == nil {
		return object{"type": "empty_member"}
	}
	return object{"type": "user_member", "user_id": *user}
}

func (s *Server) customShiftView(c *schedule, x inventory.CustomShift, zone *time.Location) object {
	return object{
		"id": x.ID, "type": "custom_shift", "start_time": stamp(x.Start, zone), "end_time": stamp(x.End, zone),
		"assignments": []object{{"id": x.ID + "A", "type": "shift_assignment", "member": memberView(x.User)}},
		"self":        s.selfURL("/v3/schedules/"+c.ID+"/custom_shifts", x.ID),
	}
}

func (s *Server) v3OverrideView(c *schedule, o inventory.Override, zone *time.Location) object {
	v := object{
		"id": o.ID, "type": "override_shift", "start_time": stamp(o.Start, zone), "end_time": stamp(o.End, zone),
		"overridden_member": memberView(o.Replaces), "overriding_member": memberView(o.User),
		"self": s.selfURL("/v3/schedules/"+c.ID+"/overrides", o.ID),
	}
	if o.Rotation != nil {
		v["rotation_id"] = *o.Rotation
	}
	if o.CustomShift != nil {
		v["custom_shift_id"] = *o.CustomShift
	}
	return v
}

// finalView is the computed final schedule; windows with nobody on call appear
// as the empty member.
func (s *Server) finalView(c *schedule, v rendering) object {
	shifts, coverage, err := s.final(c, v)
	if err != nil {
		// Seeds and writes are refused if they do not render.
		panic(fmt.Sprintf("render: %v", err))
	}
	list := []object{}
	add := func(start, end time.Time, user *string, source object) {
		list = append(list, object{
			"type": "computed_shift_assignment", "start_time": stamp(start, v.zone), "end_time": stamp(end, v.zone),
			"member": memberView(user), "source": source,
		})
	}
	reached := v.Since
	for _, e := range shifts {
		if e.Start.After(reached) {
			add(reached, e.Start, nil, vacantSource(c))
		}
		add(e.Start, e.End, &e.User, sourceView(c, e.Origin))
		if e.End.After(reached) {
			reached = e.End
		}
	}
	if reached.Before(v.Until) {
		add(reached, v.Until, nil, vacantSource(c))
	}
	return object{"type": "final_schedule", "rendered_coverage_percentage": coverage, "computed_shift_assignments": list}
}

// sourceView names what of the schedule makes a shift.
func sourceView(c *schedule, origin *inventory.Origin) object {
	switch origin.Kind {
	case "rotation":
		return object{"type": "schedule_rotation", "rotation_id": origin.ID}
	case "custom_shift":
		return object{"type": "custom_shift", "shift_id": origin.ID}
	}
	for _, o := range c.Overrides {
		switch {
		case o.ID != origin.ID:
		case o.Rotation != nil:
			return object{"type": "schedule_rotation_override", "rotation_id": *o.Rotation, "override_id": o.ID}
		case o.CustomShift != nil:
			return object{"type": "custom_shift_override", "shift_id": *o.CustomShift, "override_id": o.ID}
		}
	}
	panic("a shift comes from an override that the schedule does not have")
}

// vacantSource is the source of a span that nothing covers: the only rotation,
// where there is one, else no particular one.
func vacantSource(c *schedule) object {
	if len(c.Rotations) == 1 {
		return object{"type": "schedule_rotation", "rotation_id": c.Rotations[0].ID}
	}
	return object{"type": "schedule_rotation"}
}

// v3Zone is how v3 reads a zone back. Source: PagerDuty's Terraform provider,
// resource_pagerduty_schedulev2.go.
func v3Zone(name string) string {
	if name == "UTC" {
		return "Etc/UTC"
	}
	return name
}
