package oncall_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

func shift(user, start, end string) inventory.Shift {
	return inventory.Shift{User: user, Start: date(start), End: date(end)}
}

var fourDays = inventory.Window{Since: date("2026-01-01"), Until: date("2026-01-05")}

func TestS22_OurRenderingIsComparedWithPagerDutys(t *testing.T) {
	for _, c := range []struct {
		name   string
		theirs []inventory.Shift
		want   []oncall.Difference
	}{
		{
			"agreement, however it is cut into pieces, whatever the origin",
			[]inventory.Shift{
				shift("ann", "2026-01-01", "2026-01-01T06:00"), shift("ann", "2026-01-01T06:00", "2026-01-02"),
				shift("bob", "2026-01-02", "2026-01-03"), shift("ann", "2026-01-03", "2026-01-04"), shift("bob", "2026-01-04", "2026-01-05"),
			},
			nil,
		},
		{
			"agreement within the window, whatever lies outside",
			[]inventory.Shift{
				shift("eli", "2025-12-01", "2026-01-01"), shift("ann", "2026-01-01", "2026-01-02"), shift("bob", "2026-01-02", "2026-01-03"),
				shift("ann", "2026-01-03", "2026-01-04"), shift("bob", "2026-01-04", "2026-01-09"),
			},
			nil,
		},
		{
			"a handoff an hour off",
			[]inventory.Shift{
				shift("ann", "2026-01-01", "2026-01-02T01:00"), shift("bob", "2026-01-02T01:00", "2026-01-03"),
				shift("ann", "2026-01-03", "2026-01-04"), shift("bob", "2026-01-04", "2026-01-05"),
			},
			[]oncall.Difference{{Start: date("2026-01-02"), End: date("2026-01-02T01:00"), Ours: []string{"bob"}, Theirs: []string{"ann"}}},
		},
		{
			"somebody else, somebody more, and nobody",
			[]inventory.Shift{
				shift("ann", "2026-01-01", "2026-01-02"), shift("eli", "2026-01-02", "2026-01-02T10:00"), shift("eli", "2026-01-02T10:00", "2026-01-03"),
				shift("ann", "2026-01-03", "2026-01-04"), shift("dora", "2026-01-03", "2026-01-03T12:00"),
			},
			[]oncall.Difference{
				{Start: date("2026-01-02"), End: date("2026-01-03"), Ours: []string{"bob"}, Theirs: []string{"eli"}},
				{Start: date("2026-01-03"), End: date("2026-01-03T12:00"), Ours: []string{"ann"}, Theirs: []string{"ann", "dora"}},
				{Start: date("2026-01-04"), End: date("2026-01-05"), Ours: []string{"bob"}, Theirs: []string{}},
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := layerBased(utc, layer("L", date("2026-01-01"), days, "ann", "bob"))
			s.Shifts = c.theirs
			got, err := oncall.Compare(s, fourDays)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
		})
	}
}

func TestS22_ADifferenceReadsAsASentence(t *testing.T) {
	d := oncall.Difference{Start: date("2026-01-02"), End: date("2026-01-03"), Ours: []string{"ann", "bob"}}
	want := "from 2026-01-02T00:00:00Z to 2026-01-03T00:00:00Z PagerDuty says nobody, our rendering ann, bob"
	if got := d.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestDefectsAreErrorsThatNameThem(t *testing.T) {
	onLayer := func(change func(*inventory.Layer)) inventory.Schedule {
		l := layer("PLAYER", date("2026-01-01"), days, "ann")
		change(&l)
		return layerBased(utc, l)
	}
	onRestriction := func(r inventory.Restriction) inventory.Schedule {
		return onLayer(func(l *inventory.Layer) { l.Restrictions = []inventory.Restriction{r} })
	}
	onEvent := func(change func(*inventory.Event)) inventory.Schedule {
		e := dailyEvent(utc, "ann")
		change(&e)
		return shiftBased(utc, e)
	}
	recurring := func(lines ...string) inventory.Schedule {
		return onEvent(func(e *inventory.Event) { e.Recurrence = lines })
	}
	overridden := func(s inventory.Schedule, o inventory.Override) inventory.Schedule {
		s.Overrides = []inventory.Override{o}
		return s
	}
	for _, c := range []struct {
		name     string
		schedule inventory.Schedule
		says     string
	}{
		{"a kind that does not exist", inventory.Schedule{ID: "PX", Name: "X", Kind: "v9"}, `schedule "X" (PX): "v9" is not a kind`},
		{"a zone that does not exist", layerBased("Mars/Olympus"), `"Mars/Olympus" is not a time zone`},
		{"no zone", layerBased(""), `"" is not a time zone`},
		{"this machine's zone", layerBased("Local"), `"Local" is not a time zone`},
		{"a turn without length", onLayer(func(l *inventory.Layer) { l.TurnSeconds = 0 }), `schedule "Payments" (PSCHED): layer "Layer PLAYER" (PLAYER): a turn of 0 seconds`},
		{"a turn beyond all bounds", onLayer(func(l *inventory.Layer) { l.TurnSeconds = 1 << 62 }), "longer than ten years"},
		{"no virtual start", onLayer(func(l *inventory.Layer) { l.VirtualStart = time.Time{} }), "virtual start 0001-01-01"},
		{"a start time that is none", onRestriction(daily("9 am", time.Hour)), `restriction 1: start time "9 am"`},
		{"a duration without length", onRestriction(daily("09:00:00", 0)), "a duration of 0 seconds"},
		{"a day of more than a day", onRestriction(daily("09:00:00", 25*time.Hour)), "a duration of 90000 seconds"},
		{"a week of more than a week", onRestriction(onWeekday(1, "09:00:00", 8*days)), "a duration of 691200 seconds"},
		{"an eighth weekday", onRestriction(onWeekday(8, "09:00:00", time.Hour)), "start day from 1 (Monday) to 7"},
		{"no weekday", onRestriction(inventory.Restriction{Type: "weekly_restriction", StartTime: "09:00:00", DurationSeconds: 1}), "start day from 1"},
		{"another kind of restriction", onRestriction(inventory.Restriction{Type: "monthly_restriction", StartTime: "09:00:00", DurationSeconds: 1}), `"monthly_restriction" is not a type`},
		{"an override of nobody on layers", overridden(layerBased(utc), inventory.Override{ID: "O"}), "override O: names nobody"},
		{"an override that ends first", overridden(layerBased(utc), inventory.Override{ID: "O", User: ptr("ann"), Start: date("2026-01-02"), End: date("2026-01-01")}), "override O: ends at 2026-01-01"},
		{"an event's zone", onEvent(func(e *inventory.Event) { e.TimeZone = "Nowhere" }), `schedule "Payments" (PSHIFTS): rotation R1: event "Event E" (E): "Nowhere" is not a time zone`},
		{"an event without length", onEvent(func(e *inventory.Event) { e.End = e.Start }), "its first occurrence ends at"},
		{"an event without a start", onEvent(func(e *inventory.Event) { e.Start = time.Time{} }), "its start 0001-01-01"},
		{"an assignment that does not exist", onEvent(func(e *inventory.Event) { e.Assignment.Type = "lottery" }), `"lottery" is not an assignment`},
		{"rotating without a number", onEvent(func(e *inventory.Event) { e.Assignment.ShiftsPerMember = nil }), "shifts per member, from 1"},
		{"no RRULE", recurring("EXDATE:20260101T090000Z"), "no RRULE"},
		{"two RRULEs", recurring("RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"), "more than one RRULE"},
		{"a frequency that does not exist", recurring("RRULE:FREQ=SOMETIMES"), `recurrence "RRULE:FREQ=SOMETIMES": undefined frequency`},
		{"a rule every minute", recurring("RRULE:FREQ=MINUTELY"), "more often than hourly"},
		{"an hour never reached", recurring("RRULE:FREQ=HOURLY;INTERVAL=2;BYHOUR=10"), "never reaches an hour of BYHOUR"},
		{"a weekday beyond its month", recurring("RRULE:FREQ=MONTHLY;BYDAY=-53MO"), "BYDAY counts more weeks"},
		{"a second start", recurring("RRULE:FREQ=DAILY;DTSTART=20260101T090000Z"), "DTSTART does not belong"},
		{"a line of another name", recurring("RRULE:FREQ=DAILY", "EXRULE:FREQ=WEEKLY"), `recurrence "EXRULE:FREQ=WEEKLY": expected RRULE`},
		{"an excluded date without a time", recurring("RRULE:FREQ=DAILY", "EXDATE;VALUE=DATE:20260101"), "20260101 is a date: expected a date-time"},
		{"an override of nothing", overridden(shiftBased(utc), inventory.Override{ID: "O"}), "override O: expected either a rotation or a custom shift"},
		{"an override of two things", overridden(shiftBased(utc), inventory.Override{ID: "O", Rotation: ptr("R"), CustomShift: ptr("C")}), "override O: expected either"},
		{"a custom shift that ends first", inventory.Schedule{Kind: inventory.ScheduleOfShifts, CustomShifts: []inventory.CustomShift{{ID: "C", Start: date("2026-01-02"), End: date("2026-01-01")}}}, "custom shift C: ends at 2026-01-01"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := oncall.Compare(c.schedule, fourDays)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the error is %v\nand does not say %s", err, c.says)
			}
		})
	}
}

func TestTurnsOfASecondAreRefusedRatherThanCountedForYears(t *testing.T) {
	s := layerBased(utc, layer("L", date("2026-01-01"), time.Second, "ann", "bob"))
	if _, err := oncall.Render(s, date("2026-01-01"), date("2100-01-01")); err == nil || !strings.Contains(err.Error(), "too many") {
		t.Errorf("the error is %v", err)
	}
}

func TestAWindowThatEndsBeforeItsStartIsAnError(t *testing.T) {
	if _, err := oncall.Render(layerBased(utc), date("2026-01-02"), date("2026-01-01")); err == nil {
		t.Error("there is no error")
	}
}
