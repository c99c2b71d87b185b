package pagerdutysim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/input"
)

// optional tells a member that is absent, null or there apart.
type optional[T any] struct {
	Given bool
	Null  bool
	Value T
}

// set puts what was sent into its place: null clears.
func (o optional[T]) set(into *T) {
	if o.Given {
		*into = o.Value
	}
}

// UnmarshalJSON is called only for members that are there.
func (o *optional[T]) UnmarshalJSON(data []byte) error {
	o.Given = true
	if bytes.Equal(data, []byte("null")) {
		o.Null = true
		return nil
	}
	return json.Unmarshal(data, &o.Value)
}

// scheduleBody is a layer-based schedule as clients send it. What is read-only
// is ignored.
type scheduleBody struct {
	Name        optional[string]      `json:"name"`
	TimeZone    optional[string]      `json:"time_zone"`
	Description optional[string]      `json:"description"`
	Teams       optional[[]given]     `json:"teams"`
	Layers      optional[[]layerBody] `json:"schedule_layers"`
}

type layerBody struct {
	ID           string                      `json:"id"`
	Name         optional[string]            `json:"name"`
	Start        optional[string]            `json:"start"`
	End          optional[string]            `json:"end"`
	VirtualStart optional[string]            `json:"rotation_virtual_start"`
	Turn         optional[int]               `json:"rotation_turn_length_seconds"`
	Users        optional[[]layerUserBody]   `json:"users"`
	Restrictions optional[[]restrictionBody] `json:"restrictions"`
}

type layerUserBody struct {
	User given `json:"user"`
}

type restrictionBody struct {
	Type     string `json:"type"`
	Start    string `json:"start_time_of_day"`
	StartDay *int   `json:"start_day_of_week"`
	Duration int    `json:"duration_seconds"`
}

// invalid is why a body is refused, with PagerDuty's code; errs is a list, or a
// map by field for code 3001.
type invalid struct {
	code    int
	message string
	errs    any
}

func (e *invalid) Error() string { return fmt.Sprintf("%s: %v", e.message, e.errs) }

func refused(format string, args ...any) *invalid {
	return &invalid{codeInvalidInput, "Invalid Input Provided", []string{fmt.Sprintf(format, args...)}}
}

// codeInvalidSchedule is the code whose errors are a map by field. Source:
// hashicorp/terraform issue 11135.
const codeInvalidSchedule = 3001

func refusedField(field, format string, args ...any) *invalid {
	return &invalid{codeInvalidSchedule, "Invalid Schedule", map[string][]string{field: {fmt.Sprintf(format, args...)}}}
}

// Bounds of turns and restrictions, in seconds. Sources: PagerDuty's Terraform
// provider, resource_pagerduty_schedule.go; hashicorp/terraform issue 11135.
const (
	minTurn            = 3_600
	maxTurn            = 365 * 86_400
	dailyRestriction   = 86_400
	weeklyRestriction  = 604_800
	stakeholderRefused = "Stakeholders cannot be added to schedules"
)

// apply brings the body into c. With clamp, the start of a new layer is not in
// the past: PagerDuty's layers do not begin before they were made.
func (b scheduleBody) apply(a *account, c *inventory.Schedule, now time.Time, clamp bool) *invalid {
	if b.Name.Given {
		c.Name = strings.TrimSpace(b.Name.Value)
	}
	if c.Name == "" {
		return refused("Name can't be blank")
	}
	if b.TimeZone.Given {
		c.TimeZone = b.TimeZone.Value
	}
	// The list of zones is fixed, and has Etc/UTC but not UTC.
	if zone, err := input.Zone(c.TimeZone); err != nil || !strings.Contains(zone.String(), "/") {
		return refused("Time zone is invalid")
	}
	if b.Description.Given {
		c.Description = b.Description.Value
	}
	if b.Teams.Given {
		for _, id := range ids(b.Teams.Value) {
			if !has(a.teams, id) {
				return &invalid{codeTeamNotFound, "Team Not Found", []string{"Team not found"}}
			}
		}
		c.Teams = ids(b.Teams.Value)
	}
	if !b.Layers.Given {
		return nil
	}
	return b.applyLayers(a, c, now, clamp)
}

// applyLayers puts the layers sent, lowest precedence first, in place of those
// of the same id. A layer that is not sent stays, beneath the others: layers
// can't be deleted, only ended.
func (b scheduleBody) applyLayers(a *account, c *inventory.Schedule, now time.Time, clamp bool) *invalid {
	known := map[string]inventory.Layer{}
	for _, l := range c.Layers {
		known[l.ID] = l
	}
	var sent []inventory.Layer
	named := map[string]bool{}
	for _, body := range b.Layers.Value {
		l, exists := known[body.ID]
		switch {
		case clamp && body.ID != "" && !exists:
			return refused("Schedule layer %s does not belong to this schedule", body.ID)
		case named[body.ID]:
			return refused("Schedule layer %s is given twice", body.ID)
		}
		named[body.ID] = body.ID != ""
		if err := body.apply(a, &l, c.TimeZone, now, clamp); err != nil {
			return err
		}
		switch {
		case !clamp:
			l.ID = body.ID
		case l.ID == "":
			l.ID = a.newID()
		}
		if l.Name == "" {
			l.Name = fmt.Sprintf("Layer %d", len(sent)+1)
		}
		sent = append(sent, l)
	}
	var layers []inventory.Layer
	for _, l := range c.Layers {
		if !named[l.ID] {
			layers = append(layers, l)
		}
	}
	c.Layers = append(layers, sent...)
	return nil
}

func (b layerBody) apply(a *account, l *inventory.Layer, zoneName string, now time.Time, clamp bool) *invalid {
	zone, _ := input.Zone(zoneName)
	isNew := l.Start.IsZero()
	if isNew && !(b.Start.Given && b.VirtualStart.Given && b.Turn.Given && b.Users.Given) {
		return refused("Schedule layer must have start, rotation_virtual_start, rotation_turn_length_seconds and users")
	}
	if b.Name.Given {
		l.Name = b.Name.Value
	}
	before := *l
	for _, t := range []struct {
		from optional[string]
		name string
		into *time.Time
	}{{b.Start, "Start", &l.Start}, {b.VirtualStart, "Rotation virtual start", &l.VirtualStart}} {
		if !t.from.Given {
			continue
		}
		m, err := input.Moment(t.from.Value, zone)
		if err != nil {
			return refused("%s is invalid", t.name)
		}
		*t.into = m
	}
	l.VirtualStart = l.VirtualStart.Truncate(time.Minute)
	if clamp && l.Start.Before(now) && !l.Start.Equal(before.Start) {
		// What has begun keeps its start, what is new begins now.
		l.Start = now
		if !isNew && before.Start.Before(now) {
			l.Start = before.Start
		}
	}
	if err := b.applyEnd(l, zone); err != nil {
		return err
	}
	if b.Turn.Given {
		l.TurnSeconds = b.Turn.Value
	}
	if l.TurnSeconds < minTurn || l.TurnSeconds > maxTurn {
		return refusedField("rotation_turn_length_seconds", "must be between %d and %d seconds", minTurn, maxTurn)
	}
	if err := b.applyUsers(a, l); err != nil {
		return err
	}
	return b.applyRestrictions(l)
}

// applyEnd: only an explicit null takes an end away. Source: PagerDuty's
// Terraform provider, pull requests 257 and 460.
func (b layerBody) applyEnd(l *inventory.Layer, zone *time.Location) *invalid {
	switch {
	case !b.End.Given:
		return nil
	case b.End.Null:
		l.End = nil
		return nil
	}
	end, err := input.Moment(b.End.Value, zone)
	if err != nil {
		return refused("End is invalid")
	}
	end = end.Truncate(time.Minute)
	l.End = &end
	return nil
}

func (b layerBody) applyUsers(a *account, l *inventory.Layer) *invalid {
	if !b.Users.Given {
		return nil
	}
	if len(b.Users.Value) == 0 {
		return refused("Schedule layer must have at least one user")
	}
	users := make([]string, len(b.Users.Value))
	for i, u := range b.Users.Value {
		// Who is on the layer already is not added: they may have been deleted, or
		// become a stakeholder since.
		if !slices.Contains(l.Users, u.User.ID) {
			if err := a.schedulable(u.User.ID); err != nil {
				return err
			}
		}
		users[i] = u.User.ID
	}
	l.Users = users
	return nil
}

// schedulable says what keeps a user from being put on a schedule.
func (a *account) schedulable(id string) *invalid {
	u := a.users[id]
	switch {
	case !u.live():
		return refused("User not found")
	case inventory.Stakeholder(u.role):
		return refused(stakeholderRefused)
	}
	return nil
}

func (b layerBody) applyRestrictions(l *inventory.Layer) *invalid {
	if !b.Restrictions.Given {
		return nil
	}
	restrictions := []inventory.Restriction{}
	for _, r := range b.Restrictions.Value {
		start, err := time.Parse(time.TimeOnly, r.Start)
		if err != nil {
			return refused("Start time of day is invalid")
		}
		limit := dailyRestriction
		switch r.Type {
		case "daily_restriction":
			r.StartDay = nil
		case "weekly_restriction":
			limit = weeklyRestriction
			if r.StartDay == nil || *r.StartDay < 1 || *r.StartDay > 7 {
				return refused("Start day of week must be in 1, 2, 3, 4, 5, 6, 7")
			}
		default:
			return refused("Restriction type is invalid")
		}
		if r.Duration <= 0 || r.Duration >= limit {
			return refusedField("restrictions", "Duration must be less than %d seconds", limit)
		}
		restrictions = append(restrictions, inventory.Restriction{
			Type: r.Type, StartTime: start.Format("15:04:00"), DurationSeconds: r.Duration, StartDay: r.StartDay,
		})
	}
	l.Restrictions = restrictions
	return nil
}
