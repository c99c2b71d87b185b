package pagerdutysim

import (
	"net/http"
	"slices"

	"github.com/dutyward/dutyward/inventory"
)

func (s *Server) v3OverrideRoutes() {
	const overrides = "/v3/schedules/{id}/overrides"
	s.handle("GET "+overrides, s.v3ListOverrides)
	s.handle("POST "+overrides, s.v3CreateOverrides)
	s.handle("GET "+overrides+"/{override_id}", s.v3GetOverride)
	s.handle("PUT "+overrides+"/{override_id}", s.v3UpdateOverride)
	s.handle("DELETE "+overrides+"/{override_id}", s.v3DeleteOverride)
}

type v3OverrideBody struct {
	Rotation    string               `json:"rotation_id"`
	CustomShift string               `json:"custom_shift_id"`
	Start       optional[string]     `json:"start_time"`
	End         optional[string]     `json:"end_time"`
	Overridden  optional[memberBody] `json:"overridden_member"`
	Overriding  optional[memberBody] `json:"overriding_member"`
}

func (s *Server) v3ListOverrides(w http.ResponseWriter, r *http.Request) {
	c, ok := s.v3Schedule(w, r)
	if !ok {
		return
	}
	v, ok := readV3Span(w, r, c)
	if !ok {
		return
	}
	list := slices.DeleteFunc(slices.Clone(c.Overrides), func(o inventory.Override) bool {
		return !o.End.After(v.Since) || !o.Start.Before(v.Until)
	})
	v3Paginate(s, w, r, "overrides", v3DefaultParts, v3MaxParts, list, func(o inventory.Override) object {
		o.Start, o.End = v.cut(o.Start, o.End)
		return s.v3OverrideView(c, o, v.zone)
	})
}

// v3CreateOverrides makes all of the overrides or none.
func (s *Server) v3CreateOverrides(w http.ResponseWriter, r *http.Request) {
	c, ok := s.v3Schedule(w, r)
	if !ok {
		return
	}
	var bodies []v3OverrideBody
	if !decodeV3(w, r, "overrides", &bodies) {
		return
	}
	if len(bodies) == 0 {
		writeV3Invalid(w, v3Refused("overrides", "must have at least one"))
		return
	}
	var made []inventory.Override
	var views []object
	for _, b := range bodies {
		o := inventory.Override{ID: s.acct.newLongID()}
		if errs := b.place(s.acct, c, &o); errs != nil {
			writeV3Invalid(w, errs)
			return
		}
		made = append(made, o)
		views = append(views, s.v3OverrideView(c, o, zoneOf(c)))
	}
	c.Overrides = append(c.Overrides, made...)
	for _, o := range made {
		s.acct.implicitMembership(c.Teams, present([]*string{o.User}))
	}
	writeJSON(w, http.StatusCreated, object{"overrides": views})
}

// place makes a new override of the body.
func (b v3OverrideBody) place(a *account, c *schedule, o *inventory.Override) v3Invalid {
	if !b.Start.Given || !b.End.Given || !b.Overridden.Given || !b.Overriding.Given {
		return v3Refused("override", "start_time, end_time, overridden_member and overriding_member are required")
	}
	if (b.Rotation == "") == (b.CustomShift == "") {
		return v3Refused("override", "exactly one of rotation_id and custom_shift_id is required")
	}
	switch {
	case b.Rotation != "":
		if !slices.ContainsFunc(c.Rotations, func(x inventory.Rotation) bool { return x.ID == b.Rotation }) {
			return v3Refused("override.rotation_id", "Rotation not found")
		}
		o.Rotation = &b.Rotation
	default:
		if !slices.ContainsFunc(c.CustomShifts, func(x inventory.CustomShift) bool { return x.ID == b.CustomShift }) {
			return v3Refused("override.custom_shift_id", "Custom shift not found")
		}
		o.CustomShift = &b.CustomShift
	}
	replaces, errs := b.Overridden.Value.resolve(a, "override.overridden_member")
	if errs != nil {
		return errs
	}
	o.Replaces = replaces
	return b.apply(a, o)
}

// apply brings what may change later into o.
func (b v3OverrideBody) apply(a *account, o *inventory.Override) v3Invalid {
	if errs := applyV3Span("override", b.Start, b.End, &o.Start, &o.End); errs != nil {
		return errs
	}
	if !b.Overriding.Given {
		return nil
	}
	user, errs := b.Overriding.Value.resolve(a, "override.overriding_member")
	o.User = user
	return errs
}

// v3Override finds the override that a request names; if there is none it has
// answered.
func (s *Server) v3Override(w http.ResponseWriter, r *http.Request) (*schedule, int, bool) {
	c, ok := s.v3Schedule(w, r)
	if !ok {
		return nil, 0, false
	}
	i := slices.IndexFunc(c.Overrides, func(o inventory.Override) bool { return o.ID == r.PathValue("override_id") })
	if i < 0 {
		writeNotFound(w)
		return nil, 0, false
	}
	return c, i, true
}

func (s *Server) v3GetOverride(w http.ResponseWriter, r *http.Request) {
	c, i, ok := s.v3Override(w, r)
	if !ok {
		return
	}
	writeJSON(w, http.StatusOK, object{"override": s.v3OverrideView(c, c.Overrides[i], zoneOf(c))})
}

// v3UpdateOverride changes times and who stands in, never who is replaced.
func (s *Server) v3UpdateOverride(w http.ResponseWriter, r *http.Request) {
	c, i, ok := s.v3Override(w, r)
	if !ok {
		return
	}
	var b v3OverrideBody
	if !decodeV3(w, r, "override", &b) {
		return
	}
	o := c.Overrides[i]
	switch {
	case b.Overridden.Given:
		writeV3Invalid(w, v3Refused("override.overridden_member", "cannot be changed"))
		return
	case !o.End.After(s.now()):
		writeV3Invalid(w, v3Refused("override", "A past override cannot be modified"))
		return
	}
	if errs := b.apply(s.acct, &o); errs != nil {
		writeV3Invalid(w, errs)
		return
	}
	c.Overrides[i] = o
	s.acct.implicitMembership(c.Teams, present([]*string{o.User}))
	writeJSON(w, http.StatusOK, object{"override": s.v3OverrideView(c, o, zoneOf(c))})
}

// v3DeleteOverride does as v2 does: what is to come goes, what is under way ends
// now, what is over stays. What PagerDuty does with the latter two is not
// documented.
func (s *Server) v3DeleteOverride(w http.ResponseWriter, r *http.Request) {
	c, i, ok := s.v3Override(w, r)
	if !ok {
		return
	}
	now := s.now()
	switch o := &c.Overrides[i]; {
	case !o.End.After(now):
		writeV3Message(w, "A past override cannot be deleted")
		return
	case o.Start.Before(now):
		o.End = now
	default:
		c.Overrides = slices.Delete(c.Overrides, i, i+1)
	}
	w.WriteHeader(http.StatusNoContent)
}
