package pagerdutysim_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// What PagerDuty's own clients send and PagerDuty takes is taken here too.

func TestAUsersOwnTokenMakesUsersWithoutFromAndWithoutType(t *testing.T) {
	const body = `{"user":{"name":"Eve","email":"eve@acme.com"}}`
	for name, tt := range map[string]struct {
		user string
		want int
		me   string
	}{
		"the account's": {"", http.StatusBadRequest, "account-level access token, we were unable to determine the user's identity"},
		"a user's":      {"PANN001", http.StatusCreated, "ann@acme.com"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t, func(o *pagerdutysim.Options) { o.TokenUser = tt.user })
			resp, text, err := exchange(a, request("POST", "/users", body))
			if err != nil || resp.StatusCode != tt.want {
				t.Errorf("POST /users: %v %v %s", err, resp, text)
			}
			if _, text, err = exchange(a, request("GET", "/users/me", "")); err != nil || !strings.Contains(text, tt.me) {
				t.Errorf("GET /users/me answers %s %v, want %q", text, err, tt.me)
			}
		})
	}
	if _, err := pagerdutysim.New(pagerdutysim.Options{Seed: scheduleSeed(), Clock: newAPI(t).clock, TokenUser: "PNOBODY"}); err == nil {
		t.Error("a token of nobody is accepted")
	}
}

func TestBlanksInNamesAreOneEach(t *testing.T) {
	got := newAPI(t).must(http.StatusCreated, "POST", "/users", person(fields{"name": " Eve \t  Adams "}))
	if diff := cmp.Diff("Eve Adams", got.text("user", "name")); diff != "" {
		t.Error(diff)
	}
}

func TestPhoneNumbersBeginWithNoNationalPrefix(t *testing.T) {
	a := newAPI(t)
	phone := func(kind, address string, country int) fields {
		return fields{"contact_method": fields{"type": kind, "label": "Work", "address": address, "country_code": country}}
	}
	const methods = "/users/PANN001/contact_methods"
	a.refused(http.StatusBadRequest, 2001, "Phone number can't start with a zero", "POST", methods, phone("phone_contact_method", "04153013250", 1))
	a.refused(http.StatusBadRequest, 2001, "Phone number can't start with a zero", "POST", methods, phone("sms_contact_method", "015112345678", 49))
	got := a.must(http.StatusCreated, "POST", methods, phone("phone_contact_method", "(415) 301-3250", 1))
	if diff := cmp.Diff("4153013250", got.text("contact_method", "address")); diff != "" {
		t.Error(diff)
	}
}

func TestARuleNamesItsContactMethodAsItWasSent(t *testing.T) {
	a := newAPI(t)
	method := a.must(http.StatusCreated, "POST", "/users/PANN001/contact_methods", fields{"contact_method": fields{
		"type": "email_contact_method", "label": "Work", "address": "ann@work.com"}}).text("contact_method", "id")
	got := a.must(http.StatusCreated, "POST", "/users/PANN001/notification_rules", fields{"notification_rule": fields{
		"type": "assignment_notification_rule", "start_delay_in_minutes": 3, "urgency": "high",
		"contact_method": fields{"id": method, "type": "email_contact_method"}}})
	if diff := cmp.Diff("email_contact_method", got.text("notification_rule", "contact_method", "type")); diff != "" {
		t.Error(diff)
	}
}

func TestATeamIsMadeUnderAParentAndTakenFromUnderIt(t *testing.T) {
	a := newAPI(t)
	parent := fields{"id": "PTEAM01", "type": "team_reference"}
	got := a.must(http.StatusCreated, "POST", "/teams", fields{"team": fields{"type": "team", "name": "Sub", "parent": parent}})
	id := got.text("team", "id")
	if diff := cmp.Diff("PTEAM01", got.text("team", "parent", "id")); diff != "" {
		t.Error(diff)
	}
	a.refused(http.StatusBadRequest, 2001, "Parent is invalid", "PUT", "/teams/PTEAM01", fields{"team": fields{"name": "Payments", "parent": fields{"id": id, "type": "team_reference"}}})
	a.must(http.StatusOK, "PUT", "/teams/"+id, fields{"team": fields{"name": "Sub"}})
	if got := a.must(http.StatusOK, "GET", "/teams/"+id, nil); got.at("team", "parent") == nil {
		t.Error("a write without a parent took it away")
	}
	a.must(http.StatusOK, "PUT", "/teams/"+id, fields{"team": fields{"name": "Sub", "parent": nil}})
	if got := a.must(http.StatusOK, "GET", "/teams/"+id, nil); got.at("team", "parent") != nil {
		t.Errorf("parent null left the team under %s", got.json())
	}
}

func TestLayersTakeTimesAsGoPrintsThem(t *testing.T) {
	a := newAPI(t)
	got := a.must(http.StatusCreated, "POST", "/schedules", newSchedule(fields{"time_zone": "Etc/UTC"}, layer(fields{
		"start": "2026-03-20T00:00:07Z", "rotation_virtual_start": "2026-03-21 00:00:00 +0000 UTC", "users": []fields{{"user": fields{"id": "PANN001", "type": "user"}}}})))
	for key, want := range map[string]string{"start": "2026-03-20T00:00:07Z", "rotation_virtual_start": "2026-03-21T00:00:00Z"} {
		if diff := cmp.Diff(want, got.text("schedule", "schedule_layers", 0, key)); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
	for _, query := range []string{"since=2026-03-16T00:00Z&until=2026-03-20T00:00Z", "since=2026-03-16&until=2026-03-20+00:00:00+UTC"} {
		a.must(http.StatusOK, "GET", "/schedules/"+got.text("schedule", "id")+"?"+query, nil)
	}
}

func TestAV3ScheduleTakesEmptyListsAndTeams(t *testing.T) {
	a := newAPI(t)
	body := fields{"name": "Shifts", "time_zone": "Etc/UTC", "rotations": []any{}, "escalation_policies": nil}
	id := a.must(http.StatusCreated, "POST", "/v3/schedules", fields{"schedule": body}).text("schedule", "id")
	for _, tt := range []struct {
		teams any
		want  int
	}{{[]fields{{"id": "PTEAM01", "type": "team_reference"}}, 1}, {absent, 1}, {[]fields{}, 0}} {
		got := a.must(http.StatusOK, "PUT", "/v3/schedules/"+id, fields{"schedule": merged(body, fields{"teams": tt.teams})})
		if teams := got.at("schedule", "teams").([]any); len(teams) != tt.want {
			t.Errorf("after teams %v: %v", tt.teams, teams)
		}
	}
}

func TestPolicyTeamsNullClears(t *testing.T) {
	a := newAPI(t)
	one := merged(escalationPolicy("New", "PANN001"), fields{"teams": []fields{{"id": "PTEAM01", "type": "team_reference"}}})
	id := a.must(http.StatusCreated, "POST", "/escalation_policies", fields{"escalation_policy": one}).text("escalation_policy", "id")
	for _, tt := range []struct {
		teams any
		want  int
	}{{absent, 1}, {nil, 0}} {
		got := a.must(http.StatusOK, "PUT", "/escalation_policies/"+id, fields{"escalation_policy": merged(one, fields{"teams": tt.teams})})
		if teams := got.at("escalation_policy", "teams").([]any); len(teams) != tt.want {
			t.Errorf("after teams %v: %v", tt.teams, teams)
		}
	}
}

func TestAPolicysAssignmentStrategyIsKeptAndShownWithItsInclude(t *testing.T) {
	const include = "?include[]=escalation_rule_assignment_strategies"
	level := func(strategy any) fields {
		return fields{"escalation_policy": merged(escalationPolicy("Ring", "PANN001"), fields{"escalation_rules": []fields{merged(
			escalationPolicy("Ring", "PANN001")["escalation_rules"].([]fields)[0], fields{"escalation_rule_assignment_strategy": strategy})}})}
	}
	a := newAPI(t)
	id := a.must(http.StatusCreated, "POST", "/escalation_policies", level(fields{"type": "round_robin"})).text("escalation_policy", "id")
	strategy := []any{"escalation_policy", "escalation_rules", 0, "escalation_rule_assignment_strategy"}
	if got := a.must(http.StatusOK, "GET", "/escalation_policies/"+id, nil); got.at(strategy...) != nil {
		t.Errorf("the strategy is shown without its include: %s", got.json())
	}
	for _, tt := range []struct {
		sent any
		want string
	}{{"round_robin", "round_robin"}, {fields{"type": "assign_to_everyone"}, "assign_to_everyone"}, {fields{"type": "round_robin"}, "round_robin"}, {absent, "assign_to_everyone"}} {
		got := a.must(http.StatusOK, "PUT", "/escalation_policies/"+id+include, level(tt.sent))
		if diff := cmp.Diff(tt.want, got.text(append(strategy, "type")...)); diff != "" {
			t.Errorf("after %v: %s", tt.sent, diff)
		}
	}
	a.refused(http.StatusBadRequest, 2001, "assignment strategy is invalid", "PUT", "/escalation_policies/"+id, level("whoever"))
}

func TestLinksBeginWithTheHostThatWasAsked(t *testing.T) {
	a := newAPI(t, func(o *pagerdutysim.Options) { o.HostLinks = true })
	r := request("GET", "/users/PANN001", "")
	r.Host = "sim.internal:9190"
	_, text, err := exchange(a, r)
	if err != nil || !strings.Contains(text, `"self":"http://sim.internal:9190/users/PANN001"`) {
		t.Errorf("answered %s %v", text, err)
	}
}

func TestADeletedRotationIsNotListed(t *testing.T) {
	a := newAPI(t)
	a.must(http.StatusNoContent, "DELETE", shifts+"/rotations/QROTA1", nil)
	got := a.must(http.StatusOK, "GET", shifts, nil)
	if list := got.at("schedule", "rotations").([]any); len(list) != 0 {
		t.Errorf("the schedule still lists %v", list)
	}
}

func TestAnUpperCaseAddressOfTheSeedIsFound(t *testing.T) {
	a := newAPI(t, edit(func(s *inventory.Snapshot) {
		ann := s.Users["PANN001"]
		ann.Email = "Ann@Acme.com"
		s.Users["PANN001"] = ann
	}))
	a.must(http.StatusCreated, "POST", "/users", person(nil)) // From: ann@acme.com
}

func TestNullClearsWhatIsSaidOfThings(t *testing.T) {
	a := newAPI(t)
	team := a.must(http.StatusCreated, "POST", "/teams", fields{"team": fields{"type": "team", "name": "New", "description": "Said"}}).text("team", "id")
	policy := merged(escalationPolicy("New", "PANN001"), fields{"description": "Said"})
	policyID := a.must(http.StatusCreated, "POST", "/escalation_policies", fields{"escalation_policy": policy}).text("escalation_policy", "id")
	service := a.serviceOn(policyID, fields{"description": "Said"})
	user := a.must(http.StatusCreated, "POST", "/users", person(fields{"email": "eve@acme.com", "description": "Said", "job_title": "Said"})).text("user", "id")
	for _, tt := range []struct {
		path, key string
		body      fields
		members   []string
	}{
		{"/teams/" + team, "team", fields{"name": "New"}, []string{"description"}},
		{"/escalation_policies/" + policyID, "escalation_policy", merged(policy, fields{"description": absent}), []string{"description"}},
		{"/services/" + service, "service", fields{"type": "service", "name": "Shop"}, []string{"description"}},
		{"/users/" + user, "user", fields{"name": "Eve", "email": "eve@acme.com"}, []string{"description", "job_title"}},
	} {
		for _, member := range tt.members {
			if got := a.must(http.StatusOK, "PUT", tt.path, fields{tt.key: tt.body}); got.at(tt.key, member) != "Said" {
				t.Errorf("%s: a write without %s made it %v", tt.path, member, got.at(tt.key, member))
			}
		}
		for _, member := range tt.members {
			got := a.must(http.StatusOK, "PUT", tt.path, fields{tt.key: merged(tt.body, fields{member: nil})})
			if left := got.at(tt.key, member); left != nil && left != "" {
				t.Errorf("%s: %s null left %v", tt.path, member, left)
			}
		}
	}
}

func TestRulesAreListedByUrgencyHighUnlessAsked(t *testing.T) {
	a := newAPI(t, abilities("urgencies"))
	const rules = "/users/PANN001/notification_rules"
	method := a.must(http.StatusCreated, "POST", "/users/PANN001/contact_methods", fields{"contact_method": fields{
		"type": "email_contact_method", "label": "Work", "address": "ann@work.com"}}).text("contact_method", "id")
	for _, urgency := range []string{"high", "low"} {
		a.must(http.StatusCreated, "POST", rules, fields{"notification_rule": fields{"type": "assignment_notification_rule", "start_delay_in_minutes": 7,
			"urgency": urgency, "contact_method": fields{"id": method, "type": "email_contact_method"}}})
	}
	for query, want := range map[string][]string{"": {"high"}, "?urgency=low": {"low"}, "?urgency=all": {"high", "low"}} {
		if diff := cmp.Diff(want, a.must(http.StatusOK, "GET", rules+query, nil).each("urgency", "notification_rules")); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
}
