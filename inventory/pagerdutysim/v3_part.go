package pagerdutysim

import (
	"net/http"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/input"
)

// v3Part is what custom shifts and overrides of a shift-based schedule have in
// common: each is a span of time with somebody in it, read from a body B.
type v3Part[T any, B v3PartBody[T]] struct {
	s *Server
	// one and many are the keys in bodies, ended is what a refusal calls one that
	// is over.
	one, many, ended string
	of               func(*schedule) *[]T
	as               func(*T) v3Span
	view             func(*schedule, T, *time.Location) object
	// gone says what goes with one that was removed.
	gone func(*schedule, string)
}

// v3PartBody is how clients send a part.
type v3PartBody[T any] interface {
	// place makes a new part of the body; change brings the body into one.
	place(a *account, c *schedule, id string) (T, v3Invalid)
	change(a *account, c *schedule, x *T, now time.Time) v3Invalid
}

// v3Span is the common part of a part.
type v3Span struct {
	id         string
	start, end *time.Time
	user       *string
}

// register registers the five endpoints of the parts under a path, whose ids are
// called key.
func (p v3Part[T, B]) register(key string) {
	path := "/v3/schedules/{id}/" + p.many
	p.s.handle("GET "+path, p.list)
	p.s.handle("POST "+path, p.create)
	one := path + "/{" + key + "}"
	p.s.handle("GET "+one, p.found(key, p.get))
	p.s.handle("PUT "+one, p.found(key, p.update))
	p.s.handle("DELETE "+one, p.found(key, p.delete))
}

// readV3Span reads the bounds that the lists require; if one is missing or wrong
// it has answered 400.
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

func (p v3Part[T, B]) list(w http.ResponseWriter, r *http.Request) {
	c, ok := p.s.v3Schedule(w, r)
	if !ok {
		return
	}
	v, ok := readV3Span(w, r, c)
	if !ok {
		return
	}
	within := slices.DeleteFunc(slices.Clone(*p.of(c)), func(x T) bool {
		span := p.as(&x)
		return !span.end.After(v.Since) || !span.start.Before(v.Until)
	})
	v3Paginate(p.s, w, r, p.many, v3DefaultParts, v3MaxParts, within, func(x T) object {
		span := p.as(&x)
		*span.start, *span.end = v.cut(*span.start, *span.end)
		return p.view(c, x, v.zone)
	})
}

// create makes all of the parts or none.
func (p v3Part[T, B]) create(w http.ResponseWriter, r *http.Request) {
	c, ok := p.s.v3Schedule(w, r)
	if !ok {
		return
	}
	var bodies []B
	if !decodeV3(w, r, p.many, &bodies) {
		return
	}
	if len(bodies) == 0 {
		writeV3Invalid(w, v3Refused(p.many, "must have at least one"))
		return
	}
	var made []T
	var views []object
	for _, b := range bodies {
		x, errs := b.place(p.s.acct, c, p.s.acct.newLongID())
		if errs == nil {
			errs = p.limit(c, &x)
		}
		if errs != nil {
			writeV3Invalid(w, errs)
			return
		}
		made = append(made, x)
		views = append(views, p.view(c, x, zoneOf(c)))
	}
	*p.of(c) = append(*p.of(c), made...)
	for _, x := range made {
		p.join(c, &x)
	}
	writeJSON(w, http.StatusCreated, object{p.many: views})
}

// limit says what keeps the part's person from coming onto the schedule's teams.
func (p v3Part[T, B]) limit(c *schedule, x *T) v3Invalid {
	if text := p.s.acct.membershipLimit(c.Teams, present([]*string{p.as(x).user})); text != "" {
		return v3Refused(p.one, "%s", text)
	}
	return nil
}

func (p v3Part[T, B]) join(c *schedule, x *T) {
	p.s.acct.implicitMembership(c.Teams, present([]*string{p.as(x).user}))
}

// found finds the part that a request names by an id called key; if there is
// none it answers.
func (p v3Part[T, B]) found(key string, then func(http.ResponseWriter, *http.Request, *schedule, int)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, ok := p.s.v3Schedule(w, r)
		if !ok {
			return
		}
		i := slices.IndexFunc(*p.of(c), func(x T) bool { return p.as(&x).id == r.PathValue(key) })
		if i < 0 {
			writeNotFound(w)
			return
		}
		then(w, r, c, i)
	}
}

func (p v3Part[T, B]) get(w http.ResponseWriter, _ *http.Request, c *schedule, i int) {
	writeJSON(w, http.StatusOK, object{p.one: p.view(c, (*p.of(c))[i], zoneOf(c))})
}

// update changes what the body may change, and nothing of a part that is over.
func (p v3Part[T, B]) update(w http.ResponseWriter, r *http.Request, c *schedule, i int) {
	var b B
	if !decodeV3(w, r, p.one, &b) {
		return
	}
	x := (*p.of(c))[i]
	errs := b.change(p.s.acct, c, &x, p.s.now())
	switch {
	case !p.as(&(*p.of(c))[i]).end.After(p.s.now()):
		errs = v3Refused(p.one, "%s cannot be modified", p.ended)
	case errs == nil:
		errs = p.limit(c, &x)
	}
	if errs != nil {
		writeV3Invalid(w, errs)
		return
	}
	(*p.of(c))[i] = x
	p.join(c, &x)
	writeJSON(w, http.StatusOK, object{p.one: p.view(c, x, zoneOf(c))})
}

// delete removes a part to come, ends one under way now, and refuses for one that
// is over. Source: OpenAPI, deleteCustomShift; of overrides it does not say, and
// they do here as those of layer-based schedules.
func (p v3Part[T, B]) delete(w http.ResponseWriter, _ *http.Request, c *schedule, i int) {
	now := p.s.now()
	switch span := p.as(&(*p.of(c))[i]); {
	case !span.end.After(now):
		writeV3Invalid(w, v3Refused(p.one, "%s cannot be deleted", p.ended))
		return
	case span.start.Before(now):
		*span.end = now
	default:
		id := span.id
		*p.of(c) = slices.Delete(*p.of(c), i, i+1)
		p.gone(c, id)
	}
	w.WriteHeader(http.StatusNoContent)
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
		m, err := input.Moment(t.from.Value, nil)
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

func (s *Server) customShiftRoutes() {
	v3Part[inventory.CustomShift, customShiftBody]{
		s: s, one: "custom_shift", many: "custom_shifts", ended: "A shift that has ended",
		of:   func(c *schedule) *[]inventory.CustomShift { return &c.CustomShifts },
		as:   func(x *inventory.CustomShift) v3Span { return v3Span{x.ID, &x.Start, &x.End, x.User} },
		view: s.customShiftView,
		gone: func(c *schedule, id string) {
			c.Overrides = slices.DeleteFunc(c.Overrides, func(o inventory.Override) bool { return o.CustomShift != nil && *o.CustomShift == id })
		},
	}.register("custom_shift_id")
}

func (s *Server) v3OverrideRoutes() {
	v3Part[inventory.Override, v3OverrideBody]{
		s: s, one: "override", many: "overrides", ended: "A past override",
		of:   func(c *schedule) *[]inventory.Override { return &c.Overrides },
		as:   func(o *inventory.Override) v3Span { return v3Span{o.ID, &o.Start, &o.End, o.User} },
		view: s.v3OverrideView,
		gone: func(*schedule, string) {},
	}.register("override_id")
}

type v3OverrideBody struct {
	Rotation    string               `json:"rotation_id"`
	CustomShift string               `json:"custom_shift_id"`
	Start       optional[string]     `json:"start_time"`
	End         optional[string]     `json:"end_time"`
	Overridden  optional[memberBody] `json:"overridden_member"`
	Overriding  optional[memberBody] `json:"overriding_member"`
}

// place makes a new override of the body, which names both members, and exactly
// one of a rotation and a custom shift. Source: OpenAPI, createOverrides.
func (b v3OverrideBody) place(a *account, c *schedule, id string) (inventory.Override, v3Invalid) {
	o := inventory.Override{ID: id}
	if !b.Start.Given || !b.End.Given || !b.Overridden.Given || !b.Overriding.Given {
		return o, v3Refused("override", "start_time, end_time, overridden_member and overriding_member are required")
	}
	if (b.Rotation == "") == (b.CustomShift == "") {
		return o, v3Refused("override", "exactly one of rotation_id and custom_shift_id is required")
	}
	switch {
	case b.Rotation != "":
		if !slices.ContainsFunc(c.Rotations, func(x inventory.Rotation) bool { return x.ID == b.Rotation }) {
			return o, v3Refused("override.rotation_id", "Rotation not found")
		}
		o.Rotation = &b.Rotation
	default:
		if !slices.ContainsFunc(c.CustomShifts, func(x inventory.CustomShift) bool { return x.ID == b.CustomShift }) {
			return o, v3Refused("override.custom_shift_id", "Custom shift not found")
		}
		o.CustomShift = &b.CustomShift
	}
	replaces, errs := b.Overridden.Value.resolve(a, "override.overridden_member")
	if errs != nil {
		return o, errs
	}
	o.Replaces = replaces
	errs = b.apply(a, &o)
	return o, errs
}

// change changes times and who stands in, never who is replaced.
func (b v3OverrideBody) change(a *account, _ *schedule, o *inventory.Override, _ time.Time) v3Invalid {
	if b.Overridden.Given {
		return v3Refused("override.overridden_member", "cannot be changed")
	}
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

type customShiftBody struct {
	Start       optional[string] `json:"start_time"`
	End         optional[string] `json:"end_time"`
	Assignments optional[[]struct {
		Type   string     `json:"type"`
		Member memberBody `json:"member"`
	}] `json:"assignments"`
}

func (b customShiftBody) place(a *account, _ *schedule, id string) (inventory.CustomShift, v3Invalid) {
	x := inventory.CustomShift{ID: id}
	if !b.Start.Given || !b.End.Given || !b.Assignments.Given {
		return x, v3Refused("custom_shift", "start_time, end_time and assignments are required")
	}
	errs := b.apply(a, &x)
	return x, errs
}

// change brings everything into a shift to come, and only the end into one that
// has started.
func (b customShiftBody) change(a *account, _ *schedule, x *inventory.CustomShift, now time.Time) v3Invalid {
	if !x.Start.After(now) && (b.Start.Given || b.Assignments.Given) {
		return v3Refused("custom_shift", "Only end_time can be modified once the shift has started")
	}
	return b.apply(a, x)
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
