package oncall

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// reviseLayer changes a layer. Where nobody who leaves is on call, and nothing
// is to wait, the layer itself is edited, its virtual start set so that the turn
// under way stays whose it is. Otherwise it ends at a handoff, and a successor
// goes on from there: a layer can't be deleted, and its list holds at all times.
func (r *reviser) reviseLayer(v Revision) error {
	i := r.layer(v.Part)
	if i < 0 {
		return r.refuse(v.Part, UnknownPart, "it has no such layer")
	}
	l := r.after.Layers[i]
	members := pointers(l.Users)
	v.Join, v.Leave = newcomers(members, v.Join), leavers(members, v.Leave)
	v.Weights = weighed(members, v.Join, v.Weights)
	join, leave := v.Join, v.Leave
	switch {
	case len(join)+len(leave)+len(v.Weights) == 0:
		return nil
	case v.LeaveEmpty:
		return r.refuse(v.Part, NotPossible, "a layer knows no empty turns")
	case l.End != nil && !l.End.After(r.now):
		return r.refuse(v.Part, EndedPart, "layer %q ended at %s", l.Name, stamp(*l.End))
	}
	zone, err := zones{}.load(r.after.TimeZone)
	if err != nil {
		return err
	}
	t, err := turnsOf(l, zone)
	if err != nil {
		return fmt.Errorf("layer %q (%s): %w", l.Name, l.ID, err)
	}
	if len(members) == 0 {
		return r.fillLayer(v, i, t)
	}

	change := layerChange{turns: t, layer: l, from: t.underWay(later(l.Start, r.now))}
	change.effective = later(l.Start, r.now)
	begun := !l.Start.After(r.now)
	if begun {
		change.effective = t.start(change.from + 1)
	}
	onCall := *members[floorMod(change.from, int64(len(members)))]
	vacant := begun && slices.Contains(v.Gone, onCall)
	leavesNow := begun && takesTurns(pointers(leave), onCall) && !vacant
	if vacant {
		change.effective = later(l.Start, t.start(change.from))
	}
	if leavesNow || v.Earliest.After(later(change.effective, r.now)) {
		var ok bool
		if change.from, change.effective, ok = t.handoff(later(v.Earliest, r.now.Add(time.Second))); !ok {
			return r.refuseSeconds(v, l)
		}
		change.successor = true
	}
	change = r.lastPlace(i, change, v)
	if l.End != nil && !l.End.After(change.effective) {
		return r.refuse(v.Part, EndedPart, "layer %q ends at %s, before a change could take effect at %s", l.Name, stamp(*l.End), stamp(change.effective))
	}
	cycle := cycleFrom(members, change.from)
	after := weigh(reorder(cycle, join, leave, false), v.Weights)
	if len(after) == 0 {
		return r.refuse(v.Part, NobodyLeft, "layer %q would be left without anybody: %s would leave", l.Name, strings.Join(leave, ", "))
	}
	r.putLayer(i, change.with(after))
	r.note(v, PartChange{
		Part: l.ID, Name: l.Name, Successor: change.successor, Effective: change.effective,
		Before: usersOf(cycle), After: usersOf(after),
	})
	return nil
}

// refuseSeconds refuses what would have to happen amid a minute.
func (r *reviser) refuseSeconds(v Revision, l inventory.Layer) error {
	return r.refuse(v.Part, NotPossible, "layer %q never hands over on a whole minute, and PagerDuty takes no seconds: its turns of %d seconds count from %s",
		l.Name, l.TurnSeconds, stamp(l.VirtualStart))
}

// fillLayer puts the first people on a layer that has nobody, as PagerDuty's pages
// make such: from the turn under way on, since no turn of anybody's is on it. Where
// that would take over from somebody who is on call now by another layer, the
// layer begins at its next handoff instead.
func (r *reviser) fillLayer(v Revision, i int, t turns) error {
	l := r.after.Layers[i]
	from := t.underWay(later(l.Start, r.now))
	effective := later(l.Start, t.start(from))
	if v.Earliest.After(later(l.Start, r.now)) || r.takesOver(i, v.Join, t, from) {
		var ok bool
		if from, effective, ok = t.handoff(later(v.Earliest, r.now.Add(time.Second))); !ok {
			return r.refuseSeconds(v, l)
		}
		l.Start = effective
	}
	if l.End != nil && !l.End.After(effective) {
		return r.refuse(v.Part, EndedPart, "layer %q ends at %s, before a change could take effect at %s", l.Name, stamp(*l.End), stamp(effective))
	}
	cycle := weigh(reorder(nil, v.Join, nil, false), v.Weights)
	r.putLayer(i, layerChange{turns: t, layer: l, from: from}.with(cycle))
	r.note(v, PartChange{Part: l.ID, Name: l.Name, Effective: effective, Before: []string{}, After: usersOf(cycle)})
	return nil
}

// takesOver says whether somebody else is on call now who would not be if people
// came onto a layer at once.
func (r *reviser) takesOver(i int, join []string, t turns, from int64) bool {
	filled := cloneDefinition(r.after)
	filled.Layers[i] = layerChange{turns: t, layer: filled.Layers[i], from: from}.with(reorder(nil, join, nil, false))[0]
	moment := span{r.now, r.now.Add(time.Second)}
	was, err := Render(r.after, moment.start, moment.end)
	if err != nil {
		return false // such a schedule is not edited
	}
	is, err := Render(filled, moment.start, moment.end)
	return err == nil && slices.ContainsFunc(was, func(s inventory.Shift) bool {
		return !slices.ContainsFunc(is, func(x inventory.Shift) bool { return x.User == s.User })
	})
}

// deserted is a layer that has nobody, beside those that change: PagerDuty takes
// no list of layers with such a one among them.
func (r *reviser) deserted() error {
	for _, l := range r.after.Layers {
		if len(l.Users) == 0 {
			return r.refuse(l.ID, DesertedPart, "layer %q has nobody on it, and PagerDuty takes no change of a schedule that has such a layer", l.Name)
		}
	}
	return nil
}

// layer is the index of the last layer of the line that a layer belongs to, -1
// if there is none.
func (r *reviser) layer(id string) int {
	last := r.lastOf(id)
	return slices.IndexFunc(r.after.Layers, func(l inventory.Layer) bool { return l.ID == last && last != "" })
}

// layerChange is how a layer is to change.
type layerChange struct {
	turns turns
	layer inventory.Layer
	// from is the first turn that the new list governs.
	from      int64
	effective time.Time
	// successor says that the layer ends when the change takes effect.
	successor bool
}

// with is the layers in place of the one: itself, or itself and its successor.
func (c layerChange) with(cycle []turn) []inventory.Layer {
	l := c.layer
	members, begins := listed(cycle)
	n := int64(len(members))
	anchor, ok := c.turns.anchorOf(c.from-int64(begins), n)
	if !ok {
		// The list turns instead: turn 0 is where it was.
		members = rotated(members, begins, int(floorMod(c.from, n)))
		anchor = c.turns.anchor
	}
	l.VirtualStart = anchor
	l.Users = nil
	for _, m := range members {
		l.Users = append(l.Users, *m)
	}
	if !c.successor {
		return []inventory.Layer{l}
	}
	old := c.layer
	end := c.effective
	old.End = &end
	l.ID, l.Start = "", c.effective
	return []inventory.Layer{old, l}
}

func (r *reviser) putLayer(i int, with []inventory.Layer) {
	layers := append([]inventory.Layer{}, r.after.Layers[:i]...)
	layers = append(layers, with...)
	r.after.Layers = append(layers, r.after.Layers[i+1:]...)
}

// underWay is the turn under way at a moment.
func (t turns) underWay(m time.Time) int64 {
	k := t.at(m)
	for !t.start(k + 1).After(m) {
		k++
	}
	return k
}

// handoff is the first turn that begins at a moment or later, on a whole
// minute: PagerDuty knows no seconds in layers. False if none of the next does,
// for then none ever will.
func (t turns) handoff(from time.Time) (int64, time.Time, bool) {
	first := t.underWay(from.Add(-time.Second)) + 1
	for k := first; k <= first+handoffsTried; k++ {
		if start := t.start(k); start.Equal(start.Truncate(time.Minute)) && !start.Before(from) {
			return k, start, true
		}
	}
	return 0, time.Time{}, false
}

// handoffsTried is how many turns are looked at for one on a whole minute: turns
// of whatever length come back to the same second within 60. One more is for the
// clocks.
const handoffsTried = 61

// anchorOf is a virtual start from which turns count as from the given turn, n
// being the people in a cycle: whole minutes, and the same grid of turns also
// where the clocks change. False if there is none nearby.
func (t turns) anchorOf(turn, n int64) (time.Time, bool) {
	for range 60 {
		start := t.start(turn)
		if !plausible(start) {
			return time.Time{}, false
		}
		onGrid := !t.wholeDays || wallOf(start, t.zone).Equal(addSeconds(t.wall, turn*t.length))
		if onGrid && start.Equal(start.Truncate(time.Minute)) {
			return start, true
		}
		turn -= n
	}
	return time.Time{}, false
}
