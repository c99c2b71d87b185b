package plan

import (
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies/desired"
)

// OverrideKind is what PagerDuty calls the thing that puts somebody on call for a
// window.
type OverrideKind string

// The kinds of overrides.
const (
	// AsOverride takes the place of what the schedule says.
	AsOverride OverrideKind = "override"
	// AsCustomShift adds to a shift-based schedule, where nobody is on call.
	AsCustomShift OverrideKind = "custom_shift"
)

// OverrideShift is one override of a schedule, or one custom shift: what a grant of
// role override comes to, which may be several of them.
type OverrideShift struct {
	Kind OverrideKind `json:"kind"`
	// ID is PagerDuty's; empty for one that is to be made.
	ID    string    `json:"id"`
	User  string    `json:"user"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	// Replaces is whom it takes the place of; empty for whoever is on call.
	Replaces string `json:"replaces"`
	// Rotation is the rotation that it is in, on shift-based schedules only.
	Rotation string `json:"rotation"`
}

// Same says that one that is there is about the same people for the same rest of
// time: what is past of it does not count, and one that was made amid its window
// began with the next minute.
func (p OverrideShift) Same(have OverrideShift, now time.Time) bool {
	late := Later(have.Start, now).Sub(Later(p.Start, now))
	return p.Kind == have.Kind && p.User == have.User && p.Replaces == have.Replaces && p.Rotation == have.Rotation &&
		have.End.Equal(p.End) && late >= 0 && (late == 0 || late <= time.Minute && p.Start.Before(now))
}

// Key identifies it across rounds: an override's window is its identity.
func (p OverrideShift) Key() string {
	parts := []string{string(p.Kind), p.Start.UTC().Format("20060102T1504Z"), p.End.UTC().Format("20060102T1504Z")}
	for _, id := range []string{p.Replaces, p.Rotation} {
		if id != "" {
			parts = append(parts, id)
		}
	}
	return strings.Join(parts, "/")
}

// OurOverride is an override that this program made, as it remembers it (S24).
type OurOverride struct {
	Schedule string
	OverrideShift
	// At is when it was made, or taken back.
	At time.Time
	// Gone says that it was taken back.
	Gone bool
}

// RoleHeld is the role that PagerDuty holds for a pair: on the account or a team, as a
// turn on a layer or event, or as an override that has not ended.
func RoleHeld(s *inventory.Snapshot, pair desired.Pair, now time.Time) string {
	kind := KindOf(pair)
	if !kind.OnSchedule() {
		return s.RoleOf(pair.User, pair.Resource)
	}
	schedule := s.Schedules[pair.Resource.ID]
	if kind == Override {
		for _, o := range OverridesOn(schedule, now) {
			if o.User == pair.User {
				return desired.OverrideRole
			}
		}
		return inventory.None
	}
	return oncall.RoleOn(schedule, pair.Layer, pair.User)
}

// OverridesOn are the overrides that a schedule holds and that have not ended.
// On a layer-based schedule whom one replaces is not said.
func OverridesOn(s inventory.Schedule, now time.Time) []OverrideShift {
	var list []OverrideShift
	for _, o := range s.Overrides {
		if o.User != nil && o.End.After(now) {
			list = append(list, OverrideShift{
				Kind: AsOverride, ID: o.ID, User: *o.User, Start: o.Start, End: o.End,
				Replaces: Text(o.Replaces), Rotation: Text(o.Rotation),
			})
		}
	}
	for _, c := range s.CustomShifts {
		if c.User != nil && c.End.After(now) {
			list = append(list, OverrideShift{Kind: AsCustomShift, ID: c.ID, User: *c.User, Start: c.Start, End: c.End})
		}
	}
	return list
}

// On is an override as the schedule shows it: one on a layer-based schedule does
// not say whom it replaces.
func (p OverrideShift) On(s inventory.Schedule) OverrideShift {
	if s.Kind == inventory.ScheduleOfLayers {
		p.Replaces = ""
	}
	return p
}

// Text is an optional text; empty where there is none.
func Text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// Later is the later of two moments.
func Later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
