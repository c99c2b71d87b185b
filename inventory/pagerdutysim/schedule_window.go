package pagerdutysim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/input"
)

// defaultWindow is how far a lone bound reaches. Source: PagerDuty's API
// description, getSchedule.
const defaultWindow = 14 * 24 * time.Hour

// rendering is what a request says of how schedules are to be rendered.
type rendering struct {
	inventory.Window
	// bounded says that the request names at least one bound: only then are
	// entries and coverage filled.
	bounded bool
	// overflow keeps entries whole that reach over the window.
	overflow bool
	// zone is the zone that times are written in, or nil for the schedule's own.
	zone *time.Location
	// request is asked for faults.
	request *http.Request
}

// readRendering reads since, until, overflow and time_zone. The error is for the
// person who asked.
func readRendering(r *http.Request) (rendering, error) {
	q := r.URL.Query()
	v := rendering{overflow: q.Get("overflow") == "true", request: r}
	if name := q.Get("time_zone"); name != "" {
		zone, err := input.Zone(name)
		if err != nil {
			return v, fmt.Errorf("time_zone is not a valid time zone")
		}
		v.zone = zone
	}
	for name, into := range map[string]*time.Time{"since": &v.Since, "until": &v.Until} {
		if q.Get(name) == "" {
			continue
		}
		t, err := input.Moment(q.Get(name), v.zone)
		if err != nil {
			return v, fmt.Errorf("%s is not a valid date and time", name)
		}
		*into, v.bounded = t, true
	}
	switch {
	case !v.bounded:
		return v, nil
	case v.Since.IsZero():
		v.Since = v.Until.Add(-defaultWindow)
	case v.Until.IsZero():
		v.Until = v.Since.Add(defaultWindow)
	}
	if !v.Since.Before(v.Until) {
		return v, fmt.Errorf("until must be after since")
	}
	return v, nil
}

// longestEntry is how far an entry can reach over a window: a turn lasts at
// most a year.
const longestEntry = 366 * 24 * time.Hour

// entries calls render for the window and gives what it rendered and how much
// of the window that covers; with overflow, pieces that reach over the window
// stay whole.
func (v rendering) entries(render func(since, until time.Time) ([]inventory.Shift, error)) ([]inventory.Shift, float64, error) {
	since, until := v.Since, v.Until
	if v.overflow {
		since, until = since.Add(-longestEntry), until.Add(longestEntry)
	}
	shifts, err := render(since, until)
	if err != nil {
		return nil, 0, err
	}
	shifts = slices.DeleteFunc(shifts, func(s inventory.Shift) bool {
		return !s.End.After(v.Since) || !s.Start.Before(v.Until)
	})
	return shifts, oncall.Coverage(shifts, v.Since, v.Until), nil
}

// final renders the final schedule, as it is or, where that is on order, moved.
func (s *Server) final(c *schedule, v rendering) ([]inventory.Shift, float64, error) {
	shift := s.disagreement(v.request, c.ID)
	return v.entries(func(since, until time.Time) ([]inventory.Shift, error) {
		shifts, err := oncall.Render(c.Schedule, since.Add(-shift), until.Add(-shift))
		for i := range shifts {
			shifts[i].Start, shifts[i].End = shifts[i].Start.Add(shift), shifts[i].End.Add(shift)
		}
		return shifts, err
	})
}

// defaultDisagreement is how far a rendering that disagrees is off.
const defaultDisagreement = time.Hour

// disagreement is by how much the rendering of a schedule is off: by the
// Duration of a FaultRendering that befalls the request, or of one on order
// whose Path names the schedule ("/schedules/PABC123"), which also shows in
// lists and is not used up there.
func (s *Server) disagreement(r *http.Request, id string) time.Duration {
	f := s.fault(r, FaultRendering)
	for _, o := range s.orders {
		if f == nil && o.Kind == FaultRendering && o.times != 0 && (o.Path == "/schedules/"+id || o.Path == "/v3/schedules/"+id) {
			f = &o.Fault
		}
	}
	switch {
	case f == nil:
		return 0
	case f.Duration == 0:
		return defaultDisagreement
	}
	return f.Duration
}

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
	start, err := input.Moment(b.Start, zoneOf(c))
	if err != nil {
		return inventory.Override{}, refused("Start is invalid")
	}
	end, err := input.Moment(b.End, zoneOf(c))
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
