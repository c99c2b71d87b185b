package desired

import (
	"fmt"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// stretch is how a member statement stretches shifts.
type stretch struct {
	lead, lag time.Duration
	// keep says that whoever was on call last stays until somebody takes over.
	keep bool
}

func stretchOf(m policies.Member) stretch {
	return stretch{lead: m.Lead, lag: m.Lag, keep: m.WhenEmpty == policies.KeepLast}
}

// stint is a shift on a schedule by way of which somebody is in a group.
type stint struct {
	inventory.Shift
	schedule string
	// chain are the links to it.
	chain []string
	// kept says that the end is not the shift's but that of the gap after it.
	kept bool
}

// onCall is whoever has a shift on a schedule, over its window (S21).
func (x *expander) onCall(id, name string, s stretch) people {
	p := people{ways: map[string][]way{}, uses: []use{{schedule: id, margin: Margin{s.lead, s.lag}}}}
	if reason := x.disputed(id); reason != "" {
		p.unknown = []string{reason}
		return p
	}
	x.addStints(&p, x.stints(id, []string{name}), name, s)
	return p
}

// escalation is whoever is on call on an escalation policy, on one level or all.
func (x *expander) escalation(id string, level int, name string, s stretch) people {
	p := people{ways: map[string][]way{}, uses: []use{{policy: id}}}
	var stints []stint
	for i, rule := range x.in.Snapshot.EscalationPolicies[id].Rules {
		if level != 0 && level != i+1 {
			continue
		}
		for _, t := range rule.Targets {
			if t.Type == "user" {
				p.ways[t.ID] = append(p.ways[t.ID], way{chain: []string{name}})
				s.keep = false // somebody is on call all the time
				continue
			}
			p.uses = append(p.uses, use{schedule: t.ID, margin: Margin{s.lead, s.lag}})
			if reason := x.disputed(t.ID); reason != "" {
				p.unknown = append(p.unknown, reason)
				continue
			}
			if _, ok := x.in.Snapshot.Schedules[t.ID]; !ok {
				p.unknown = append(p.unknown, fmt.Sprintf("%s has a level on schedule #%s, which could not be read", name, t.ID))
				continue
			}
			link := x.resolver.index.Named(inventory.ByID(inventory.KindOnCall, t.ID))
			stints = append(stints, x.stints(t.ID, []string{name, link})...)
		}
	}
	x.addStints(&p, stints, name, s)
	return p
}

// stints are the shifts of a schedule.
func (x *expander) stints(schedule string, chain []string) []stint {
	var out []stint
	for _, s := range x.in.Snapshot.Schedules[schedule].Shifts {
		out = append(out, stint{Shift: s, schedule: schedule, chain: chain})
	}
	return out
}

// addStints puts whoever has the stints into p, for as long as they last
// stretched.
func (x *expander) addStints(p *people, stints []stint, name string, s stretch) {
	w, now := x.in.Snapshot.Account.Window, x.in.Snapshot.Now
	if now.Sub(w.Since) < s.lag || w.Until.Sub(now) < s.lead {
		p.unknown = append(p.unknown, fmt.Sprintf(
			"who is in a group by %s can't be told: lead or lag reach beyond the shifts that the snapshot holds; raise window.ahead_days or window.back_days", name))
	}
	if s.keep {
		if !slices.ContainsFunc(stints, func(t stint) bool { return !t.Start.After(now) }) {
			p.unknown = append(p.unknown, fmt.Sprintf(
				"nobody has been on call by %s since %s, as far back as the snapshot's shifts go, so who is to be kept can't be told", name, w.Since.UTC().Format(time.RFC3339)))
		}
		stints = keepLast(stints, w.Until)
	}
	type line struct{ user, schedule string }
	windows, chains := map[line][]Window{}, map[line][]string{}
	for _, t := range stints {
		l := line{t.User, t.schedule}
		kind := BoundShift
		if t.kept {
			kind = BoundTakeover
		}
		windows[l] = append(windows[l], Window{From: t.Start.Add(-s.lead), FromKind: BoundShift, Until: t.End.Add(s.lag), UntilKind: kind})
		chains[l] = t.chain
	}
	for l, ws := range windows {
		for _, w := range unite(ws) {
			p.ways[l.user] = append(p.ways[l.user], way{window: w, chain: chains[l], schedule: l.schedule})
		}
	}
}

// keepLast has the stints that end where a gap begins go on until the gap ends,
// at the latest until the end of what is known.
func keepLast(stints []stint, until time.Time) []stint {
	kept := slices.Clone(stints)
	slices.SortStableFunc(kept, func(a, b stint) int { return a.Start.Compare(b.Start) })
	var covered time.Time // the end of the stints gone through
	var last []int        // those that end then
	extend := func(to time.Time) {
		for _, i := range last {
			kept[i].End, kept[i].kept = to, true
		}
	}
	for i, t := range kept {
		if len(last) > 0 && t.Start.After(covered) {
			extend(t.Start)
			last = nil
		}
		switch {
		case len(last) == 0 || t.End.After(covered):
			covered, last = t.End, []int{i}
		case t.End.Equal(covered):
			last = append(last, i)
		}
	}
	if len(last) > 0 && covered.Before(until) {
		extend(until)
	}
	return kept
}
