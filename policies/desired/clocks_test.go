package desired_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
)

// Who is in a group whose shifts lie where the clocks change, or under overrides:
// worked out by hand, in UTC.
func TestS21_GroupsFollowTheShiftsWhereTheClocksChangeAndUnderOverrides(t *testing.T) {
	local := func(zone, text string) time.Time {
		z, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.ParseInLocation("2006-01-02 15:04", text, z)
		if err != nil {
			t.Fatal(err)
		}
		return at.UTC()
	}
	// Ann and bob take turns of a day from nine in the morning.
	daily := func(zone, from string) inventory.Schedule {
		start := local(zone, from)
		return inventory.Schedule{ID: "D", Name: "Daily", Kind: inventory.ScheduleOfLayers, TimeZone: zone, Layers: []inventory.Layer{
			{ID: "L", Name: "Day", Start: start.AddDate(0, 0, -14), VirtualStart: start, TurnSeconds: 86400, Users: []string{"ann", "bob"}},
		}}
	}
	// Ann takes the night shift, from ten in the evening to six in the morning.
	nightly := func(zone, from string) inventory.Schedule {
		start, one := local(zone, from), 1
		ann := "ann"
		return inventory.Schedule{ID: "D", Name: "Daily", Kind: inventory.ScheduleOfShifts, TimeZone: zone, Rotations: []inventory.Rotation{{ID: "R", Events: []inventory.Event{{
			ID: "E", Name: "Night", Start: start, End: start.Add(8 * time.Hour), TimeZone: zone, Recurrence: []string{"RRULE:FREQ=DAILY"}, EffectiveSince: start,
			Assignment: inventory.Assignment{Type: "rotating_member_assignment_strategy", Members: []*string{&ann}, ShiftsPerMember: &one},
		}}}}}
	}
	with := func(s inventory.Schedule, o ...inventory.Override) inventory.Schedule {
		s.Overrides = o
		return s
	}
	override := func(user, from, until string) inventory.Override {
		return inventory.Override{ID: "O" + user, User: &user, Start: local("UTC", from), End: local("UTC", until)}
	}
	replacing := func(o inventory.Override, whom string) inventory.Override {
		rotation := "R"
		o.Replaces, o.Rotation = &whom, &rotation
		return o
	}
	for name, c := range map[string]struct {
		schedule    inventory.Schedule
		member      policies.Member
		from, until string // UTC
		want        []string
	}{
		"in Berlin a day of spring has 23 hours": {daily("Europe/Berlin", "2026-03-27 09:00"), policies.Member{}, "2026-03-27 12:00", "2026-03-31 00:00",
			[]string{"ann 27 12:00", "bob 28 08:00", "ann 29 07:00", "bob 30 07:00"}},
		"in New York a day of autumn has 25": {daily("America/New_York", "2026-10-30 09:00"), policies.Member{}, "2026-10-31 00:00", "2026-11-03 00:00",
			[]string{"ann 31 00:00", "bob 31 13:00", "ann 01 14:00", "bob 02 14:00"}},
		"on Lord Howe the clocks go by half an hour": {daily("Australia/Lord_Howe", "2026-04-03 09:00"), policies.Member{}, "2026-04-03 00:00", "2026-04-06 12:00",
			[]string{"ann 03 00:00", "bob 03 22:00", "ann 04 22:30", "bob 05 22:30"}},
		"a lead is a length, not a time of day": {daily("Europe/Berlin", "2026-03-27 09:00"), policies.Member{Lead: 8 * time.Hour}, "2026-03-28 12:00", "2026-03-30 00:00",
			[]string{"bob 28 12:00", "ann+bob 28 23:00", "ann 29 07:00", "ann+bob 29 23:00"}},
		"a night shift in which the clocks go on is an hour shorter": {nightly("Europe/Berlin", "2026-03-26 22:00"), policies.Member{}, "2026-03-28 12:00", "2026-03-30 12:00",
			[]string{"nobody 28 12:00", "ann 28 21:00", "nobody 29 04:00", "ann 29 20:00", "nobody 30 04:00"}},
		"and one in which they go back an hour longer": {nightly("Europe/Berlin", "2026-10-22 22:00"), policies.Member{}, "2026-10-24 12:00", "2026-10-25 12:00",
			[]string{"nobody 24 12:00", "ann 24 20:00", "nobody 25 05:00"}},
		"an override ends where the clocks change": {with(daily("Europe/Berlin", "2026-03-27 09:00"), override("cy", "2026-03-28 22:00", "2026-03-29 01:00")), policies.Member{}, "2026-03-28 12:00", "2026-03-29 12:00",
			[]string{"bob 28 12:00", "cy 28 22:00", "bob 29 01:00", "ann 29 07:00"}},
		"an override over a handoff hides it": {with(daily("Europe/Berlin", "2026-03-23 09:00"), override("cy", "2026-03-24 06:00", "2026-03-24 10:00")), policies.Member{}, "2026-03-24 00:00", "2026-03-25 00:00",
			[]string{"ann 24 00:00", "cy 24 06:00", "bob 24 10:00"}},
		"an override by whoever is on call anyway changes nothing": {with(daily("Europe/Berlin", "2026-03-23 09:00"), override("ann", "2026-03-23 10:00", "2026-03-23 20:00")), policies.Member{}, "2026-03-23 09:00", "2026-03-24 12:00",
			[]string{"ann 23 09:00", "bob 24 08:00"}},
		"of overlapping overrides the later one holds": {with(daily("Europe/Berlin", "2026-03-23 09:00"), override("cy", "2026-03-23 10:00", "2026-03-23 14:00"), override("di", "2026-03-23 12:00", "2026-03-23 16:00")), policies.Member{}, "2026-03-23 09:00", "2026-03-23 20:00",
			[]string{"ann 23 09:00", "cy 23 10:00", "di 23 12:00", "ann 23 16:00"}},
		"a lag goes on under an override": {with(daily("Europe/Berlin", "2026-03-23 09:00"), override("cy", "2026-03-23 10:00", "2026-03-23 14:00")), policies.Member{Lag: 2 * time.Hour}, "2026-03-23 09:00", "2026-03-23 20:00",
			[]string{"ann+bob 23 09:00", "ann+cy 23 10:00", "cy 23 12:00", "ann+cy 23 14:00", "ann 23 16:00"}},
		"an override of somebody takes their shift alone": {with(nightly("Europe/Berlin", "2026-03-22 22:00"), replacing(override("cy", "2026-03-23 18:00", "2026-03-24 00:00"), "ann")), policies.Member{}, "2026-03-23 12:00", "2026-03-24 12:00",
			[]string{"nobody 23 12:00", "cy 23 21:00", "ann 24 00:00", "nobody 24 05:00"}},
		"whom an override puts on call last is kept": {with(nightly("Europe/Berlin", "2026-03-22 22:00"), replacing(override("cy", "2026-03-24 00:00", "2026-03-24 12:00"), "ann")), policies.Member{WhenEmpty: policies.KeepLast}, "2026-03-23 22:00", "2026-03-25 00:00",
			[]string{"ann 23 22:00", "cy 24 00:00", "ann 24 21:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := account()
			from, until := local("UTC", c.from), local("UTC", c.until)
			s.Now, s.Account.TakenAt, s.OnCalls = from, from, nil
			s.Account.Window = inventory.Window{Since: from.Truncate(24*time.Hour).AddDate(0, 0, -7), Until: from.Truncate(24*time.Hour).AddDate(0, 0, 35)}
			rendered, err := oncall.Rerender(c.schedule, s.Account.Window)
			if err != nil {
				t.Fatal(err)
			}
			s.Schedules = map[string]inventory.Schedule{"D": rendered}
			s.Normalize()
			c.member.Group, c.member.Principal, c.member.Origins = "g", ref("oncall:Daily"), origin(2)
			st := &policies.Statements{Groups: []policies.Group{{Name: "g", Origins: origin(1)}}, Members: []policies.Member{c.member}}
			var got []string
			for _, spell := range desired.Expand(desired.Input{Snapshot: s, Statements: st}).Spells("g", from, until) {
				who := strings.Join(slices.Sorted(slices.Values(spell.Users)), "+")
				if who == "" {
					who = "nobody"
				}
				got = append(got, who+spell.From.UTC().Format(" 02 15:04"))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}
