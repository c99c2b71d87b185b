package oncall

import (
	"fmt"

	"github.com/dutyward/dutyward/inventory"
)

// occurrence is one time that an event takes place; index counts them from the
// event's first.
type occurrence struct {
	span
	index int
}

// slotsOf are the slots of an event's occurrences in w, vacant ones too.
//
// An occurrence belongs to the event if it starts in [effective since,
// effective until); one under way at effective until ends there, and one under way
// at effective since begins there if the event says so, and else is none. Turns of
// rotating members count from the event's first occurrence, whether in effect
// or not; an excluded date is not an occurrence and takes nobody's turn.
func slotsOf(e inventory.Event, z zones, w span) ([]slot, error) {
	if err := checkAssignment(e.Assignment); err != nil {
		return nil, err
	}
	occurrences, err := occurrencesOf(e, z, w)
	if err != nil {
		return nil, err
	}
	var slots []slot
	for _, o := range occurrences {
		for _, m := range membersOn(e.Assignment, o.index) {
			slots = append(slots, slot{span: o.span, member: m, user: m})
		}
	}
	return slots, nil
}

func membersOn(a inventory.Assignment, index int) []*string {
	if a.Type == everyMember || len(a.Members) == 0 {
		return a.Members
	}
	i := index / *a.ShiftsPerMember % len(a.Members)
	return a.Members[i : i+1]
}

// The two assignment strategies of PagerDuty's API.
const (
	rotatingMember = "rotating_member_assignment_strategy"
	everyMember    = "every_member_assignment_strategy"
)

func checkAssignment(a inventory.Assignment) error {
	switch a.Type {
	case everyMember:
		return nil
	case rotatingMember:
		if a.ShiftsPerMember == nil || *a.ShiftsPerMember < 1 {
			return fmt.Errorf("rotating members need shifts per member, from 1")
		}
		return nil
	}
	return fmt.Errorf("%q is not an assignment: expected %s or %s", a.Type, rotatingMember, everyMember)
}

// occurrencesOf are the occurrences in effect, clipped to w.
func occurrencesOf(e inventory.Event, z zones, w span) ([]occurrence, error) {
	zone, err := z.load(e.TimeZone)
	if err != nil {
		return nil, err
	}
	if !plausible(e.Start) {
		return nil, fmt.Errorf("its start %s is outside the years %d to %d", stamp(e.Start), firstYear, lastYear)
	}
	first := wallOf(e.Start, zone)
	length := wallOf(e.End, zone).Sub(first)
	if length <= 0 || !e.Start.Before(e.End) {
		return nil, fmt.Errorf("its first occurrence ends at %s, not after its start at %s", stamp(e.End), stamp(e.Start))
	}
	next, err := recurrence(e.Recurrence, first, zone)
	if err != nil {
		return nil, err
	}
	if e.EffectiveUntil != nil {
		w = w.clip(span{w.start, e.EffectiveUntil.UTC()})
	}
	if w.empty() {
		return nil, nil
	}

	begins := wallOf(w.start, zone)
	var occurrences []occurrence
	for index := 0; ; index++ {
		wall, ok := next()
		if !ok {
			return occurrences, nil
		}
		if index >= maxPieces {
			return nil, fmt.Errorf("more than %d occurrences before the window's end", maxPieces)
		}
		// Cheap, and never wrong: where the clock shows a time, it has reached it.
		if !wall.Add(length).After(begins) {
			continue
		}
		s := span{moment(wall, zone), moment(wall.Add(length), zone)}
		if !s.start.Before(w.end) {
			return occurrences, nil
		}
		if s.start.Before(e.EffectiveSince) {
			if !e.StartsUnderWay {
				continue
			}
			s.start = e.EffectiveSince.UTC()
		}
		if c := s.clip(w); !c.empty() {
			occurrences = append(occurrences, occurrence{c, index})
		}
	}
}

// slot is a span of a rotation or custom shift and who covers it; nil is
// nobody.
type slot struct {
	span
	// member is who covers it without overrides.
	member *string
	user   *string
	origin *inventory.Origin
}
