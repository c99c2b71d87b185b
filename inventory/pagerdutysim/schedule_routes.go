package pagerdutysim

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
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
// Terraform provider, issues 43 and 902. The simulator has no incidents, and so
// never gives the second.
const scheduleInUse = "Schedule can't be deleted if it's being used by escalation policies"

func (s *Server) deleteSchedule(w http.ResponseWriter, r *http.Request) {
	c, ok := s.layerSchedule(w, r)
	if !ok {
		return
	}
	if len(s.acct.policiesOf(c.ID)) > 0 {
		writeInvalid(w, scheduleInUse)
		return
	}
	delete(s.acct.schedules, c.ID)
	s.record(r, "delete", s.scheduleRef(c), nil)
	w.WriteHeader(http.StatusNoContent)
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
