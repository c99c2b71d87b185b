package pagerduty_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/contract"
)

func TestEveryRequestKeepsPagerDutysContract(t *testing.T) {
	judge := contract.New(t)
	seed := company(t)
	sim := simulate(t, seed)
	var user, team, role string
	for id, tm := range seed.Teams {
		for u, r := range tm.Members {
			if seed.Users[u].BaseRole == "limited_user" {
				user, team, role = u, id, r
			}
		}
	}
	c := client(t, judge.Wrap(sim.Transport()), func(o *pagerduty.Options) { o.From = seed.Users[user].Email })
	_, err := c.Snapshot(t.Context(), pagerduty.SnapshotOptions{Schedules: []string{"PGONE01"}})
	if err != nil {
		t.Fatal(err)
	}
	ann, err := c.User(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(c.SetBaseRole(t.Context(), ann, "observer"), c.PutTeamMember(t.Context(), team, user, role))
	if err != nil {
		t.Fatal(err)
	}
	// Whether they may leave is not the question here.
	if err := c.RemoveTeamMember(t.Context(), team, user); err != nil {
		var e *pagerduty.Error
		if !errors.As(err, &e) || e.Status != http.StatusBadRequest {
			t.Fatal(err)
		}
	}
	for _, v := range judge.Violations() {
		if v.Direction == contract.Request { // the answers are the simulator's
			t.Errorf("violation: %s", v)
		}
	}
	for _, operation := range []string{"GET /users", "GET /schedules/{id}/overrides", "GET /v3/schedules/{id}/custom_shifts", "GET /oncalls", "PUT /users/{id}", "PUT /teams/{id}/users/{user_id}"} {
		if !slices.Contains(judge.Covered(), operation) {
			t.Errorf("%s never succeeded", operation)
		}
	}
}
