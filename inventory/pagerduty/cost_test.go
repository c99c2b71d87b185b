package pagerduty_test

import (
	"testing"

	"github.com/dutyward/dutyward/inventory/pagerduty"

	"github.com/google/go-cmp/cmp"
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
	layered, shifted := 0, 0
	for _, s := range seed.Schedules {
		switch {
		case s.Kind == "shifts":
			shifted++
		case len(s.Overrides) > 0:
			layered++
		}
	}
	want := map[string]int{
		"GET /schedules/{id}/overrides":        layered,
		"GET /v3/schedules/{id}":               shifted,
		"GET /v3/schedules/{id}/overrides":     shifted,
		"GET /v3/schedules/{id}/custom_shifts": shifted,
	}
	got := sim.Requests()
	for endpoint, n := range want {
		if n == 0 || got[endpoint] != n {
			t.Errorf("%s: %d requests, expected %d", endpoint, got[endpoint], n)
		}
	}
}
