package pagerdutysim_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
)

// person is the body of a user; members replaces or adds.
func person(members fields) fields {
	u := fields{"type": "user", "name": "Eve", "email": "eve@acme.com", "role": "limited_user"}
	for k, v := range members {
		u[k] = v
		if v == nil {
			delete(u, k)
		}
	}
	return fields{"user": u}
}

const taken = "Email has already been taken"

func TestCreatingAUserRequiresTheFromOfAUser(t *testing.T) {
	a := newAPI(t)
	body := `{"user":{"type":"user","name":"Eve","email":"eve@acme.com"}}`
	for _, c := range []struct {
		name   string
		from   []string
		status int
	}{
		{"no From", nil, http.StatusBadRequest},
		{"a stranger's", []string{"From", "nobody@acme.com"}, http.StatusBadRequest},
		{"a user's, in any case", []string{"From", "ANN@acme.com"}, http.StatusCreated},
	} {
		resp, text, err := exchange(a, request("POST", "/users", body, c.from...))
		if err != nil || resp.StatusCode != c.status {
			t.Errorf("%s: %v %s, want %d", c.name, err, text, c.status)
		}
	}
}

func TestUserWritesAreRefusedWithAllReasons(t *testing.T) {
	for _, c := range []struct {
		name, method, path string
		body               fields
		status             int
		code               float64
		text               string
	}{
		{"an e-mail address of another in any case", "POST", "/users", person(fields{"email": "BEN@acme.com"}), 400, 2001, taken},
		{"an update to another's address", "PUT", "/users/PCAT001", person(fields{"email": "ben@acme.com"}), 400, 2001, taken},
		{"an update without a name", "PUT", "/users/PCAT001", person(fields{"name": nil}), 400, 2001, "Name cannot be empty"},
		{"an update without an address", "PUT", "/users/PCAT001", person(fields{"email": nil}), 400, 2001, "Email cannot be empty"},
		{"an update of another type", "PUT", "/users/PCAT001", person(fields{"type": "team"}), 400, 2001, "Type must be user"},
		{"a role that does not exist", "PUT", "/users/PCAT001", person(fields{"role": "king"}), 400, 2001, "Role is invalid"},
		{"the owner's role", "PUT", "/users/PCAT001", person(fields{"role": "owner"}), 400, 2001, "Role can't be owner"},
		{"an update of the owner", "PUT", "/users/POWN001", person(nil), 400, 2001, "owner can't be updated"},
		{"a delete of the owner", "DELETE", "/users/POWN001", nil, 400, 2001, "owner can't be deleted"},
		{"a user who does not exist", "PUT", "/users/PNOBODY", person(nil), 404, 2100, "Not Found"},
		{"a stakeholder on a schedule", "PUT", "/users/PBEN001", person(fields{"email": "ben@acme.com", "role": "read_only_user"}), 400, 2001, "Stakeholders cannot be added to schedules"},
		{"a body that is not an object", "POST", "/users", fields{"user": 7}, 400, 2001, "form"},
		{"a body without its wrapper", "POST", "/users", fields{"name": "Eve"}, 400, 2001, "user is required"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAPI(t, edit(func(s *inventory.Snapshot) {
				s.Users["POWN001"] = inventory.User{ID: "POWN001", Name: "Olga", Email: "olga@acme.com", BaseRole: "owner"}
			}))
			a.refused(c.status, c.code, c.text, c.method, c.path, c.body)
		})
	}
}

func TestNamesAreTrimmedAndANewUserIsInvitedAndReachedByEMail(t *testing.T) {
	a := newAPI(t)
	id := a.must(http.StatusCreated, "POST", "/users", person(fields{"name": "  Eve  ", "email": " Eve@acme.com "})).text("user", "id")
	got := a.must(http.StatusOK, "GET", "/users/"+id+"?include[]=contact_methods&include[]=notification_rules", nil)
	want := []any{"Eve", "eve@acme.com", true, "eve@acme.com", 0.0}
	have := []any{
		got.at("user", "name"), got.at("user", "email"), got.at("user", "invitation_sent"),
		got.at("user", "contact_methods", 0, "address"), got.at("user", "notification_rules", 0, "start_delay_in_minutes"),
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
}

func TestRolesNeedTheirAbilities(t *testing.T) {
	for _, c := range []struct{ role, lacks string }{
		{"read_only_user", "read_only_users"}, {"read_only_limited_user", "read_only_users"},
		{"observer", "permissions_service"}, {"restricted_access", "permissions_service"},
	} {
		t.Run(c.role, func(t *testing.T) {
			a := newAPI(t, abilities("teams"))
			a.refused(http.StatusPaymentRequired, 2014, c.lacks, "POST", "/users", person(fields{"role": c.role}))
			able := newAPI(t, abilities("teams", c.lacks))
			able.must(http.StatusCreated, "POST", "/users", person(fields{"role": c.role}))
		})
	}
}

func TestUsersListCarriesTeamReferencesWithoutAnInclude(t *testing.T) {
	a := newAPI(t)
	got := a.must(http.StatusOK, "GET", "/users?query=BEN", nil)
	if diff := cmp.Diff([]string{"PTEAM01"}, got.each("id", "users", 0, "teams")); diff != "" {
		t.Error(diff)
	}
}

func TestUsersAreFoundByNameAddressAndTeam(t *testing.T) {
	a := newAPI(t)
	for query, want := range map[string][]string{
		"query=n":                         {"PANN001", "PBEN001", "PSTA001"},
		"query=cat@acme.com":              {"PCAT001"},
		"team_ids[]=PTEAM01":              {"PANN001", "PBEN001"},
		"team_ids[]=PTEAM01&query=ben":    {"PBEN001"},
		"team_ids[]=PNOBODY":              {},
		"query=ann&include[]=subdomains":  {"PANN001"},
		"include[]=teams&query=stan&more": {"PSTA001"},
	} {
		if diff := cmp.Diff(want, a.must(http.StatusOK, "GET", "/users?"+query, nil).each("id", "users")); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
}

func TestUserIsDeletedOnlyWhenOnNoScheduleAndNoPolicy(t *testing.T) {
	a := newAPI(t, edit(func(s *inventory.Snapshot) {
		s.Users["PDAN001"] = inventory.User{ID: "PDAN001", Name: "Dan", Email: "dan@acme.com", BaseRole: "user"}
		p := s.EscalationPolicies["PPOLIC1"]
		p.Rules = append(p.Rules, inventory.EscalationRule{DelayMinutes: 5, Targets: []inventory.Target{{Type: "user", ID: "PDAN001"}}})
		s.EscalationPolicies["PPOLIC1"] = p
	}))
	a.refused(http.StatusBadRequest, 2001, "on the schedule Payments Primary", "DELETE", "/users/PBEN001", nil)
	a.refused(http.StatusBadRequest, 2001, "on the escalation policy Payments", "DELETE", "/users/PDAN001", nil)
	a.must(http.StatusNoContent, "DELETE", "/users/PSTA001", nil)
	a.must(http.StatusNotFound, "GET", "/users/PSTA001", nil)
}

func TestAPersonOnlyOnALayerThatEndedCanBeDeleted(t *testing.T) {
	a := newAPI(t, edit(func(s *inventory.Snapshot) {
		delete(s.Schedules, "PSHIFT1")
		delete(s.EscalationPolicies, "PPOLIC2")
	}))
	a.must(http.StatusNoContent, "DELETE", "/users/PCAT001", nil)
}

func TestUsersMeIsForUsersOwnTokens(t *testing.T) {
	got := newAPI(t).must(http.StatusBadRequest, "GET", "/users/me", nil)
	if _, ok := got.at("error").(string); !ok {
		t.Errorf("an account key got %s, want error to be a text", got.json())
	}
	if id := newAPI(t, askedByAnn).must(http.StatusOK, "GET", "/users/me", nil).text("user", "id"); id != "PANN001" {
		t.Errorf("Ann's token is %s's", id)
	}
}

func TestDeletedPeopleAreListedWithTheTimeAndAreNobodyOtherwise(t *testing.T) {
	a := newAPI(t, edit(func(s *inventory.Snapshot) {
		s.Account.DeletedUsers = 1
		l := s.Schedules["PLAYER1"]
		l.Layers[0].Users = []string{"PANN001", "PBEN001", "PGONE01"}
		s.Schedules["PLAYER1"] = l
	}))
	got := a.must(http.StatusOK, "GET", "/users?query=former", nil)
	if got.text("users", 0, "id") != "PGONE01" || got.text("users", 0, "deleted_at") == "" {
		t.Errorf("the list has %s", got.json())
	}
	a.must(http.StatusNotFound, "GET", "/users/PGONE01", nil)
	a.must(http.StatusNotFound, "PUT", "/teams/PTEAM01/users/PGONE01", fields{"role": "manager"})
}
