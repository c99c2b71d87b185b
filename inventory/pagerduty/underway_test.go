package pagerduty_test

import (
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// An event that takes effect in the middle of a shift is rendered as PagerDuty renders
// it, whichever way that is, and neither way stands against edits.
func TestS22_ASnapshotKnowsHowTheAccountsEventsStart(t *testing.T) {
	for _, underWay := range []bool{false, true} {
		seed := rota()
		cut := seed.Schedules["PSHIFTS"]
		cut.Rotations[0].Events[0].EffectiveSince = at.Add(-time.Hour) // in the middle of a week
		other := cut
		other.ID, other.Name = "POTHERS", "Others"
		other.Rotations = []inventory.Rotation{{ID: "QOTHER", Events: []inventory.Event{cut.Rotations[0].Events[0]}}}
		other.Rotations[0].Events[0].ID, other.Rotations[0].Events[0].EffectiveSince = "QOTHERS", date("2026-03-02T09:00:00Z")
		seed.Schedules["POTHERS"] = other
		sim, err := pagerdutysim.New(pagerdutysim.Options{
			Seed: seed, Clock: func() time.Time { return at }, Token: canary, RateLimit: -1, StartsUnderWay: underWay,
		})
		if err != nil {
			t.Fatal(err)
		}
		c := client(t, sim.Transport())
		snapshot, err := c.Snapshot(t.Context(), pagerduty.SnapshotOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"PSHIFTS", "POTHERS"} {
			s := snapshot.Schedules[id]
			if got := s.Rotations[0].Events[0].StartsUnderWay; got != underWay {
				t.Errorf("schedule %s starts under way: %t, PagerDuty's does: %t", id, got, underWay)
			}
			if diffs, err := oncall.Compare(s, snapshot.Account.Window); err != nil || len(diffs) > 0 {
				t.Errorf("schedule %s renders otherwise: %v %v", id, diffs, err)
			}
			// One that is read alone and tells nothing is as the account was seen to be.
			one, err := c.Schedule(t.Context(), id, inventory.Window{Since: at.AddDate(0, 1, 0), Until: at.AddDate(0, 2, 0)})
			if err != nil || one.Rotations[0].Events[0].StartsUnderWay != underWay {
				t.Errorf("schedule %s read alone: %+v %v", id, one.Rotations, err)
			}
		}
	}
}
