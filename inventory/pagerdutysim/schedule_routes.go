package pagerdutysim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/incident"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/input"
)

// scheduleRoutes registers layer-based schedules and their overrides.
func (s *Server) scheduleRoutes() {
	s.handle("GET /schedules", s.listSchedules)
	s.handle("POST /schedules", s.createSchedule)
	s.handle("POST /schedules/preview", s.previewSchedule)
	s.handle("GET /schedules/{id}", s.getSchedule)
	s.handle("PUT /schedules/{id}", s.updateSchedule)
	s.handle("DELETE /schedules/{id}", s.deleteSchedule)
	s.handle("GET /schedules/{id}/users", s.listScheduleUsers)
	s.handle("GET /schedules/{id}/overrides", s.listOverrides)
	s.handle("POST /schedules/{id}/overrides", s.createOverrides)
	s.handle("DELETE /schedules/{id}/overrides/{override_id}", s.deleteOverride)
}

// layerSchedule finds the layer-based schedule that a request names; if there is
// none it has answered.
func (s *Server) layerSchedule(w http.ResponseWriter, r *http.Request) (*schedule, bool) {
	c := s.acct.schedules[r.PathValue("id")]
	if c == nil {
		writeNotFound(w)
		return nil, false
	}
	if c.Kind != inventory.ScheduleOfLayers {
		writeInvalid(w, "This is a shift-based schedule. Use the v3 Schedules API to access it.")
		return nil, false
	}
	return c, true
}

func (s *Server) listSchedules(w http.ResponseWriter, r *http.Request) {
	v, err := readRendering(r)
	if err != nil {
		writeInvalid(w, err.Error())
		return
	}
	if v.zone == nil {
		v.zone = time.UTC // the account's
	}
	var p parts
	for _, name := range r.URL.Query()["include[]"] {
		switch name {
		case "schedule_layers":
			p.layers = true
		case "overrides_subschedule":
			p.overrides = true
		case "final_schedule":
			p.final = true
		}
	}
	paginate(s, w, r, "schedules", s.selectSchedules(r, inventory.ScheduleOfLayers), func(c *schedule) any {
		return s.scheduleView(c, v, p)
	})
}

// selectSchedules are the schedules of a kind that match query and team_ids[],
// by name.
func (s *Server) selectSchedules(r *http.Request, kind string) []*schedule {
	q := r.URL.Query()
	query := strings.ToLower(q.Get("query"))
	list := s.acct.schedulesByName()
	return slices.DeleteFunc(list, func(c *schedule) bool {
		inTeams := !q.Has("team_ids[]")
		for _, id := range q["team_ids[]"] {
			inTeams = inTeams || slices.Contains(c.Teams, id)
		}
		return c.Kind != kind || !inTeams || !strings.Contains(strings.ToLower(c.Name), query)
	})
}

func (s *Server) getSchedule(w http.ResponseWriter, r *http.Request) {
	c, ok := s.layerSchedule(w, r)
	if !ok {
		return
	}
	v, err := readRendering(r)
	if err != nil {
		writeInvalid(w, err.Error())
		return
	}
	writeJSON(w, http.StatusOK, object{"schedule": s.scheduleView(c, v, allParts)})
}

func (s *Server) createSchedule(w http.ResponseWriter, r *http.Request) {
	c := &schedule{Schedule: inventory.Schedule{Kind: inventory.ScheduleOfLayers}}
	if !s.write(w, r, c, true) {
		return
	}
	c.ID, c.created = s.acct.newID(), s.acct.next()
	s.acct.schedules[c.ID] = c
	s.acct.implicitMembership(c.Teams, c.People(s.now()))
	s.record(r, "create", s.scheduleRef(c), []auditField{{Name: "name", Value: &c.Name}})
	v, _ := readRendering(r)
	writeJSON(w, http.StatusCreated, object{"schedule": s.scheduleView(c, v, allParts)})
}

func (s *Server) updateSchedule(w http.ResponseWriter, r *http.Request) {
	c, ok := s.layerSchedule(w, r)
	if !ok {
		return
	}
	after := &schedule{Schedule: cloneSchedule(c.Schedule), created: c.created}
	if !s.write(w, r, after, true) {
		return
	}
	before := c.Schedule
	*c = *after
	s.acct.implicitMembership(c.Teams, c.People(s.now()))
	// Layers and overrides do not show in PagerDuty's audit trail.
	fields := changed(
		field("name", before.Name, c.Name),
		field("description", before.Description, c.Description),
		field("time_zone", before.TimeZone, c.TimeZone),
	)
	if len(fields) > 0 {
		s.record(r, "update", s.scheduleRef(c), fields)
	}
	v, _ := readRendering(r)
	writeJSON(w, http.StatusOK, object{"schedule": s.scheduleView(c, v, allParts)})
}

// write brings a request's body into c; if it can't, it has answered 400 and
// nothing is to be kept.
func (s *Server) write(w http.ResponseWriter, r *http.Request, c *schedule, clamp bool) bool {
	var body scheduleBody
	if !decodeBody(w, r, "schedule", &body) {
		return false
	}
	err := body.apply(s.acct, &c.Schedule, s.now(), clamp)
	if err == nil {
		if text := s.acct.membershipLimit(c.Teams, c.People(s.now())); text != "" {
			err = refused("%s", text)
		}
	}
	if err == nil {
		if e := renderable(c.Schedule, s.now()); e != nil {
			err = refused("%s", e)
		}
	}
	if err != nil {
		writeErrors(w, http.StatusBadRequest, err.code, err.message, err.errs)
		return false
	}
	return true
}

// The two reasons for which a schedule can't be deleted. Source: PagerDuty's
// Terraform provider, issues 43 and 902.
const (
	scheduleInUse  = "Schedule can't be deleted if it's being used by escalation policies"
	schedulePinned = "Schedule can't be deleted if it's being used by an escalation policy snapshot with open incidents"
)

func (s *Server) deleteSchedule(w http.ResponseWriter, r *http.Request) {
	c, ok := s.layerSchedule(w, r)
	if !ok {
		return
	}
	if len(s.acct.policiesOf(c.ID)) > 0 {
		writeInvalid(w, scheduleInUse)
		return
	}
	if s.pinned(c.ID) {
		writeInvalid(w, schedulePinned)
		return
	}
	delete(s.acct.schedules, c.ID)
	s.record(r, "delete", s.scheduleRef(c), nil)
	w.WriteHeader(http.StatusNoContent)
}

// pinned says that an open incident's policy, as it was, has a schedule.
func (s *Server) pinned(scheduleID string) bool {
	return len(s.acct.incidents.Pinning(incident.Target{Type: "schedule", ID: scheduleID})) > 0
}

// previewSchedule renders a schedule without keeping it, its layers where they
// are: the second judge of an edit.
func (s *Server) previewSchedule(w http.ResponseWriter, r *http.Request) {
	v, err := readRendering(r)
	if err != nil {
		writeInvalid(w, err.Error())
		return
	}
	c := &schedule{Schedule: inventory.Schedule{Kind: inventory.ScheduleOfLayers}}
	if !s.write(w, r, c, false) {
		return
	}
	writeJSON(w, http.StatusOK, object{"schedule": s.scheduleView(c, v, allParts)})
}

// listScheduleUsers lists who is on call within the bounds, by default in the
// two weeks from now.
func (s *Server) listScheduleUsers(w http.ResponseWriter, r *http.Request) {
	c, ok := s.layerSchedule(w, r)
	if !ok {
		return
	}
	v, err := readRendering(r)
	if err != nil {
		writeInvalid(w, err.Error())
		return
	}
	if !v.bounded {
		v.Window = inventory.Window{Since: s.now(), Until: s.now().Add(defaultWindow)}
	}
	shifts, err := oncall.Render(c.Schedule, v.Since, v.Until)
	if err != nil {
		writeInvalid(w, err.Error())
		return
	}
	var people []string
	for _, e := range shifts {
		people = append(people, e.User)
	}
	slices.Sort(people)
	users := []object{}
	for _, id := range slices.Compact(people) {
		if u := s.acct.users[id]; u != nil {
			users = append(users, s.scheduleUserView(u))
		}
	}
	writeJSON(w, http.StatusOK, object{"users": users})
}

// scheduleUserView is a user as the list of a schedule's users shows them.
func (s *Server) scheduleUserView(u *user) object {
	o := s.head("user", u.id, u.name, "/users")
	o["name"], o["email"], o["role"] = u.name, u.email, u.role
	return o
}

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
	zone, err := input.Zone(c.TimeZone)
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
