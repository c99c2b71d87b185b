package pagerdutysim

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// overrideBody is an override of a layer-based schedule as clients send it.
type overrideBody struct {
	Start string `json:"start"`
	End   string `json:"end"`
	User  given  `json:"user"`
}

func (s *Server) overrideView(o inventory.Override, zone *time.Location) object {
	return object{
		"id": o.ID, "start": stamp(o.Start, zone), "end": stamp(o.End, zone), "user": s.userRef(*o.User),
	}
}

// listOverrides lists overrides in the order of their creation. With editable it
// gives only the ids of those still to come.
func (s *Server) listOverrides(w http.ResponseWriter, r *http.Request) {
	c, ok := s.layerSchedule(w, r)
	if !ok {
		return
	}
	q := r.URL.Query()
	if q.Get("since") == "" || q.Get("until") == "" {
		writeInvalid(w, "Since and until are required")
		return
	}
	v, err := readRendering(r)
	if err != nil {
		writeInvalid(w, err.Error())
		return
	}
	if v.zone == nil {
		v.zone = zoneOf(c)
	}
	list := []object{}
	for _, o := range c.Overrides {
		if !o.End.After(v.Since) || !o.Start.Before(v.Until) {
			continue
		}
		if q.Has("editable") {
			if o.Start.After(s.now()) {
				list = append(list, object{"id": o.ID})
			}
			continue
		}
		o.Start, o.End = v.cut(o.Start, o.End)
		list = append(list, s.overrideView(o, v.zone))
	}
	writeJSON(w, http.StatusOK, object{"overrides": list})
}

// cut clips a span to the window, unless overflow asks for it whole.
func (v rendering) cut(start, end time.Time) (time.Time, time.Time) {
	if v.overflow {
		return start, end
	}
	if start.Before(v.Since) {
		start = v.Since
	}
	if end.After(v.Until) {
		end = v.Until
	}
	return start, end
}

// createOverrides answers each override of the body on its own, 201 as a whole
// even where all were refused; or, deprecated, the single one.
func (s *Server) createOverrides(w http.ResponseWriter, r *http.Request) {
	c, ok := s.layerSchedule(w, r)
	if !ok {
		return
	}
	var body struct {
		Overrides optional[[]overrideBody] `json:"overrides"`
		Override  *overrideBody            `json:"override"`
	}
	if !decodeBody(w, r, "", &body) {
		return
	}
	switch {
	case body.Override != nil && !body.Overrides.Given:
		o, err := s.addOverride(c, *body.Override)
		if err != nil {
			writeErrors(w, http.StatusBadRequest, err.code, err.message, err.errs)
			return
		}
		writeJSON(w, http.StatusCreated, object{"override": s.overrideView(o, zoneOf(c))})
	case len(body.Overrides.Value) == 0:
		writeInvalid(w, "Overrides can't be blank")
	default:
		results := []object{}
		for _, b := range body.Overrides.Value {
			results = append(results, s.overrideResult(c, b))
		}
		writeJSON(w, http.StatusCreated, results)
	}
}

func (s *Server) overrideResult(c *schedule, b overrideBody) object {
	o, err := s.addOverride(c, b)
	if err != nil {
		back, _ := json.Marshal(b)
		var override object
		_ = json.Unmarshal(back, &override)
		override["user"] = s.userRef(b.User.ID)
		return object{"status": http.StatusBadRequest, "errors": err.errs, "override": override}
	}
	return object{"status": http.StatusCreated, "override": s.overrideView(o, zoneOf(c))}
}

func (s *Server) addOverride(c *schedule, b overrideBody) (inventory.Override, *invalid) {
	start, err := parseMoment(b.Start, zoneOf(c))
	if err != nil {
		return inventory.Override{}, refused("Start is invalid")
	}
	end, err := parseMoment(b.End, zoneOf(c))
	if err != nil {
		return inventory.Override{}, refused("End is invalid")
	}
	if !start.Before(end) {
		return inventory.Override{}, refused("Override must end after its start")
	}
	if err := s.acct.schedulable(b.User.ID); err != nil {
		return inventory.Override{}, err
	}
	if text := s.acct.membershipLimit(c.Teams, []string{b.User.ID}); text != "" {
		return inventory.Override{}, refused("%s", text)
	}
	o := inventory.Override{ID: s.acct.newLongID(), User: &b.User.ID, Start: start, End: end}
	c.Overrides = append(c.Overrides, o)
	s.acct.implicitMembership(c.Teams, []string{b.User.ID})
	return o, nil
}

// deleteOverride removes an override to come (204), ends one under way now
// (200), and refuses for one that is over.
func (s *Server) deleteOverride(w http.ResponseWriter, r *http.Request) {
	c, ok := s.layerSchedule(w, r)
	if !ok {
		return
	}
	i := slices.IndexFunc(c.Overrides, func(o inventory.Override) bool { return o.ID == r.PathValue("override_id") })
	if i < 0 {
		writeNotFound(w)
		return
	}
	now := s.now()
	switch o := &c.Overrides[i]; {
	case !o.End.After(now):
		writeInvalid(w, "You cannot remove a past override")
	case o.Start.Before(now):
		o.End = now
		w.WriteHeader(http.StatusOK)
	default:
		c.Overrides = slices.Delete(c.Overrides, i, i+1)
		w.WriteHeader(http.StatusNoContent)
	}
}
