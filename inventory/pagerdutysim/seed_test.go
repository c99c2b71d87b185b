package pagerdutysim_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

func TestNoIDIsMadeThatASeedHasOnASchedule(t *testing.T) {
	rotation := func(a *api) string {
		return a.must(http.StatusCreated, "POST", shifts+"/rotations", nil).text("rotation", "id")
	}
	first := rotation(newAPI(t))
	again := rotation(newAPI(t, func(o *pagerdutysim.Options) {
		s := o.Seed.Schedules["PSHIFT1"]
		s.Rotations = append(s.Rotations, inventory.Rotation{ID: first})
		o.Seed.Schedules["PSHIFT1"] = s
	}))
	if again == first {
		t.Errorf("two rotations have the id %s", first)
	}
}

func TestASeedThatIsNotConsistentIsRefusedWithAllDefects(t *testing.T) {
	s := scheduleSeed()
	ann := s.Users["PANN001"]
	ann.BaseRole, ann.License = "king", ptr("PNONE01")
	ann.Teams = map[string]string{"PTEAM01": "observer"}
	ann.NotificationRules = []inventory.NotificationRule{{Urgency: "high", Contact: "sms_contact_method"}}
	s.Users["PANN001"] = ann
	s.Teams["PTEAM02"] = inventory.Team{ID: "PTEAM03", Parent: ptr("PTEAM04"), Members: map[string]string{"PEVE001": "boss"}}
	layers := s.Schedules["PLAYER1"]
	layers.Teams = []string{"PTEAM05"}
	layers.EscalationPolicies = []string{"PPOLIC2"}
	layers.Layers[0].Users = []string{"PEVE001"}
	s.Schedules["PLAYER1"] = layers
	s.EscalationPolicies["PPOLIC3"] = inventory.EscalationPolicy{ID: "PPOLIC3", Name: "Third", Services: []string{"PSERV01"},
		Rules: []inventory.EscalationRule{{Targets: []inventory.Target{{Type: "schedule", ID: "PNONE02"}, {Type: "team", ID: "PTEAM01"}}}}}
	s.Services["PSERV01"] = inventory.Service{ID: "PSERV01", Name: "Checkout", EscalationPolicy: "PNONE03"}

	_, err := pagerdutysim.New(pagerdutysim.Options{Seed: s, Clock: time.Now})
	if err == nil {
		t.Fatal("the seed was accepted")
	}
	for _, text := range []string{
		`user ann@acme.com (PANN001): "king" is not a base role`,
		`there is no license "PNONE01"`,
		`is observer of team PTEAM01, whose members say "manager"`,
		"a notification rule uses a sms_contact_method, of which there is none",
		`team "PTEAM02" has the id "PTEAM03"`,
		`there is no team "PTEAM04"`,
		"its member PEVE001 is not among the users",
		`"boss" is not a team role`,
		`schedule Payments Primary (PLAYER1): there is no team "PTEAM05"`,
		`escalation policy "PPOLIC2" does not have it`,
		"[PEVE001]",
		`escalation policy Third (PPOLIC3): there is no schedule "PNONE02"`,
		`"team" is not a type of target`,
		`service "PSERV01" does not use it`,
		`service Checkout (PSERV01): there is no escalation policy "PNONE03"`,
	} {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("the error does not say %q:\n%v", text, err)
		}
	}
}

func TestASeedThatDoesNotRenderIsRefused(t *testing.T) {
	s := scheduleSeed()
	c := s.Schedules["PLAYER1"]
	c.TimeZone = "Mars/Olympus"
	s.Schedules["PLAYER1"] = c
	if _, err := pagerdutysim.New(pagerdutysim.Options{Seed: s, Clock: time.Now}); err == nil || !strings.Contains(err.Error(), "Payments Primary") {
		t.Errorf("the error is %v", err)
	}
}

func TestASeedAndAClockAreRequired(t *testing.T) {
	if _, err := pagerdutysim.New(pagerdutysim.Options{Seed: scheduleSeed()}); err == nil {
		t.Error("no clock was accepted")
	}
	if _, err := pagerdutysim.New(pagerdutysim.Options{Clock: time.Now}); err == nil {
		t.Error("no seed was accepted")
	}
}

func TestTheSeedIsNeverChanged(t *testing.T) {
	s := scheduleSeed()
	before := encode(t, s)
	a := newAPI(t, func(o *pagerdutysim.Options) { o.Seed = s })
	a.must(http.StatusNoContent, "PUT", "/teams/PTEAM01/users/PBEN001", fields{"role": "observer"})
	a.must(http.StatusOK, "PUT", "/escalation_policies/PPOLIC1", policyOf("Payments", userTarget("PANN001")))
	a.must(http.StatusNoContent, "DELETE", "/users/PSTA001", nil)
	if diff := cmp.Diff(before, encode(t, s)); diff != "" {
		t.Error(diff)
	}
}

func TestTheSameSeedAndRequestsMakeTheSameAccount(t *testing.T) {
	run := func() string {
		a := newAPI(t, licensed)
		a.must(http.StatusCreated, "POST", "/users", person(nil))
		return a.must(http.StatusOK, "GET", "/users?include[]=contact_methods", nil).json()
	}
	if diff := cmp.Diff(run(), run()); diff != "" {
		t.Error(diff)
	}
}

// The seed is what a client reads back, in canonical form: for an account with
// everything in it, and for one of the size that the program is made for.
func TestASeedReadsBackAsItself(t *testing.T) {
	for name, seed := range map[string]*inventory.Snapshot{"everything": everything(), "large": large(1000, 100)} {
		t.Run(name, func(t *testing.T) {
			sim, err := pagerdutysim.New(pagerdutysim.Options{Seed: seed, Clock: func() time.Time { return seed.Account.TakenAt }, RateLimit: -1})
			if err != nil {
				t.Fatal(err)
			}
			first := read(t, sim)
			// What is derived (shifts, coverage, on-calls) no hand-written seed has.
			want := read(t, again(t, first))
			if diff := cmp.Diff(encode(t, want), encode(t, first)); diff != "" {
				t.Errorf("a snapshot as seed reads back otherwise: %s", diff)
			}
			stripped := *first
			stripped.OnCalls, stripped.Account, stripped.Now, stripped.Schedules = nil, seed.Account, seed.Now, seed.Schedules
			if diff := cmp.Diff(encode(t, seed), encode(t, &stripped)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func again(t *testing.T, s *inventory.Snapshot) *pagerdutysim.Server {
	t.Helper()
	sim, err := pagerdutysim.New(pagerdutysim.Options{Seed: s, Clock: func() time.Time { return s.Account.TakenAt }, RateLimit: -1})
	if err != nil {
		t.Fatal(err)
	}
	return sim
}

func read(t *testing.T, sim *pagerdutysim.Server) *inventory.Snapshot {
	t.Helper()
	client, err := pagerduty.New(pagerduty.Options{
		Account: "acme", BaseURL: "https://pagerduty.test", Transport: sim.Transport(),
		Token: func(context.Context) (string, error) { return "T0KEN", nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := client.Snapshot(t.Context(), pagerduty.SnapshotOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !s.Account.Complete {
		t.Fatalf("the snapshot is not complete: %v", s.Account.Missing)
	}
	return s
}

func encode(t *testing.T, s *inventory.Snapshot) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.Encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// everything is an account with each kind of thing and of membership.
func everything() *inventory.Snapshot {
	s := scheduleSeed()
	direct(s)
	ben := s.Users["PBEN001"]
	ben.Invited, ben.JobTitle, ben.Description = true, "Engineer", "on loan"
	ben.ContactMethods = []inventory.ContactMethod{
		{Type: "email_contact_method", Label: "Default"}, {Type: "email_contact_method", Label: "Default"},
		{Type: "phone_contact_method", Label: "Mobile"}, {Type: "push_notification_contact_method", Label: "Phone"},
		{Type: "sms_contact_method", Label: ""}, {Type: "whatsapp_contact_method", Label: "Work"},
	}
	ben.NotificationRules = []inventory.NotificationRule{
		{Urgency: "high", Contact: "push_notification_contact_method"}, {Urgency: "high", DelayMinutes: 5, Contact: "phone_contact_method"},
		{Urgency: "low", Contact: "email_contact_method"},
	}
	s.Users["PBEN001"] = ben
	s.Teams["PTEAM02"] = inventory.Team{ID: "PTEAM02", Name: "Cards", Description: "below Payments", Parent: ptr("PTEAM01"),
		DefaultRole: "none", Members: map[string]string{"PBEN001": "observer"}}
	p := s.EscalationPolicies["PPOLIC1"]
	p.Teams, p.Services, p.Repeat, p.Description = []string{"PTEAM01"}, []string{"PSERV01"}, 2, "day and night"
	s.EscalationPolicies["PPOLIC1"] = p
	s.Services["PSERV01"] = inventory.Service{ID: "PSERV01", Name: "Checkout", EscalationPolicy: "PPOLIC1", Teams: []string{"PTEAM01"}, Status: "warning"}
	s.Account.DeletedUsers = 3
	licensed(&pagerdutysim.Options{Seed: s})
	joined(s)
	return s
}

// joined fills what users say of their teams, as a snapshot does.
func joined(s *inventory.Snapshot) {
	for id, u := range s.Users {
		u.Teams = map[string]string{}
		for teamID, team := range s.Teams {
			if role, ok := team.Members[id]; ok {
				u.Teams[teamID] = role
			}
		}
		s.Users[id] = u
	}
	s.Normalize()
}

// large is an account of many people in teams of ten, each with a schedule on a
// policy.
func large(users, teams int) *inventory.Snapshot {
	s := scheduleSeed()
	crowd(users)(s)
	for i := range teams {
		team := inventory.Team{ID: fmt.Sprintf("PT%05d", i), Name: fmt.Sprintf("Team %d", i), DefaultRole: "manager", Members: map[string]string{}}
		for j := range 10 {
			team.Members[fmt.Sprintf("PU%05d", 4+(10*i+j)%(users-4))] = "responder"
		}
		s.Teams[team.ID] = team
		c := layersOfPayments()
		c.ID, c.Name, c.EscalationPolicies = fmt.Sprintf("PS%05d", i), fmt.Sprintf("Schedule %d", i), []string{fmt.Sprintf("PE%05d", i)}
		s.Schedules[c.ID] = c
		s.EscalationPolicies[c.EscalationPolicies[0]] = inventory.EscalationPolicy{ID: c.EscalationPolicies[0], Name: fmt.Sprintf("Policy %d", i),
			Rules: []inventory.EscalationRule{{DelayMinutes: 30, Targets: []inventory.Target{{Type: "schedule", ID: c.ID}}}}}
	}
	joined(s)
	return s
}
