package oncall

import (
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// reviseLayer changes a layer. Where nobody who leaves is on call, and nothing
// is to wait, the layer itself is edited, its virtual start set so that the turn
// under way stays whose it is. Otherwise it ends at a hand-over, and a successor
// goes on from there: a layer can't be deleted, and its list holds at all times.
func (r *reviser) reviseLayer(v Revision) error {
	i := r.layer(v.Part)
	if i < 0 {
		return r.refuse(v.Part, UnknownPart, "it has no such layer")
	}
	l := r.after.Layers[i]
	members := pointers(l.Users)
	v.Join, v.Leave = newcomers(members, v.Join), leavers(members, v.Leave)
	join, leave := v.Join, v.Leave
	switch {
	case len(join)+len(leave) == 0:
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
		return err
	}

	change := layerChange{turns: t, layer: l, from: t.underWay(later(l.Start, r.now))}
	change.effective = later(l.Start, r.now)
	begun := !l.Start.After(r.now)
	if begun {
		change.effective = t.start(change.from + 1)
	}
	onCall := *members[floorMod(change.from, int64(len(members)))]
	leavesNow := begun && takesTurns(pointers(leave), onCall)
	if leavesNow || v.Earliest.After(change.effective) {
		change.from, change.effective = t.handover(later(v.Earliest, r.now.Add(time.Second)))
		change.successor = true
	}
	if l.End != nil && !l.End.After(change.effective) {
		return r.refuse(v.Part, EndedPart, "layer %q ends at %s, before a change could take effect at %s", l.Name, stamp(*l.End), stamp(change.effective))
	}
	cycle := cycleFrom(members, change.from)
	after := reorder(cycle, join, leave, false)
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

// handover is the first turn that begins at a moment or later, on a whole
// minute: PagerDuty knows no seconds in layers.
func (t turns) handover(from time.Time) (int64, time.Time) {
	for k := t.underWay(from.Add(-time.Second)) + 1; ; k++ {
		if start := t.start(k); start.Equal(start.Truncate(time.Minute)) && !start.Before(from) {
			return k, start
		}
	}
}

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
