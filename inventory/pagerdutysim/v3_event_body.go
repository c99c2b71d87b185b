package pagerdutysim

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/input"
)

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
