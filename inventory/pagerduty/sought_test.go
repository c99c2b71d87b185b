package pagerduty_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// ofKind returns the ids of the company's schedules of a kind, in order.
func ofKind(s *inventory.Snapshot, kind string) []string {
	var ids []string
	for id, v := range s.Schedules {
		if v.Kind == kind {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func TestS6_AScheduleThatTheTokenCanNotReadIsMissingNotGone(t *testing.T) {
	seed := company(t)
	for _, id := range ofKind(seed, inventory.ScheduleOfShifts) {
		t.Run(seed.Schedules[id].Name, func(t *testing.T) {
			sim := simulate(t, seed, func(o *pagerdutysim.Options) { o.HiddenSchedules = []string{id} })
			s := read(t, sim, pagerduty.SnapshotOptions{Schedules: []string{id}})
			if reason := missing(t, s, "schedule "+id); !strings.Contains(reason, "403") {
				t.Errorf("got %q, expected the 403 in it", reason)
			}
		})
	}
}

func TestS6_AScheduleOnAnEscalationPolicyIsSoughtWithoutBeingAskedFor(t *testing.T) {
	seed := company(t)
	var id, policy string
	for _, p := range seed.EscalationPolicies {
		for _, rule := range p.Rules {
			for _, target := range rule.Targets {
				if target.Type == "schedule" && seed.Schedules[target.ID].Kind == inventory.ScheduleOfShifts {
					id, policy = target.ID, p.Name
				}
			}
		}
	}
	sim := simulate(t, seed, func(o *pagerdutysim.Options) { o.HiddenSchedules = []string{id} })
	if reason := missing(t, read(t, sim, pagerduty.SnapshotOptions{}), "schedule "+id); !strings.Contains(reason, policy) {
		t.Errorf("got %q, expected the escalation policy %s in it", reason, policy)
	}
}

func TestS6_AScheduleThatAnswers404IsGone(t *testing.T) {
	s := read(t, simulate(t, company(t)), pagerduty.SnapshotOptions{Schedules: []string{"PGONE01"}})
	if !s.Account.Complete {
		t.Errorf("missing %v", s.Account.Missing)
	}
}

func TestS6_AScheduleThatAListLeavesOutIsReadOnItsOwnId(t *testing.T) {
	for kind, list := range map[string]string{inventory.ScheduleOfLayers: "/schedules", inventory.ScheduleOfShifts: "/v3/schedules"} {
		t.Run(kind, func(t *testing.T) {
			seed := company(t)
			sim := simulate(t, seed)
			transport := replacing(sim.Transport(), list, func(*http.Response) *http.Response {
				return answerJSON(map[string]any{"schedules": []any{}, "more": false, "total": 0})
			})
			ids := ofKind(seed, kind)
			s, err := client(t, transport, withoutWaiting).Snapshot(t.Context(), pagerduty.SnapshotOptions{Schedules: ids})
			if err != nil {
				t.Fatal(err)
			}
			if encoded(t, s) != encoded(t, seed) {
				t.Errorf("the snapshot is not the seed; missing %v", s.Account.Missing)
			}
		})
	}
}

func TestS6_ListsThatCanNotBeReadAreMissing(t *testing.T) {
	for path, what := range map[string]string{
		"/users":                           "users",
		"/teams":                           "teams",
		"/teams/{id}/members":              "members of team Payments",
		"/schedules":                       "layer-based schedules",
		"/v3/schedules":                    "shift-based schedules",
		"/v3/schedules/{id}":               "schedule Security Duty",
		"/v3/schedules/{id}/overrides":     "overrides of schedule SRE Primary",
		"/schedules/{id}/overrides":        "overrides of schedule Payments Primary",
		"/escalation_policies":             "escalation policies",
		"/oncalls":                         "on-calls",
		"/v3/schedules/{id}/custom_shifts": "custom shifts of schedule Support Desk",
	} {
		t.Run(path, func(t *testing.T) {
			sim := simulate(t, company(t))
			sim.Inject(pagerdutysim.Fault{Kind: pagerdutysim.FaultStatus, Status: 403, Path: path, Times: -1})
			missing(t, read(t, sim, pagerduty.SnapshotOptions{}), what)
		})
	}
}
