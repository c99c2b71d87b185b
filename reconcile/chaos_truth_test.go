package reconcile_test

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// What follows says who is on call, and what policies ask for, in its own way:
// moment by moment, for schedules of the form that the chaos makes.

// moment is the account as it was from a time on.
type moment struct {
	at time.Time
	is *inventory.Snapshot
}

// place is somebody's place on a schedule at a moment, on a layer or event.
type stand struct {
	part, user string
}

// floorDiv divides downwards.
func floorDiv(a, b time.Duration) int {
	n := a / b
	if a%b < 0 {
		n--
	}
	return int(n)
}

// turnOn is whose turn it is on a layer at t; nobody's if empty.
func turnOn(l inventory.Layer, t time.Time) string {
	if t.Before(l.Start) || l.End != nil && !t.Before(*l.End) || len(l.Users) == 0 {
		return ""
	}
	n := floorDiv(t.Sub(l.VirtualStart), time.Duration(l.TurnSeconds)*time.Second)
	return l.Users[(n%len(l.Users)+len(l.Users))%len(l.Users)]
}

// turnIn is whose occurrence of a daily event is under way at t.
func turnIn(e inventory.Event, t time.Time) string {
	n := floorDiv(t.Sub(e.Start), 24*time.Hour)
	begins := e.Start.Add(time.Duration(n) * 24 * time.Hour)
	members := e.Assignment.Members
	switch {
	case n < 0, len(members) == 0, !t.Before(begins.Add(e.End.Sub(e.Start))):
		return ""
	case begins.Before(e.EffectiveSince), e.EffectiveUntil != nil && !t.Before(*e.EffectiveUntil):
		return ""
	}
	if m := members[n/max(1, *e.Assignment.ShiftsPerMember)%len(members)]; m != nil {
		return *m
	}
	return ""
}

// stands are who has turns at t, part by part, overrides aside.
func stands(s inventory.Schedule, t time.Time) []stand {
	var all []stand
	for _, l := range s.Layers {
		if user := turnOn(l, t); user != "" {
			all = append(all, stand{l.Name, user})
		}
	}
	for _, r := range s.Rotations {
		for _, e := range r.Events {
			if user := turnIn(e, t); user != "" {
				all = append(all, stand{e.Name, user})
			}
		}
	}
	return all
}

// within says whether a span holds t.
func within(start, end, t time.Time) bool { return !t.Before(start) && t.Before(end) }

// onCallAt are the people on call on a schedule at t.
func onCallAt(s inventory.Schedule, t time.Time) []string {
	if s.Kind == inventory.ScheduleOfLayers {
		for _, o := range slices.Backward(s.Overrides) {
			if within(o.Start, o.End, t) && o.User != nil {
				return []string{*o.User}
			}
		}
		for _, l := range slices.Backward(s.Layers) {
			if user := turnOn(l, t); user != "" {
				return []string{user}
			}
		}
		return nil
	}
	var on []string
	for _, r := range s.Rotations {
		for _, e := range r.Events {
			member := turnIn(e, t)
			user := member
			for _, o := range s.Overrides {
				here := o.Rotation != nil && *o.Rotation == r.ID && within(o.Start, o.End, t) && o.Replaces != nil
				if here && user != "" && (*o.Replaces == member || *o.Replaces == user) {
					user = *o.User
				}
			}
			if user != "" {
				on = append(on, user)
			}
		}
	}
	for _, c := range s.CustomShifts {
		if within(c.Start, c.End, t) && c.User != nil {
			on = append(on, *c.User)
		}
	}
	return on
}

// membersOf are who takes turns permanently on the layer or event of a name: on the
// last of those that have not ended.
func membersOf(s inventory.Schedule, part string, now time.Time) []string {
	var last time.Time
	var members []string
	consider := func(since time.Time, until *time.Time, users []string) {
		if (until == nil || until.After(now)) && (last.IsZero() || !since.Before(last)) {
			last, members = since, users
		}
	}
	for _, l := range s.Layers {
		if l.Name == part {
			consider(l.Start, l.End, l.Users)
		}
	}
	for _, r := range s.Rotations {
		for _, e := range r.Events {
			if e.Name == part {
				var users []string
				for _, m := range e.Assignment.Members {
					if m != nil {
						users = append(users, *m)
					}
				}
				consider(e.EffectiveSince, e.EffectiveUntil, users)
			}
		}
	}
	return members
}

// severalOf says that two layers or events of a name go on at the same time, so that
// nobody can tell which one policies mean.
func severalOf(s inventory.Schedule, part string, now time.Time) bool {
	type span struct {
		since time.Time
		until *time.Time
	}
	var all []span
	for _, l := range s.Layers {
		if l.Name == part {
			all = append(all, span{l.Start, l.End})
		}
	}
	for _, r := range s.Rotations {
		for _, e := range r.Events {
			if e.Name == part {
				all = append(all, span{e.EffectiveSince, e.EffectiveUntil})
			}
		}
	}
	all = slices.DeleteFunc(all, func(x span) bool { return x.until != nil && !x.until.After(now) })
	slices.SortFunc(all, func(x, y span) int { return x.since.Compare(y.since) })
	for i := 1; i < len(all); i++ {
		if before := all[i-1].until; before == nil || !before.Equal(all[i].since) {
			return true
		}
	}
	return false
}

// takesTurnsOn says that somebody is on a layer or an event that has not ended.
func takesTurnsOn(s inventory.Schedule, user string, t time.Time) bool {
	for _, l := range s.Layers {
		if (l.End == nil || l.End.After(t)) && slices.Contains(l.Users, user) {
			return true
		}
	}
	for _, r := range s.Rotations {
		for _, e := range r.Events {
			on := slices.ContainsFunc(e.Assignment.Members, func(m *string) bool { return m != nil && *m == user })
			if on && (e.EffectiveUntil == nil || e.EffectiveUntil.After(t)) {
				return true
			}
		}
	}
	return false
}

// partsOf are the names of a schedule's layers or events.
func partsOf(s inventory.Schedule) []string {
	names := map[string]bool{}
	for _, l := range s.Layers {
		names[l.Name] = true
	}
	for _, r := range s.Rotations {
		for _, e := range r.Events {
			names[e.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// resolve is the id that a name means: that which it meant first, as long as
// nothing else has the name.
func (c *chaos) resolve(is *inventory.Snapshot, ref string) (id string, ok bool) {
	kind, name, _ := strings.Cut(ref, ":")
	var ids []string
	switch kind {
	case "team":
		for _, t := range is.Teams {
			if t.Name == name {
				ids = append(ids, t.ID)
			}
		}
	case "schedule", "oncall", "rotation":
		kind = "schedule"
		for _, s := range is.Schedules {
			if s.Name == name {
				ids = append(ids, s.ID)
			}
		}
	case "user":
		for _, u := range is.Users {
			if u.Email == name {
				ids = append(ids, u.ID)
			}
		}
	case "escalation":
		for _, p := range is.EscalationPolicies {
			if p.Name == name {
				ids = append(ids, p.ID)
			}
		}
	}
	bound := c.bound[kind+":"+name]
	return bound, len(ids) == 1 && ids[0] == bound
}

// has says whether a principal includes a user at t, and whether that can be known.
func (c *chaos) has(is *inventory.Snapshot, who, user string, t time.Time) (yes, known bool) {
	who = mailed(who)
	kind, _, _ := strings.Cut(who, ":")
	id, ok := c.resolve(is, who)
	if !ok {
		if kind != "user" {
			return false, false
		}
		// Somebody else has the address now, or whoever had it has another.
		_, lives := is.Users[id]
		taken := is.Users[user].Email == strings.TrimPrefix(who, "user:")
		return false, !taken && (user != id || !lives)
	}
	switch kind {
	case "user":
		return id == user, true
	case "oncall":
		return slices.Contains(onCallAt(is.Schedules[id], t), user), true
	case "rotation":
		return takesTurnsOn(is.Schedules[id], user, t), true
	case "team":
		_, on := is.Teams[id].Members[user]
		return on, true
	}
	for _, r := range is.EscalationPolicies[id].Rules {
		for _, target := range r.Targets {
			if target.ID == user || target.Type == "schedule" && slices.Contains(onCallAt(is.Schedules[target.ID], t), user) {
				return true, true
			}
		}
	}
	return false, true
}

// sample is a moment by which the program may go.
type sample struct {
	t  time.Time
	is *inventory.Snapshot
}

// samples are the moments by which a round may go: what people do may not be seen
// for a while, and a round may build on an earlier reading.
func (c *chaos) samples() []sample {
	if c.sampled != nil {
		return c.sampled
	}
	now, since := c.now(), c.began.Add(-c.unseenFor())
	at := func(t time.Time) *inventory.Snapshot {
		i := len(c.history) - 1
		for i > 0 && c.history[i].at.After(t) {
			i--
		}
		return c.history[i].is
	}
	times := []time.Time{now}
	for t := since; t.Before(now); t = t.Add(time.Minute) {
		times = append(times, t)
	}
	for i, m := range c.history {
		if m.at.After(since) {
			times = append(times, m.at)
			if i > 0 {
				times = append(times, m.at.Add(-time.Second))
			}
		}
	}
	if c.skewed {
		for _, t := range slices.Clone(times) {
			times = append(times, t.Add(-time.Hour), t.Add(time.Hour))
		}
	}
	for _, t := range times {
		c.sampled = append(c.sampled, sample{t, at(t)})
	}
	// What several did within a second each was there for an instant.
	for _, m := range c.history {
		if !m.at.Before(since) {
			c.sampled = append(c.sampled, sample{m.at, m.is})
		}
	}
	return c.sampled
}

// holds says whether a grant may give a user something at a sample, and whether it
// may not. Where that can't be known, neither. Who takes turns on a schedule is meant
// as it is going to be.
func (c *chaos) holds(g give, user string, s sample) (may, mayNot bool) {
	if s.t.Before(g.from) || !g.until.IsZero() && !s.t.Before(g.until) {
		return false, true
	}
	yes, known := c.has(s.is, g.who, user, s.t)
	if name, ok := strings.CutPrefix(g.who, "rotation:"); ok && known {
		planned, named := c.planned(name, user, s)
		return yes || planned, !yes || named
	}
	return yes && known, !yes && known
}

// planned says whether policies may give a user turns on a schedule, and whether
// they name any.
func (c *chaos) planned(schedule, user string, s sample) (given, named bool) {
	for _, g := range c.inForce.gives {
		if g.on == "schedule:"+schedule && g.role == "rotation" {
			yes, known := c.has(s.is, g.who, user, s.t)
			given, named = given || yes && known, true
		}
	}
	return given, named
}

// trusted says that the name of a resource means an id at a sample.
func (c *chaos) trusted(on, id string, s sample) bool {
	if on == "account" {
		return true
	}
	bound, ok := c.resolve(s.is, on)
	return ok && bound == id
}

// limited is how much a limit leaves of a role at a sample.
func (c *chaos) limited(l *law, user, on string, s sample) (atMost string, limited bool) {
	kind, _, _ := strings.Cut(on, ":")
	for _, x := range l.limits {
		if yes, _ := c.has(s.is, x.who, user, s.t); yes && (x.on == on || x.on == kind+":*") {
			return x.atMost, true
		}
	}
	return "", false
}
