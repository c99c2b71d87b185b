package paging

import (
	"cmp"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Kind is a kind of hole.
type Kind string

// The kinds of holes, the worst first.
const (
	// Nobody: nobody is on call on any level, so that PagerDuty makes no incident at all.
	Nobody Kind = "no-incident"
	// Silence: whoever may be assigned, nobody is notified.
	Silence Kind = "silence"
	// EmailOnly: nothing makes a device ring.
	EmailOnly Kind = "email-only"
	// Late: the first notice that makes a device ring comes later than the bound.
	Late Kind = "late"
	// SamePerson: a level pages nobody but people whom the level before it paged.
	SamePerson Kind = "same-person"
	// NeverEscalates: incidents of low urgency stay with whoever is assigned first.
	NeverEscalates Kind = "never-escalates"
)

// Kinds are all of them.
func Kinds() []Kind { return []Kind{Nobody, Silence, EmailOnly, Late, SamePerson, NeverEscalates} }

// Hole is a time at which incidents that begin then reach nobody, or not as they should.
type Hole struct {
	Kind    Kind      `json:"kind"`
	Urgency string    `json:"urgency"`
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until"`
	// Users are the people concerned, sorted; empty where there is nobody.
	Users []string `json:"users"`
	// Level is the level that pages the same people again; else 0.
	Level int `json:"level"`
	// FirstMinutes is after how long the first notice comes that is late; else 0.
	FirstMinutes int `json:"first_minutes"`
}

// same says that two holes differ by their time alone.
func (h Hole) same(o Hole) bool {
	return h.Kind == o.Kind && h.Urgency == o.Urgency && h.Level == o.Level && slices.Equal(h.Users, o.Users)
}

// holes are those that a walk shows, without their time.
func (a *Account) holes(w *Walk, mixed bool) []Hole {
	hole := func(kind Kind, users []string) Hole { return Hole{Kind: kind, Urgency: w.Urgency, Users: users} }
	if len(w.Steps) == 0 {
		return []Hole{hole(Nobody, []string{})}
	}
	var out []Hole
	var all []string
	noticed := false
	for _, s := range w.Steps {
		all = append(all, slices.Concat(s.Assigned...)...)
		noticed = noticed || everyAlternative(s)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	switch {
	case !noticed:
		out = append(out, hole(Silence, all))
	case w.First == nil:
		out = append(out, hole(EmailOnly, all))
	case w.First.At.Sub(w.At) > a.bound:
		h := hole(Late, all)
		h.FirstMinutes = int(w.First.At.Sub(w.At).Minutes())
		out = append(out, h)
	}
	out = append(out, again(w)...)
	if w.Urgency == inventory.UrgencyLow && w.Raised == nil && !mixed {
		out = append(out, hole(NeverEscalates, all))
	}
	return out
}

// everyAlternative says that whoever is assigned, somebody is notified.
func everyAlternative(s Step) bool {
	return !slices.ContainsFunc(s.Assigned, func(users []string) bool {
		return !slices.ContainsFunc(s.Notices, func(n Notice) bool { return slices.Contains(users, n.User) })
	})
}

// again finds the levels that may page nobody but people whom the level before has paged.
func again(w *Walk) []Hole {
	var out []Hole
	for i := 1; i < len(w.Steps); i++ {
		before, s := w.Steps[i-1], w.Steps[i]
		if before.Loop != s.Loop || before.Level == s.Level {
			continue
		}
		for _, users := range s.Assigned {
			inside := func(x []string) bool {
				return !slices.ContainsFunc(users, func(u string) bool { return !slices.Contains(x, u) })
			}
			if slices.ContainsFunc(before.Assigned, inside) {
				h := Hole{Kind: SamePerson, Urgency: w.Urgency, Users: users, Level: s.Level}
				if !slices.ContainsFunc(out, h.same) {
					out = append(out, h)
				}
			}
		}
	}
	return out
}

// Silenced is a time at which a service makes no incidents, as somebody has set it.
type Silenced struct {
	// Reason is "disabled" or "maintenance".
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
}

// Holes are those of a service in the span that the account was made ready for.
func (a *Account) Holes(v inventory.Service) (holes []Hole, silenced []Silenced) {
	holes, silenced = []Hole{}, []Silenced{}
	if v.Status == "disabled" {
		return holes, []Silenced{{"disabled", a.since, a.until}}
	}
	plain := v.SupportHours == nil && len(v.Maintenance) == 0
	key := v.EscalationPolicy + " " + v.Urgency.During
	if known, ok := a.spans[key]; plain && ok {
		return known, silenced
	}
	holes, silenced = a.scan(v)
	if plain {
		a.spans[key] = holes
	}
	return holes, silenced
}

// scan goes through the span, from one moment at which anything may differ to the next.
func (a *Account) scan(v inventory.Service) (holes []Hole, silenced []Silenced) {
	holes, silenced = []Hole{}, []Silenced{}
	open, h := []Hole{}, hoursOf(v)
	for t := a.since; t.Before(a.until); {
		next := a.until
		found := []Hole{}
		if w := ongoing(v, t); w != nil {
			next = earlier(next, w.Until)
			silenced = append(silenced, Silenced{"maintenance", t, next})
		} else {
			next = earlier(next, nextMaintenance(v, t))
			walks := a.walks(v, h, t, &next)
			for _, w := range walks {
				if !w.unknown {
					found = append(found, a.holes(w, len(walks) > 1)...)
				}
			}
		}
		holes, open = a.join(holes, open, found, t, next)
		t = next
	}
	holes = append(holes, open...)
	slices.SortStableFunc(holes, func(x, y Hole) int {
		return cmp.Or(x.Since.Compare(y.Since), cmp.Compare(slices.Index(Kinds(), x.Kind), slices.Index(Kinds(), y.Kind)), cmp.Compare(x.Urgency, y.Urgency))
	})
	return holes, silenced
}

// join prolongs the holes that go on, and ends the others.
func (a *Account) join(done, open, found []Hole, since, until time.Time) (ended, going []Hole) {
	for _, h := range found {
		h.Since, h.Until = since, until
		if i := slices.IndexFunc(open, h.same); i >= 0 {
			h.Since, h.FirstMinutes = open[i].Since, max(h.FirstMinutes, open[i].FirstMinutes)
			open = slices.Delete(open, i, i+1)
		}
		going = append(going, h)
	}
	return append(done, open...), going
}
