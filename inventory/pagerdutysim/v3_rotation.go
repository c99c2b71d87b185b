package pagerdutysim

import (
	"bytes"
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
	v3Paginate(s, w, r, "rotations", v3DefaultParts, v3MaxParts, c.Rotations, func(x inventory.Rotation) object {
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

// deleteRotation ends the active events now and drops those to come. What has
// a past stays as history; without one the rotation is gone.
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
	if len(rot.Events) == 0 {
		c.Rotations = slices.DeleteFunc(c.Rotations, func(x inventory.Rotation) bool { return x.ID == id })
		c.Overrides = slices.DeleteFunc(c.Overrides, func(o inventory.Override) bool { return o.Rotation != nil && *o.Rotation == id })
	}
	w.WriteHeader(http.StatusNoContent)
}
