package pagerduty_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestASnapshotTakesTheRequestsThatPaginationDemands(t *testing.T) {
	sim := simulate(t, account(1000, 100, 100))
	s := read(t, sim, pagerduty.SnapshotOptions{})
	if !s.Account.Complete || len(s.Users) != 1000 || len(s.Teams) != 100 || len(s.Schedules) != 100 {
		t.Fatalf("%d users, %d teams, %d schedules, missing %v", len(s.Users), len(s.Teams), len(s.Schedules), s.Account.Missing)
	}
	want := map[string]int{
		"GET /abilities":           1,
		"GET /users":               10,
		"GET /teams":               1,
		"GET /teams/{id}/members":  100,
		"GET /schedules":           1,
		"GET /v3/schedules":        1,
		"GET /escalation_policies": 1,
		"GET /services":            1,
		"GET /oncalls":             1,
		"GET /licenses":            1,
		"GET /license_allocations": 1,
	}
	if diff := cmp.Diff(want, sim.Requests()); diff != "" {
		t.Errorf("expected (-) and sent (+) requests differ:\n%s", diff)
	}
}

// The example company has every kind of thing, overrides among them.
func TestOverridesAreAskedForOnlyWhereThereAreAny(t *testing.T) {
	seed := company(t)
	sim := simulate(t, seed)
	read(t, sim, pagerduty.SnapshotOptions{})
	layered, shifted, overridden, custom := 0, 0, 0, 0
	for _, s := range seed.Schedules {
		switch {
		case s.Kind == "shifts":
			shifted++
			if len(s.Overrides) > 0 {
				overridden++
			} else if len(s.CustomShifts) > 0 {
				custom++
			}
		case len(s.Overrides) > 0:
			layered++
		}
	}
	want := map[string]int{
		"GET /schedules/{id}/overrides":        layered,
		"GET /v3/schedules/{id}":               shifted,
		"GET /v3/schedules/{id}/overrides":     overridden,
		"GET /v3/schedules/{id}/custom_shifts": custom,
	}
	got := sim.Requests()
	for endpoint, n := range want {
		if n == 0 || got[endpoint] != n {
			t.Errorf("%s: %d requests, expected %d", endpoint, got[endpoint], n)
		}
	}
}

// A shift-based schedule is read with one request, or with two where the rendering shows
// an override or a custom shift, or that an override left a slot empty.
func TestAShiftBasedScheduleTakesTwoRequestsAtMost(t *testing.T) {
	ann, ben := "PU00000", "PU00001"
	day := func(n int) time.Time { return at.Truncate(24*time.Hour).AddDate(0, 0, n) }
	override := func(s *inventory.Schedule, by *string) {
		for _, replaced := range []string{ann, ben} {
			s.Overrides = append(s.Overrides, inventory.Override{ID: "QO" + replaced, User: by, Replaces: &replaced, Rotation: &s.Rotations[0].ID, Start: day(1), End: day(2)})
		}
	}
	custom := func(s *inventory.Schedule) {
		s.CustomShifts = []inventory.CustomShift{{ID: "QC1", User: &ben, Start: day(3), End: day(4)}}
	}
	third := "PU00002"
	for name, c := range map[string]struct {
		change   func(*inventory.Schedule)
		requests int
	}{
		"nothing but turns":               {func(*inventory.Schedule) {}, 1},
		"an override":                     {func(s *inventory.Schedule) { override(s, &third) }, 2},
		"an override that empties a slot": {func(s *inventory.Schedule) { override(s, nil) }, 2},
		"a custom shift":                  {custom, 2},
		"both":                            {func(s *inventory.Schedule) { custom(s); override(s, &third) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			seed := largeAccount(4, 1, 2)
			s := seed.Schedules["PS00001"]
			c.change(&s)
			seed.Schedules["PS00001"] = s
			seed.Normalize()
			sim := simulate(t, seed)
			got := read(t, sim, pagerduty.SnapshotOptions{})
			n := 0
			for endpoint, sent := range sim.Requests() {
				if strings.HasPrefix(endpoint, "GET /v3/schedules/{id}") {
					n += sent
				}
			}
			if n != c.requests {
				t.Errorf("%d requests, want %d: %v", n, c.requests, sim.Requests())
			}
			is := got.Schedules["PS00001"]
			if c.requests > 1 && len(is.Overrides) < min(1, len(s.Overrides)) || cmp.Diff(s.CustomShifts, is.CustomShifts, cmpopts.EquateEmpty()) != "" {
				t.Errorf("got overrides %v and custom shifts %v, want %v and %v", is.Overrides, is.CustomShifts, s.Overrides, s.CustomShifts)
			}
		})
	}
}
