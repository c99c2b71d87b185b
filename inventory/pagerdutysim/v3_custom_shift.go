package pagerdutysim

import (
	"net/http"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

func (s *Server) customShiftRoutes() {
	const shifts = "/v3/schedules/{id}/custom_shifts"
	s.handle("GET "+shifts, s.listCustomShifts)
	s.handle("POST "+shifts, s.createCustomShifts)
	s.handle("GET "+shifts+"/{custom_shift_id}", s.getCustomShift)
	s.handle("PUT "+shifts+"/{custom_shift_id}", s.updateCustomShift)
	s.handle("DELETE "+shifts+"/{custom_shift_id}", s.deleteCustomShift)
}

type customShiftBody struct {
	Start       optional[string] `json:"start_time"`
	End         optional[string] `json:"end_time"`
	Assignments optional[[]struct {
		Type   string     `json:"type"`
		Member memberBody `json:"member"`
	}] `json:"assignments"`
}

// readV3Span reads the bounds that lists of custom shifts and overrides require;
// if one is missing or wrong it has answered 400.
func readV3Span(w http.ResponseWriter, r *http.Request, c *schedule) (rendering, bool) {
	for _, name := range []string{"since", "until"} {
		if r.URL.Query().Get(name) == "" {
			writeV3Invalid(w, v3Refused(name, "is required"))
			return rendering{}, false
		}
	}
	v, err := readRendering(r)
	if err != nil {
		writeV3Invalid(w, v3Refused("since", "%s", err))
		return rendering{}, false
	}
	if v.zone == nil {
		v.zone = zoneOf(c)
	}
	return v, true
}

func (s *Server) listCustomShifts(w http.ResponseWriter, r *http.Request) {
	c, ok := s.v3Schedule(w, r)
	if !ok {
		return
	}
	v, ok := readV3Span(w, r, c)
	if !ok {
		return
	}
	list := slices.DeleteFunc(slices.Clone(c.CustomShifts), func(x inventory.CustomShift) bool {
		return !x.End.After(v.Since) || !x.Start.Before(v.Until)
	})
	v3Paginate(s, w, r, "custom_shifts", v3DefaultParts, v3MaxParts, list, func(x inventory.CustomShift) object {
		x.Start, x.End = v.cut(x.Start, x.End)
		return s.customShiftView(c, x, v.zone)
	})
}

// createCustomShifts makes all of the shifts or none.
func (s *Server) createCustomShifts(w http.ResponseWriter, r *http.Request) {
	c, ok := s.v3Schedule(w, r)
	if !ok {
		return
	}
	var bodies []customShiftBody
	if !decodeV3(w, r, "custom_shifts", &bodies) {
		return
	}
	if len(bodies) == 0 {
		writeV3Invalid(w, v3Refused("custom_shifts", "must have at least one"))
		return
	}
	var made []inventory.CustomShift
	var views []object
	for _, b := range bodies {
		if !b.Start.Given || !b.End.Given || !b.Assignments.Given {
			writeV3Invalid(w, v3Refused("custom_shift", "start_time, end_time and assignments are required"))
			return
		}
		x := inventory.CustomShift{ID: s.acct.newLongID()}
		if errs := b.apply(s.acct, &x); errs != nil {
			writeV3Invalid(w, errs)
			return
		}
		made = append(made, x)
		views = append(views, s.customShiftView(c, x, zoneOf(c)))
	}
	c.CustomShifts = append(c.CustomShifts, made...)
	for _, x := range made {
		s.acct.implicitMembership(c.Teams, present([]*string{x.User}))
	}
	writeJSON(w, http.StatusCreated, object{"custom_shifts": views})
}

func (b customShiftBody) apply(a *account, x *inventory.CustomShift) v3Invalid {
	if errs := applyV3Span("custom_shift", b.Start, b.End, &x.Start, &x.End); errs != nil {
		return errs
	}
	if !b.Assignments.Given {
		return nil
	}
	if len(b.Assignments.Value) != 1 {
		return v3Refused("custom_shift.assignments", "must have exactly one assignment")
	}
	user, errs := b.Assignments.Value[0].Member.resolve(a, "custom_shift.assignments")
	x.User = user
	return errs
}

// applyV3Span brings the moments given into start and end.
func applyV3Span(what string, from, to optional[string], start, end *time.Time) v3Invalid {
	for _, t := range []struct {
		name string
		from optional[string]
		into *time.Time
	}{{"start_time", from, start}, {"end_time", to, end}} {
		if !t.from.Given {
			continue
		}
		m, err := parseMoment(t.from.Value, nil)
		if err != nil {
			return v3Refused(what+"."+t.name, "Date is invalid")
		}
		*t.into = m
	}
	if !start.Before(*end) {
		return v3Refused(what+".end_time", "must be after start_time")
	}
	return nil
}

// customShift finds the custom shift that a request names; if there is none it
// has answered.
func (s *Server) customShift(w http.ResponseWriter, r *http.Request) (*schedule, int, bool) {
	c, ok := s.v3Schedule(w, r)
	if !ok {
		return nil, 0, false
	}
	i := slices.IndexFunc(c.CustomShifts, func(x inventory.CustomShift) bool { return x.ID == r.PathValue("custom_shift_id") })
	if i < 0 {
		writeNotFound(w)
		return nil, 0, false
	}
	return c, i, true
}

func (s *Server) getCustomShift(w http.ResponseWriter, r *http.Request) {
	c, i, ok := s.customShift(w, r)
	if !ok {
		return
	}
	writeJSON(w, http.StatusOK, object{"custom_shift": s.customShiftView(c, c.CustomShifts[i], zoneOf(c))})
}

// updateCustomShift changes everything of a shift to come, only the end of one
// that has started, nothing of one that is over.
func (s *Server) updateCustomShift(w http.ResponseWriter, r *http.Request) {
	c, i, ok := s.customShift(w, r)
	if !ok {
		return
	}
	var b customShiftBody
	if !decodeV3(w, r, "custom_shift", &b) {
		return
	}
	x := c.CustomShifts[i]
	switch now := s.now(); {
	case !x.End.After(now):
		writeV3Invalid(w, v3Refused("custom_shift", "A shift that has ended cannot be modified"))
		return
	case !x.Start.After(now) && (b.Start.Given || b.Assignments.Given):
		writeV3Invalid(w, v3Refused("custom_shift", "Only end_time can be modified once the shift has started"))
		return
	}
	if errs := b.apply(s.acct, &x); errs != nil {
		writeV3Invalid(w, errs)
		return
	}
	c.CustomShifts[i] = x
	s.acct.implicitMembership(c.Teams, present([]*string{x.User}))
	writeJSON(w, http.StatusOK, object{"custom_shift": s.customShiftView(c, x, zoneOf(c))})
}

// deleteCustomShift removes a shift to come, ends one that has started now, and
// refuses for one that is over.
func (s *Server) deleteCustomShift(w http.ResponseWriter, r *http.Request) {
	c, i, ok := s.customShift(w, r)
	if !ok {
		return
	}
	now := s.now()
	switch x := &c.CustomShifts[i]; {
	case !x.End.After(now):
		writeV3Invalid(w, v3Refused("custom_shift", "A shift that has ended cannot be deleted"))
		return
	case x.Start.Before(now):
		x.End = now
	default:
		id := x.ID
		c.CustomShifts = slices.Delete(c.CustomShifts, i, i+1)
		c.Overrides = slices.DeleteFunc(c.Overrides, func(o inventory.Override) bool { return o.CustomShift != nil && *o.CustomShift == id })
	}
	w.WriteHeader(http.StatusNoContent)
}
