package pagerdutysim

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

func (s *Server) eventRoutes() {
	const events = "/v3/schedules/{id}/rotations/{rotation_id}/events"
	s.handle("GET "+events, s.listEvents)
	s.handle("POST "+events, s.createEvent)
	s.handle("GET "+events+"/{event_id}", s.getEvent)
	s.handle("PUT "+events+"/{event_id}", s.updateEvent)
	s.handle("DELETE "+events+"/{event_id}", s.deleteEvent)
}

// phase is where an event stands in time, which decides what may change.
type phase int

const (
	future phase = iota
	active
	past
)

func phaseOf(e inventory.Event, now time.Time) phase {
	switch {
	case e.EffectiveUntil != nil && !e.EffectiveUntil.After(now):
		return past
	case e.EffectiveSince.After(now):
		return future
	}
	return active
}

// hasPast says that an event was in effect before now.
func hasPast(e inventory.Event, now time.Time) bool { return e.EffectiveSince.Before(now) }

// endEvent ends an event now, unless it has ended.
func endEvent(e *inventory.Event, now time.Time) {
	if phaseOf(*e, now) != past {
		e.EffectiveUntil = &now
	}
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
