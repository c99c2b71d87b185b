package oncall_test

import (
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

const (
	chicago  = "America/Chicago"
	berlin   = "Europe/Berlin"
	lordHowe = "Australia/Lord_Howe"
	utc      = "Etc/UTC"
	days     = 24 * time.Hour
	week     = 7 * days
)

func TestTurnsKeepTheirHandoff(t *testing.T) {
	for _, c := range []struct {
		name         string
		zone, start  string
		turn         time.Duration
		since, until string
		want         []string
	}{
		{
			"daily at nine when Chicago springs forward", chicago, "2026-03-06 09:00", days, "2026-03-07 00:00", "2026-03-10 00:00",
			[]string{
				"03-07 00:00-06:00 to 03-07 09:00-06:00 ann",
				"03-07 09:00-06:00 to 03-08 09:00-05:00 bob",
				"03-08 09:00-05:00 to 03-09 09:00-05:00 cy",
				"03-09 09:00-05:00 to 03-10 00:00-05:00 ann",
			},
		},
		{
			"daily at nine when Chicago falls back", chicago, "2026-10-30 09:00", days, "2026-10-31 00:00", "2026-11-02 12:00",
			[]string{
				"10-31 00:00-05:00 to 10-31 09:00-05:00 ann",
				"10-31 09:00-05:00 to 11-01 09:00-06:00 bob",
				"11-01 09:00-06:00 to 11-02 09:00-06:00 cy",
				"11-02 09:00-06:00 to 11-02 12:00-06:00 ann",
			},
		},
		{
			"half days are absolute hours when Chicago springs forward", chicago, "2026-03-07 09:00", 12 * time.Hour, "2026-03-07 09:00", "2026-03-08 22:00",
			[]string{
				"03-07 09:00-06:00 to 03-07 21:00-06:00 ann",
				"03-07 21:00-06:00 to 03-08 10:00-05:00 bob",
				"03-08 10:00-05:00 to 03-08 22:00-05:00 cy",
			},
		},
		{
			"weekly when Berlin springs forward", berlin, "2026-03-23 10:00", week, "2026-03-23 10:00", "2026-04-06 10:00",
			[]string{
				"03-23 10:00+01:00 to 03-30 10:00+02:00 ann",
				"03-30 10:00+02:00 to 04-06 10:00+02:00 bob",
			},
		},
		{
			"weekly when Berlin falls back", berlin, "2026-10-19 10:00", week, "2026-10-19 10:00", "2026-11-02 10:00",
			[]string{
				"10-19 10:00+02:00 to 10-26 10:00+01:00 ann",
				"10-26 10:00+01:00 to 11-02 10:00+01:00 bob",
			},
		},
		{
			"at a time that Lord Howe passes twice, the first counts", lordHowe, "2026-04-04 01:45", days, "2026-04-04 01:45", "2026-04-06 01:45",
			[]string{
				"04-04 01:45+11:00 to 04-05 01:45+11:00 ann",
				"04-05 01:45+11:00 to 04-06 01:45+10:30 bob",
			},
		},
		{
			"at a time that Lord Howe skips, the skip counts", lordHowe, "2026-10-03 02:15", days, "2026-10-03 02:15", "2026-10-05 02:15",
			[]string{
				"10-03 02:15+10:30 to 10-04 02:30+11:00 ann",
				"10-04 02:30+11:00 to 10-05 02:15+11:00 bob",
			},
		},
		{
			"on the day that Samoa left out", "Pacific/Apia", "2011-12-28 09:00", days, "2011-12-28 09:00", "2012-01-01 09:00",
			[]string{
				"12-28 09:00-10:00 to 12-29 09:00-10:00 ann",
				"12-29 09:00-10:00 to 12-31 00:00+14:00 bob",
				"12-31 00:00+14:00 to 12-31 09:00+14:00 cy",
				"12-31 09:00+14:00 to 01-01 09:00+14:00 ann",
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := layerBased(c.zone, layer("L", local(c.zone, c.start), c.turn, "ann", "bob", "cy"))
			equal(t, c.want, table(t, s, c.since, c.until))
		})
	}
}

func TestTurnsCountBackwardsFromTheVirtualStart(t *testing.T) {
	l := layer("L", date("2026-01-01"), days, "ann", "bob", "cy")
	l.VirtualStart = date("2026-01-05")
	equal(t, []string{
		"01-03 00:00Z to 01-04 00:00Z bob",
		"01-04 00:00Z to 01-05 00:00Z cy",
		"01-05 00:00Z to 01-06 00:00Z ann",
	}, table(t, layerBased(utc, l), "2026-01-03 00:00", "2026-01-06 00:00"))
}

func TestALayerIsActiveFromItsStartUntilItsEnd(t *testing.T) {
	l := layer("L", date("2026-01-02T12:00"), days, "ann", "bob", "cy")
	l.VirtualStart = date("2026-01-01")
	l.End = ptr(date("2026-01-03T12:00"))
	equal(t, []string{
		"01-02 12:00Z to 01-03 00:00Z bob",
		"01-03 00:00Z to 01-03 12:00Z cy",
	}, table(t, layerBased(utc, l), "2026-01-01 00:00", "2026-01-05 00:00"))
}

func TestAPersonListedTwiceTakesTwoTurns(t *testing.T) {
	l := layer("L", date("2026-01-01"), days, "ann", "bob", "bob")
	equal(t, []string{
		"01-01 00:00Z to 01-02 00:00Z ann",
		"01-02 00:00Z to 01-04 00:00Z bob",
		"01-04 00:00Z to 01-05 00:00Z ann",
	}, table(t, layerBased(utc, l), "2026-01-01 00:00", "2026-01-05 00:00"))
}

func TestALayerWithoutUsersHasNobody(t *testing.T) {
	equal(t, []string{}, table(t, layerBased(utc, layer("L", date("2026-01-01"), days)), "2026-01-01 00:00", "2026-01-05 00:00"))
}

func TestRestrictions(t *testing.T) {
	for _, c := range []struct {
		name         string
		zone         string
		restrictions []inventory.Restriction
		since, until string
		want         []string
	}{
		{
			"a day keeps its wall-clock hours around a change", chicago,
			[]inventory.Restriction{daily("09:00:00", 8*time.Hour)}, "2026-03-07 00:00", "2026-03-09 00:00",
			[]string{"03-07 09:00-06:00 to 03-07 17:00-06:00 ann", "03-08 09:00-05:00 to 03-08 17:00-05:00 ann"},
		},
		{
			"the night that Chicago springs forward is shorter", chicago,
			[]inventory.Restriction{daily("22:00:00", 12*time.Hour)}, "2026-03-07 12:00", "2026-03-08 12:00",
			[]string{"03-07 22:00-06:00 to 03-08 10:00-05:00 ann"},
		},
		{
			"the night that Chicago falls back is longer", chicago,
			[]inventory.Restriction{daily("22:00:00", 12*time.Hour)}, "2026-10-31 12:00", "2026-11-01 12:00",
			[]string{"10-31 22:00-05:00 to 11-01 10:00-06:00 ann"},
		},
		{
			"a start in the skipped hour is the skip", chicago,
			[]inventory.Restriction{daily("02:30:00", time.Hour)}, "2026-03-07 12:00", "2026-03-08 12:00",
			[]string{"03-08 03:00-05:00 to 03-08 03:30-05:00 ann"},
		},
		{
			"a span within the skipped hour vanishes", chicago,
			[]inventory.Restriction{daily("02:15:00", 30*time.Minute)}, "2026-03-07 12:00", "2026-03-08 12:00",
			[]string{},
		},
		{
			"a span within the repeated hour happens once", chicago,
			[]inventory.Restriction{daily("01:30:00", 15*time.Minute)}, "2026-10-31 12:00", "2026-11-01 12:00",
			[]string{"11-01 01:30-05:00 to 11-01 01:45-05:00 ann"},
		},
		{
			"a span out of the repeated hour contains its repetition", chicago,
			[]inventory.Restriction{daily("01:30:00", time.Hour)}, "2026-10-31 12:00", "2026-11-01 12:00",
			[]string{"11-01 01:30-05:00 to 11-01 02:30-06:00 ann"},
		},
		{
			"half an hour comes and goes on Lord Howe", lordHowe,
			[]inventory.Restriction{daily("00:00:00", 3*time.Hour)}, "2026-04-05 00:00", "2026-04-05 12:00",
			[]string{"04-05 00:00+11:00 to 04-05 03:00+10:30 ann"},
		},
		{
			"a weekend that Berlin shortens", berlin,
			[]inventory.Restriction{onWeekday(5, "17:00:00", 64*time.Hour)}, "2026-03-24 00:00", "2026-04-01 00:00",
			[]string{"03-27 17:00+01:00 to 03-30 09:00+02:00 ann"},
		},
		{
			"a weekend that Berlin lengthens, begun before the window", berlin,
			[]inventory.Restriction{onWeekday(5, "17:00:00", 64*time.Hour)}, "2026-10-25 00:00", "2026-10-28 00:00",
			[]string{"10-25 00:00+02:00 to 10-26 09:00+01:00 ann"},
		},
		{
			"Sunday is day seven", utc,
			[]inventory.Restriction{onWeekday(7, "00:00:00", days)}, "2026-01-01 00:00", "2026-01-12 00:00",
			[]string{"01-04 00:00Z to 01-05 00:00Z ann", "01-11 00:00Z to 01-12 00:00Z ann"},
		},
		{
			"several unite", utc,
			[]inventory.Restriction{daily("20:00:00", time.Hour), daily("11:00:00", 4*time.Hour), daily("08:00:00", 4*time.Hour), onWeekday(4, "15:00:00", time.Hour)},
			"2026-01-01 00:00", "2026-01-03 00:00", // a Thursday and a Friday
			[]string{
				"01-01 08:00Z to 01-01 16:00Z ann", "01-01 20:00Z to 01-01 21:00Z ann",
				"01-02 08:00Z to 01-02 15:00Z ann", "01-02 20:00Z to 01-02 21:00Z ann",
			},
		},
		{
			"a whole day restricts nothing", chicago,
			[]inventory.Restriction{daily("05:00:00", days)}, "2026-03-07 00:00", "2026-03-10 00:00",
			[]string{"03-07 00:00-06:00 to 03-10 00:00-05:00 ann"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := layer("L", date("2026-01-01"), week, "ann")
			l.Restrictions = c.restrictions
			equal(t, c.want, table(t, layerBased(c.zone, l), c.since, c.until))
		})
	}
}

func TestALaterLayerHidesEarlierOnesWhereItHasSomebody(t *testing.T) {
	base := layer("LOW", date("2026-01-01"), week, "ann")
	office := layer("HIGH", date("2026-01-01"), week, "bob")
	office.Restrictions = []inventory.Restriction{daily("09:00:00", 8*time.Hour)}
	s := layerBased(utc, base, office)
	s.Overrides = []inventory.Override{
		{ID: "O1", User: ptr("dora"), Start: date("2026-01-01T12:00"), End: date("2026-01-01T13:00")},
		{ID: "O2", User: ptr("eli"), Start: date("2026-01-01T12:30"), End: date("2026-01-01T14:00")},
		{ID: "O3", User: ptr("never"), Start: date("2026-01-01T15:00"), End: date("2026-01-01T15:00")},
	}
	equal(t, []string{
		"01-01 00:00Z to 01-01 09:00Z ann by layer LOW",
		"01-01 09:00Z to 01-01 12:00Z bob by layer HIGH",
		"01-01 12:00Z to 01-01 12:30Z dora by override O1",
		"01-01 12:30Z to 01-01 14:00Z eli by override O2",
		"01-01 14:00Z to 01-01 17:00Z bob by layer HIGH",
		"01-01 17:00Z to 01-02 00:00Z ann by layer LOW",
	}, table(t, s, "2026-01-01 00:00", "2026-01-02 00:00", true))
}

func TestAnOverrideFillsAGapAndGapsStayGaps(t *testing.T) {
	l := layer("L", date("2026-01-01"), week, "ann")
	l.Restrictions = []inventory.Restriction{daily("09:00:00", 8*time.Hour)}
	s := layerBased(utc, l)
	s.Overrides = []inventory.Override{{ID: "O", User: ptr("bob"), Start: date("2026-01-01T18:00"), End: date("2026-01-01T20:00")}}
	equal(t, []string{
		"01-01 09:00Z to 01-01 17:00Z ann by layer L",
		"01-01 18:00Z to 01-01 20:00Z bob by override O",
	}, table(t, s, "2026-01-01 00:00", "2026-01-02 00:00", true))
}

func TestOneLayerAloneShowsWhatPrecedenceHides(t *testing.T) {
	zone, err := time.LoadLocation(utc)
	if err != nil {
		t.Fatal(err)
	}
	shifts, err := oncall.RenderLayer(layer("LOW", date("2026-01-01"), days, "ann", "bob"), zone, date("2026-01-01T12:00"), date("2026-01-03"))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, []string{
		"01-01 12:00Z to 01-02 00:00Z ann by layer LOW",
		"01-02 00:00Z to 01-03 00:00Z bob by layer LOW",
	}, lines(shifts, utc, true))
}
