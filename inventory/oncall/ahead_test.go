package oncall_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

func TestWhatBecomesOfSomebodysNextTurn(t *testing.T) {
	now := local(berlin, "2026-06-10 09:00") // bob's turn, since the eighth
	turns := func(start string, length time.Duration, users ...string) inventory.Layer {
		return layer("L", local(berlin, start), length, users...)
	}
	until := func(l inventory.Layer, end time.Time) inventory.Layer {
		l.End = &end
		return l
	}
	from := func(l inventory.Layer, start time.Time) inventory.Layer {
		l.ID, l.Start = "M", start
		return l
	}
	weekly := turns("2026-06-01 09:00", week, "ann", "bob", "cy")
	for name, c := range map[string]struct {
		before, after []inventory.Layer
		want          string
	}{
		"nothing changes":          {[]inventory.Layer{weekly}, []inventory.Layer{weekly}, ""},
		"somebody is off the list": {[]inventory.Layer{weekly}, []inventory.Layer{turns("2026-06-01 09:00", week, "zoe", "bob", "cy")}, "ann none"},
		"two change places":        {[]inventory.Layer{weekly}, []inventory.Layer{turns("2026-06-01 09:00", week, "cy", "bob", "ann")}, "ann start, cy start"},
		"turns of another length":  {[]inventory.Layer{weekly}, []inventory.Layer{turns("2026-06-01 09:00", 9*days, "bob", "cy", "ann")}, "ann start, bob start, cy start"},
		"it is cut short":          {[]inventory.Layer{weekly}, []inventory.Layer{turns("2026-06-09 09:00", 2*days, "bob", "cy", "ann")}, "ann start, bob shorter, cy start"},
		"it ends later":            {[]inventory.Layer{weekly}, []inventory.Layer{turns("2026-06-09 09:00", week, "bob", "cy", "ann")}, "ann start, bob later, cy start"},
		"a turn to come is longer": {[]inventory.Layer{weekly}, []inventory.Layer{until(weekly, now.Add(12*days)), from(turns("2026-06-15 09:00", 8*days, "cy", "ann", "bob"), now.Add(5*days))}, "ann start"},
		"the next is the last": {[]inventory.Layer{weekly},
			[]inventory.Layer{until(weekly, local(berlin, "2026-06-29 09:00")), from(turns("2026-06-29 09:00", week, "bob", "cy"), local(berlin, "2026-06-29 09:00"))}, "ann last"},
		"it was the last before": {[]inventory.Layer{until(weekly, local(berlin, "2026-08-31 09:00"))}, []inventory.Layer{until(weekly, local(berlin, "2026-06-29 09:00"))}, ""},
	} {
		moves, ahead, err := oncall.Moved(layerBased(berlin, c.before...), layerBased(berlin, c.after...), now)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range moves {
			got = append(got, m.User+" "+string(m.How))
			if m.Was.Start.IsZero() || m.Is.Start.IsZero() != (m.How == oncall.NoTurn) || m.How == oncall.NoTurn != m.Is.End.IsZero() {
				t.Errorf("%s: the turns are %+v", name, m)
			}
		}
		if line := strings.Join(got, ", "); line != c.want {
			t.Errorf("%s: %s, want %s", name, line, c.want)
		}
		if ahead != 26*week {
			t.Errorf("%s: it looks %s ahead", name, ahead)
		}
	}
	for i := range 2 {
		pair := []inventory.Schedule{layerBased(berlin, weekly), layerBased(berlin, weekly)}
		pair[i].TimeZone = "Nowhere/At_All"
		if _, _, err := oncall.Moved(pair[0], pair[1], now); err == nil {
			t.Error("a schedule in no time zone moves nobody")
		}
	}
}

func TestHowFarAheadTurnsAreLookedFor(t *testing.T) {
	now := date("2026-06-10")
	people := func(n int) []string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprint("u", i))
		}
		return out
	}
	for name, c := range map[string]struct {
		layers []inventory.Layer
		want   time.Duration
	}{
		"half a year":                              {[]inventory.Layer{layer("L", now, week, "ann", "bob")}, 26 * week},
		"three cycles, of one more person":         {[]inventory.Layer{layer("L", now, 30*days, "ann", "bob", "cy")}, 3 * 4 * 30 * days},
		"those of the longest":                     {[]inventory.Layer{layer("L", now, 30*days, "ann", "bob", "cy"), layer("M", now, 30*days, "ann")}, 3 * 4 * 30 * days},
		"twelve years at most":                     {[]inventory.Layer{layer("L", now, 400*days, people(10)...)}, 12 * 366 * days},
		"also of one turn":                         {[]inventory.Layer{layer("L", now, 10*366*days, "ann", "bob")}, 12 * 366 * days},
		"few turns of a minute":                    {[]inventory.Layer{layer("L", now, time.Minute, "ann", "bob")}, 20_000 * time.Minute},
		"few turns of a minute, of a longer cycle": {[]inventory.Layer{layer("L", now, 30*days, "ann", "bob", "cy"), layer("M", now, time.Minute, "ann")}, 20_000 * time.Minute},
	} {
		s := layerBased(utc, c.layers...)
		if _, ahead, err := oncall.Moved(s, s, now); err != nil || ahead != c.want {
			t.Errorf("%s: %s (%v), want %s", name, ahead, err, c.want)
		}
	}
}

// A turn of a third of a year comes back after more than half a one.
func TestWhoIsDisplacedIsKnownAlsoFromTurnsThatAreLongInComing(t *testing.T) {
	now := date("2026-06-10")
	s := layerBased(utc, layer("OTHER", now, week, "zoe"), layer("L", now.Add(-days), 100*days, "ann", "bob", "cy"))
	revised, err := oncall.Revise(s, []oncall.Revision{{Part: "L", Join: []string{"dora"}}}, now)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range revised.Displaced {
		got = append(got, fmt.Sprintf("%s from %s, for %s", d.User, d.Since.Format(time.DateOnly), d.Why))
	}
	why := "a cycle has 4 turns instead of 3: those who join take theirs"
	want := []string{"ann from 2027-04-05, for " + why, "bob from 2027-07-14, for " + why, "cy from 2027-10-22, for " + why}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("displaced are (-want +got):\n%s", diff)
	}
	revised, err = oncall.Revise(weeks("ann", "bob", "cy"), []oncall.Revision{{Part: "L", Leave: []string{"cy"}}}, local(berlin, "2026-06-10 12:00"))
	if err != nil || len(revised.Displaced) == 0 || revised.Displaced[0].Why != "a cycle has 2 turns instead of 3: those of who leaves close up" {
		t.Errorf("who leaves displaces %+v (%v)", revised.Displaced, err)
	}
}

func TestAnEmptySlotStaysWhereSomebodyLeavesAndNobodyJoins(t *testing.T) {
	revised, err := oncall.Revise(weeksOfShifts("ann", "", "bob", "cy"), []oncall.Revision{{Part: "E", Leave: []string{"cy"}}}, local(berlin, "2026-06-10 12:00"))
	if err != nil {
		t.Fatal(err)
	}
	empty := 0
	for _, m := range revised.Schedule.Rotations[0].Events[1].Assignment.Members {
		if m == nil {
			empty++
		}
	}
	if n := len(revised.Schedule.Rotations[0].Events[1].Assignment.Members); n != 3 || empty != 1 {
		t.Errorf("%d slots, %d of them empty, want 3 and one", n, empty)
	}
}

// Its first occurrence is still under way where the next begins.
func TestASuccessorOfAnEventThatOverlapsItselfCountsFromItsFirstOccurrence(t *testing.T) {
	revised, err := oncall.Revise(happening("2026-06-01 09:00", 30*time.Hour, "RRULE:FREQ=DAILY", 1, "ann", "bob"),
		[]oncall.Revision{{Part: "E", Join: []string{"cy"}}}, local(berlin, "2026-06-10 12:00"))
	if err != nil {
		t.Fatal(err)
	}
	if e := revised.Steps[1].Event; !e.Start.Equal(e.EffectiveSince) || !e.End.Equal(e.Start.Add(30*time.Hour)) {
		t.Errorf("it counts from %s to %s and holds from %s", e.Start, e.End, e.EffectiveSince)
	}
}

func TestTwentyMembersAreAllowed(t *testing.T) {
	var crowd []string
	for i := range 19 {
		crowd = append(crowd, fmt.Sprint("u", i))
	}
	if _, err := oncall.Revise(weeksOfShifts(crowd...), []oncall.Revision{{Part: "E", Join: []string{"ann"}}}, local(berlin, "2026-06-10 12:00")); err != nil {
		t.Errorf("the twentieth: %v", err)
	}
}

// In the hour that comes twice, a turn of the first time is under way the second.
func TestATurnThatBeganBeforeTheClocksWentBackIsUnderWay(t *testing.T) {
	s := layerBased(berlin, layer("L", local(berlin, "2026-10-20 02:30"), days, "ann", "bob"))
	again := date("2026-10-25T01:15") // 02:15 for the second time
	got, err := oncall.Handoffs(s, again, again.Add(2*days))
	if err != nil || len(got) != 1 || !got[0].Equal(local(berlin, "2026-10-26 02:30")) {
		t.Errorf("handoffs are %v (%v)", got, err)
	}
}

func TestAHandoffAtTheWindowsStartIsInIt(t *testing.T) {
	s := shiftBased(utc, dailyEvent(utc, "ann"))
	got, err := oncall.Handoffs(s, date("2026-01-03T09:00"), date("2026-01-03T17:00"))
	if err != nil || len(got) != 1 || !got[0].Equal(date("2026-01-03T09:00")) {
		t.Errorf("handoffs are %v (%v)", got, err)
	}
}

func TestWhatTakesOverFromTheFirstLineIsOfIt(t *testing.T) {
	old, next := layer("OLD", date("2026-01-01"), week, "ann"), layer("NEW", date("2026-02-01"), week, "bob")
	old.End, next.Name = &next.Start, old.Name
	got := oncall.Lines(layerBased(utc, old, next, layer("OTHER", date("2026-01-01"), week, "cy")), date("2026-01-15"))
	if len(got) != 2 || strings.Join(got[0].IDs, " ") != "OLD NEW" || strings.Join(got[0].Present, " ") != "ann bob" {
		t.Errorf("lines are %+v", got)
	}
}

func TestBoundsThatRenderingIsDefinedForAreWithinThem(t *testing.T) {
	seconds := func(n int) time.Time { return date("2026-01-01").Add(time.Duration(n) * time.Second) }
	short := layerBased(utc, layer("L", date("2026-01-01"), time.Second, "ann", "bob"))
	long := func(turn int) inventory.Schedule {
		l := layer("L", date("2026-01-01"), time.Second, "ann")
		l.TurnSeconds = turn
		return layerBased(utc, l)
	}
	year := func(since, until string) func() error {
		return func() error { _, err := oncall.Render(layerBased(utc), date(since), date(until)); return err }
	}
	for name, c := range map[string]struct {
		render func() error
		ok     bool
	}{
		"as many turns as are counted": {func() error { _, err := oncall.Render(short, seconds(0), seconds(199_999)); return err }, true},
		"one more":                     {func() error { _, err := oncall.Render(short, seconds(0), seconds(200_000)); return err }, false},
		"as many handoffs":             {func() error { _, err := oncall.Handoffs(short, seconds(0), seconds(200_000)); return err }, true},
		"one handoff more":             {func() error { _, err := oncall.Handoffs(short, seconds(0), seconds(200_001)); return err }, false},
		"a turn of ten years":          {func() error { _, err := oncall.Render(long(10*366*86_400), seconds(0), seconds(1)); return err }, true},
		"a turn of a second more":      {func() error { _, err := oncall.Render(long(10*366*86_400+1), seconds(0), seconds(1)); return err }, false},
		"the first year":               {year("1970-01-01", "1970-01-02"), true},
		"the year before it":           {year("1969-12-31", "1970-01-02"), false},
		"the last year":                {year("2199-12-30", "2199-12-31"), true},
		"the year after it":            {year("2199-12-30", "2200-01-01"), false},
	} {
		if err := c.render(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRulesOfRecurrenceAreTakenUpToTheirBounds(t *testing.T) {
	for rule, ok := range map[string]bool{
		"FREQ=DAILY;INTERVAL=10000": true, "FREQ=DAILY;INTERVAL=10001": false,
		"FREQ=MONTHLY;BYDAY=5MO": true, "FREQ=MONTHLY;BYDAY=6MO": false, "FREQ=MONTHLY;BYDAY=-5MO": true, "FREQ=MONTHLY;BYDAY=-6MO": false,
		"FREQ=YEARLY;BYDAY=53MO": true, "FREQ=YEARLY;BYDAY=-53MO": true, "FREQ=YEARLY;BYMONTH=1;BYDAY=6MO": false, "FREQ=YEARLY;BYMONTH=1;BYDAY=5MO": true,
		"FREQ=HOURLY;INTERVAL=5;BYHOUR=14": true, "FREQ=HOURLY;INTERVAL=5;BYHOUR=13": true, "FREQ=HOURLY;INTERVAL=30;BYHOUR=15": true, "FREQ=HOURLY;INTERVAL=30;BYHOUR=14": false,
		"FREQ=HOURLY;INTERVAL=5;BYHOUR=8": true, "FREQ=HOURLY;INTERVAL=24;BYHOUR=9": true, "FREQ=HOURLY;INTERVAL=24;BYHOUR=10": false,
	} {
		e := dailyEvent(utc, "ann")
		e.Recurrence = []string{"RRULE:" + rule}
		if _, err := oncall.Render(shiftBased(utc, e), date("2026-01-01"), date("2026-01-05")); (err == nil) != ok {
			t.Errorf("%s: %v", rule, err)
		}
	}
	midnight := weekly("E", date("2026-01-01"), date("2026-01-01T08:00"), utc, "ann")
	midnight.Recurrence = []string{"RRULE:FREQ=DAILY;UNTIL=20260102"}
	equal(t, []string{"01-01 00:00Z to 01-01 08:00Z ann", "01-02 00:00Z to 01-02 08:00Z ann"}, table(t, shiftBased(utc, midnight), "2026-01-01 00:00", "2026-01-05 00:00"))
	// By the clock it takes no time: it ends as the hour comes a second time.
	instant := weekly("E", date("2026-10-25T00:30"), date("2026-10-25T01:30"), berlin, "ann")
	if _, err := oncall.Render(shiftBased(berlin, instant), date("2026-10-25"), date("2026-10-26")); err == nil || !strings.Contains(err.Error(), "not after its start") {
		t.Errorf("an event that ends when it begins, by the clock: %v", err)
	}
}

func TestS22_PeopleWithoutAnAccountCountOnNeitherSide(t *testing.T) {
	s := layerBased(utc, layer("L", date("2026-01-01"), days, "ann", "gone"))
	s.Shifts = []inventory.Shift{{User: "ann", Start: date("2026-01-01"), End: date("2026-01-02")}, {User: "left", Start: date("2026-01-03"), End: date("2026-01-04")}}
	w := inventory.Window{Since: date("2026-01-01"), Until: date("2026-01-03")}
	for without, want := range map[string]int{"": 1, "gone": 0, "ann": 1} {
		got, err := oncall.Compare(s, w, without)
		if err != nil || len(got) != want {
			t.Errorf("without %q: %v (%v), want %d", without, got, err, want)
		}
	}
	w.Until = date("2026-01-04")
	if got, err := oncall.Compare(s, w, "gone", "left", "ann"); err != nil || len(got) != 0 {
		t.Errorf("without anybody: %v (%v)", got, err)
	}
}
