package pagerduty_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// unlisted leaves somebody out of the lists of users, as if they had been added, or
// deleted, while the account was read.
func unlisted(t *testing.T, next http.RoundTripper, id string) http.RoundTripper {
	return replacing(next, "/users", func(r *http.Response) *http.Response {
		var page map[string]any
		if err := json.NewDecoder(r.Body).Decode(&page); err != nil {
			t.Error(err)
		}
		users, _ := page["users"].([]any)
		page["users"] = slices.DeleteFunc(users, func(u any) bool { return u.(map[string]any)["id"] == id })
		if total, ok := page["total"].(float64); ok {
			page["total"] = total - 1
		}
		return answerJSON(page)
	})
}

func TestS23_WhoIsOnAScheduleAndNotAmongTheUsersIsAskedFor(t *testing.T) {
	seed := company(t)
	on := seed.Schedules[ofKind(seed, inventory.ScheduleOfLayers)[0]]
	who := on.Layers[0].Users[0]
	snapshot := func(status int) *inventory.Snapshot {
		sim := simulate(t, seed)
		if status != 0 {
			sim.Inject(pagerdutysim.Fault{Kind: pagerdutysim.FaultStatus, Status: status, Method: "GET", Path: "/users/" + who, Times: -1})
		}
		s, err := client(t, unlisted(t, sim.Transport(), who), withoutWaiting).Snapshot(t.Context(), pagerduty.SnapshotOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Run("there", func(t *testing.T) {
		if s := snapshot(0); s.Users[who].Email != seed.Users[who].Email || !s.Account.Complete {
			t.Errorf("got %+v, missing %v", s.Users[who], s.Account.Missing)
		}
	})
	t.Run("deleted", func(t *testing.T) {
		s := snapshot(http.StatusNotFound)
		unread := slices.ContainsFunc(s.Account.Missing, func(m inventory.Missing) bool { return m.What == "user "+who })
		if _, known := s.Users[who]; known || unread {
			t.Errorf("somebody: %t, missing %v", known, s.Account.Missing)
		}
		if !slices.Contains(s.Schedules[on.ID].Layers[0].Users, who) {
			t.Error("the stub is not shown on its layer")
		}
	})
	t.Run("who can't be told", func(t *testing.T) {
		missing(t, snapshot(http.StatusForbidden), "user "+who)
	})
}
