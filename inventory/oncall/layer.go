package oncall

import (
	"fmt"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// secondsADay is the length of a day on the clock.
const secondsADay = 86_400

// RenderLayer returns who is on call on one layer alone in [since, until),
// before other layers and overrides hide parts of it; zone is the schedule's.
// Turns count from the virtual start, backwards too. Turns of whole days keep
// their local handoff time when the clocks change, others are absolute
// seconds. A layer without users has nobody on call. The error names the layer
// and the defect.
func RenderLayer(l inventory.Layer, zone *time.Location, since, until time.Time) ([]inventory.Shift, error) {
	shifts, err := renderLayer(l, zone, span{since.UTC(), until.UTC()})
	if err != nil {
		return nil, fmt.Errorf("layer %q (%s): %w", l.Name, l.ID, err)
	}
	return shifts, nil
}

func renderLayer(l inventory.Layer, zone *time.Location, w span) ([]inventory.Shift, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	t, err := turnsOf(l, zone)
	if err != nil {
		return nil, err
	}
	w = w.clip(span{l.Start.UTC(), w.end})
	if l.End != nil {
		w = w.clip(span{w.start, l.End.UTC()})
	}
	open, err := openSpans(l.Restrictions, zone, w)
	if err != nil {
		return nil, err
	}
	if len(l.Users) == 0 {
		return []inventory.Shift{}, nil
	}

	origin := &inventory.Origin{Kind: "layer", ID: l.ID}
	var shifts []inventory.Shift
	pieces := int64(0)
	for _, o := range open {
		pieces += (o.end.Unix()-o.start.Unix())/t.length + 1
	}
	if pieces > maxTurns {
		return nil, fmt.Errorf("turns of %d seconds are too many for the window", l.TurnSeconds)
	}
	for _, o := range open {
		for k := t.at(o.start); ; k++ {
			turn := t.span(k)
			if !turn.start.Before(o.end) {
				break
			}
			if c := turn.clip(o); !c.empty() {
				user := l.Users[floorMod(k, int64(len(l.Users)))]
				shifts = append(shifts, inventory.Shift{User: user, Start: c.start, End: c.end, Origin: origin})
			}
		}
	}
	return merge(shifts), nil
}

// turns counts a layer's turns: turn 0 begins at the virtual start.
type turns struct {
	zone   *time.Location
	anchor time.Time
	length int64 // seconds
	// wall is the anchor's wall time, for turns of whole days.
	wall      time.Time
	wholeDays bool
}

func turnsOf(l inventory.Layer, zone *time.Location) (turns, error) {
	if l.TurnSeconds <= 0 {
		return turns{}, fmt.Errorf("a turn of %d seconds: it must last at least one", l.TurnSeconds)
	}
	if l.TurnSeconds > 10*366*secondsADay {
		return turns{}, fmt.Errorf("a turn of %d seconds: it must not last longer than ten years", l.TurnSeconds)
	}
	if !plausible(l.VirtualStart) {
		return turns{}, fmt.Errorf("the virtual start %s is outside the years %d to %d", stamp(l.VirtualStart), firstYear, lastYear)
	}
	anchor := l.VirtualStart.UTC().Truncate(time.Second)
	return turns{
		zone: zone, anchor: anchor, length: int64(l.TurnSeconds),
		wall: wallOf(anchor, zone), wholeDays: l.TurnSeconds%secondsADay == 0,
	}, nil
}

// start is the moment at which turn k begins.
func (t turns) start(k int64) time.Time {
	if t.wholeDays {
		return moment(addSeconds(t.wall, k*t.length), t.zone)
	}
	return addSeconds(t.anchor, k*t.length)
}

func (t turns) span(k int64) span { return span{t.start(k), t.start(k + 1)} }

// at is the turn under way at a moment, or the one before it where the clock
// was just set back; it is never a later one.
func (t turns) at(m time.Time) int64 {
	if t.wholeDays {
		return floorDiv(wallOf(m, t.zone).Unix()-t.wall.Unix(), t.length)
	}
	return floorDiv(m.Unix()-t.anchor.Unix(), t.length)
}

// addSeconds reaches further than time.Duration's 292 years.
func addSeconds(t time.Time, seconds int64) time.Time {
	return time.Unix(t.Unix()+seconds, 0).UTC()
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }
