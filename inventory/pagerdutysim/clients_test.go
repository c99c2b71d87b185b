package pagerdutysim_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/PagerDuty/go-pagerduty"
	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/contract"
)

// clientSetup is go-pagerduty with its own typed methods on an account that
// begins with its owner alone, one thing after another.
type clientSetup struct {
	*testing.T
	client *pagerduty.Client
	now    time.Time

	people                           []*pagerduty.User
	team, schedule, policy, override string
}

// PagerDuty's own Go client, with its typed methods, sets an account up, reads
// it and clears it away: it is a client that we did not write.
func TestGoClientSetsUpAndReadsAnAccountUnchanged(t *testing.T) {
	now := at("2026-01-14T12:00:00Z")
	server, err := pagerdutysim.New(pagerdutysim.Options{
		Seed: ownerOnly(now), Clock: func() time.Time { return now }, RateLimit: -1,
		UserTokens: map[string]string{"T0KEN": "POWNER1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	transport := server.Transport()
	if os.Getenv("PAGERDUTY_OPENAPI") != "" {
		judge := contract.New(t)
		transport = judge.Wrap(transport)
		defer func() { noViolationButTheClients(t, judge) }()
	}
	s := &clientSetup{T: t, now: now, client: pagerduty.NewClient("T0KEN", pagerduty.WithAPIEndpoint("https://pagerduty.test"))}
	s.client.HTTPClient = &http.Client{Transport: transport}
	s.hires()
	s.pages()
	s.contacts()
	s.teams()
	s.schedules()
	s.overrides()
	s.policies()
	s.services()
	s.onCalls()
	s.refusals()
	s.clearsAway()
}

// noViolationButTheClients demands that every answer keeps the contract, and
// every request but those whose form is the client's own.
func noViolationButTheClients(t *testing.T, judge *contract.Judge) {
	t.Helper()
	for _, v := range judge.Violations() {
		if v.Direction == contract.Request && slices.Contains(clientHabits, v.Operation+" "+v.Parameter+v.Pointer) {
			continue
		}
		t.Errorf("violation: %s (%s %s)", v, v.Operation, v.Parameter+v.Pointer)
	}
}

// clientHabits are where go-pagerduty v1.8.0 sends what the description does
// not know, and PagerDuty takes it.
var clientHabits = []string{
	"POST /users header From", // a user's own token needs none
	"POST /teams /team", "PUT /teams/{id} /team",
}

func ownerOnly(now time.Time) *inventory.Snapshot {
	s := &inventory.Snapshot{
		Account: inventory.Account{Name: "new", Region: "us", TakenAt: now, Complete: true, Abilities: []string{"teams"}},
		Users: map[string]inventory.User{
			"POWNER1": {ID: "POWNER1", Name: "Olga Owner", Email: "olga@acme.com", BaseRole: "owner", TimeZone: "UTC"},
		},
	}
	s.Normalize()
	return s
}

func (s *clientSetup) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// refused demands an API error with a status.
func (s *clientSetup) refused(status int, err error) {
	s.Helper()
	var e pagerduty.APIError
	if !errors.As(err, &e) || e.StatusCode != status || !e.APIError.Valid || e.APIError.ErrorObject.Message == "" {
		s.Errorf("got the error %v, want an API error with status %d and a message", err, status)
	}
}

func (s *clientSetup) same(what string, want, got any) {
	s.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		s.Errorf("%s: %s", what, diff)
	}
}

func (s *clientSetup) hires() {
	for i := range 30 {
		u, err := s.client.CreateUserWithContext(s.Context(), pagerduty.User{
			APIObject: pagerduty.APIObject{Type: "user"},
			Name:      fmt.Sprintf("Person %02d", i), Email: fmt.Sprintf("p%02d@acme.com", i), Role: "limited_user",
			Timezone: "Europe/Berlin", JobTitle: "Engineer",
		})
		s.must(err)
		s.people = append(s.people, u)
	}
	u := *s.people[0]
	u.Role, u.JobTitle = "user", "Lead"
	_, err := s.client.UpdateUserWithContext(s.Context(), u)
	s.must(err)
	got, err := s.client.GetUserWithContext(s.Context(), u.ID, pagerduty.GetUserOptions{})
	s.must(err)
	s.same("updated user", []string{"Person 00", "p00@acme.com", "user", "Lead", "Europe/Berlin", "user"},
		[]string{got.Name, got.Email, got.Role, got.JobTitle, got.Timezone, got.Type})
	me, err := s.client.GetCurrentUserWithContext(s.Context(), pagerduty.GetCurrentUserOptions{})
	s.must(err)
	s.same("current user", "olga@acme.com", me.Email)
}

func (s *clientSetup) pages() {
	var ids []string
	for offset := uint(0); ; offset += 7 {
		page, err := s.client.ListUsersWithContext(s.Context(), pagerduty.ListUsersOptions{Limit: 7, Offset: offset, Total: true, Includes: []string{"contact_methods", "notification_rules", "teams"}})
		s.must(err)
		s.same("total", uint(31), page.Total)
		for _, u := range page.Users {
			ids = append(ids, u.ID)
		}
		if !page.More {
			break
		}
	}
	slices.Sort(ids)
	s.same("distinct users over the pages", 31, len(slices.Compact(ids)))
	page, err := s.client.ListUsersWithContext(s.Context(), pagerduty.ListUsersOptions{Query: "p07@acme.com"})
	s.must(err)
	s.same("users found by e-mail", 1, len(page.Users))
}

func (s *clientSetup) contacts() {
	user := s.people[1].ID
	phone, err := s.client.CreateUserContactMethodWithContext(s.Context(), user, pagerduty.ContactMethod{
		Type: "phone_contact_method", Label: "Mobile", Address: "15551234567", CountryCode: 49})
	s.must(err)
	phone.Label = "Work"
	_, err = s.client.UpdateUserContactMethodWthContext(s.Context(), user, *phone)
	s.must(err)
	got, err := s.client.GetUserContactMethodWithContext(s.Context(), user, phone.ID)
	s.must(err)
	s.same("contact method", []string{"Work", "15551234567", "phone_contact_method"}, []string{got.Label, got.Address, got.Type})
	rule, err := s.client.CreateUserNotificationRuleWithContext(s.Context(), user, pagerduty.NotificationRule{
		Type: "assignment_notification_rule", StartDelayInMinutes: 2, Urgency: "high",
		ContactMethod: pagerduty.ContactMethod{ID: phone.ID, Type: "phone_contact_method"}})
	s.must(err)
	rule.StartDelayInMinutes = 5
	_, err = s.client.UpdateUserNotificationRuleWithContext(s.Context(), user, *rule)
	s.must(err)
	read, err := s.client.GetUserNotificationRuleWithContext(s.Context(), user, rule.ID)
	s.must(err)
	s.same("rule's delay", uint(5), read.StartDelayInMinutes)
	rules, err := s.client.ListUserNotificationRulesWithContext(s.Context(), user)
	s.must(err)
	methods, err := s.client.ListUserContactMethodsWithContext(s.Context(), user)
	s.must(err)
	s.must(s.client.DeleteUserNotificationRuleWithContext(s.Context(), user, rule.ID))
	s.must(s.client.DeleteUserContactMethodWithContext(s.Context(), user, phone.ID))
	rules2, err := s.client.ListUserNotificationRulesWithContext(s.Context(), user)
	s.must(err)
	methods2, err := s.client.ListUserContactMethodsWithContext(s.Context(), user)
	s.must(err)
	s.same("one rule and one method fewer", []int{len(rules.NotificationRules) - 1, len(methods.ContactMethods) - 1},
		[]int{len(rules2.NotificationRules), len(methods2.ContactMethods)})
}

func (s *clientSetup) teams() {
	team, err := s.client.CreateTeamWithContext(s.Context(), &pagerduty.Team{APIObject: pagerduty.APIObject{Type: "team"}, Name: "Payments", Description: "Cards"})
	s.must(err)
	s.team = team.ID
	_, err = s.client.UpdateTeamWithContext(s.Context(), team.ID, &pagerduty.Team{Name: "Payments EU", Description: "Cards"})
	s.must(err)
	for i, role := range []pagerduty.TeamUserRole{pagerduty.TeamUserRoleManager, pagerduty.TeamUserRoleResponder, pagerduty.TeamUserRoleObserver} {
		s.must(s.client.AddUserToTeamWithContext(s.Context(), pagerduty.AddUserToTeamOptions{TeamID: team.ID, UserID: s.people[i].ID, Role: role}))
	}
	members, err := s.client.ListTeamMembersPaginated(s.Context(), team.ID)
	s.must(err)
	got := map[string]string{}
	for _, m := range members {
		got[m.User.ID] = m.Role
	}
	s.same("members", map[string]string{s.people[0].ID: "manager", s.people[1].ID: "responder", s.people[2].ID: "observer"}, got)
	teams, err := s.client.ListTeamsWithContext(s.Context(), pagerduty.ListTeamOptions{Query: "EU"})
	s.must(err)
	s.same("teams found", 1, len(teams.Teams))
}

func (s *clientSetup) schedules() {
	users := func(from, to int) (refs []pagerduty.UserReference) {
		for _, u := range s.people[from:to] {
			refs = append(refs, pagerduty.UserReference{User: pagerduty.APIObject{ID: u.ID, Type: "user_reference"}})
		}
		return refs
	}
	layer := func(name string, who []pagerduty.UserReference, restrictions ...pagerduty.Restriction) pagerduty.ScheduleLayer {
		return pagerduty.ScheduleLayer{Name: name, Start: "2026-01-01T00:00:00Z", RotationVirtualStart: "2026-01-01T00:00:00Z",
			RotationTurnLengthSeconds: 86400, Users: who, Restrictions: restrictions}
	}
	sent := pagerduty.Schedule{
		APIObject: pagerduty.APIObject{Type: "schedule"}, Name: "Payments Primary", TimeZone: "Etc/UTC", Description: "First",
		Teams: []pagerduty.APIObject{{ID: s.team, Type: "team_reference"}},
		ScheduleLayers: []pagerduty.ScheduleLayer{layer("Nights", users(0, 1)), layer("Days", users(1, 3), pagerduty.Restriction{
			Type: "daily_restriction", StartTimeOfDay: "09:00:00", DurationSeconds: 28800})},
	}
	s.must(s.client.PreviewScheduleWithContext(s.Context(), sent, pagerduty.PreviewScheduleOptions{Since: "2026-01-14T00:00:00Z", Until: "2026-01-15T00:00:00Z"}))
	made, err := s.client.CreateScheduleWithContext(s.Context(), sent)
	s.must(err)
	s.schedule = made.ID
	window := pagerduty.GetScheduleOptions{Since: "2026-01-14T00:00:00Z", Until: "2026-01-15T00:00:00Z", TimeZone: "Etc/UTC"}
	got, err := s.client.GetScheduleWithContext(s.Context(), made.ID, window)
	s.must(err)
	var turns []string
	for _, e := range got.FinalSchedule.RenderedScheduleEntries {
		turns = append(turns, e.Start+" "+e.User.ID)
	}
	// Layers begin now at the earliest, and 13 days after the rotation's begin it
	// is the second person's turn by day.
	s.same("turns of a day", []string{"2026-01-14T12:00:00Z " + s.people[2].ID, "2026-01-14T17:00:00Z " + s.people[0].ID}, turns)

	// What a read lists first is to be sent last.
	got.Description = "Second"
	layers := slices.Clone(got.ScheduleLayers)
	slices.Reverse(got.ScheduleLayers)
	_, err = s.client.UpdateScheduleWithContext(s.Context(), made.ID, *got)
	s.must(err)
	again, err := s.client.GetScheduleWithContext(s.Context(), made.ID, window)
	s.must(err)
	s.same("description after an update that sends everything back", "Second", again.Description)
	s.same("layers after it", layers, again.ScheduleLayers)
	list, err := s.client.ListSchedulesWithContext(s.Context(), pagerduty.ListSchedulesOptions{Query: "payments"})
	s.must(err)
	s.same("schedules found", 1, len(list.Schedules))
}

func (s *clientSetup) overrides() {
	o, err := s.client.CreateOverrideWithContext(s.Context(), s.schedule, pagerduty.Override{
		Start: "2026-01-14T11:00:00Z", End: "2026-01-14T14:00:00Z", User: pagerduty.APIObject{ID: s.people[5].ID, Type: "user_reference"}})
	s.must(err)
	s.override = o.ID
	list, err := s.client.ListOverridesWithContext(s.Context(), s.schedule, pagerduty.ListOverridesOptions{Since: "2026-01-14T00:00:00Z", Until: "2026-01-15T00:00:00Z"})
	s.must(err)
	if len(list.Overrides) != 1 || list.Overrides[0].User.ID != s.people[5].ID {
		s.Errorf("overrides are %+v", list.Overrides)
	}
	users, err := s.client.ListOnCallUsersWithContext(s.Context(), s.schedule, pagerduty.ListOnCallUsersOptions{Since: "2026-01-14T00:00:00Z", Until: "2026-01-15T00:00:00Z"})
	s.must(err)
	s.same("people of a day", 3, len(users))
}

func (s *clientSetup) policies() {
	p, err := s.client.CreateEscalationPolicyWithContext(s.Context(), pagerduty.EscalationPolicy{
		APIObject: pagerduty.APIObject{Type: "escalation_policy"}, Name: "Payments", NumLoops: 2,
		Teams: []pagerduty.APIReference{{ID: s.team, Type: "team_reference"}},
		EscalationRules: []pagerduty.EscalationRule{
			{Delay: 15, Targets: []pagerduty.APIObject{{ID: s.schedule, Type: "schedule_reference"}}},
			{Delay: 30, Targets: []pagerduty.APIObject{{ID: s.people[6].ID, Type: "user_reference"}}},
		}})
	s.must(err)
	s.policy = p.ID
	p.Description = "Cards"
	_, err = s.client.UpdateEscalationPolicyWithContext(s.Context(), p.ID, *p)
	s.must(err)
	got, err := s.client.GetEscalationPolicyWithContext(s.Context(), p.ID, &pagerduty.GetEscalationPolicyOptions{})
	s.must(err)
	s.same("policy", []string{"Payments", "Cards", s.schedule, s.people[6].ID, s.team},
		[]string{got.Name, got.Description, got.EscalationRules[0].Targets[0].ID, got.EscalationRules[1].Targets[0].ID, got.Teams[0].ID})
	list, err := s.client.ListEscalationPoliciesWithContext(s.Context(), pagerduty.ListEscalationPoliciesOptions{TeamIDs: []string{s.team}})
	s.must(err)
	s.same("policies of the team", 1, len(list.EscalationPolicies))
	s.must(s.client.RemoveEscalationPolicyFromTeamWithContext(s.Context(), s.team, p.ID))
	s.must(s.client.AddEscalationPolicyToTeamWithContext(s.Context(), s.team, p.ID))
}

func (s *clientSetup) services() {
	service, err := s.client.CreateServiceWithContext(s.Context(), pagerduty.Service{
		APIObject: pagerduty.APIObject{Type: "service"}, Name: "Checkout", AlertCreation: "create_alerts_and_incidents",
		EscalationPolicy: pagerduty.EscalationPolicy{APIObject: pagerduty.APIObject{ID: s.policy, Type: "escalation_policy_reference"}}})
	s.must(err)
	service.Description = "Pays"
	_, err = s.client.UpdateServiceWithContext(s.Context(), *service)
	s.must(err)
	got, err := s.client.GetServiceWithContext(s.Context(), service.ID, nil)
	s.must(err)
	s.same("service", []string{"Checkout", "Pays", s.policy}, []string{got.Name, got.Description, got.EscalationPolicy.ID})
	list, err := s.client.ListServicesPaginated(s.Context(), pagerduty.ListServiceOptions{})
	s.must(err)
	s.same("services", 1, len(list))
}

func (s *clientSetup) onCalls() {
	list, err := s.client.ListOnCallsWithContext(s.Context(), pagerduty.ListOnCallOptions{EscalationPolicyIDs: []string{s.policy}, Includes: []string{"users"}})
	s.must(err)
	got := map[uint]string{}
	for _, o := range list.OnCalls {
		got[o.EscalationLevel] = o.User.Email
	}
	s.same("on call at noon", map[uint]string{1: "p05@acme.com", 2: "p06@acme.com"}, got)
	abilities, err := s.client.ListAbilitiesWithContext(s.Context())
	s.must(err)
	if len(abilities.Abilities) > 0 {
		s.must(s.client.TestAbilityWithContext(s.Context(), abilities.Abilities[0]))
	}
}

func (s *clientSetup) refusals() {
	_, err := s.client.CreateUserWithContext(s.Context(), pagerduty.User{APIObject: pagerduty.APIObject{Type: "user"}, Name: "Twice", Email: "p00@acme.com"})
	s.refused(http.StatusBadRequest, err)
	s.refused(http.StatusBadRequest, s.client.RemoveUserFromTeamWithContext(s.Context(), s.team, s.people[6].ID))
	s.refused(http.StatusBadRequest, s.client.DeleteScheduleWithContext(s.Context(), s.schedule))
	s.refused(http.StatusBadRequest, s.client.DeleteEscalationPolicyWithContext(s.Context(), s.policy))
	_, err = s.client.GetTeamWithContext(s.Context(), "PNOBODY")
	s.refused(http.StatusNotFound, err)
}

func (s *clientSetup) clearsAway() {
	services, err := s.client.ListServicesPaginated(s.Context(), pagerduty.ListServiceOptions{})
	s.must(err)
	for _, service := range services {
		s.must(s.client.DeleteServiceWithContext(s.Context(), service.ID))
	}
	s.must(s.client.DeleteOverrideWithContext(s.Context(), s.schedule, s.override))
	s.must(s.client.DeleteEscalationPolicyWithContext(s.Context(), s.policy))
	s.must(s.client.DeleteScheduleWithContext(s.Context(), s.schedule))
	s.must(s.client.RemoveUserFromTeamWithContext(s.Context(), s.team, s.people[0].ID))
	s.must(s.client.DeleteTeamWithContext(s.Context(), s.team))
	for _, u := range s.people {
		s.must(s.client.DeleteUserWithContext(s.Context(), u.ID))
	}
	left, err := s.client.ListUsersWithContext(s.Context(), pagerduty.ListUsersOptions{})
	s.must(err)
	s.same("people left", 1, len(left.Users))
}
