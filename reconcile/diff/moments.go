package diff

import (
	"slices"
	"sort"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies/desired"
)

// moment is when a forecast makes a plan, and what of it then.
type moment struct {
	At    time.Time
	pairs []desired.Pair
	// schedules are the ids of those that are compared.
	schedules []string
	// implied says that people may come off teams who could not before (S17).
	implied bool
	// protections says that a protection begins or ends.
	protections bool
	// whole says that everything is planned.
	whole bool
}

// with is what is due at one moment for two reasons.
func (m moment) with(o moment) moment {
	m.pairs = slices.Concat(m.pairs, o.pairs)
	slices.SortFunc(m.pairs, desired.ComparePairs)
	m.pairs = slices.Compact(m.pairs)
	m.schedules = append(slices.Clone(m.schedules), o.schedules...)
	m.implied, m.protections, m.whole = m.implied || o.implied, m.protections || o.protections, m.whole || o.whole
	return m
}

// momentsAfter are the moments after one, in order: the boundaries of access; the
// ends of layers, events, custom shifts and overrides; the days on which overrides come into
// the window that rounds read; the ends of freezes; the moments from which what was too long is not; and,
// where schedules were edited, the next minute.
func (c *course) momentsAfter(now time.Time, edited []string) []moment {
	var all []moment
	for _, b := range c.Expansion.Boundaries(now, c.until) {
		whole := c.circles.Has(b.Pairs) || b.Protections && c.circles.Any() // grounds (S34)
		all = append(all, moment{At: b.At, pairs: b.Pairs, protections: b.Protections, whole: whole})
	}
	for _, at := range c.Expansion.CapEdges(now, c.until) {
		all = append(all, moment{At: at, whole: true}) // what is there may be beyond it
	}
	for _, f := range c.in.Settings.Freezes {
		for _, at := range f.Ends(now, c.until) {
			all = append(all, moment{At: at, whole: true})
		}
	}
	all = append(all, c.ends(now)...)
	all = append(all, c.overridesToCome(now)...)
	all = append(all, c.shortEnough()...)
	slices.SortStableFunc(all, func(a, b moment) int { return a.At.Compare(b.At) })
	all = slices.DeleteFunc(all, func(m moment) bool { return !m.At.After(now) || !m.At.Before(c.until) })
	all = joined(all)
	if len(edited) == 0 {
		return all
	}
	read := moment{At: nextMinute(now).UTC(), schedules: edited}
	for pair := range c.moved {
		read.pairs = append(read.pairs, pair)
	}
	read = read.with(moment{})
	switch {
	case len(all) > 0 && !all[0].At.After(read.At):
		all[0] = all[0].with(read)
	case read.At.Before(c.until):
		all = slices.Insert(all, 0, read)
	}
	return all
}

// joined is what is due at each moment as one.
func joined(sorted []moment) []moment {
	out := sorted[:0]
	for _, m := range sorted {
		if n := len(out); n > 0 && out[n-1].At.Equal(m.At) {
			out[n-1] = out[n-1].with(m)
			continue
		}
		out = append(out, m)
	}
	return out
}

// ends are the moments at which layers, events, custom shifts and overrides end: who
// was on them may come off their teams, and where policies name them or stand for their
// people, anything may follow.
func (c *course) ends(now time.Time) []moment {
	teams := scheduleTeams(c.account, c.access)
	named := map[string]bool{}
	for target := range c.access.Named {
		if target.Layer != "" {
			named[target.Resource.ID] = true
		}
	}
	var out []moment
	for id, s := range c.account.Schedules {
		whole := named[id] || c.restless[id]
		if !whole && len(teams[id]) == 0 {
			continue
		}
		end := func(at time.Time, parts bool, users ...string) {
			if !at.After(now) || !at.Before(c.until) {
				return
			}
			m := moment{At: at.UTC(), implied: true}
			for _, team := range teams[id] {
				for _, user := range users {
					m.pairs = append(m.pairs, desired.Pair{User: user, Resource: inventory.ByID(inventory.KindTeam, team)})
				}
			}
			m.whole = whole && parts || c.circles.Has(m.pairs)
			out = append(out, m)
		}
		for _, l := range s.Layers {
			if l.End != nil {
				end(*l.End, true, l.Users...)
			}
		}
		for _, r := range s.Rotations {
			for _, e := range r.Events {
				if e.EffectiveUntil != nil {
					end(*e.EffectiveUntil, true, usersOf(e.Assignment.Members)...)
				}
			}
		}
		for _, shift := range s.CustomShifts {
			if shift.User != nil {
				end(shift.End, false, *shift.User)
			}
		}
		for _, o := range s.Overrides {
			if o.User != nil {
				end(o.End, false, *o.User)
			}
		}
	}
	return out
}

// scheduleTeams are the teams that policies name or limit and on which schedules put
// people, by schedule.
func scheduleTeams(account *inventory.Snapshot, access *desired.Access) map[string][]string {
	teams := map[string][]string{}
	add := func(schedule string, ids []string) {
		for _, id := range ids {
			_, named := access.Named[desired.Target{Resource: inventory.ByID(inventory.KindTeam, id)}]
			concerned := named || access.MayCap(inventory.ByID(inventory.KindTeam, id))
			if concerned && !slices.Contains(teams[schedule], id) {
				teams[schedule] = append(teams[schedule], id)
			}
		}
	}
	for id, s := range account.Schedules {
		add(id, s.Teams)
	}
	for _, p := range account.EscalationPolicies {
		for _, t := range p.Targets() {
			if t.Type != "user" {
				add(t.ID, p.Teams)
			}
		}
	}
	return teams
}

// overridesToCome are the midnights at which overrides come into the window that
// rounds read, those of somebody's turns one by one.
func (c *course) overridesToCome(now time.Time) []moment {
	var out []moment
	for _, o := range c.Expansion.Asked() {
		if !o.Until.After(c.in.HorizonAt(now)) {
			continue
		}
		for m := midnight(now).Add(day); m.Before(c.until); m = m.Add(day) {
			if ends := c.in.HorizonAt(m); o.From.Before(ends) && o.Until.After(ends.Add(-day)) {
				out = append(out, moment{At: m, schedules: []string{o.Schedule}})
			}
		}
	}
	return out
}

// shortEnough are the moments from which statements that have an until and no from
// last no longer than allowed, counted from then.
func (c *course) shortEnough() []moment {
	longest := c.in.Settings.Longest
	if longest == 0 {
		return nil
	}
	var out []moment
	add := func(from, until *time.Time) {
		if from == nil && until != nil {
			out = append(out, moment{At: until.Add(-longest).UTC(), whole: true})
		}
	}
	for _, g := range c.in.Statements.Grants {
		add(g.From, g.Until)
	}
	for _, m := range c.in.Statements.Members {
		add(m.From, m.Until)
	}
	return out
}

// Next takes the next moment from those to come. While a change of a schedule is
// blocked or held, each of its handoffs is one: then it may be possible, and
// move nobody's next turn.
func (c *course) Next(now time.Time) (moment, bool) {
	waiting := map[time.Time][]string{}
	var first time.Time
	for _, id := range c.stuck {
		all := c.handoffs(id)
		i := sort.Search(len(all), func(i int) bool { return all[i].After(now) })
		if i == len(all) || !all[i].Before(c.until) {
			continue
		}
		at := all[i].UTC()
		waiting[at] = append(waiting[at], id)
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	retry := moment{At: first, schedules: waiting[first]}
	switch {
	case len(c.moments) == 0 && first.IsZero():
		return moment{}, false
	case len(c.moments) == 0 || !first.IsZero() && first.Before(c.moments[0].At):
		return retry, true
	}
	m := c.moments[0]
	c.moments = c.moments[1:]
	if m.At.Equal(first) {
		m = m.with(retry)
	}
	return m, true
}

// handoffs are when something about the turns of a schedule, as it is now, ends or
// begins, in order: turns, those included that overrides hide, for an edit waits for
// them as well, and those that follow one of the same person.
func (c *course) handoffs(id string) []time.Time {
	at, known := c.turns[id]
	if known {
		return at
	}
	s := c.account.Schedules[id]
	shifts := slices.Clone(s.Shifts)
	if begins, err := oncall.Handoffs(s, c.account.Now, c.until); err == nil {
		at = begins
	}
	s.Overrides = nil
	if bare, err := oncall.Render(s, c.account.Now, c.until); err == nil {
		shifts = append(shifts, bare...)
	}
	for _, shift := range shifts {
		at = append(at, shift.Start, shift.End)
	}
	slices.SortFunc(at, time.Time.Compare)
	c.turns[id] = at
	return at
}
