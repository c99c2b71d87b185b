package pagerdutysim_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

func offboarding(how pagerdutysim.Offboarding) func(*pagerdutysim.Options) {
	return func(o *pagerdutysim.Options) { o.Offboarding = how }
}

// dan is somebody on no schedule, and on an escalation policy of his own level.
func dan(s *inventory.Snapshot) {
	s.Users["PDAN001"] = inventory.User{ID: "PDAN001", Name: "Dan", Email: "dan@acme.com", BaseRole: "user"}
	p := s.EscalationPolicies["PPOLIC1"]
	p.Rules = append(p.Rules, inventory.EscalationRule{DelayMinutes: 5, Targets: []inventory.Target{{Type: "user", ID: "PDAN001"}}})
	s.EscalationPolicies["PPOLIC1"] = p
}

func TestOnePlanRefusesADeletionThatAnotherMakesWithAGap(t *testing.T) {
	const window = "?since=2026-01-14T00:00:00Z&until=2026-01-28T00:00:00Z"
	a := newAPI(t)
	a.refused(http.StatusBadRequest, 2001, "on the schedule Payments Primary", "DELETE", "/users/PBEN001", nil)

	a = newAPI(t, offboarding(pagerdutysim.OffboardingFails))
	a.must(http.StatusNoContent, "DELETE", "/users/PBEN001", nil)
	a.refused(http.StatusNotFound, 2100, "Not Found", "GET", "/users/PBEN001", nil)
	for _, id := range a.must(http.StatusOK, "GET", "/users?limit=100", nil).each("id", "users") {
		if id == "PBEN001" {
			t.Error("a deleted person is listed")
		}
	}
	// A stub stays on the layer, and in the entries of what would have been their turns.
	got := a.must(http.StatusOK, "GET", "/schedules/PLAYER1"+window, nil)
	stubs := 0
	for _, e := range got.at("schedule", "final_schedule", "rendered_schedule_entries").([]any) {
		if user := e.(map[string]any)["user"].(map[string]any); user["id"] == "PBEN001" {
			stubs++
			if user["deleted_at"] != "2026-01-14T12:00:00Z" {
				t.Errorf("the stub in an entry is %v", user)
			}
		}
	}
	if stubs == 0 {
		t.Errorf("nobody stands for the deleted person: %s", got.json())
	}
	for _, id := range a.must(http.StatusOK, "GET", "/oncalls?limit=100", nil).each("user", "oncalls") {
		if id == "PBEN001" {
			t.Error("a deleted person is on call")
		}
	}
	for _, u := range a.must(http.StatusOK, "GET", "/teams/PTEAM01/members", nil).at("members").([]any) {
		if u.(map[string]any)["user"].(map[string]any)["id"] == "PBEN001" {
			t.Error("a deleted person is a member")
		}
	}
}

func TestAStubCanNeitherBeScheduledNorAssignedAgain(t *testing.T) {
	a := newAPI(t, offboarding(pagerdutysim.OffboardingFails), edit(dan))
	a.must(http.StatusNoContent, "DELETE", "/users/PDAN001", nil)
	a.must(http.StatusBadRequest, "POST", "/escalation_policies", fields{"escalation_policy": escalationPolicy("Shop", "PDAN001")})
	override := a.must(http.StatusCreated, "POST", "/schedules/PLAYER1/overrides", fields{"overrides": []fields{{"start": "2026-01-15T00:00:00Z", "end": "2026-01-15T01:00:00Z",
		"user": fields{"id": "PDAN001", "type": "user_reference"}}}})
	if diff := cmp.Diff(400.0, override.at(0, "status")); diff != "" {
		t.Error(diff)
	}
	// Whoever comes back under the same address is somebody else.
	got := a.must(http.StatusCreated, "POST", "/users", fields{"user": fields{"type": "user", "name": "Dan", "email": "dan@acme.com"}})
	if got.text("user", "id") == "PDAN001" || got.at("user", "invitation_sent") != true {
		t.Errorf("who comes back is %s", got.json())
	}
}

func TestWhoDeletesCanNotDeleteThemselves(t *testing.T) {
	a := newAPI(t, askedByAnn, offboarding(pagerdutysim.OffboardingFails))
	a.refused(http.StatusBadRequest, 2001, "delete yourself", "DELETE", "/users/PANN001", nil)
}

func TestADeletedUsersOwnTokenEnds(t *testing.T) {
	a := newAPI(t, offboarding(pagerdutysim.OffboardingFails), func(o *pagerdutysim.Options) {
		o.UserTokens = map[string]string{"T0KEN": "PANN001", "BENS": "PBEN001"}
	})
	a.must(http.StatusNoContent, "DELETE", "/users/PBEN001", nil)
	r, err := http.NewRequest("GET", "https://pagerduty.test/users", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Token token=BENS")
	resp, err := a.transport.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("%v, %v", resp.StatusCode, err)
	}
}

func TestAnOpenIncidentHoldsItsPeopleAlsoThoseWhoLeftItsPolicy(t *testing.T) {
	for _, how := range []pagerdutysim.Offboarding{pagerdutysim.NoOffboarding, pagerdutysim.OffboardingFails} {
		a := newAPI(t, offboarding(how), edit(func(s *inventory.Snapshot) {
			s.Users["PDAN001"] = inventory.User{ID: "PDAN001", Name: "Dan", Email: "dan@acme.com", BaseRole: "user"}
		}))
		policy := a.must(http.StatusCreated, "POST", "/escalation_policies", fields{"escalation_policy": escalationPolicy("Shop", "PDAN001")}).text("escalation_policy", "id")
		id := a.incidentOn(a.serviceOn(policy, nil), nil)
		a.refused(http.StatusBadRequest, 2001, "assigned to the open incident "+id, "DELETE", "/users/PDAN001", nil)
		a.must(http.StatusOK, "PUT", "/escalation_policies/"+policy, fields{"escalation_policy": escalationPolicy("Shop", "PANN001")})
		a.changeIncident(http.StatusOK, id, fields{"assignments": []fields{{"assignee": fields{"id": "PANN001", "type": "user_reference"}}}})
		a.refused(http.StatusBadRequest, 2001, "on the escalation policy of the open incident "+id, "DELETE", "/users/PDAN001", nil)
		// Reassigned to the same policy, the incident has it as it is now.
		a.changeIncident(http.StatusOK, id, fields{"escalation_policy": fields{"id": policy, "type": "escalation_policy_reference"}})
		a.must(http.StatusNoContent, "DELETE", "/users/PDAN001", nil)
	}
}

func TestIncidentsOfADeletedPersonStartAnewSomeTimeAfterTheAnswer(t *testing.T) {
	a := newAPI(t, offboarding(pagerdutysim.OffboardingRestarts), edit(dan))
	body := escalationPolicy("Shop", "PDAN001")
	policy := a.must(http.StatusCreated, "POST", "/escalation_policies", fields{"escalation_policy": body}).text("escalation_policy", "id")
	id := a.incidentOn(a.serviceOn(policy, nil), nil)
	body["escalation_rules"] = escalationPolicy("Shop", "PANN001")["escalation_rules"]
	a.must(http.StatusOK, "PUT", "/escalation_policies/"+policy, fields{"escalation_policy": body})
	a.must(http.StatusNoContent, "DELETE", "/users/PDAN001", nil)
	assignee := func() string {
		return a.must(http.StatusOK, "GET", "/incidents/"+id, nil).text("incident", "assignments", 0, "assignee", "id")
	}
	if diff := cmp.Diff([]string{"PDAN001", "PANN001"}, []string{assignee(), assignee()}); diff != "" {
		t.Errorf("assigned right after the deletion, and later: %s", diff)
	}
	// Where nobody else is on call, they are the owner's.
	a = newAPI(t, offboarding(pagerdutysim.OffboardingRestarts), edit(dan), edit(func(s *inventory.Snapshot) {
		s.Users["POWNER1"] = inventory.User{ID: "POWNER1", Name: "Olga", Email: "olga@acme.com", BaseRole: "owner"}
	}))
	policy = a.must(http.StatusCreated, "POST", "/escalation_policies", fields{"escalation_policy": escalationPolicy("Shop", "PDAN001")}).text("escalation_policy", "id")
	id = a.incidentOn(a.serviceOn(policy, nil), nil)
	a.must(http.StatusNoContent, "DELETE", "/users/PDAN001", nil)
	assignee()
	if diff := cmp.Diff("POWNER1", assignee()); diff != "" {
		t.Error(diff)
	}
}

func TestNotificationsProveThatAChannelWasUsed(t *testing.T) {
	a := newAPI(t)
	eve := a.must(http.StatusCreated, "POST", "/users", fields{"user": fields{"type": "user", "name": "Eve", "email": "eve@acme.com"}}).text("user", "id")
	policy := a.must(http.StatusCreated, "POST", "/escalation_policies", fields{"escalation_policy": escalationPolicy("Shop", eve)}).text("escalation_policy", "id")
	id := a.incidentOn(a.serviceOn(policy, nil), nil)
	a.changeIncident(http.StatusOK, id, fields{"status": "acknowledged"})
	a.changeIncident(http.StatusOK, id, fields{"status": "resolved"})
	got := a.must(http.StatusOK, "GET", "/notifications?since=2026-01-14T00:00:00Z&until=2026-01-15T00:00:00Z&filter=email_notification", nil)
	if diff := cmp.Diff([]any{eve, "email_notification", "eve@acme.com"}, []any{got.text("notifications", 0, "user", "id"), got.text("notifications", 0, "type"), got.text("notifications", 0, "address")}); diff != "" {
		t.Error(diff)
	}
	a.refused(http.StatusBadRequest, 2001, "since is required", "GET", "/notifications?until=2026-01-15T00:00:00Z", nil)
	a.refused(http.StatusBadRequest, 2001, "too long", "GET", "/notifications?since=2025-09-14T00:00:00Z&until=2026-01-15T00:00:00Z", nil)
	// Who was notified is in user, who acknowledged in agent.
	for _, e := range a.must(http.StatusOK, "GET", "/log_entries?include[]=channels", nil).at("log_entries").([]any) {
		e := e.(map[string]any)
		who, want := e["agent"].(map[string]any), "PANN001"
		if e["type"] == "notify_log_entry" {
			who, want = e["user"].(map[string]any), eve
		}
		if who["id"] != want {
			t.Errorf("%v names %v", e["type"], who)
		}
	}
}

func TestContactMethodsAreFewAndSeldomEdited(t *testing.T) {
	a := newAPI(t)
	contact := func(kind string, n int) fields {
		address := fmt.Sprintf("415555%04d", n)
		if kind == "email_contact_method" {
			address = fmt.Sprintf("ben%d@acme.com", n)
		}
		return fields{"contact_method": fields{"type": kind, "label": "Work", "address": address, "country_code": 1}}
	}
	const path = "/users/PANN001/contact_methods"
	for n := range 3 {
		a.must(http.StatusCreated, "POST", path, contact("sms_contact_method", n))
	}
	a.refused(http.StatusBadRequest, 2001, "at most 3", "POST", path, contact("sms_contact_method", 3))
	a.now = a.now.Add(24 * time.Hour)
	last := ""
	for n := 3; n < 11; n++ {
		last = a.must(http.StatusCreated, "POST", path, contact("email_contact_method", n)).text("contact_method", "id")
		if len(a.must(http.StatusOK, "GET", path, nil).each("id", "contact_methods")) == 10 {
			break
		}
	}
	a.now = a.now.Add(24 * time.Hour)
	a.refused(http.StatusBadRequest, 2001, "at most 10", "POST", path, contact("email_contact_method", 20))
	for range 10 {
		if a.call("PUT", path+"/"+last, contact("email_contact_method", 30)).status != http.StatusOK {
			break
		}
	}
	a.refused(http.StatusBadRequest, 2017, "cannot be modified at this time", "DELETE", path+"/"+last, nil)
	a.now = a.now.Add(24 * time.Hour)
	a.must(http.StatusNoContent, "DELETE", path+"/"+last, nil)
}

func TestAnInvitationIsOutstandingUntilItIsAccepted(t *testing.T) {
	a := newAPI(t, abilities("teams", "urgencies"))
	id := a.must(http.StatusCreated, "POST", "/users", fields{"user": fields{"type": "user", "name": "New", "email": "new@acme.com"}}).text("user", "id")
	state := func() []any {
		row := a.must(http.StatusOK, "POST", "/analytics/raw/users", fields{"filters": fields{"user_ids": []string{id}}})
		return []any{a.must(http.StatusOK, "GET", "/users/"+id, nil).at("user", "invitation_sent"), row.at("data", 0, "signed_up"), row.at("data", 0, "last_sign_in_at") != nil}
	}
	if diff := cmp.Diff([]any{true, false, false}, state()); diff != "" {
		t.Errorf("invited: %s", diff)
	}
	a.server.AcceptInvitation(id)
	if diff := cmp.Diff([]any{false, true, true}, state()); diff != "" {
		t.Errorf("accepted: %s", diff)
	}
	urgencies := map[string]int{}
	for _, u := range a.must(http.StatusOK, "GET", "/users/"+id+"/notification_rules?urgency=all", nil).each("urgency", "notification_rules") {
		urgencies[u]++
	}
	if diff := cmp.Diff(map[string]int{"high": 1, "low": 1}, urgencies); diff != "" {
		t.Errorf("rules of a new user: %s", diff)
	}
}
