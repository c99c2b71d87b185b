package pagerdutysim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/input"
)

// v3Routes registers shift-based schedules.
func (s *Server) v3Routes() {
	s.handle("GET /v3/schedules", s.v3ListSchedules)
	s.handle("POST /v3/schedules", s.v3CreateSchedule)
	s.handle("GET /v3/schedules/{id}", s.v3GetSchedule)
	s.handle("PUT /v3/schedules/{id}", s.v3UpdateSchedule)
	s.handle("DELETE /v3/schedules/{id}", s.v3DeleteSchedule)
	s.rotationRoutes()
	s.eventRoutes()
	s.customShiftRoutes()
	s.v3OverrideRoutes()
}

// v3Schedule finds the shift-based schedule that a request names; if there is
// none, or the token may not read it, it has answered.
func (s *Server) v3Schedule(w http.ResponseWriter, r *http.Request) (*schedule, bool) {
	c := s.acct.schedules[r.PathValue("id")]
	switch {
	case c == nil:
		writeNotFound(w)
	case c.Kind != inventory.ScheduleOfShifts:
		writeV3Message(w, "This is a layer-based schedule. Use the v2 Schedules API to access it.")
	case s.hidden[c.ID]:
		writeDenied(w)
	default:
		return c, true
	}
	return nil, false
}

// v3ListSchedules lists references; what the token can't read is left out
// without a word.
func (s *Server) v3ListSchedules(w http.ResponseWriter, r *http.Request) {
	list := slices.DeleteFunc(s.selectSchedules(r, inventory.ScheduleOfShifts), func(c *schedule) bool { return s.hidden[c.ID] })
	v3Paginate(s, w, r, "schedules", v3DefaultSchedules, v3MaxSchedules, list, func(c *schedule) object {
		ref := s.scheduleRef(c)
		return object{"id": ref.ID, "type": ref.Type, "summary": ref.Summary, "self": ref.Self, "html_url": ref.HTMLURL}
	})
}

func (s *Server) v3GetSchedule(w http.ResponseWriter, r *http.Request) {
	c, ok := s.v3Schedule(w, r)
	if !ok {
		return
	}
	v, err := readRendering(r)
	if err != nil {
		writeV3Invalid(w, v3Refused("schedule", "%s", err))
		return
	}
	if v.zone == nil {
		v.zone = zoneOf(c)
	}
	view := s.v3ScheduleView(c)
	q := r.URL.Query()
	// A lone bound does not do here.
	if slices.Contains(q["include[]"], "final_schedule") && q.Has("since") && q.Has("until") {
		view["final_schedule"] = s.finalView(c, v)
	}
	writeJSON(w, http.StatusOK, object{"schedule": view})
}

type v3ScheduleBody struct {
	Name        optional[string]  `json:"name"`
	TimeZone    optional[string]  `json:"time_zone"`
	Description optional[string]  `json:"description"`
	Teams       optional[[]given] `json:"teams"`
	Rotations   optional[[]any]   `json:"rotations"`
	Policies    optional[[]any]   `json:"escalation_policies"`
}

// apply brings the metadata into c. Name and zone are needed on updates too.
// Source: PagerDuty/pagerduty-mcp-server; the API description differs. Empty lists
// of what has endpoints of its own are no error: PagerDuty's Terraform provider sends
// rotations so. A write without teams leaves them as they are.
func (b v3ScheduleBody) apply(a *account, c *inventory.Schedule, now time.Time) v3Invalid {
	switch {
	case len(b.Rotations.Value) > 0:
		return v3Refused("schedule.rotations", "is not accepted: use the rotations endpoints")
	case len(b.Policies.Value) > 0:
		return v3Refused("schedule.escalation_policies", "is not accepted")
	case strings.TrimSpace(b.Name.Value) == "":
		return v3Refused("schedule.name", "Name cannot be empty.")
	case utf8.RuneCountInString(b.Name.Value) > 255:
		return v3Refused("schedule.name", "Name is too long (maximum is 255 characters)")
	case b.TimeZone.Value == "":
		return v3Refused("schedule.time_zone", "Time zone cannot be empty.")
	case utf8.RuneCountInString(b.Description.Value) > 1024:
		return v3Refused("schedule.description", "Description is too long (maximum is 1024 characters)")
	}
	if _, err := input.Zone(b.TimeZone.Value); err != nil {
		return v3Refused("schedule.time_zone", "Time zone is invalid")
	}
	teams := c.Teams
	if b.Teams.Given {
		teams = ids(b.Teams.Value)
	}
	for _, id := range teams {
		if !has(a.teams, id) {
			return v3Refused("schedule.teams", "Team not found")
		}
	}
	if text := a.membershipLimit(teams, c.People(now)); text != "" {
		return v3Refused("schedule.teams", "%s", text)
	}
	c.Teams = teams
	c.Name, c.TimeZone = strings.TrimSpace(b.Name.Value), v3Zone(b.TimeZone.Value)
	if b.Description.Given {
		c.Description = b.Description.Value
	}
	return nil
}

func (s *Server) v3CreateSchedule(w http.ResponseWriter, r *http.Request) {
	var b v3ScheduleBody
	if !decodeV3(w, r, "schedule", &b) {
		return
	}
	c := &schedule{Schedule: inventory.Schedule{Kind: inventory.ScheduleOfShifts}}
	if errs := b.apply(s.acct, &c.Schedule, s.now()); errs != nil {
		writeV3Invalid(w, errs)
		return
	}
	c.ID, c.created = s.acct.newID(), s.acct.next()
	s.acct.schedules[c.ID] = c
	s.record(r, "create", s.scheduleRef(c), []auditField{{Name: "name", Value: &c.Name}})
	writeJSON(w, http.StatusCreated, object{"schedule": s.v3ScheduleView(c)})
}

func (s *Server) v3UpdateSchedule(w http.ResponseWriter, r *http.Request) {
	c, ok := s.v3Schedule(w, r)
	if !ok {
		return
	}
	var b v3ScheduleBody
	if !decodeV3(w, r, "schedule", &b) {
		return
	}
	before := c.Schedule
	if errs := b.apply(s.acct, &c.Schedule, s.now()); errs != nil {
		writeV3Invalid(w, errs)
		return
	}
	s.acct.implicitMembership(c.Teams, c.People(s.now()))
	fields := changed(
		field("name", before.Name, c.Name),
		field("description", before.Description, c.Description),
		field("time_zone", before.TimeZone, c.TimeZone),
	)
	if len(fields) > 0 {
		s.record(r, "update", s.scheduleRef(c), fields)
	}
	writeJSON(w, http.StatusOK, object{"schedule": s.v3ScheduleView(c)})
}

func (s *Server) v3DeleteSchedule(w http.ResponseWriter, r *http.Request) {
	c, ok := s.v3Schedule(w, r)
	if !ok {
		return
	}
	if len(s.acct.policiesOf(c.ID)) > 0 {
		writeV3Message(w, scheduleInUse)
		return
	}
	if s.pinned(c.ID) {
		writeV3Message(w, schedulePinned)
		return
	}
	delete(s.acct.schedules, c.ID)
	s.record(r, "delete", s.scheduleRef(c), nil)
	w.WriteHeader(http.StatusNoContent)
}

// v3Invalid is why a v3 endpoint refuses: messages by path of field
// ("event.effective_since").
type v3Invalid map[string][]string

func v3Refused(field, format string, args ...any) v3Invalid {
	return v3Invalid{field: {fmt.Sprintf(format, args...)}}
}

// writeV3Invalid answers 400 in the form of v3, where errors are an object.
func writeV3Invalid(w http.ResponseWriter, errs v3Invalid) {
	writeErrors(w, http.StatusBadRequest, codeInvalidInput, "Invalid Request", errs)
}

// writeV3Message answers 400 with a sentence alone.
func writeV3Message(w http.ResponseWriter, message string) {
	writeErrors(w, http.StatusBadRequest, codeInvalidInput, message, nil)
}

// decodeV3 reads the entity called key out of a wrapped body; if it can't, it
// has answered 400.
func decodeV3(w http.ResponseWriter, r *http.Request, key string, v any) bool {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		writeV3Message(w, "The request body could not be read")
		return false
	}
	var wrapped map[string]json.RawMessage
	if err := json.Unmarshal(data, &wrapped); err != nil {
		writeV3Message(w, "The request body is not a JSON object")
		return false
	}
	if len(wrapped[key]) == 0 || string(wrapped[key]) == "null" {
		writeV3Invalid(w, v3Refused(key, "is required"))
		return false
	}
	if err := json.Unmarshal(wrapped[key], v); err != nil {
		writeV3Invalid(w, v3Refused(key, "does not have the expected form: %v", err))
		return false
	}
	return true
}

// The sizes of pages of v3. Sources: PagerDuty's API description, parameters
// schedule_v3_limit and schedule_v3_limit_schedules.
const (
	v3DefaultSchedules = 100
	v3MaxSchedules     = 1_000
	v3DefaultParts     = 25
	v3MaxParts         = 100
)

// v3Paginate answers a page of items under key, with limit, offset and more but
// never a total. A limit beyond the maximum is cut, and echoed as used.
func v3Paginate[T any](s *Server, w http.ResponseWriter, r *http.Request, key string, byDefault, most int, items []T, render func(T) object) {
	limit, offset := byDefault, 0
	q := r.URL.Query()
	for name, into := range map[string]*int{"limit": &limit, "offset": &offset} {
		if !q.Has(name) {
			continue
		}
		n, err := strconv.Atoi(q.Get(name))
		if err != nil || n < 0 || name == "limit" && n == 0 {
			writeV3Invalid(w, v3Refused(name, "is not a valid number"))
			return
		}
		*into = n
	}
	if s.fault(r, FaultShift) != nil && offset > 0 && len(items) > 0 {
		items = append(items[1:len(items):len(items)], items[0])
	}
	limit = min(limit, most)
	from := min(offset, len(items))
	to := min(from+limit, len(items))
	page := []object{}
	for _, item := range items[from:to] {
		page = append(page, render(item))
	}
	writeJSON(w, http.StatusOK, object{key: page, "limit": limit, "offset": offset, "more": to < len(items)})
}
