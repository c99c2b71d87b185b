package pagerdutysim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/input"
)

func (s *Server) eventRoutes() {
	const events = "/v3/schedules/{id}/rotations/{rotation_id}/events"
	s.handle("GET "+events, s.listEvents)
	s.handle("POST "+events, s.createEvent)
	s.handle("GET "+events+"/{event_id}", s.getEvent)
	s.handle("PUT "+events+"/{event_id}", s.updateEvent)
	s.handle("DELETE "+events+"/{event_id}", s.deleteEvent)
}

// event finds the event that a request names, as its index in the rotation; if
// there is none it has answered.
func (s *Server) event(w http.ResponseWriter, r *http.Request) (*schedule, *inventory.Rotation, int, bool) {
	c, rot, ok := s.rotation(w, r)
	if !ok {
		return nil, nil, 0, false
	}
	i := slices.IndexFunc(rot.Events, func(e inventory.Event) bool { return e.ID == r.PathValue("event_id") })
	if i < 0 {
		writeNotFound(w)
		return nil, nil, 0, false
	}
	return c, rot, i, true
}

func (s *Server) listEvents(w http.ResponseWriter, r *http.Request) {
	c, rot, ok := s.rotation(w, r)
	if !ok {
		return
	}
	v3Paginate(s, w, r, "events", v3DefaultParts, v3MaxParts, c.listedEvents(*rot), func(e inventory.Event) object {
		return s.eventView(c, rot.ID, e)
	})
}

func (s *Server) getEvent(w http.ResponseWriter, r *http.Request) {
	c, rot, i, ok := s.event(w, r)
	if !ok {
		return
	}
	writeJSON(w, http.StatusOK, object{"event": s.eventView(c, rot.ID, rot.Events[i])})
}

func (s *Server) createEvent(w http.ResponseWriter, r *http.Request) {
	c, rot, ok := s.rotation(w, r)
	if !ok {
		return
	}
	var b eventBody
	if !decodeV3(w, r, "event", &b) {
		return
	}
	now := s.now()
	if live := slices.DeleteFunc(slices.Clone(rot.Events), func(e inventory.Event) bool { return phaseOf(e, now) == past }); len(live) >= maxEvents {
		writeV3Invalid(w, v3Refused("rotation.events", "A rotation can have at most %d events", maxEvents))
		return
	}
	e := inventory.Event{ID: s.acct.newLongID(), StartsUnderWay: s.opts.StartsUnderWay}
	if errs := s.placeEvent(c, rot, &e, b, true); errs != nil {
		writeV3Invalid(w, errs)
		return
	}
	rot.Events = append(rot.Events, e)
	s.acct.implicitMembership(c.Teams, present(e.Assignment.Members))
	writeJSON(w, http.StatusCreated, object{"event": s.eventView(c, rot.ID, e)})
}

// updateEvent changes everything of an event to come, effective_until alone of
// an active one, nothing of a past one.
func (s *Server) updateEvent(w http.ResponseWriter, r *http.Request) {
	c, rot, i, ok := s.event(w, r)
	if !ok {
		return
	}
	var b eventBody
	if !decodeV3(w, r, "event", &b) {
		return
	}
	e := rot.Events[i]
	switch phase := phaseOf(e, s.now()); {
	case phase == past:
		writeV3Invalid(w, v3Refused("event", "Past events cannot be modified"))
		return
	case phase == active && b.besidesUntil():
		writeV3Invalid(w, v3Refused("event", "Only effective_until can be updated on an active event"))
		return
	}
	if errs := s.placeEvent(c, rot, &e, b, false); errs != nil {
		writeV3Invalid(w, errs)
		return
	}
	rot.Events[i] = e
	s.acct.implicitMembership(c.Teams, present(e.Assignment.Members))
	writeJSON(w, http.StatusOK, object{"event": s.eventView(c, rot.ID, e)})
}

// deleteEvent drops an event to come and ends an active one now. Its history stays
// in the final schedule, the event is gone from the lists. Source: PagerDuty's
// Terraform provider, TestAccPagerDutyScheduleV2_ActiveEventFieldChange, whose next
// plan is empty.
func (s *Server) deleteEvent(w http.ResponseWriter, r *http.Request) {
	c, rot, i, ok := s.event(w, r)
	if !ok {
		return
	}
	switch e := &rot.Events[i]; {
	case phaseOf(*e, s.now()) == past:
		writeV3Invalid(w, v3Refused("event", "Past events cannot be deleted"))
		return
	case hasPast(*e, s.now()):
		endEvent(e, s.now())
		c.withdraw(e.ID)
	default:
		rot.Events = slices.Delete(rot.Events, i, i+1)
	}
	w.WriteHeader(http.StatusNoContent)
}

// placeEvent brings the body into e and says what keeps e out of the rotation.
func (s *Server) placeEvent(c *schedule, rot *inventory.Rotation, e *inventory.Event, b eventBody, isNew bool) v3Invalid {
	if errs := b.apply(s.acct, e, s.now(), isNew); errs != nil {
		return errs
	}
	if text := s.acct.membershipLimit(c.Teams, present(e.Assignment.Members)); text != "" {
		return v3Refused("event.assignment_strategy.members", "%s", text)
	}
	other, err := overlapping(*rot, *e, s.now())
	switch {
	case err != nil:
		return v3Refused("event.recurrence", "%s", err)
	case other != "":
		return v3Refused("rotation.events", "Events within a rotation cannot overlap (%s)", other)
	}
	return nil
}

// overlapHorizon is how far ahead events are compared.
const overlapHorizon = 90 * 24 * time.Hour

// overlapping names an event of the rotation that takes place at the same time
// as e. An event that can't be rendered is an error.
func overlapping(rot inventory.Rotation, e inventory.Event, now time.Time) (string, error) {
	since := now
	if e.EffectiveSince.After(since) {
		since = e.EffectiveSince
	}
	until := since.Add(overlapHorizon)
	mine, err := occurrences(e, since, until)
	if err != nil {
		return "", err
	}
	for _, other := range rot.Events {
		if other.ID == e.ID {
			continue
		}
		theirs, err := occurrences(other, since, until)
		if err != nil {
			return "", err
		}
		i := 0
		for _, m := range mine {
			for i < len(theirs) && !theirs[i].End.After(m.Start) {
				i++
			}
			if i < len(theirs) && theirs[i].Start.Before(m.End) {
				return fmt.Sprintf("%s, %s", other.ID, stamp(m.Start, time.UTC)), nil
			}
		}
	}
	return "", nil
}

// occurrences are the spans of an event, whoever covers them, in order.
func occurrences(e inventory.Event, since, until time.Time) ([]inventory.Shift, error) {
	somebody := "somebody"
	e.Assignment = inventory.Assignment{Type: everyMember, Members: []*string{&somebody}}
	return oncall.Render(inventory.Schedule{
		Kind:      inventory.ScheduleOfShifts,
		Rotations: []inventory.Rotation{{Events: []inventory.Event{e}}},
	}, since, until)
}

// The two ways of assigning members.
const (
	rotatingMember = "rotating_member_assignment_strategy"
	everyMember    = "every_member_assignment_strategy"
)

type eventBody struct {
	Name       optional[string]       `json:"name"`
	Start      optional[zonedBody]    `json:"start_time"`
	End        optional[zonedBody]    `json:"end_time"`
	Since      optional[string]       `json:"effective_since"`
	Until      optional[string]       `json:"effective_until"`
	Recurrence optional[[]string]     `json:"recurrence"`
	Assignment optional[strategyBody] `json:"assignment_strategy"`
}

type zonedBody struct {
	DateTime string `json:"date_time"`
	TimeZone string `json:"time_zone"`
}

type strategyBody struct {
	Type            string       `json:"type"`
	ShiftsPerMember *int         `json:"shifts_per_member"`
	Members         []memberBody `json:"members"`
}

type memberBody struct {
	Type   string `json:"type"`
	UserID string `json:"user_id"`
}

// besidesUntil says that the body has more than effective_until, changed or not.
func (b eventBody) besidesUntil() bool {
	return b.Name.Given || b.Start.Given || b.End.Given || b.Since.Given || b.Recurrence.Given || b.Assignment.Given
}

// apply brings the body into e, complete for a new event.
func (b eventBody) apply(a *account, e *inventory.Event, now time.Time, isNew bool) v3Invalid {
	if isNew && !(b.Name.Given && b.Start.Given && b.End.Given && b.Since.Given && b.Recurrence.Given && b.Assignment.Given) {
		return v3Refused("event", "name, start_time, end_time, effective_since, recurrence and assignment_strategy are required")
	}
	if b.Name.Given {
		e.Name = b.Name.Value
	}
	if utf8.RuneCountInString(e.Name) > 255 {
		return v3Refused("event.name", "Name is too long (maximum is 255 characters)")
	}
	for _, apply := range []func(*inventory.Event, time.Time) v3Invalid{b.applySpan, b.applySince, b.applyUntil, b.applyRecurrence} {
		if errs := apply(e, now); errs != nil {
			return errs
		}
	}
	return b.applyAssignment(a, e)
}

func (b eventBody) applySpan(e *inventory.Event, _ time.Time) v3Invalid {
	for _, t := range []struct {
		field string
		from  optional[zonedBody]
		into  *time.Time
	}{{"event.start_time", b.Start, &e.Start}, {"event.end_time", b.End, &e.End}} {
		if !t.from.Given {
			continue
		}
		zone, err := input.Zone(t.from.Value.TimeZone)
		if err != nil {
			return v3Refused(t.field, "Time zone is invalid")
		}
		m, err := input.Moment(t.from.Value.DateTime, zone)
		if err != nil {
			return v3Refused(t.field, "Date is invalid")
		}
		*t.into, e.TimeZone = m, v3Zone(t.from.Value.TimeZone)
	}
	switch {
	case b.Start.Given && b.End.Given && v3Zone(b.Start.Value.TimeZone) != v3Zone(b.End.Value.TimeZone):
		return v3Refused("event.end_time", "must have the time zone of start_time")
	case !e.Start.Before(e.End):
		return v3Refused("event.end_time", "must be after start_time")
	}
	return nil
}

// applySince clamps a moment of the past to now.
func (b eventBody) applySince(e *inventory.Event, now time.Time) v3Invalid {
	if !b.Since.Given {
		return nil
	}
	since, err := input.Moment(b.Since.Value, nil)
	switch {
	case err != nil:
		return v3Refused("event.effective_since", "Date is invalid")
	case since.After(now.AddDate(0, 12, 0)):
		return v3Refused("event.effective_since", "Date cannot be more than 12 months in the future")
	case since.Before(now):
		since = now
	}
	e.EffectiveSince = since
	return nil
}

func (b eventBody) applyUntil(e *inventory.Event, now time.Time) v3Invalid {
	switch {
	case b.Until.Null:
		e.EffectiveUntil = nil
	case b.Until.Given:
		until, err := input.Moment(b.Until.Value, nil)
		if err != nil {
			return v3Refused("event.effective_until", "Date is invalid")
		}
		if until.Before(now) {
			until = now
		}
		e.EffectiveUntil = &until
	}
	if e.EffectiveUntil != nil && !e.EffectiveUntil.After(e.EffectiveSince) {
		return v3Refused("event.effective_until", "must be after effective_since")
	}
	return nil
}

func (b eventBody) applyRecurrence(e *inventory.Event, _ time.Time) v3Invalid {
	if !b.Recurrence.Given {
		return nil
	}
	rules := 0
	for _, line := range b.Recurrence.Value {
		if strings.HasPrefix(line, "RRULE") {
			rules++
		}
	}
	if rules != 1 {
		return v3Refused("event.recurrence", "must contain exactly one RRULE")
	}
	e.Recurrence = slices.Clone(b.Recurrence.Value)
	return nil
}

func (b eventBody) applyAssignment(a *account, e *inventory.Event) v3Invalid {
	if !b.Assignment.Given {
		return nil
	}
	const field = "event.assignment_strategy"
	v := b.Assignment.Value
	switch {
	case v.Type != rotatingMember && v.Type != everyMember:
		return v3Refused(field+".type", "is not a known strategy")
	case v.Type == rotatingMember && (v.ShiftsPerMember == nil || *v.ShiftsPerMember < 1):
		return v3Refused(field+".shifts_per_member", "is required for a rotating strategy, and at least 1")
	case len(v.Members) < 1 || len(v.Members) > maxMembers:
		return v3Refused(field+".members", "must have 1 to %d members", maxMembers)
	}
	if v.Type == everyMember {
		v.ShiftsPerMember = nil
	}
	e.Assignment = inventory.Assignment{Type: v.Type, ShiftsPerMember: v.ShiftsPerMember}
	for _, m := range v.Members {
		user, errs := m.resolve(a, field+".members")
		if errs != nil {
			return errs
		}
		e.Assignment.Members = append(e.Assignment.Members, user)
	}
	return nil
}

// resolve is the id of the member's user, nil for the empty member.
func (m memberBody) resolve(a *account, field string) (*string, v3Invalid) {
	switch m.Type {
	case "empty_member":
		return nil, nil
	case "user_member":
		if err := a.schedulable(m.UserID); err != nil {
			return nil, v3Invalid{field: err.errs.([]string)}
		}
		return &m.UserID, nil
	}
	return nil, v3Refused(field, "must be a user_member or an empty_member")
}
