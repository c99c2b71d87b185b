package desired

import (
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// stretch is how a member statement stretches shifts.
type stretch struct{ lead, lag time.Duration }

func stretchOf(m policies.Member) stretch { return stretch{m.Lead, m.Lag} }

// onCall is whoever has a shift on a schedule, over its window (S21).
func (x *expander) onCall(id, name string, s stretch) people {
	p := people{ways: map[string][]way{}, uses: []use{{schedule: id, margin: Margin{s.lead, s.lag}}}, facts: []inventory.Ref{inventory.ByID(inventory.KindOnCall, id)}}
	if why, disputed := x.disputed(id, s); disputed {
		p.unknown = []reason{why}
		return p
	}
	x.beyond(&p, name, s)
	x.addShifts(p, id, []string{name}, s)
	return p
}

// escalation is whoever is on call on an escalation policy, on one level or all.
func (x *expander) escalation(id string, level int, name string, s stretch) people {
	p := people{ways: map[string][]way{}, uses: []use{{policy: id}}}
	x.beyond(&p, name, s)
	for i, rule := range x.in.Snapshot.EscalationPolicies[id].Rules {
		if level != 0 && level != i+1 {
			continue
		}
		for _, t := range rule.Targets {
			if t.Type == "user" && x.in.Snapshot.Gone(t.ID) {
				continue // nobody is paged
			}
			if t.Type == "user" {
				p.ways[t.ID] = append(p.ways[t.ID], way{chain: []string{name}})
				continue
			}
			p.uses = append(p.uses, use{schedule: t.ID, margin: Margin{s.lead, s.lag}})
			p.facts = append(p.facts, inventory.ByID(inventory.KindOnCall, t.ID))
			if why, disputed := x.disputed(t.ID, s); disputed {
				p.unknown = append(p.unknown, why)
				continue
			}
			if _, ok := x.in.Snapshot.Schedules[t.ID]; !ok {
				p.unknown = append(p.unknown, reasonf(codeUnread, inventory.ByID(inventory.KindSchedule, t.ID), "%s has a level on schedule #%s, which could not be read", name, t.ID))
				continue
			}
			link := x.resolver.index.Named(inventory.ByID(inventory.KindOnCall, t.ID))
			x.addShifts(p, t.ID, []string{name, link}, s)
		}
	}
	return p
}

// beyond makes unknown who is on call where lead or lag need shifts that the
// snapshot does not hold.
func (x *expander) beyond(p *people, name string, s stretch) {
	w, now := x.in.Snapshot.Account.Window, x.in.Snapshot.Now
	if now.Sub(w.Since) < s.lag || w.Until.Sub(now) < s.lead {
		p.unknown = append(p.unknown, reasonf(codeBeyondWindow, inventory.Ref{},
			"who is in a group by %s is unknown: lead or lag reach beyond the shifts that the snapshot holds; raise window.ahead_days or window.back_days", name))
	}
}

func (x *expander) addShifts(p people, schedule string, chain []string, s stretch) {
	byUser, fact := map[string][]Window{}, inventory.ByID(inventory.KindOnCall, schedule)
	known := x.in.Snapshot.Account.Window
	for _, shift := range x.in.Snapshot.Manned(x.in.Snapshot.Schedules[schedule].Shifts) {
		w := Window{From: shift.Start.Add(-s.lead), FromKind: BoundShift, Until: shift.End.Add(s.lag), UntilKind: BoundShift}
		if !shift.Start.After(known.Since) {
			w.FromKind = BoundSnapshot
		}
		if !shift.End.Before(known.Until) {
			w.UntilKind = BoundSnapshot
		}
		byUser[shift.User] = append(byUser[shift.User], w)
	}
	for user, windows := range byUser {
		for _, w := range unite(windows) {
			p.ways[user] = append(p.ways[user], way{window: w, chain: chain, schedule: schedule, fact: &fact})
		}
	}
}

// keepLast fills the gaps of a group: whoever leaves it last by a member
// statement that says so stays until somebody comes, as long as that statement
// holds and at the latest until the end of what is known. Whom a limit keeps out of
// the group is not there to take over: their time is a gap. It says whether anybody
// may be kept.
func (x *expander) keepLast(name string, p *people) bool {
	if !slices.ContainsFunc(x.members[name], func(m policies.Member) bool { return m.WhenEmpty == policies.KeepLast }) {
		return false
	}
	var windows []Window
	for _, ways := range p.ways {
		for _, w := range ways {
			if w.refused == "" {
				windows = append(windows, w.window)
			}
		}
	}
	now, known := x.in.Snapshot.Now, x.in.Snapshot.Account.Window
	spans := unite(windows)
	if len(p.unknown) == 0 && x.keptFromBefore(name, known.Since, now) && !slices.ContainsFunc(spans, func(w Window) bool { return w.From.IsZero() || !w.From.After(now) }) {
		p.unknown = append(p.unknown, groupReason(codeBeyondWindow, name,
			"nobody has been in group:%s since %s, as far back as the snapshot's shifts go, so who is to be kept is unknown", name, clock(known.Since)))
	}
	for i, span := range spans {
		if span.Until.IsZero() || !span.Until.Before(known.Until) {
			break
		}
		next := known.Until
		if i+1 < len(spans) {
			next = spans[i+1].From
		}
		for _, ways := range p.ways {
			for j := range ways {
				ways[j].stay(span.Until, next)
			}
		}
	}
	return true
}

// keptFromBefore says whether a member statement of a group keeps whoever left it
// before the shifts that the snapshot holds.
func (x *expander) keptFromBefore(name string, since, now time.Time) bool {
	return slices.ContainsFunc(x.members[name], func(m policies.Member) bool {
		w := bounded(m.From, m.Until)
		return m.WhenEmpty == policies.KeepLast && w.Contains(now) && !w.From.After(since)
	})
}

// stay lets a way that ends by a shift where a gap begins go on until the gap's
// end, where its statement says so.
func (w *way) stay(from, until time.Time) {
	if w.keep == nil || w.refused != "" || w.window.UntilKind != BoundShift || !w.window.Until.Equal(from) {
		return
	}
	longer := w.window
	longer.Until, longer.UntilKind, longer.UntilZone = until, BoundTakeover, ""
	w.window = longer.intersect(*w.keep)
}
