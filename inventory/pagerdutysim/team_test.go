package pagerdutysim_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
)

// policyOf is the body of a policy with these references on its only level.
func policyOf(name string, targets []fields, teams ...string) fields {
	refs := []fields{}
	for _, id := range teams {
		refs = append(refs, fields{"id": id, "type": "team_reference"})
	}
	return fields{"escalation_policy": fields{"type": "escalation_policy", "name": name, "teams": refs,
		"escalation_rules": []fields{{"escalation_delay_in_minutes": 10, "targets": targets}}}}
}

func userTarget(id string) []fields { return []fields{{"id": id, "type": "user_reference"}} }

// expectMembers compares the members that the simulator knows.
func (a *api) expectMembers(teamID string, want map[string]string) {
	a.t.Helper()
	if diff := cmp.Diff(want, a.server.Members(teamID)); diff != "" {
		a.t.Errorf("members of %s: %s", teamID, diff)
	}
}

func TestPuttingAMemberWithoutARoleMakesAManagerAndWithOneChangesIt(t *testing.T) {
	a := newAPI(t)
	a.must(http.StatusNoContent, "PUT", "/teams/PTEAM01/users/PCAT001", nil)
	a.expectMembers("PTEAM01", map[string]string{"PANN001": "manager", "PBEN001": "responder", "PCAT001": "manager"})
	a.must(http.StatusNoContent, "PUT", "/teams/PTEAM01/users/PCAT001", fields{"role": "observer"})
	a.expectMembers("PTEAM01", map[string]string{"PANN001": "manager", "PBEN001": "responder", "PCAT001": "observer"})
	a.refused(http.StatusBadRequest, 2001, "Role must be one of", "PUT", "/teams/PTEAM01/users/PCAT001", fields{"role": "king"})
}

func TestStakeholdersCannotBePutOnTeams(t *testing.T) {
	newAPI(t).refused(http.StatusBadRequest, 2001, "Stakeholders", "PUT", "/teams/PTEAM01/users/PSTA001", fields{"role": "observer"})
}

// alone is an account whose schedules are of no team, so that only what a test
// makes holds people.
func alone(s *inventory.Snapshot) {
	for id, c := range s.Schedules {
		c.Teams = nil
		s.Schedules[id] = c
	}
}

const heldByPolicy = "User cannot be removed as they belong to an escalation policy on this team"

func TestAMemberOnAPolicyOfTheTeamCannotBeRemoved(t *testing.T) {
	for _, c := range []struct {
		name    string
		targets []fields
	}{
		{"directly", userTarget("PBEN001")},
		{"by way of a layer-based schedule", []fields{{"id": "PLAYER1", "type": "schedule_reference"}}},
		{"by way of a shift-based schedule", []fields{{"id": "PSHIFT1", "type": "schedule_v3_reference"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAPI(t, edit(alone))
			a.must(http.StatusCreated, "POST", "/escalation_policies", policyOf("New", c.targets, "PTEAM01"))
			a.refused(http.StatusBadRequest, 2001, heldByPolicy, "DELETE", "/teams/PTEAM01/users/PBEN001", nil)
		})
	}
}

func TestAMemberOnlyOnAScheduleOfTheTeamCannotBeRemoved(t *testing.T) {
	a := newAPI(t)
	a.refused(http.StatusBadRequest, 2001, heldByPolicy, "DELETE", "/teams/PTEAM01/users/PBEN001", nil)
	free := newAPI(t, edit(alone))
	free.must(http.StatusNoContent, "DELETE", "/teams/PTEAM01/users/PBEN001", nil)
	free.must(http.StatusNotFound, "DELETE", "/teams/PTEAM01/users/PBEN001", nil)
}

func TestPeopleOfATeamsPolicyBecomeMembersAndStay(t *testing.T) {
	want := map[string]string{"PANN001": "manager", "PBEN001": "responder", "PCAT001": "responder"}
	for _, c := range []struct {
		name  string
		write func(a *api)
	}{
		{"a policy is made with a team", func(a *api) {
			a.must(http.StatusCreated, "POST", "/escalation_policies", policyOf("New", userTarget("PCAT001"), "PTEAM01"))
		}},
		{"a policy is given to a team", func(a *api) {
			id := a.must(http.StatusCreated, "POST", "/escalation_policies", policyOf("New", userTarget("PCAT001"))).text("escalation_policy", "id")
			a.expectMembers("PTEAM01", map[string]string{"PANN001": "manager", "PBEN001": "responder"})
			a.must(http.StatusNoContent, "PUT", "/teams/PTEAM01/escalation_policies/"+id, nil)
			a.must(http.StatusNoContent, "DELETE", "/teams/PTEAM01/escalation_policies/"+id, nil)
		}},
		{"people are put on a policy of a team", func(a *api) {
			id := a.must(http.StatusCreated, "POST", "/escalation_policies", policyOf("New", userTarget("PBEN001"), "PTEAM01")).text("escalation_policy", "id")
			a.must(http.StatusOK, "PUT", "/escalation_policies/"+id, policyOf("New", userTarget("PCAT001"), "PTEAM01"))
		}},
		{"a policy has people by way of a schedule", func(a *api) {
			a.must(http.StatusCreated, "POST", "/escalation_policies",
				policyOf("New", []fields{{"id": "PSHIFT1", "type": "schedule_v3_reference"}}, "PTEAM01"))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAPI(t, edit(alone))
			c.write(a)
			a.expectMembers("PTEAM01", want)
		})
	}
}

func TestAPolicyBelongsToOneTeam(t *testing.T) {
	a := newAPI(t)
	other := a.must(http.StatusCreated, "POST", "/teams", fields{"team": fields{"type": "team", "name": "Other"}}).text("team", "id")
	a.must(http.StatusNoContent, "PUT", "/teams/PTEAM01/escalation_policies/PPOLIC1", nil)
	got := a.must(http.StatusBadRequest, "PUT", "/teams/"+other+"/escalation_policies/PPOLIC1", nil)
	want := map[string]any{"error": map[string]any{"code": 2001.0, "message": "Escalation Policy has already been taken", "errors": nil}}
	if diff := cmp.Diff(want, got.body); diff != "" {
		t.Error(diff)
	}
	a.refused(http.StatusBadRequest, 2001, "Only one team", "POST", "/escalation_policies", policyOf("New", userTarget("PANN001"), "PTEAM01", other))
}

func TestUnlinkingAPolicyOfAnotherTeamIsNoError(t *testing.T) {
	newAPI(t).must(http.StatusNoContent, "DELETE", "/teams/PTEAM01/escalation_policies/PPOLIC1", nil)
}

func TestATeamIsDeletedOnlyWithoutAssociations(t *testing.T) {
	a := newAPI(t)
	a.refused(http.StatusBadRequest, 6006, "Cannot delete team with existing Schedules association(s)", "DELETE", "/teams/PTEAM01", nil)
	free := newAPI(t, edit(alone))
	child := free.must(http.StatusCreated, "POST", "/teams", fields{"team": fields{"type": "team", "name": "Child", "parent": fields{"id": "PTEAM01", "type": "team_reference"}}}).text("team", "id")
	free.refused(http.StatusBadRequest, 6006, "existing Subteams association(s)", "DELETE", "/teams/PTEAM01", nil)
	free.must(http.StatusNoContent, "DELETE", "/teams/"+child, nil)
	free.must(http.StatusNoContent, "DELETE", "/teams/PTEAM01", nil)
	free.refused(http.StatusNotFound, 6001, "Team Not Found", "GET", "/teams/PTEAM01", nil)
}

func TestTeamsHaveLimits(t *testing.T) {
	crowd := func(s *inventory.Snapshot) {
		alone(s)
		for i := range 498 {
			id := fmt.Sprintf("PU%05d", i)
			s.Users[id] = inventory.User{ID: id, Name: id, Email: id + "@acme.com", BaseRole: "user"}
			s.Teams["PTEAM01"].Members[id] = "manager"
		}
		for i := range 100 {
			id := fmt.Sprintf("PE%05d", i)
			s.EscalationPolicies[id] = inventory.EscalationPolicy{ID: id, Name: id, Teams: []string{"PTEAM01"},
				Rules: []inventory.EscalationRule{{DelayMinutes: 1, Targets: []inventory.Target{{Type: "user", ID: "PANN001"}}}}}
		}
		for i := range 400 {
			id := fmt.Sprintf("PT%05d", i)
			s.Teams[id] = inventory.Team{ID: id, Name: id, DefaultRole: "manager", Members: map[string]string{"PBEN001": "observer"}}
		}
	}
	a := newAPI(t, edit(crowd))
	a.refused(http.StatusBadRequest, 2001, "500 users", "PUT", "/teams/PTEAM01/users/PCAT001", fields{"role": "observer"})
	a.must(http.StatusNoContent, "PUT", "/teams/PTEAM01/users/PANN001", fields{"role": "observer"})
	a.refused(http.StatusBadRequest, 2001, "100 escalation policies", "PUT", "/teams/PTEAM01/escalation_policies/PPOLIC1", nil)
	fresh := a.must(http.StatusCreated, "POST", "/teams", fields{"team": fields{"type": "team", "name": "Fresh"}}).text("team", "id")
	a.refused(http.StatusBadRequest, 2001, "400 teams", "PUT", "/teams/"+fresh+"/users/PBEN001", fields{"role": "observer"})
}

func TestTeamsNeedTheAbility(t *testing.T) {
	a := newAPI(t, abilities("read_only_users"))
	for _, path := range []string{"/teams", "/teams/PTEAM01/members", "/users?team_ids[]=PTEAM01", "/abilities/teams"} {
		a.must(http.StatusPaymentRequired, "GET", path, nil)
	}
	a.must(http.StatusNoContent, "GET", "/abilities/read_only_users", nil)
}

func TestMembersAreListedWithRolesAndUsersOnRequest(t *testing.T) {
	a := newAPI(t)
	got := a.must(http.StatusOK, "GET", "/teams/PTEAM01/members?include[]=users", nil)
	if diff := cmp.Diff([]string{"manager", "responder"}, got.each("role", "members")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"ann@acme.com", "ben@acme.com"}, got.each("user.email", "members")); diff != "" {
		t.Error(diff)
	}
}
