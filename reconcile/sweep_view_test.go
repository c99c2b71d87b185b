package reconcile_test

import (
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// literal is a schedule whose n-th shift begins n times every after first.
type literal struct {
	first        time.Time
	every, lasts time.Duration
	users        []string
}

// standing is an override that somebody made in PagerDuty's pages, and perhaps
// took back before it began.
type standing struct {
	inventory.Override
	schedule   string
	made, gone time.Time
}

// face is what PagerDuty shows of a schedule.
type face struct {
	// skew is how much later than it should PagerDuty renders it.
	skew      time.Duration
	overrides []standing
}

// piece is a span of time with one person on call.
type piece struct {
	start, end time.Time
	user       string
}

// pieces are the spans around t: the shifts, but where somebody stands in.
func (l literal) pieces(t time.Time, overrides []standing) []piece {
	var all []piece
	near := int(t.Sub(l.first) / l.every)
	for n := max(0, near-3); n <= near+3; n++ {
		start := l.first.Add(time.Duration(n) * l.every)
		all = append(all, piece{start, start.Add(l.lasts), l.users[n%len(l.users)]})
	}
	for _, o := range overrides {
		var left []piece
		for _, p := range all {
			if before := (piece{p.start, earliest(p.end, o.Start), p.user}); before.start.Before(before.end) {
				left = append(left, before)
			}
			if after := (piece{latest(p.start, o.End), p.end, p.user}); after.start.Before(after.end) {
				left = append(left, after)
			}
		}
		all = append(left, piece{o.Start, o.End, *o.User})
	}
	return all
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// has says whether a person has a shift at t, shifts widened by lead and lag.
func (l literal) has(user string, t time.Time, lead, lag time.Duration, f face) bool {
	t = t.Add(-f.skew)
	return slices.ContainsFunc(l.pieces(t, f.overrides), func(p piece) bool {
		return p.user == user && !t.Before(p.start.Add(-lead)) && t.Before(p.end.Add(lag))
	})
}

// view is the truth about one person at a moment, as PagerDuty may show it.
type view struct {
	t             time.Time
	weekly, daily face
	// teams are those that the person is on, of the teams that stand for their
	// members.
	teams map[string]bool
}

// has says whether a principal stands for a person.
func (v view) has(who, user string) bool {
	switch who {
	case "oncall:Weekly":
		return weekly.has(user, v.t, 0, 0, v.weekly)
	case "oncall:Daily":
		return daily.has(user, v.t, 0, 0, v.daily)
	case "group:oncall":
		return weekly.has(user, v.t, 15*time.Minute, 0, v.weekly) || daily.has(user, v.t, 0, 10*time.Minute, v.daily)
	case "group:core":
		return user == "P4" || v.has("group:oncall", user)
	case "escalation:Main":
		return user == "P6" || v.has("oncall:Weekly", user) || v.has("oncall:Daily", user)
	case "rotation:Weekly":
		return slices.Contains(weekly.users, user)
	case "team:Gamma", "team:Delta":
		return v.teams[who]
	}
	return who == "user:"+user
}

// want is the role that a person should have; none if no grant gives one.
func (r *revision) want(user, on string, v view) string {
	kind := kindOf(on)
	role := inventory.None
	for _, g := range r.grants {
		inForce := !v.t.Before(g.from) && (g.until.IsZero() || v.t.Before(g.until))
		if g.on == on && inForce && inventory.CompareRoles(kind, g.role, role) > 0 && v.has(g.who, user) {
			role = g.role
		}
	}
	for _, l := range r.limits {
		here := l.on == on || l.on == "*" && on != "account"
		if here && inventory.CompareRoles(kind, role, l.atMost) > 0 && v.has(l.who, user) {
			role = l.atMost
		}
	}
	return role
}

// limitsTo says that a limit asks for a lower role on a team than somebody had.
func (r *revision) limitsTo(on, user, was, now string, v view) bool {
	return slices.ContainsFunc(r.limits, func(l limitRule) bool {
		here := on != "account" && (l.on == on || l.on == "*")
		return here && l.atMost == now && inventory.CompareRoles(kindOf(on), was, now) > 0 && v.has(l.who, user)
	})
}

// view is the truth as it is now.
func (w *trial) view(user string, t time.Time) view {
	v := view{t: t, weekly: face{overrides: w.standing("SW", t)}, daily: face{overrides: w.standing("SD", t)}, teams: map[string]bool{}}
	for _, id := range []string{"TC", "TD"} {
		_, v.teams["team:"+sweepTeams[id]] = w.sim.Members(id)[user]
	}
	return v
}

// standing are the overrides of a schedule as they were at a moment.
func (w *trial) standing(schedule string, at time.Time) []standing {
	var all []standing
	for _, o := range w.overrides {
		if o.schedule == schedule && !at.Before(o.made) && (o.gone.IsZero() || at.Before(o.gone)) {
			all = append(all, o)
		}
	}
	return all
}

// views are all that PagerDuty may show of the truth about a person: what was
// done lately may not be seen yet, a rendering may be off, and who is on a team
// may be seen as it is or as it is going to be.
func (w *trial) views(rev *revision, user string, t time.Time) []view {
	all := []view{w.view(user, t)}
	vary := func(change func(view) []view) {
		for _, v := range all {
			all = append(all, change(v)...)
		}
	}
	for _, at := range w.lately(t) {
		vary(func(v view) []view {
			before, both := v, v
			before.weekly.overrides = w.standing("SW", at)
			both.daily.overrides = w.standing("SD", at)
			other := before
			other.daily = both.daily
			return []view{before, both, other}
		})
	}
	if w.skewed {
		vary(func(v view) []view {
			a, b := v, v
			a.weekly.skew, b.daily.skew = time.Hour, time.Hour
			c := a
			c.daily = b.daily
			return []view{a, b, c}
		})
	}
	for _, id := range []string{"TC", "TD"} {
		team := "team:" + sweepTeams[id]
		touched, ok := w.touched[id+" "+user]
		vary(func(v view) []view {
			will := rev.named(sweepTeams[id]) && rev.want(user, sweepTeams[id], v) != inventory.None
			if !(ok && t.Sub(touched) <= w.unseen()) && (!rev.named(sweepTeams[id]) || will == v.teams[team]) {
				return nil
			}
			return []view{v.with(team, !v.teams[team])}
		})
	}
	return all
}

// lately are the moments just before overrides were made or taken back that may
// not be seen yet.
func (w *trial) lately(t time.Time) []time.Time {
	var moments []time.Time
	for _, o := range w.overrides {
		for _, at := range []time.Time{o.made, o.gone} {
			if !at.IsZero() && t.Sub(at) <= w.unseen() {
				moments = append(moments, at.Add(-1))
			}
		}
	}
	return moments
}

// with is the view with a person on a team, or off it.
func (v view) with(team string, on bool) view {
	teams := map[string]bool{}
	for name, is := range v.teams {
		teams[name] = is
	}
	teams[team] = on
	v.teams = teams
	return v
}
