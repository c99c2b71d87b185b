package plan_test

import (
	"slices"
	"testing"
	"time"

	"github.com/robfig/cron/v3"
	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestS41_AFreezeHoldsFromItsBeginningUntilBeforeItsEnd(t *testing.T) {
	at := func(text string) time.Time {
		moment, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	weekend, err := cron.ParseStandard("CRON_TZ=Europe/Berlin 0 18 * * 5")
	if err != nil {
		t.Fatal(err)
	}
	daily, err := cron.ParseStandard("CRON_TZ=UTC 0 0 * * *")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		freeze    plan.Freeze
		at, until string
	}{
		"before":                  {plan.Freeze{From: at("2026-12-20T00:00:00Z"), Until: at("2027-01-03T00:00:00Z")}, "2026-12-19T23:59:59Z", ""},
		"at its beginning":        {plan.Freeze{From: at("2026-12-20T00:00:00Z"), Until: at("2027-01-03T00:00:00Z")}, "2026-12-20T00:00:00Z", "2027-01-03T00:00:00Z"},
		"at its end":              {plan.Freeze{From: at("2026-12-20T00:00:00Z"), Until: at("2027-01-03T00:00:00Z")}, "2027-01-03T00:00:00Z", ""},
		"a weekend":               {plan.Freeze{Begins: weekend, Lasts: 62 * time.Hour}, "2026-03-07T12:00:00Z", "2026-03-09T07:00:00Z"},
		"a weekend's first":       {plan.Freeze{Begins: weekend, Lasts: 62 * time.Hour}, "2026-03-06T17:00:00Z", "2026-03-09T07:00:00Z"},
		"before a weekend":        {plan.Freeze{Begins: weekend, Lasts: 62 * time.Hour}, "2026-03-06T16:59:59Z", ""},
		"after a weekend":         {plan.Freeze{Begins: weekend, Lasts: 62 * time.Hour}, "2026-03-09T07:00:00Z", ""},
		"when the clocks move":    {plan.Freeze{Begins: weekend, Lasts: 62 * time.Hour}, "2026-03-29T12:00:00Z", "2026-03-30T07:00:00Z"},
		"nights that nearly meet": {plan.Freeze{Begins: daily, Lasts: 23 * time.Hour}, "2026-03-02T22:59:59Z", "2026-03-02T23:00:00Z"},
	} {
		until, on := c.freeze.On(at(c.at))
		if on != (c.until != "") || on && !until.Equal(at(c.until)) {
			t.Errorf("%s: %v until %v, want until %q", name, on, until, c.until)
		}
	}
}

// Whatever recurs how long: its ends are the moments from which it does not hold though
// it did just before.
func TestAFreezesEndsAreWhereItStopsToHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := rapid.SampledFrom([]string{"0 18 * * 5", "30 22 * * *", "0 0 1 * *", "15 9 * * 1-5"}).Draw(t, "cron")
		const step = 15 * time.Minute // all begin and end on one
		schedule, err := cron.ParseStandard("CRON_TZ=UTC " + spec)
		if err != nil {
			t.Fatal(err)
		}
		f := plan.Freeze{Begins: schedule, Lasts: time.Duration(rapid.IntRange(1, 70).Draw(t, "hours")) * time.Hour}
		after := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 500).Draw(t, "quarters")) * step)
		before := after.Add(4 * 24 * time.Hour)
		var want []time.Time
		_, was := f.On(after)
		for at := after.Add(step); at.Before(before); at = at.Add(step) {
			_, on := f.On(at)
			if was && !on {
				want = append(want, at)
			}
			was = on
		}
		if got := f.Ends(after, before); !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Fatalf("ends %v, want %v", got, want)
		}
	})
}
