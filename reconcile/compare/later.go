package compare

import (
	"maps"
	"slices"
	"time"

	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/forecast"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Later is what happens after the present moment with one policies' forecast and not
// with the other's, to one person on one resource.
type Later struct {
	desired.Pair
	// Begins is what happens with the policies here alone, Ends with the others alone, in
	// order.
	Begins []Moment `json:"begins"`
	Ends   []Moment `json:"ends"`
}

// Moment is a change of a forecast.
type Moment struct {
	At time.Time `json:"at"`
	// Change is what is due then, and State whether it is made.
	Change plan.Change  `json:"change"`
	State  OutcomeState `json:"state"`
	// Rule is the semantics' rule that holds it.
	Rule string `json:"rule"`
	Why  string `json:"why"`
}

// First is the earliest moment at which anything differs.
func (l Later) First() time.Time {
	all := slices.Concat(l.Begins, l.Ends)
	return slices.MinFunc(all, func(a, b Moment) int { return a.At.Compare(b.At) }).At
}

// Effect is what differs: more or less access, or empty for the same at another time.
func (l Later) Effect() plan.Effect {
	if len(l.Begins) > 0 {
		first := l.Begins[0].Change
		if len(l.Ends) > 0 && l.Ends[0].Change.ID == first.ID {
			return ""
		}
		return first.Effect
	}
	if l.Ends[0].Change.Effect == plan.Lower { // they keep what they would have lost
		return plan.Raise
	}
	return plan.Lower
}

// Foresee adds what two forecasts of the same span, those of the two results, do
// otherwise after their first moment.
func (d *Difference) Foresee(before, after *forecast.Forecast) {
	until := after.Until
	d.Foreseen = &until
	was, then := momentsOf(before), momentsOf(after)
	d.Later = []Later{}
	pairs := map[desired.Pair]bool{}
	for pair := range was {
		pairs[pair] = true
	}
	for pair := range then {
		pairs[pair] = true
	}
	lost := map[desired.Pair]string{}
	for _, a := range d.Access {
		if a.Effect == plan.Lower && a.Override == nil {
			lost[desired.Pair{User: a.User, Resource: a.Resource, Layer: a.Layer}] = a.After
		}
	}
	for _, pair := range slices.SortedFunc(maps.Keys(pairs), desired.ComparePairs) {
		m := moved(was[pair], then[pair], momentKey)
		if now, ok := lost[pair]; ok && len(m.Begins) == 0 && len(m.Ends) == 1 && m.Ends[0].Change.After == now {
			continue // what would have ended later ends now, which stands there
		}
		if len(m.Begins)+len(m.Ends) > 0 {
			d.Later = append(d.Later, Later{Pair: pair, Begins: m.Begins, Ends: m.Ends})
		}
	}
	for id, name := range before.Names {
		if d.Names[id] == "" {
			d.Names[id] = name
		}
	}
	maps.Copy(d.Names, after.Names)
	d.Summary.Later = len(d.Later)
	for _, l := range d.Later {
		switch l.Effect() {
		case plan.Raise:
			d.Summary.LaterRaise++
		case plan.Lower:
			d.Summary.LaterLower++
		}
	}
}

// momentKey is a moment but for the sentences about it.
func momentKey(m Moment) any {
	type key struct {
		at    int64
		id    string
		state OutcomeState
		rule  string
	}
	return key{m.At.Unix(), m.Change.ID, m.State, m.Rule}
}

// momentsOf is what a forecast does after its first moment, by pair, in order.
func momentsOf(f *forecast.Forecast) map[desired.Pair][]Moment {
	all := map[desired.Pair][]Moment{}
	for _, step := range f.Steps {
		if !step.At.After(f.From) {
			continue
		}
		for _, m := range momentsAt(step) {
			all[m.Change.Pair()] = append(all[m.Change.Pair()], m)
		}
	}
	return all
}
