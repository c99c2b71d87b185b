package pagerdutysim_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
)

func TestPolicyWritesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		body fields
		text string
	}{
		{"without a level", fields{"escalation_policy": fields{"name": "New", "escalation_rules": []fields{}}}, "At least one rule"},
		{"a level without a target", policyOf("New", []fields{}), "Targets can't be empty"},
		{"a name that another has", policyOf("PAYMENTS", userTarget("PANN001")), "Name has already been taken"},
		{"a user who does not exist", policyOf("New", userTarget("PNOBODY")), "User PNOBODY does not exist"},
		{"a stakeholder", policyOf("New", userTarget("PSTA001")), "Stakeholders"},
		{"a schedule that does not exist", policyOf("New", []fields{{"id": "PNOBODY", "type": "schedule"}}), "Schedule PNOBODY does not exist"},
		{"a team that does not exist", policyOf("New", userTarget("PANN001"), "PNOBODY"), "Team PNOBODY does not exist"},
	} {
		t.Run(c.name, func(t *testing.T) {
			newAPI(t).refused(http.StatusBadRequest, 2001, c.text, "POST", "/escalation_policies", c.body)
		})
	}
}

func TestPolicyTargetsMayBeSchedulesOfBothKinds(t *testing.T) {
	a := newAPI(t)
	got := a.must(http.StatusCreated, "POST", "/escalation_policies", policyOf(" New ", []fields{
		{"id": "PSHIFT1", "type": "schedule_v3_reference"}, {"id": "PLAYER1", "type": "schedule_reference"}, {"id": "PANN001", "type": "user"},
	}))
	want := []string{"schedule_v3_reference", "schedule_reference", "user_reference"}
	if diff := cmp.Diff(want, got.each("type", "escalation_policy", "escalation_rules", 0, "targets")); diff != "" {
		t.Error(diff)
	}
	if name := got.text("escalation_policy", "name"); name != "New" {
		t.Errorf("the name reads back as %q", name)
	}
}

func TestAFailedUpdateOfAPolicyChangesNothing(t *testing.T) {
	a := newAPI(t)
	before := a.must(http.StatusOK, "GET", "/escalation_policies/PPOLIC1", nil)
	a.must(http.StatusBadRequest, "PUT", "/escalation_policies/PPOLIC1", policyOf("Renamed", userTarget("PNOBODY")))
	if diff := cmp.Diff(before.body, a.must(http.StatusOK, "GET", "/escalation_policies/PPOLIC1", nil).body); diff != "" {
		t.Error(diff)
	}
}

func TestPoliciesAreFoundByNameTargetAndTeam(t *testing.T) {
	a := newAPI(t)
	a.must(http.StatusCreated, "POST", "/escalation_policies", policyOf("Ann's", userTarget("PANN001"), "PTEAM01"))
	for query, want := range map[string][]string{
		"query=follow":       {"Payments follow-up"},
		"user_ids[]=PANN001": {"Ann's"},
		"user_ids[]=PBEN001": {},
		"team_ids[]=PTEAM01": {"Ann's"},
		"sort_by=name:desc":  {"Payments follow-up", "Payments", "Ann's"},
	} {
		if diff := cmp.Diff(want, a.must(http.StatusOK, "GET", "/escalation_policies?"+query, nil).each("name", "escalation_policies")); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
}

func TestAServiceKeepsItsPolicyFromBeingDeletedAndIsOfItsTeam(t *testing.T) {
	a := newAPI(t)
	a.must(http.StatusNoContent, "PUT", "/teams/PTEAM01/escalation_policies/PPOLIC1", nil)
	service := func(policy string) fields {
		return fields{"service": fields{"type": "service", "name": "Checkout", "escalation_policy": fields{"id": policy, "type": "escalation_policy_reference"}}}
	}
	got := a.must(http.StatusCreated, "POST", "/services", service("PPOLIC1"))
	if diff := cmp.Diff([]string{"PTEAM01"}, got.each("id", "service", "teams")); diff != "" {
		t.Error(diff)
	}
	a.refused(http.StatusBadRequest, 2001, "used by services", "DELETE", "/escalation_policies/PPOLIC1", nil)
	a.refused(http.StatusBadRequest, 2001, "Name has already been taken", "POST", "/services", service("PPOLIC1"))
	a.must(http.StatusNoContent, "DELETE", "/services/"+got.text("service", "id"), nil)
	a.must(http.StatusNoContent, "DELETE", "/escalation_policies/PPOLIC1", nil)
}

func TestAServicesTimeoutsCanBeTurnedOff(t *testing.T) {
	a := newAPI(t, edit(func(s *inventory.Snapshot) {
		s.Services["PSERV01"] = inventory.Service{ID: "PSERV01", Name: "Checkout", EscalationPolicy: "PPOLIC1", Status: "active"}
	}))
	got := a.must(http.StatusOK, "PUT", "/services/PSERV01", fields{"service": fields{"type": "service", "auto_resolve_timeout": nil}})
	if got.at("service", "auto_resolve_timeout") != nil || got.at("service", "acknowledgement_timeout") != 1800.0 {
		t.Errorf("the service reads back as %s", got.json())
	}
}
