package pagerdutysim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
)

// rows are on-calls as "policy level schedule user start end".
func (a *api) rows(query string) []string {
	a.t.Helper()
	got := a.must(http.StatusOK, "GET", "/oncalls?limit=100&"+query, nil)
	list := []string{}
	for i := range got.each("start", "oncalls") {
		schedule := any("-")
		if got.at("oncalls", i, "schedule") != nil {
			schedule = got.at("oncalls", i, "schedule", "id")
		}
		list = append(list, fmt.Sprint(
			got.text("oncalls", i, "escalation_policy", "id"), " ", got.at("oncalls", i, "escalation_level"), " ", schedule, " ",
			got.text("oncalls", i, "user", "id"), " ", got.at("oncalls", i, "start"), " ", got.at("oncalls", i, "end")))
	}
	return list
}

// direct puts Ann on the second level of the policy Payments, directly, and
// Payments Primary too.
func direct(s *inventory.Snapshot) {
	p := s.EscalationPolicies["PPOLIC1"]
	p.Rules = append(p.Rules, inventory.EscalationRule{DelayMinutes: 5, Targets: []inventory.Target{
		{Type: "user", ID: "PANN001"}, {Type: "schedule", ID: "PLAYER1"},
	}})
	s.EscalationPolicies["PPOLIC1"] = p
}

const (
	bensWeek = "PBEN001 2026-01-12T19:00:00Z 2026-01-15T12:00:00Z"
	catsDay  = "PCAT001 2026-01-14T08:00:00Z 2026-01-14T20:00:00Z"
)

func TestOnCallsAreRowsOfPolicyLevelAndScheduleAtNow(t *testing.T) {
	a := newAPI(t, edit(direct))
	want := []string{
		"PPOLIC1 1 PLAYER1 " + bensWeek,
		"PPOLIC1 2 - PANN001 <nil> <nil>",
		"PPOLIC1 2 PLAYER1 " + bensWeek,
		"PPOLIC2 1 PSHIFT1 " + catsDay,
	}
	if diff := cmp.Diff(want, a.rows("")); diff != "" {
		t.Error(diff)
	}
}

func TestOnCallsNameTheKindOfSchedule(t *testing.T) {
	got := newAPI(t).must(http.StatusOK, "GET", "/oncalls?include[]=users", nil)
	if diff := cmp.Diff([]string{"schedule_reference", "schedule_v3_reference"}, got.each("schedule.type", "oncalls")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"ben@acme.com", "cat@acme.com"}, got.each("user.email", "oncalls")); diff != "" {
		t.Error(diff)
	}
}

func TestASchedulesOnNoPolicyIsAbsentFromOnCalls(t *testing.T) {
	a := newAPI(t, edit(func(s *inventory.Snapshot) {
		delete(s.EscalationPolicies, "PPOLIC2")
		c := s.Schedules["PSHIFT1"]
		c.EscalationPolicies = nil
		s.Schedules["PSHIFT1"] = c
	}))
	if diff := cmp.Diff([]string{"PPOLIC1 1 PLAYER1 " + bensWeek}, a.rows("")); diff != "" {
		t.Error(diff)
	}
}

func TestOnCallsAreFiltered(t *testing.T) {
	a := newAPI(t, edit(direct))
	directly, byPrimary, second := "PPOLIC1 2 - PANN001 <nil> <nil>", "PPOLIC1 1 PLAYER1 "+bensWeek, "PPOLIC1 2 PLAYER1 "+bensWeek
	byShifts := "PPOLIC2 1 PSHIFT1 " + catsDay
	for query, want := range map[string][]string{
		"schedule_ids[]=PSHIFT1":                         {byShifts},
		"schedule_ids[]=PSHIFT1&schedule_ids[]=null":     {directly, byShifts},
		"user_ids[]=PBEN001":                             {byPrimary, second},
		"escalation_policy_ids[]=PPOLIC2":                {byShifts},
		"user_ids[]=PCAT001&schedule_ids[]=PLAYER1":      {},
		"escalation_policy_ids[]=PPOLIC1&schedule_ids[]": {},
	} {
		if diff := cmp.Diff(want, a.rows(query)); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
}

func TestEarliestKeepsTheFirstShiftOfEachPolicyLevelAndUser(t *testing.T) {
	a := newAPI(t)
	query := "escalation_policy_ids[]=PPOLIC2&" + url.Values{"since": {"2026-01-18T00:00:00Z"}, "until": {"2026-01-22T00:00:00Z"}}.Encode()
	days := []string{
		"PPOLIC2 1 PSHIFT1 PCAT001 2026-01-18T08:00:00Z 2026-01-18T20:00:00Z", "PPOLIC2 1 PSHIFT1 PBEN001 2026-01-19T08:00:00Z 2026-01-19T20:00:00Z",
		"PPOLIC2 1 PSHIFT1 PCAT001 2026-01-20T08:00:00Z 2026-01-20T20:00:00Z", "PPOLIC2 1 PSHIFT1 PBEN001 2026-01-21T08:00:00Z 2026-01-21T20:00:00Z",
	}
	if diff := cmp.Diff(days, a.rows(query)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(days[:2], a.rows(query+"&earliest=true")); diff != "" {
		t.Error(diff)
	}
}

func TestOnCallsLookNinetyDaysAhead(t *testing.T) {
	a := newAPI(t)
	a.must(http.StatusOK, "GET", "/oncalls?until=2026-04-14T12:00:00Z", nil)
	for _, query := range []string{
		"until=2026-04-14T12:00:01Z", "since=2026-02-01T00:00:00Z&until=2026-01-31T00:00:00Z",
		"since=2025-01-01T00:00:00Z&until=2026-01-01T00:00:00Z", "since=yesterday", "time_zone=Nowhere",
	} {
		a.must(http.StatusBadRequest, "GET", "/oncalls?"+query, nil)
	}
}

func TestAShiftThatNeverEndsIsShownForNinetyDays(t *testing.T) {
	a := newAPI(t, edit(func(s *inventory.Snapshot) {
		c := s.Schedules["PLAYER1"]
		c.Layers, c.Overrides = c.Layers[:1], nil
		c.Layers[0].Users = []string{"PANN001"}
		s.Schedules["PLAYER1"] = c
	}))
	want := []string{"PPOLIC1 1 PLAYER1 PANN001 2026-01-05T14:00:00Z 2026-04-14T12:00:00Z"}
	if diff := cmp.Diff(want, a.rows("schedule_ids[]=PLAYER1")); diff != "" {
		t.Error(diff)
	}
}
