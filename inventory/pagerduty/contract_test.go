package pagerduty_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
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

func TestEveryWriteToAScheduleKeepsPagerDutysContract(t *testing.T) {
	judge := contract.New(t)
	sim := simulate(t, rota())
	c := client(t, judge.Wrap(sim.Transport()))
	for schedule, revisions := range map[string][]oncall.Revision{
		"PLAYERS": {{Part: "PWEEKS", Leave: []string{"PU00002"}}, {Part: "PNIGHTS", Join: []string{"PU00005"}}},
		"PSHIFTS": {{Part: "QEVENT", Join: []string{"PU00005"}}, {Part: "QEVENT", Join: []string{"PU00006"}}},
	} {
		for _, v := range revisions {
			was := readOne(t, c, schedule)
			revised := revise(t, was, v)
			if was.Kind == inventory.ScheduleOfLayers {
				if _, err := c.PreviewSchedule(t.Context(), revised.Schedule, rota().Account.Window); err != nil {
					t.Error(err)
				}
			}
			steps := oncall.Guarded(was, revised.Steps, at)
			for _, step := range steps {
				if err := c.WriteStep(t.Context(), was, step); err != nil {
					t.Error(err)
				}
			}
			after := readOne(t, c, schedule)
			for _, step := range oncall.TakeBack(was, after, steps, at) {
				if err := c.WriteStep(t.Context(), after, step); err != nil {
					t.Error(err)
				}
			}
		}
		was := readOne(t, c, schedule)
		o := inventory.Override{User: pointers("PU00005")[0], Start: at.Add(time.Hour), End: at.Add(2 * time.Hour)}
		if was.Kind == inventory.ScheduleOfShifts {
			o.Rotation, o.Replaces = pointers("QROTA")[0], pointers("PU00002")[0]
			shift, err := c.AddCustomShift(t.Context(), was, inventory.CustomShift{User: o.User, Start: o.Start, End: o.End})
			if err := errors.Join(err, c.RemoveCustomShift(t.Context(), was, shift.ID)); err != nil {
				t.Error(err)
			}
		}
		made, err := c.AddOverride(t.Context(), was, o)
		if err := errors.Join(err, c.RemoveOverride(t.Context(), was, made.ID)); err != nil {
			t.Error(err)
		}
	}
	for _, v := range judge.Violations() {
		t.Errorf("violation: %s", v)
	}
}
