package desired

import (
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// At is desired access at t.
func (e *Expansion) At(t time.Time) *Access {
	a := &Access{
		At:                t,
		Grants:            make(ByPair[*Grant], len(e.candidates)),
		Unknown:           e.unknown,
		Groups:            make(map[string]Group, len(e.groups)),
		Named:             e.named,
		MayEmpty:          e.mayEmpty,
		ProtectUnresolved: e.protectUnresolved,
		Leavers:           e.leavers,
		Absent:            e.absent,
		Unsupported:       e.unsupported,
		Errors:            e.errors,
		Warnings:          e.allWarnings(),
		Suspends:          e.suspends,
		Overrides:         e.overridesAt(t),
		bound:             e.bound,
		expansion:         e,
	}
	for target, on := range e.candidates {
		e.settleOn(a, target, on, t)
	}
	a.Protections = e.protectionsAt(t)
	declared := map[string][]policies.Group{}
	for _, g := range e.in.Statements.Groups {
		declared[g.Name] = append(declared[g.Name], g)
	}
	for name, statements := range declared {
		a.Groups[name] = e.groupAt(name, statements, t)
	}
	return a
}

// settleOn takes the grants on a target at t into access.
func (e *Expansion) settleOn(a *Access, target Target, on map[string][]candidate, t time.Time) {
	grants := make(map[string]*Grant, len(on))
	room := make([]Grant, 0, len(on))
	for user, sorted := range on {
		g, ok := e.settled(a, Pair{User: user, Resource: target.Resource, Layer: target.Layer}, sorted, t)
		if ok {
			room = append(room, g)
			grants[user] = &room[len(room)-1]
		}
	}
	if len(grants) > 0 {
		a.Grants[target] = grants
	}
}

// protectionsAt are the protections that hold at t.
func (e *Expansion) protectionsAt(t time.Time) []Protection {
	var hold []Protection
	for _, p := range e.protects {
		if !p.until.IsZero() && !t.Before(p.until) {
			continue
		}
		at := p.Protection
		if p.users != nil {
			at.Users = activeUsers(p.users, t)
		}
		hold = append(hold, at)
	}
	return hold
}

// choose is the grant that wins for a pair at t: the highest role in force,
// limits applied. Without one in force there is none.
func (e *Expansion) choose(pair Pair, sorted []candidate, t time.Time) (Grant, bool) {
	if len(sorted) == 1 && sorted[0].inForce(t) {
		return e.only(pair, &sorted[0], t), true
	}
	g, winners := Grant{Pair: pair}, 0
	for i := range sorted { // highest role first
		c := &sorted[i]
		if winners > 0 && c.role != g.Role {
			break // a higher role wins
		}
		if !c.inForce(t) {
			continue
		}
		g.Role = c.role
		g.Turns = g.Turns.with(c.given)
		if winners++; winners == 1 {
			g.By = c.by
		} else {
			g.By = slices.Concat(g.By, c.by)
		}
		if c.schedule != "" && !slices.Contains(g.Schedules, c.schedule) {
			g.Schedules = append(g.Schedules, c.schedule)
		}
	}
	if winners == 0 {
		return g, false
	}
	g.Window = spell(sorted, g.Role, t)
	if winners > 1 {
		slices.SortFunc(g.By, compareBy)
		g.By = slices.CompactFunc(g.By, func(a, b By) bool { return compareBy(a, b) == 0 })
	}
	e.applyLimits(&g, t)
	return g, true
}

// inForce says whether a candidate gives something at t.
func (c *candidate) inForce(t time.Time) bool {
	return c.refused == "" && !c.circular && c.window.Contains(t)
}

// spell is the time around t for which candidates give a role, one after the other or
// together. They are sorted by their beginning within a role.
func spell(sorted []candidate, role string, t time.Time) Window {
	var united Window
	none := true
	for i := range sorted {
		c := &sorted[i]
		switch {
		case c.role != role || c.refused != "" || c.circular:
		case none:
			united, none = c.window, false
		case united.Until.IsZero():
			return united
		case c.window.From.After(united.Until):
			if united.Contains(t) {
				return united
			}
			united = c.window
		case c.window.Until.IsZero() || c.window.Until.After(united.Until):
			united.Until, united.UntilKind = c.window.Until, c.window.UntilKind
		}
	}
	return united
}

// only is the grant of a pair that has one candidate, which is in force.
func (e *Expansion) only(pair Pair, c *candidate, t time.Time) Grant {
	g := Grant{Pair: pair, Role: c.role, Turns: Turns{}.with(c.given), Window: c.window, By: c.by}
	if c.schedule != "" {
		g.Schedules = []string{c.schedule}
	}
	e.applyLimits(&g, t)
	return g
}

// NotInForce are the grants that reach a pair at other moments than t, where
// none is in force then.
func (e *Expansion) NotInForce(pair Pair, t time.Time) []LostGrant {
	if _, granted := e.GrantAt(pair, t); granted {
		return nil
	}
	return e.lost(pair, t)
}

// Lost are the grants that reach a pair which has one and that are not in force or
// are beaten. Only people ask for them, so they are not kept.
func (a *Access) Lost(pair Pair) []LostGrant {
	if _, granted := a.Grants.Get(pair); !granted || a.expansion == nil {
		return nil
	}
	return a.expansion.lost(pair, a.At)
}

// lost are the grants of a pair that do not win at t, each with why.
func (e *Expansion) lost(pair Pair, t time.Time) []LostGrant {
	sorted, _ := e.candidates.Get(pair)
	var all []LostGrant
	wins := ""
	for i := range sorted { // highest role first
		c := &sorted[i]
		l := LostGrant{Role: c.role, Window: c.window, By: c.by[0]}
		switch {
		case c.circular:
			l.Why = "it follows from itself alone"
		case c.refused != "":
			l.Why = c.refused
		case !c.window.Contains(t):
			l.Why, l.ToCome = notInForce(c.window, t), toCome(c.window, t)
		case wins == "" || wins == c.role:
			wins = c.role
			continue
		default:
			l.Why = "a higher role wins"
		}
		all = append(all, l)
	}
	return all
}

func notInForce(w Window, t time.Time) string {
	if toCome(w, t) {
		return "begins " + clock(w.From)
	}
	return "ended " + clock(w.Until)
}

func toCome(w Window, t time.Time) bool { return !w.From.IsZero() && t.Before(w.From) }

// applyLimits takes a grant down to what the limits in force allow (S19).
func (e *Expansion) applyLimits(g *Grant, t time.Time) {
	asked := g.Role
	for _, i := range e.limitsOn[g.User] {
		l := e.limits[i]
		if !l.covers(g.Pair) || !slices.ContainsFunc(l.users[g.User], func(w Window) bool { return w.Contains(t) }) {
			continue
		}
		if inventory.CompareRoles(l.kind, asked, l.atMost) <= 0 {
			continue
		}
		g.Limited = append(g.Limited, Limitation{AtMost: l.atMost, Reason: l.reason, By: l.by})
		if inventory.CompareRoles(l.kind, g.Role, l.atMost) > 0 {
			g.Role = l.atMost
		}
	}
}

func activeUsers(users map[string][]Window, t time.Time) map[string]bool {
	active := map[string]bool{}
	for user, windows := range users {
		if slices.ContainsFunc(windows, func(w Window) bool { return w.Contains(t) }) {
			active[user] = true
		}
	}
	return active
}

func (e *Expansion) groupAt(name string, declared []policies.Group, t time.Time) Group {
	p := e.groups[name]
	g := Group{Name: name, Members: map[string]Membership{}, Unknown: textsOf(p.unknown)}
	for _, s := range declared {
		if g.Description == "" {
			g.Description = s.Description
		}
		if g.Owner == "" {
			g.Owner = s.Owner
		}
		g.Origins = append(g.Origins, s.Origins...)
	}
	for user, ways := range p.ways {
		var m Membership
		var windows []Window
		for _, w := range ways {
			if w.refused != "" {
				if w.window.Contains(t) {
					g.Unknown = append(g.Unknown, e.index.Name(inventory.KindUser, user)+": "+w.refused)
				}
				continue
			}
			windows = append(windows, w.window)
			if w.window.Contains(t) {
				m.Chains = append(m.Chains, chain(&w))
			}
		}
		if window, ok := around(windows, t); ok {
			m.Window = window
			g.Members[user] = m
		}
	}
	slices.Sort(g.Unknown)
	g.Unknown = slices.Compact(g.Unknown)
	return g
}

// NextBoundary is the next moment after t at which desired access may change by
// itself on one of the targets, or on any if targets is nil.
func (e *Expansion) NextBoundary(t time.Time, targets map[Target]bool) (time.Time, bool) {
	var next time.Time
	consider := func(b time.Time) {
		if b.After(t) && (next.IsZero() || b.Before(next)) {
			next = b
		}
	}
	for target, on := range e.candidates {
		if targets != nil && !targets[target] {
			continue
		}
		for _, cs := range on {
			for _, c := range cs {
				c.window.edges(consider)
			}
		}
	}
	for _, l := range e.limits {
		for _, windows := range l.users {
			for _, w := range windows {
				w.edges(consider)
			}
		}
	}
	for _, p := range e.protects {
		if !p.until.IsZero() {
			consider(p.until)
		}
		for _, windows := range p.users {
			for _, w := range windows {
				w.edges(consider)
			}
		}
	}
	return next, !next.IsZero()
}

// Reach is the span of the moments at which statements can be answered for from
// shifts that cover a window: to know who is in a group at a moment one needs to
// see as far ahead as members' leads and as far back as their lags.
func Reach(w inventory.Window, s *policies.Statements) inventory.Window {
	var lead, lag time.Duration
	for _, m := range s.Members {
		lead, lag = max(lead, m.Lead), max(lag, m.Lag)
	}
	return inventory.Window{Since: w.Since.Add(lag), Until: w.Until.Add(-lead)}
}
