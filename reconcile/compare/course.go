package compare

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/dutyward/dutyward/reconcile/forecast"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Course is what two forecasts of the same span do otherwise, moment by moment, the present
// one included. Its JSON form is documented with that of the forecast.
type Course struct {
	Version int          `json:"version"`
	Account string       `json:"account"`
	From    time.Time    `json:"from"`
	Until   time.Time    `json:"until"`
	TakenAt time.Time    `json:"taken_at"`
	Before  ForecastSide `json:"before"`
	After   ForecastSide `json:"after"`
	// Moments are those at which something else happens, in order.
	Moments []CourseMoment `json:"moments"`
	// Groups are the on-call groups in which other people are at times.
	Groups []GroupDifference `json:"groups"`
	// Settings are the keys of the configuration with other values.
	Settings []Setting `json:"settings"`
	// Names are as in a plan.
	Names   map[string]string `json:"names"`
	Summary CourseSummary     `json:"summary"`
	// Narrowed says that a part was asked for.
	Narrowed bool `json:"-"`
}

// ForecastSide is one of the two forecasts.
type ForecastSide struct {
	Revision string                   `json:"revision"`
	Summary  forecast.ForecastSummary `json:"summary"`
}

// CourseMoment is what happens at one moment with one of the policies alone.
type CourseMoment struct {
	At time.Time `json:"at"`
	// Begins is what happens with the policies here alone, Ends with the others alone.
	Begins []Moment `json:"begins"`
	Ends   []Moment `json:"ends"`
}

// GroupDifference is an on-call group in which other people are at times.
type GroupDifference struct {
	Name string `json:"name"`
	// Spells are the spans for which other people are in it, in order.
	Spells []SpellDifference `json:"spells"`
	// UnknownBefore and UnknownAfter are why one side can't tell; empty if it can.
	UnknownBefore []string `json:"unknown_before"`
	UnknownAfter  []string `json:"unknown_after"`
}

// SpellDifference is a span with who is in a group, by their ids.
type SpellDifference struct {
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
	Before []string  `json:"before"`
	After  []string  `json:"after"`
}

// CourseSummary counts what differs.
type CourseSummary struct {
	Moments int `json:"moments"`
	// Begins and Ends count the changes that happen with one of the policies alone.
	Begins   int `json:"begins"`
	Ends     int `json:"ends"`
	Groups   int `json:"groups"`
	Settings int `json:"settings"`
}

// Empty says that nothing differs.
func (c *Course) Empty() bool { return c.Summary == CourseSummary{} }

// Courses says what the second of two forecasts of the same span does that the first
// does not.
func Courses(before, after *forecast.Forecast, settings []Setting) *Course {
	c := &Course{
		Version: forecast.ForecastVersion, Account: after.Account, From: after.From, Until: after.Until, TakenAt: after.TakenAt,
		Before: ForecastSide{before.Revision, before.Summary}, After: ForecastSide{after.Revision, after.Summary},
		Moments: []CourseMoment{}, Groups: []GroupDifference{}, Settings: plan.OrEmpty(settings), Names: maps.Clone(before.Names),
	}
	maps.Copy(c.Names, after.Names)
	all := moved(momentsFrom(before), momentsFrom(after), momentKey)
	at := map[int64]*CourseMoment{}
	place := func(m Moment) *CourseMoment {
		if at[m.At.Unix()] == nil {
			at[m.At.Unix()] = &CourseMoment{At: m.At, Begins: []Moment{}, Ends: []Moment{}}
		}
		return at[m.At.Unix()]
	}
	for _, m := range all.Begins {
		x := place(m)
		x.Begins = append(x.Begins, m)
	}
	for _, m := range all.Ends {
		x := place(m)
		x.Ends = append(x.Ends, m)
	}
	for _, key := range slices.Sorted(maps.Keys(at)) {
		c.Moments = append(c.Moments, *at[key])
	}
	c.groups(before.Groups, after.Groups)
	c.Summary = CourseSummary{Moments: len(c.Moments), Begins: len(all.Begins), Ends: len(all.Ends), Groups: len(c.Groups), Settings: len(c.Settings)}
	return c
}

// momentsFrom is what a forecast does, its first moment included, in order.
func momentsFrom(f *forecast.Forecast) []Moment {
	var all []Moment
	for _, step := range f.Steps {
		all = append(all, momentsAt(step)...)
	}
	return all
}

// groups compares who is in on-call groups. One that a side does not have is empty there.
func (c *Course) groups(before, after []forecast.GroupCourse) {
	was, is := coursesByName(before), coursesByName(after)
	names := maps.Clone(was)
	maps.Copy(names, is)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		d := GroupDifference{Name: name, Spells: []SpellDifference{}, UnknownBefore: plan.OrEmpty(was[name].Unknown), UnknownAfter: plan.OrEmpty(is[name].Unknown)}
		if len(d.UnknownBefore)+len(d.UnknownAfter) == 0 {
			d.Spells = c.spells(was[name].Spells, is[name].Spells)
		}
		if len(d.Spells) > 0 || !slices.Equal(d.UnknownBefore, d.UnknownAfter) {
			c.Groups = append(c.Groups, d)
		}
	}
}

func coursesByName(all []forecast.GroupCourse) map[string]forecast.GroupCourse {
	by := map[string]forecast.GroupCourse{}
	for _, g := range all {
		by[g.Name] = g
	}
	return by
}

// spells are the spans in which other people are in a group.
func (c *Course) spells(before, after []forecast.GroupSpell) []SpellDifference {
	bounds := []time.Time{c.From, c.Until}
	for _, s := range slices.Concat(before, after) {
		bounds = append(bounds, s.From, s.Until)
	}
	slices.SortFunc(bounds, time.Time.Compare)
	bounds = slices.CompactFunc(bounds, time.Time.Equal)
	all := []SpellDifference{}
	for i, from := range bounds[:len(bounds)-1] {
		d := SpellDifference{From: from, Until: bounds[i+1], Before: usersAt(before, from), After: usersAt(after, from)}
		if slices.Equal(d.Before, d.After) {
			continue
		}
		if n := len(all); n > 0 && all[n-1].Until.Equal(from) && slices.Equal(all[n-1].Before, d.Before) && slices.Equal(all[n-1].After, d.After) {
			all[n-1].Until = d.Until
			continue
		}
		all = append(all, d)
	}
	return all
}

func usersAt(spells []forecast.GroupSpell, at time.Time) []string {
	for _, s := range spells {
		if !at.Before(s.From) && at.Before(s.Until) {
			return plan.OrEmpty(s.Users)
		}
	}
	return []string{}
}

// momentsAt is what happens at a step of a forecast, in order.
func momentsAt(step forecast.Step) []Moment {
	var all []Moment
	note := func(c plan.Change, state OutcomeState, rule, why string) {
		all = append(all, Moment{At: step.At, Change: c, State: state, Rule: rule, Why: why})
	}
	for _, c := range step.Changes {
		note(c, OutcomeChange, "", "")
	}
	for _, c := range step.Unenforced {
		note(c, OutcomeUnenforced, "", "")
	}
	for _, c := range step.Blocked {
		note(c.Change, OutcomeBlocked, "", c.Why)
	}
	for _, c := range step.Held {
		note(c.Change, OutcomeHeld, c.Rule, c.Why)
	}
	slices.SortStableFunc(all, func(a, b Moment) int { return cmp.Compare(a.Change.ID, b.Change.ID) })
	return all
}
