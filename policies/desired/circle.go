package desired

import (
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// What access follows from in PagerDuty, so that what follows from itself alone can
// be told from what has a ground (S34). Facts are references by id: that somebody is
// on a team ("team:#P1"), takes turns on a schedule ("rotation:#P1"), or is on call on
// it ("oncall:#P1").

// Link says that what grants give on a target may follow from a fact, whoever it is
// about at present.
type Link struct {
	Fact   inventory.Ref
	Target Target
	// Origins are the rules' places, without sources.
	Origins []policies.Origin
}

type link struct {
	fact   inventory.Ref
	target Target
}

// asked is an override that a grant asks for.
type asked struct {
	Override
	// fact is what of PagerDuty it follows from; nil if from nothing there.
	fact *inventory.Ref
}

// link notes from which facts a grant may follow.
func (e *Expansion) link(target Target, who people, origins []policies.Origin) {
	for _, fact := range who.facts {
		l := link{fact, target}
		e.links[l] = addPlaces(e.links[l], origins)
	}
}

// Links are the facts that grants may follow from, by target, in no order.
func (e *Expansion) Links() []Link {
	all := make([]Link, 0, len(e.links))
	for l, origins := range e.links {
		all = append(all, Link{Fact: l.fact, Target: l.target, Origins: origins})
	}
	return all
}

// Reason is one way in which access follows from a fact; the zero Fact is something
// outside PagerDuty.
type Reason struct {
	Fact inventory.Ref
	// Window is how long it holds.
	Window
	// Schedule is the id of the schedule whose shift it is; may be empty.
	Schedule string
}

// Reasons are those of each person's access on a target at a moment, by user id.
// Overrides count until they have ended.
func (e *Expansion) Reasons(target Target, t time.Time) map[string][]Reason {
	reasons := map[string][]Reason{}
	note := func(user string, fact *inventory.Ref, w Window, schedule string) {
		if fact == nil {
			fact = &inventory.Ref{}
		}
		reasons[user] = append(reasons[user], Reason{*fact, w, schedule})
	}
	for user, cs := range e.candidates.On(target) {
		for _, c := range cs {
			if c.refused == "" && c.window.Contains(t) {
				note(user, c.fact, c.window, c.schedule)
			}
		}
	}
	for _, o := range e.overrides {
		if o.Pair().Target() == target && o.Until.After(t) {
			note(o.User, o.fact, o.Window, "")
		}
	}
	return reasons
}

// Ground takes what follows from itself alone for no reason: what grants give somebody
// on the targets by a fact that has no ground. What has one lasts no longer than that.
// It returns the rules that would have given the former, by pair.
func (e *Expansion) Ground(targets []Target, ground func(t Target, user string, fact inventory.Ref) (Reason, bool)) map[Pair][]By {
	by := map[Pair][]By{}
	for _, target := range targets {
		for user, cs := range e.candidates.On(target) {
			for i := range cs {
				if cs[i].fact == nil || cs[i].ground(ground(target, user, *cs[i].fact)) {
					continue
				}
				pair := Pair{User: user, Resource: target.Resource, Layer: target.Layer}
				by[pair] = append(by[pair], cs[i].by...)
			}
		}
	}
	var kept []asked
	for _, o := range e.overrides {
		if o.fact != nil {
			if _, grounded := ground(o.Pair().Target(), o.User, *o.fact); !grounded {
				by[o.Pair()] = append(by[o.Pair()], o.By...)
				continue
			}
		}
		kept = append(kept, o)
	}
	e.overrides = kept
	e.allSwallowed()
	for pair := range by {
		slices.SortFunc(by[pair], compareBy)
		by[pair] = slices.CompactFunc(by[pair], func(a, b By) bool { return compareBy(a, b) == 0 })
	}
	return by
}

// ground bounds a candidate by its ground, if it has one.
func (c *candidate) ground(r Reason, grounded bool) bool {
	if !grounded {
		c.circular = true
		return false
	}
	if !r.Until.IsZero() {
		c.window = c.window.intersect(Window{Until: r.Until, UntilKind: r.UntilKind, UntilZone: r.UntilZone})
		if c.schedule == "" && r.Schedule != "" {
			bounded := *c.given
			bounded.schedule, c.given = r.Schedule, &bounded
		}
	}
	return true
}
