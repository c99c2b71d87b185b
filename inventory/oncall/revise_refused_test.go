package oncall_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

func TestARevisionThatCannotBeMadeSaysWhichBoundIsInTheWay(t *testing.T) {
	crowd := make([]string, 20)
	for i := range crowd {
		crowd[i] = fmt.Sprint("u", i)
	}
	full := weeksOfShifts("ann", "bob")
	for i := range 4 {
		e := happening("2026-06-01 09:00", time.Hour, "RRULE:FREQ=DAILY", 1, "ann").Rotations[0].Events[0]
		e.ID, e.Name = fmt.Sprint("E", i), fmt.Sprint("Event ", i)
		full.Rotations[0].Events = append(full.Rotations[0].Events, e)
	}
	ends := func(s inventory.Schedule, at string) inventory.Schedule {
		return with(s, func(l *inventory.Layer) { l.End = ptr(local(berlin, at)) })
	}
	endsEvent := func(s inventory.Schedule, at string) inventory.Schedule {
		return withEvent(s, func(e *inventory.Event) { e.EffectiveUntil = ptr(local(berlin, at)) })
	}
	for _, c := range []struct {
		name     string
		schedule inventory.Schedule
		v        oncall.Revision
		reason   oncall.Reason
		says     string
	}{
		{"a layer that there is not", weeks("ann"), oncall.Revision{Part: "GONE", Join: []string{"bob"}}, oncall.UnknownPart, "it has no such layer"},
		{"an event that there is not", weeksOfShifts("ann"), oncall.Revision{Part: "GONE", Join: []string{"bob"}}, oncall.UnknownPart, "it has no such event"},
		{"a layer that has ended", ends(weeks("ann"), "2026-06-10 12:00"), oncall.Revision{Part: "L", Join: []string{"bob"}}, oncall.EndedPart, "ended at 2026-06-10T10:00:00Z"},
		{"a layer that ends before the next handoff", ends(weeks("ann"), "2026-06-14 09:00"), oncall.Revision{Part: "L", Join: []string{"bob"}}, oncall.EndedPart, "before a change could take effect at 2026-06-15T07:00:00Z"},
		{"an event that has ended", endsEvent(weeksOfShifts("ann"), "2026-06-09 09:00"), oncall.Revision{Part: "E", Join: []string{"bob"}}, oncall.EndedPart, "ended at 2026-06-09T07:00:00Z"},
		{"an event that ends before the next handoff", endsEvent(weeksOfShifts("ann"), "2026-06-15 09:00"), oncall.Revision{Part: "E", Join: []string{"bob"}}, oncall.EndedPart, "before a change could take effect at 2026-06-15T07:00:00Z"},
		{"an event that does not come back", happening("2026-06-01 09:00", week, "RRULE:FREQ=WEEKLY;COUNT=2", 1, "ann"), oncall.Revision{Part: "E", Join: []string{"bob"}}, oncall.EndedPart, "does not take place again"},
		{"the last person of a layer", weeks("ann"), oncall.Revision{Part: "L", Leave: []string{"ann"}}, oncall.NobodyLeft, "without anybody: ann would leave"},
		{"everybody of an event", weeksOfShifts("ann", "bob"), oncall.Revision{Part: "E", Leave: []string{"ann", "bob"}, LeaveEmpty: true}, oncall.NobodyLeft, "ann, bob would leave"},
		{"the twenty-first member", weeksOfShifts(crowd...), oncall.Revision{Part: "E", Join: []string{"ann"}}, oncall.TooManyPeople, "would have 21 members, and at most 20 are allowed"},
		{"the sixth event", full, oncall.Revision{Part: "E", Join: []string{"cy"}}, oncall.TooManyEvents, "has 5 events that have not ended, and at most 5 are allowed"},
		{"over a year ahead", weeksOfShifts("ann"), oncall.Revision{Part: "E", Join: []string{"bob"}, Earliest: local(berlin, "2027-06-11 00:00")}, oncall.TooFarAhead, "more than 12 months ahead"},
		{"an empty turn on a layer", weeks("ann", "bob"), oncall.Revision{Part: "L", Leave: []string{"bob"}, LeaveEmpty: true}, oncall.NotPossible, "no empty turns"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := oncall.Revise(c.schedule, []oncall.Revision{c.v}, local(berlin, "2026-06-10 12:00"))
			var refused *oncall.RefusedError
			if !errors.As(err, &refused) || refused.Reason != c.reason || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), `schedule "Payments"`) {
				t.Errorf("got %v (%+v)", err, refused)
			}
		})
	}
	_, err := oncall.Revise(weeks("ann", "bob"), []oncall.Revision{{Part: "L", Join: []string{"cy"}}, {Part: "L", Leave: []string{"bob"}}}, local(berlin, "2026-06-10 12:00"))
	var refused *oncall.RefusedError
	if !errors.As(err, &refused) || refused.Reason != oncall.NotPossible {
		t.Errorf("a part named twice: %v", err)
	}
}
