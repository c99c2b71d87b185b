package risk_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile/risk"
)

var now = time.Date(2026, 3, 16, 12, 0, 0, 0, time.UTC)

// clean is an account of an owner, a break-glass admin and eight responders, two teams, two
// schedules, an escalation policy and a service, in which everything is as it should be.
func clean() *inventory.Snapshot {
	s := &inventory.Snapshot{
		Account: inventory.Account{Name: "acme", Region: "us", TakenAt: now, Complete: true, Window: inventory.Window{Since: now.AddDate(0, 0, -7), Until: now.AddDate(0, 0, 35)}},
		Now:     now, Users: map[string]inventory.User{}, Teams: map[string]inventory.Team{}, Schedules: map[string]inventory.Schedule{},
	}
	s.Teams["CORE"] = inventory.Team{ID: "CORE", Name: "Core", DefaultRole: "manager", Members: map[string]string{}}
	s.Teams["OPS"] = inventory.Team{ID: "OPS", Name: "Ops", DefaultRole: "manager", Members: map[string]string{}}
	for i, id := range []string{"OWN", "ADM", "ANN", "BOB", "CY", "DI", "ED", "FAY", "GUS", "HAL"} {
		role, team, teamRole := "limited_user", "CORE", "responder"
		switch id {
		case "OWN":
			role, team = "owner", ""
		case "ADM":
			role, team = "admin", ""
		case "ANN", "BOB":
			teamRole = "manager"
		}
		if i >= 8 {
			team = "OPS"
		}
		if id == "GUS" {
			teamRole = "manager"
		}
		u := inventory.User{ID: id, Name: "Person " + id, Email: strings.ToLower(id) + "@acme.com", BaseRole: role, JobTitle: "Engineer", Teams: map[string]string{}}
		if role != "limited_user" {
			u.JobTitle = ""
		}
		for _, kind := range []string{"email", "phone", "push_notification", "sms"} {
			u.ContactMethods = append(u.ContactMethods, inventory.ContactMethod{Type: kind + "_contact_method", Label: "Default"})
			for _, urgency := range []string{"high", "low"} {
				u.NotificationRules = append(u.NotificationRules, inventory.NotificationRule{Urgency: urgency, Contact: kind + "_contact_method"})
			}
		}
		if team != "" {
			s.Teams[team].Members[id], u.Teams[team] = teamRole, teamRole
		}
		s.Users[id] = u
	}
	schedule(s, "PRI", "Primary", "ANN", "BOB", "CY")
	schedule(s, "SEC", "Secondary", "DI", "ED", "FAY")
	s.EscalationPolicies = map[string]inventory.EscalationPolicy{"EP": {ID: "EP", Name: "Core", Services: []string{"SV"}, Rules: []inventory.EscalationRule{
		{DelayMinutes: 10, Targets: []inventory.Target{{Type: "schedule", ID: "PRI"}}}, {DelayMinutes: 10, Targets: []inventory.Target{{Type: "schedule", ID: "SEC"}}},
	}}}
	s.Services = map[string]inventory.Service{"SV": {ID: "SV", Name: "Checkout", EscalationPolicy: "EP", Status: "active"}}
	five := 5
	s.Licenses = map[string]inventory.License{"L": {ID: "L", Name: "Business", Available: &five}}
	s.Normalize()
	return s
}

// schedule adds a schedule with weekly turns, or changes one.
func schedule(s *inventory.Snapshot, id, name string, users ...string) {
	v := inventory.Schedule{ID: id, Name: name, Kind: inventory.ScheduleOfLayers, TimeZone: "Etc/UTC", EscalationPolicies: []string{"EP"}, Users: users, Layers: []inventory.Layer{{
		ID: "L" + id, Name: "Week", Start: now.AddDate(0, 0, -70), VirtualStart: now.AddDate(0, 0, -70), TurnSeconds: 7 * 86400, Users: users,
	}}}
	render(s, v)
}

func render(s *inventory.Snapshot, v inventory.Schedule) {
	if len(v.Users) == 0 {
		v.Layers = nil
	}
	v.Normalize()
	v, err := oncall.Rerender(v, s.Account.Window)
	if err != nil {
		panic(err)
	}
	v.Coverage = oncall.Coverage(v.Shifts, s.Account.Window.Since, s.Account.Window.Until)
	s.Schedules[v.ID] = v
}

func user(s *inventory.Snapshot, id string, change func(*inventory.User)) {
	u := s.Users[id]
	u.ContactMethods, u.NotificationRules = slices.Clone(u.ContactMethods), slices.Clone(u.NotificationRules)
	change(&u)
	s.Users[id] = u
}

// only leaves somebody the contact methods of some kinds.
func only(u *inventory.User, kinds ...string) {
	lacks := func(contact string) bool {
		return !slices.ContainsFunc(kinds, func(k string) bool { return strings.HasPrefix(contact, k) })
	}
	u.ContactMethods = slices.DeleteFunc(u.ContactMethods, func(m inventory.ContactMethod) bool { return lacks(m.Type) })
	u.NotificationRules = slices.DeleteFunc(u.NotificationRules, func(r inventory.NotificationRule) bool { return lacks(r.Contact) })
}

func policy(s *inventory.Snapshot, change func(*inventory.EscalationPolicy)) {
	p := s.EscalationPolicies["EP"]
	p.Rules = slices.Clone(p.Rules)
	change(&p)
	s.EscalationPolicies["EP"] = p
}

func service(s *inventory.Snapshot, change func(*inventory.Service)) {
	v := s.Services["SV"]
	change(&v)
	s.Services["SV"] = v
}

func member(s *inventory.Snapshot, team, id, role string) {
	s.Teams[team].Members[id] = role
	s.Users[id].Teams[team] = role
}

// plant is a risk, and what is found of it.
type plant struct {
	name  string
	plant func(*inventory.Snapshot, *risk.Settings, *policies.Statements)
	found []string
}

type (
	snap     = *inventory.Snapshot
	settings = *risk.Settings
	stated   = *policies.Statements
)

var origin = []policies.Origin{{File: "policies/access/a.rego", Line: 7}}

var plants = []plant{
	{"a second standing admin", func(s snap, _ settings, _ stated) {
		user(s, "HAL", func(u *inventory.User) { u.BaseRole, u.JobTitle = "admin", "" })
	}, []string{"permanent-admin user:#HAL"}},
	{"more admins than the bound", func(s snap, o settings, _ stated) { o.Parameters.MaxAdmins = 1 }, []string{"too-many-admins account"}},
	{"the owner alone", func(s snap, _ settings, _ stated) {
		delete(s.Users, "ADM")
	}, []string{"single-admin account"}},
	{"a manager among responders", func(s snap, _ settings, _ stated) {
		user(s, "ED", func(u *inventory.User) { u.BaseRole = "user" })
	}, []string{"irregular-base-role user:#ED"}},
	{"one manager among peers of the team", func(s snap, _ settings, _ stated) { member(s, "CORE", "BOB", "responder") }, []string{"irregular-team-role user:#ANN"}},
	{"an observer who manages a team", func(s snap, _ settings, _ stated) {
		user(s, "GUS", func(u *inventory.User) { u.BaseRole = "observer" })
	}, []string{"observer-manages user:#GUS"}},
	{"restricted, and manages a team", func(s snap, _ settings, _ stated) {
		user(s, "ANN", func(u *inventory.User) { u.BaseRole = "restricted_access" })
	}, []string{"observer-manages user:#ANN"}},
	{"e-mail alone", func(s snap, _ settings, _ stated) {
		user(s, "ANN", func(u *inventory.User) { only(u, "email") })
	}, []string{"unreachable user:#ANN"}},
	{"no rules at all", func(s snap, _ settings, _ stated) {
		user(s, "BOB", func(u *inventory.User) { u.NotificationRules = nil })
	}, []string{"unreachable user:#BOB"}},
	{"a blocked phone", func(s snap, _ settings, _ stated) {
		user(s, "CY", func(u *inventory.User) {
			only(u, "phone")
			u.ContactMethods[0].Blocked = true
			for i := range u.NotificationRules {
				u.NotificationRules[i].Blocked = true
			}
		})
	}, []string{"unreachable user:#CY"}},
	{"no SMS, and never miss a page is asked for", func(s snap, o settings, _ stated) {
		o.Parameters.Readiness = []string{"never-miss-a-page"}
		user(s, "DI", func(u *inventory.User) { only(u, "email", "phone", "push") })
	}, []string{"never-miss-a-page user:#DI"}},
	{"an unused method, and all are to be tried", func(s snap, o settings, _ stated) {
		o.Parameters.Readiness = []string{"try-every-notification-method"}
		user(s, "DI", func(u *inventory.User) {
			u.NotificationRules = slices.DeleteFunc(u.NotificationRules, func(r inventory.NotificationRule) bool { return r.Contact == "sms_contact_method" })
		})
	}, []string{"try-every-notification-method user:#DI"}},
	{"WhatsApp alone, and more than e-mail is asked for", func(s snap, o settings, _ stated) {
		o.Parameters.Readiness = []string{"more-than-email"}
		user(s, "DI", func(u *inventory.User) {
			only(u, "email")
			u.NotificationRules = append(u.NotificationRules, inventory.NotificationRule{Urgency: "high", Contact: "whatsapp_contact_method"})
		})
	}, []string{"more-than-email user:#DI"}},
	{"no phone, and it must be included", func(s snap, o settings, _ stated) {
		o.Parameters.Readiness = []string{"must-include-phone"}
		user(s, "DI", func(u *inventory.User) { only(u, "email", "push", "sms") })
	}, []string{"must-include-phone user:#DI"}},
	{"a gap on both levels", func(s snap, _ settings, _ stated) {
		for id, name := range map[string]string{"PRI": "Primary", "SEC": "Secondary"} {
			v := s.Schedules[id]
			v.Name = name
			v.Layers[0].Restrictions = []inventory.Restriction{{Type: "daily_restriction", StartTime: "00:00:00", DurationSeconds: 20 * 3600}}
			render(s, v)
		}
	}, []string{"paging-no-incident service:#SV", "schedule-gap schedule:#PRI", "schedule-gap schedule:#SEC"}},
	{"nobody is notified", func(s snap, _ settings, _ stated) {
		for _, id := range []string{"ANN", "BOB", "CY", "DI", "ED", "FAY"} {
			user(s, id, func(u *inventory.User) { u.NotificationRules = nil })
		}
	}, []string{"paging-silence service:#SV", "unreachable user:#ANN", "unreachable user:#BOB", "unreachable user:#CY", "unreachable user:#DI", "unreachable user:#ED", "unreachable user:#FAY"}},
	{"e-mail alone on both levels", func(s snap, _ settings, _ stated) {
		for _, id := range []string{"ANN", "DI"} {
			user(s, id, func(u *inventory.User) { only(u, "email") })
		}
	}, []string{"paging-email-only service:#SV", "unreachable user:#ANN", "unreachable user:#DI"}},
	{"the first device rings late", func(s snap, _ settings, _ stated) {
		policy(s, func(p *inventory.EscalationPolicy) { p.Rules[0].DelayMinutes = 45 })
		user(s, "BOB", func(u *inventory.User) {
			for i := range u.NotificationRules {
				u.NotificationRules[i].DelayMinutes = 30
			}
		})
	}, []string{"paging-late service:#SV"}},
	{"the same person on both levels", func(s snap, _ settings, _ stated) { schedule(s, "SEC", "Secondary", "ANN", "ED", "FAY") }, []string{"paging-same-person service:#SV"}},
	{"low urgency", func(s snap, _ settings, _ stated) {
		service(s, func(v *inventory.Service) { v.Urgency = inventory.ServiceUrgency{During: "low", Outside: "low"} })
	}, []string{"paging-never-escalates service:#SV"}},
	{"low urgency at night", func(s snap, _ settings, _ stated) {
		service(s, func(v *inventory.Service) {
			v.Urgency.Outside = "low"
			v.SupportHours = &inventory.SupportHours{TimeZone: "Europe/Berlin", Days: []int{1, 2, 3, 4, 5}, StartTime: "09:00:00", EndTime: "17:00:00"}
		})
	}, []string{"paging-never-escalates service:#SV"}},
	{"one person takes all turns", func(s snap, _ settings, _ stated) { schedule(s, "SEC", "Secondary", "DI") }, []string{"schedule-one-person schedule:#SEC"}},
	{"a schedule with nobody", func(s snap, _ settings, _ stated) { schedule(s, "SEC", "Secondary") }, []string{"empty-level escalation:#EP", "schedule-empty schedule:#SEC"}},
	{"a turn of three weeks", func(s snap, _ settings, _ stated) {
		v := s.Schedules["SEC"]
		v.Layers[0].TurnSeconds = 21 * 86400
		render(s, v)
	}, []string{"long-duty user:#DI", "long-duty user:#ED"}},
	{"on call on three schedules at once", func(s snap, _ settings, _ stated) {
		for _, id := range []string{"X1", "X2", "X3"} {
			schedule(s, id, "Extra "+id, "HAL", "GUS")
		}
		policy(s, func(p *inventory.EscalationPolicy) {
			p.Rules[1].Targets = append(slices.Clone(p.Rules[1].Targets), inventory.Target{Type: "schedule", ID: "X1"}, inventory.Target{Type: "schedule", ID: "X2"}, inventory.Target{Type: "schedule", ID: "X3"})
		})
	}, []string{"doubled-duty user:#GUS", "doubled-duty user:#HAL"}},
	{"a layer that hides another", func(s snap, _ settings, _ stated) {
		v := s.Schedules["SEC"]
		under := v.Layers[0]
		under.ID, under.Name, under.Users = "UNDER", "Under", []string{"HAL"}
		v.Layers = []inventory.Layer{under, v.Layers[0]}
		v.Users = append(slices.Clone(v.Users), "HAL")
		render(s, v)
	}, []string{"never-on-call user:#HAL"}},
	{"a level without targets", func(s snap, _ settings, _ stated) {
		policy(s, func(p *inventory.EscalationPolicy) {
			p.Rules = append(p.Rules, inventory.EscalationRule{DelayMinutes: 10})
		})
	}, []string{"empty-level escalation:#EP"}},
	{"a single level", func(s snap, _ settings, _ stated) {
		policy(s, func(p *inventory.EscalationPolicy) { p.Rules = p.Rules[:1] })
	}, []string{"single-level escalation:#EP"}},
	{"a level that repeats", func(s snap, _ settings, _ stated) {
		policy(s, func(p *inventory.EscalationPolicy) { p.Rules = append(p.Rules, p.Rules[1]) })
	}, []string{"paging-same-person service:#SV", "repeating-level escalation:#EP"}},
	{"one person for a whole policy", func(s snap, _ settings, _ stated) {
		policy(s, func(p *inventory.EscalationPolicy) {
			p.Rules = []inventory.EscalationRule{{DelayMinutes: 10, Targets: []inventory.Target{{Type: "user", ID: "HAL"}}}}
		})
	}, []string{"policy-one-person escalation:#EP", "single-level escalation:#EP"}},
	{"a team without manager", func(s snap, _ settings, _ stated) { member(s, "OPS", "GUS", "responder") }, []string{"team-without-manager team:#OPS"}},
	{"a deserted team", func(s snap, _ settings, _ stated) {
		s.Teams["OLD"] = inventory.Team{ID: "OLD", Name: "Old", Members: map[string]string{}}
		v := s.Schedules["SEC"]
		v.Teams = []string{"OLD"}
		s.Schedules["SEC"] = v
	}, []string{"team-deserted team:#OLD"}},
	{"a strange domain", func(s snap, o settings, _ stated) {
		o.Parameters.Domains = []string{"acme.com"}
		user(s, "HAL", func(u *inventory.User) { u.Email = "hal@gmail.com" })
	}, []string{"strange-domain user:#HAL"}},
	{"a domain that looks alike", func(s snap, o settings, _ stated) {
		o.Parameters.Domains = []string{"ACME.com"}
		user(s, "GUS", func(u *inventory.User) { u.Email = "gus@acme.com.evil.org" })
	}, []string{"strange-domain user:#GUS"}},
	{"an invitation that is outstanding", func(s snap, _ settings, _ stated) {
		user(s, "HAL", func(u *inventory.User) { u.Invited = true })
	}, []string{"pending-invitation user:#HAL"}},
	{"on call before they accepted", func(s snap, _ settings, _ stated) {
		user(s, "BOB", func(u *inventory.User) { u.Invited = true })
	}, []string{"invited-on-call user:#BOB"}},
	{"a seat that nothing needs", func(s snap, _ settings, _ stated) {
		delete(s.Teams["OPS"].Members, "HAL")
		delete(s.Users["HAL"].Teams, "OPS")
	}, []string{"seat-unused user:#HAL"}},
	{"many free seats", func(s snap, _ settings, _ stated) {
		many := 60
		s.Licenses["L"] = inventory.License{ID: "L", Name: "Business", Available: &many}
	}, []string{"seats-free account"}},
	{"two accounts of one person", func(s snap, _ settings, _ stated) {
		user(s, "HAL", func(u *inventory.User) { u.Name = s.Users["GUS"].Name })
	}, []string{"twin-accounts user:#HAL"}},
	{"a rule that gives nothing", func(_ snap, _ settings, st stated) {
		st.Counts = []policies.RuleCount{{Rule: "grant", Elements: 0, Origin: origin[0]}, {Rule: "grant", Elements: 3}}
	}, []string{"rule-gives-nothing account"}},
	{"an exception that is over", func(_ snap, _ settings, st stated) {
		until := now.Add(-time.Hour)
		st.Grants = []policies.Grant{{Principal: inventory.ByID(inventory.KindUser, "ANN"), Resource: inventory.ByID(inventory.KindTeam, "OPS"), Role: "manager", Until: &until, Origins: origin}}
	}, []string{"expired-statement user:#ANN"}},
	{"a limit on somebody who is not there", func(_ snap, _ settings, st stated) {
		st.Limits = []policies.Limit{{Principal: inventory.Ref{Kind: inventory.KindUser, Name: "zoe@acme.com"}, Resource: inventory.AccountRef, AtMost: "user", Origins: origin}}
	}, []string{"limit-reaches-nobody account"}},
}

// look is what the packs find, as "rule subject".
func look(t *testing.T, s *inventory.Snapshot, o risk.Settings, st *policies.Statements) []string {
	t.Helper()
	s.Normalize()
	in, err := eval.NewInput(s)
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]any{"desired": map[string]any{"grants": []any{}, "unknown": []any{}}, "groups": map[string]any{}} {
		if in, err = in.With(key, func() any { return value }); err != nil {
			t.Fatal(err)
		}
	}
	var found policies.Statements
	if err := o.Look(context.Background(), in, risk.Facts{Snapshot: s, Statements: st, Now: now}, &found); err != nil {
		t.Fatal(err)
	}
	for _, f := range found.Failures {
		t.Errorf("a rule failed: %+v", f)
	}
	var out []string
	for _, f := range found.Findings {
		if f.Message == "" || f.Remediation == "" {
			t.Errorf("%s says %q and has the remedy %q", f.Rule, f.Message, f.Remediation)
		}
		out = append(out, fmt.Sprintf("%s %s", strings.TrimPrefix(f.Rule, "dutyward."), f.Subject))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func options() risk.Settings {
	o := risk.Settings{Parameters: risk.Defaults()}
	o.Parameters.BreakGlass = []string{"ADM@acme.com"}
	return o
}

func TestACleanAccountHasNoRisks(t *testing.T) {
	if found := look(t, clean(), options(), &policies.Statements{}); len(found) > 0 {
		t.Errorf("found %q", found)
	}
	o := options()
	o.Parameters.Readiness = risk.Profiles()
	if found := look(t, clean(), o, &policies.Statements{}); len(found) > 0 {
		t.Errorf("with all readiness profiles: found %q", found)
	}
}

func TestEachRiskThatIsPlantedIsFoundAndNothingElse(t *testing.T) {
	if len(plants) < 40 {
		t.Errorf("%d risks are planted", len(plants))
	}
	for _, p := range plants {
		t.Run(p.name, func(t *testing.T) {
			s, o, st := clean(), options(), &policies.Statements{}
			p.plant(s, &o, st)
			if d := cmp.Diff(p.found, look(t, s, o, st)); d != "" {
				t.Errorf("found (-want +got):\n%s", d)
			}
		})
	}
}

func TestARuleOrPackThatIsSwitchedOffFindsNothing(t *testing.T) {
	for _, p := range plants {
		s, o, st := clean(), options(), &policies.Statements{}
		p.plant(s, &o, st)
		o.Packs = []string{}
		if found := look(t, s, o, st); len(found) > 0 {
			t.Errorf("%s: without packs: found %q", p.name, found)
		}
		o.Packs = nil
		for _, f := range p.found {
			rule, _, _ := strings.Cut(f, " ")
			o.Without = append(o.Without, "dutyward."+rule)
		}
		if found := look(t, s, o, st); len(found) > 0 {
			t.Errorf("%s: without its rules: found %q", p.name, found)
		}
	}
}
