package inventory

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

// Normalize brings s to the canonical form in place: collections present,
// times in UTC and whole seconds, lists whose order means nothing sorted. The
// same account at the same clock then encodes to the same bytes.
func (s *Snapshot) Normalize() {
	a := &s.Account
	utc(&a.TakenAt, &a.Window.Since, &a.Window.Until, &s.Now)
	sorted(&a.Abilities)
	sorted(&a.Unavailable)
	present(&a.Missing)
	slices.SortFunc(a.Missing, func(x, y Missing) int {
		return cmp.Or(cmp.Compare(x.What, y.What), cmp.Compare(x.Reason, y.Reason), cmp.Compare(x.Resource.String(), y.Resource.String()))
	})

	eachValue(&s.Users, normalizeUser)
	eachValue(&s.Teams, func(t *Team) { presentMap(&t.Members) })
	eachValue(&s.Schedules, normalizeSchedule)
	eachValue(&s.EscalationPolicies, func(p *EscalationPolicy) {
		sorted(&p.Teams)
		sorted(&p.Services)
		present(&p.Rules)
		for i := range p.Rules {
			present(&p.Rules[i].Targets)
			p.Rules[i].Strategy = cmp.Or(p.Rules[i].Strategy, AssignToEveryone)
		}
	})
	eachValue(&s.Services, normalizeService)
	eachValue(&s.Licenses, func(l *License) { sorted(&l.ValidRoles) })

	present(&s.OnCalls)
	for i := range s.OnCalls {
		utcPtr(&s.OnCalls[i].Start, &s.OnCalls[i].End)
	}
	slices.SortFunc(s.OnCalls, func(x, y OnCall) int {
		return cmp.Or(
			cmp.Compare(x.EscalationPolicy, y.EscalationPolicy),
			cmp.Compare(x.Level, y.Level),
			comparePtr(x.Schedule, y.Schedule, cmp.Compare[string]),
			cmp.Compare(x.User, y.User),
			comparePtr(x.Start, y.Start, time.Time.Compare),
		)
	})
}

func normalizeService(v *Service) {
	sorted(&v.Teams)
	v.Urgency.During = cmp.Or(v.Urgency.During, UrgencyHigh)
	v.Urgency.Outside = cmp.Or(v.Urgency.Outside, v.Urgency.During)
	if v.SupportHours != nil {
		present(&v.SupportHours.Days)
		slices.Sort(v.SupportHours.Days)
	}
	present(&v.Maintenance)
	for i := range v.Maintenance {
		utc(&v.Maintenance[i].Since, &v.Maintenance[i].Until)
	}
	slices.SortFunc(v.Maintenance, func(x, y Window) int {
		return cmp.Or(x.Since.Compare(y.Since), x.Until.Compare(y.Until))
	})
}

func normalizeUser(u *User) {
	presentMap(&u.Teams)
	present(&u.ContactMethods)
	slices.SortFunc(u.ContactMethods, func(x, y ContactMethod) int {
		return cmp.Or(cmp.Compare(x.Type, y.Type), cmp.Compare(x.Label, y.Label), compareBool(x.Blocked, y.Blocked))
	})
	present(&u.NotificationRules)
	slices.SortFunc(u.NotificationRules, func(x, y NotificationRule) int {
		return cmp.Or(
			cmp.Compare(x.Urgency, y.Urgency),
			cmp.Compare(x.DelayMinutes, y.DelayMinutes),
			cmp.Compare(x.Contact, y.Contact),
			compareBool(x.Blocked, y.Blocked),
		)
	})
}

// compareBool puts false first.
func compareBool(x, y bool) int {
	switch {
	case x == y:
		return 0
	case y:
		return -1
	}
	return 1
}

// Normalize brings s to the form it has in a snapshot, in place.
func (s *Schedule) Normalize() { normalizeSchedule(s) }

func normalizeSchedule(s *Schedule) {
	sorted(&s.Teams)
	sorted(&s.EscalationPolicies)
	sorted(&s.Users)
	s.Coverage = math.Round(s.Coverage*100) / 100

	present(&s.Layers)
	for i := range s.Layers {
		l := &s.Layers[i]
		utc(&l.Start, &l.VirtualStart)
		utcPtr(&l.End)
		present(&l.Users)
		present(&l.Restrictions)
	}
	present(&s.Rotations)
	slices.SortFunc(s.Rotations, func(x, y Rotation) int { return cmp.Compare(x.ID, y.ID) })
	for i := range s.Rotations {
		normalizeRotation(&s.Rotations[i])
	}
	present(&s.CustomShifts)
	for i := range s.CustomShifts {
		utc(&s.CustomShifts[i].Start, &s.CustomShifts[i].End)
	}
	slices.SortFunc(s.CustomShifts, func(x, y CustomShift) int {
		return cmp.Or(x.Start.Compare(y.Start), cmp.Compare(x.ID, y.ID))
	})
	present(&s.Overrides)
	for i := range s.Overrides {
		utc(&s.Overrides[i].Start, &s.Overrides[i].End)
	}
	present(&s.Shifts)
	for i := range s.Shifts {
		utc(&s.Shifts[i].Start, &s.Shifts[i].End)
	}
	SortShifts(s.Shifts)
}

func normalizeRotation(r *Rotation) {
	present(&r.Events)
	for i := range r.Events {
		e := &r.Events[i]
		utc(&e.Start, &e.End, &e.EffectiveSince)
		utcPtr(&e.EffectiveUntil)
		present(&e.Recurrence)
		present(&e.Assignment.Members)
	}
	slices.SortFunc(r.Events, func(x, y Event) int {
		return cmp.Or(x.EffectiveSince.Compare(y.EffectiveSince), cmp.Compare(x.ID, y.ID))
	})
}

// SortShifts sorts shifts as a snapshot holds them: by start, user, end and
// origin.
func SortShifts(shifts []Shift) {
	origin := func(o *Origin) string {
		if o == nil {
			return ""
		}
		return o.Kind + " " + o.ID
	}
	slices.SortFunc(shifts, func(x, y Shift) int {
		return cmp.Or(
			x.Start.Compare(y.Start), cmp.Compare(x.User, y.User), x.End.Compare(y.End),
			cmp.Compare(origin(x.Origin), origin(y.Origin)),
		)
	})
}

// Encode writes s, normalized, as indented JSON with a final line break.
func (s *Snapshot) Encode(w io.Writer) error {
	s.Normalize()
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		return fmt.Errorf("encode snapshot: %w", err)
	}
	return nil
}

// notSnapshot is why something is no snapshot.
type notSnapshot struct {
	why   string
	cause error
}

func (e *notSnapshot) Error() string {
	return "not a snapshot as `dutyward snapshot` writes it: " + e.why
}
func (e *notSnapshot) Unwrap() error { return e.cause }

// Decode reads one snapshot and normalizes it. A field it does not know and
// anything behind the document are errors, for a misspelt key in a seed would
// otherwise read as absence. Now defaults to Account.TakenAt.
func Decode(r io.Reader) (*Snapshot, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var s Snapshot
	if err := dec.Decode(&s); err != nil {
		return nil, &notSnapshot{JSONFault(data, err), err}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, &notSnapshot{why: fmt.Sprintf("line %d: something follows the document", lineAt(data, dec.InputOffset()))}
	}
	if s.Now.IsZero() {
		s.Now = s.Account.TakenAt
	}
	s.Normalize()
	return &s, nil
}

func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(int(offset), len(data))], []byte("\n"))
}

func eachValue[V any](m *map[string]V, f func(*V)) {
	presentMap(m)
	for k, v := range *m {
		f(&v)
		(*m)[k] = v
	}
}

func present[T any](s *[]T) {
	if *s == nil {
		*s = []T{}
	}
}

func presentMap[V any](m *map[string]V) {
	if *m == nil {
		*m = map[string]V{}
	}
}

// sorted sorts and removes duplicates.
func sorted(s *[]string) {
	present(s)
	slices.Sort(*s)
	*s = slices.Compact(*s)
}

func utc(times ...*time.Time) {
	for _, t := range times {
		*t = writable(t.UTC().Truncate(time.Second))
	}
}

// writable brings a moment into the years that JSON has a form for.
func writable(t time.Time) time.Time {
	switch {
	case t.Year() > 9999:
		return time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	case t.Year() < 1:
		return time.Time{}
	}
	return t
}

func utcPtr(times ...**time.Time) {
	for _, t := range times {
		if *t != nil {
			u := writable((*t).UTC().Truncate(time.Second))
			*t = &u
		}
	}
}

// comparePtr puts nil first.
func comparePtr[T any](x, y *T, compare func(T, T) int) int {
	switch {
	case x == nil && y == nil:
		return 0
	case x == nil:
		return -1
	case y == nil:
		return 1
	}
	return compare(*x, *y)
}
