package examples_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

var update = flag.Bool("update", false, "write the seed, the roster and the golden files anew")

// monday is the moment at which the company's account is seen.
var monday = time.Date(2026, 3, 16, 9, 30, 0, 0, time.UTC)

// person is a line of the roster, and what PagerDuty holds where that differs.
type person struct {
	id, email, name, title, zone string
	// role is the base role that the roster asks for, has the one PagerDuty holds
	// if it is another.
	role, has string
	// teams are "Team:role" that the roster asks for; held are those that
	// PagerDuty holds beside or, if the role is "none", lacks.
	teams, held string
	contractor  bool
	// reach is "all", "mail" (no phone) or "invited" (nothing yet).
	reach string
}

var people = []person{
	{id: "POWNER1", email: "olga.ivanova@acme.test", name: "Olga Ivanova", title: "CTO", role: "owner", zone: "Europe/Berlin"},
	{id: "PADMIN1", email: "dan.weber@acme.test", name: "Dan Weber", title: "Head of SRE", role: "admin", zone: "Europe/Berlin"},
	{id: "PADMIN2", email: "priya.nair@acme.test", name: "Priya Nair", title: "Platform Lead", role: "admin", zone: "Asia/Kolkata"},
	{id: "PADMIN3", email: "break.glass@acme.test", name: "Break Glass", title: "Emergency account", role: "", has: "admin", zone: "Etc/UTC"},

	{id: "PPAYM01", email: "ann.keller@acme.test", name: "Ann Keller", title: "Payments Lead", role: "user", teams: "Payments:manager Engineering:manager", zone: "Europe/Berlin"},
	{id: "PPAYM02", email: "ben.oduya@acme.test", name: "Ben Oduya", title: "Engineer", role: "limited_user", teams: "Payments:responder Engineering:responder", zone: "Europe/London"},
	{id: "PPAYM03", email: "carla.rossi@acme.test", name: "Carla Rossi", title: "Engineer", role: "limited_user", teams: "Payments:responder Engineering:responder", zone: "Europe/Rome"},
	{id: "PPAYM04", email: "deniz.aydin@acme.test", name: "Deniz Aydın", title: "Engineer", role: "limited_user", has: "user", teams: "Payments:responder Engineering:responder", zone: "Europe/Istanbul"},
	{id: "PPAYM05", email: "emil.novak@acme.test", name: "Emil Novák", title: "Engineer", role: "limited_user", teams: "Payments:responder Engineering:responder", held: "Engineering:none", zone: "Europe/Prague"},
	{id: "PPAYM06", email: "x.fay.moreau@partner.test", name: "Fay Moreau", title: "Contractor", role: "limited_user", teams: "Payments:manager", contractor: true, zone: "Europe/Paris"},

	{id: "PSRCH01", email: "grace.lin@acme.test", name: "Grace Lin", title: "Search Lead", role: "user", teams: "Search:manager Engineering:manager", zone: "America/Los_Angeles"},
	{id: "PSRCH02", email: "hiro.tanaka@acme.test", name: "Hiro Tanaka (田中)", title: "Engineer", role: "limited_user", teams: "Search:responder Engineering:responder", zone: "Asia/Tokyo"},
	{id: "PSRCH03", email: "ines.costa@acme.test", name: "Inês Costa", title: "Engineer", role: "limited_user", teams: "Search:responder Engineering:responder", zone: "Europe/Lisbon"},
	{id: "PSRCH04", email: "jack.moss@acme.test", name: "Jack Moss", title: "Engineer", role: "limited_user", teams: "Search:responder Engineering:responder", zone: "America/Chicago"},
	{id: "PSRCH05", email: "kim.soto@acme.test", name: "Kim Soto", title: "Engineer", role: "limited_user", teams: "Search:responder Engineering:responder", zone: "America/Los_Angeles"},
	{id: "PSRCH06", email: "lars.dahl@acme.test", name: "Lars Dahl", title: "Engineer", role: "limited_user", teams: "Search:responder Engineering:responder", held: "Search:none", zone: "Europe/Oslo"},

	{id: "PPLAT01", email: "mona.eid@acme.test", name: "Mona Eid", title: "Engineer", role: "user", teams: "Platform:manager Engineering:manager", zone: "Europe/Berlin"},
	{id: "PPLAT02", email: "nils.berg@acme.test", name: "Nils Berg", title: "Engineer", role: "limited_user", teams: "Platform:responder Engineering:responder", zone: "Europe/Stockholm"},
	{id: "PPLAT03", email: "omar.haddad@acme.test", name: "Omar Haddad", title: "Engineer", role: "limited_user", teams: "Platform:responder Engineering:responder", zone: "Asia/Dubai"},
	{id: "PPLAT04", email: "paula.grant@acme.test", name: "Paula Grant", title: "Engineer", role: "limited_user", teams: "Platform:responder Engineering:responder", held: "Search:responder", zone: "America/New_York"},
	{id: "PPLAT05", email: "quinn.reyes@acme.test", name: "Quinn Reyes", title: "Engineer", role: "limited_user", teams: "Platform:responder Engineering:responder", zone: "America/Denver"},
	{id: "PPLAT06", email: "rosa.vega@acme.test", name: "Rosa Vega", title: "Engineer", role: "limited_user", teams: "Platform:responder Engineering:responder", zone: "America/Mexico_City", reach: "mail"},

	{id: "PMOBI01", email: "sam.cole@acme.test", name: "Sam Cole", title: "Mobile Lead", role: "user", teams: "Mobile:manager Engineering:manager", zone: "Australia/Sydney"},
	{id: "PMOBI02", email: "tara.singh@acme.test", name: "Tara Singh", title: "Engineer", role: "limited_user", teams: "Mobile:responder Engineering:responder", zone: "Australia/Melbourne"},
	{id: "PMOBI03", email: "uma.patel@acme.test", name: "Uma Patel", title: "Engineer", role: "limited_user", teams: "Mobile:responder Engineering:responder", zone: "Asia/Kolkata"},
	{id: "PMOBI04", email: "viktor.hale@acme.test", name: "Viktor Hale", title: "Engineer", role: "limited_user", teams: "Mobile:responder", held: "Engineering:observer", zone: "Australia/Lord_Howe"},

	{id: "PSREN01", email: "wanda.cruz@acme.test", name: "Wanda Cruz", title: "SRE", role: "user", teams: "SRE:manager Engineering:manager", zone: "America/Chicago"},
	{id: "PSREN02", email: "xavier.dupont@acme.test", name: "Xavier Dupont", title: "SRE", role: "limited_user", teams: "SRE:responder Engineering:responder", zone: "America/Toronto"},
	{id: "PSREN03", email: "yara.said@acme.test", name: "Yara Said", title: "SRE", role: "limited_user", teams: "SRE:responder Engineering:responder", zone: "America/Sao_Paulo"},
	{id: "PSREN04", email: "zoe.hart@acme.test", name: "Zoe Hart", title: "SRE", role: "limited_user", teams: "SRE:responder Engineering:responder", zone: "America/Chicago"},

	{id: "PSECU01", email: "aaron.blum@acme.test", name: "Aaron Blum", title: "Security Lead", role: "user", teams: "Security:manager", zone: "Europe/Zurich"},
	{id: "PSECU02", email: "bea.santos@acme.test", name: "Bea Santos", title: "Security Engineer", role: "limited_user", teams: "Security:responder", zone: "Europe/Madrid"},
	{id: "PSECU03", email: "chen.wei@acme.test", name: "Chen Wei (陈伟)", title: "Security Engineer", role: "limited_user", teams: "Security:responder", zone: "Asia/Singapore"},

	{id: "PSUPP01", email: "dora.kiss@acme.test", name: "Dóra Kiss", title: "Support Lead", role: "user", teams: "Support:manager", zone: "Europe/Budapest"},
	{id: "PSUPP02", email: "eli.stone@acme.test", name: "Eli Stone", title: "Support Engineer", role: "limited_user", teams: "Support:responder", zone: "America/New_York"},
	{id: "PSUPP03", email: "farah.aziz@acme.test", name: "Farah Aziz", title: "Support Engineer", role: "limited_user", teams: "Support:responder", zone: "Asia/Kolkata"},
	{id: "PSUPP04", email: "gus.lind@acme.test", name: "Gus Lind", title: "Support Engineer", role: "limited_user", teams: "Support:responder", zone: "Asia/Kolkata"},
	{id: "PSUPP05", email: "hana.sato@acme.test", name: "Hana Sato", title: "Support Engineer", role: "limited_user", teams: "Support:responder", zone: "Asia/Tokyo", reach: "invited"},

	{id: "PDATA01", email: "ivo.marek@acme.test", name: "Ivo Marek", title: "Data Lead", role: "user", teams: "Data:manager", zone: "Europe/Warsaw"},
	{id: "PDATA02", email: "june.park@acme.test", name: "June Park", title: "Analyst", role: "observer", teams: "Data:observer", held: "Data:responder", zone: "Asia/Seoul"},
	{id: "PDATA03", email: "x.karl.adler@partner.test", name: "Karl Adler", title: "Contractor", role: "restricted_access", teams: "Data:responder", contractor: true, zone: "Europe/Vienna"},

	{id: "PSTAK01", email: "lena.fuchs@acme.test", name: "Lena Fuchs", title: "VP Product", role: "read_only_user", zone: "Europe/Berlin"},
	{id: "PSTAK02", email: "max.turner@acme.test", name: "Max Turner", title: "CFO", role: "read_only_user", has: "read_only_limited_user", zone: "Europe/London"},
	{id: "PSTAK03", email: "nora.quist@acme.test", name: "Nora Quist", title: "Legal", role: "read_only_limited_user", zone: "Europe/Stockholm"},
}

var teams = []inventory.Team{
	{ID: "PTENGIN", Name: "Engineering", Description: "Everybody who ships", DefaultRole: "manager"},
	{ID: "PTPAYME", Name: "Payments", Description: "Cards, transfers, ledgers", DefaultRole: "manager", Parent: ptr("PTENGIN")},
	{ID: "PTSEARC", Name: "Search", DefaultRole: "manager", Parent: ptr("PTENGIN")},
	{ID: "PTPLATF", Name: "Platform", DefaultRole: "manager", Parent: ptr("PTENGIN")},
	{ID: "PTMOBIL", Name: "Mobile", DefaultRole: "manager", Parent: ptr("PTENGIN")},
	{ID: "PTSRENG", Name: "SRE", DefaultRole: "manager"},
	{ID: "PTSECUR", Name: "Security", DefaultRole: "none"},
	{ID: "PTSUPPO", Name: "Support", DefaultRole: "manager"},
	{ID: "PTDATAA", Name: "Data", DefaultRole: "manager"},
	{ID: "PTPRODA", Name: "Production Access", Description: "Whoever may touch production now", DefaultRole: "none"},
	{ID: "PTBOARD", Name: "Board Room", Description: "Run by the executive office", DefaultRole: "none"},
}

func ptr[T any](v T) *T { return &v }

func ids(names string) []string {
	var out []string
	for _, f := range strings.Fields(names) {
		i := slices.IndexFunc(people, func(p person) bool { return strings.HasPrefix(p.email, f+".") })
		if i < 0 {
			panic("nobody is called " + f)
		}
		out = append(out, people[i].id)
	}
	return out
}

func members(names string) []*string {
	var out []*string
	for _, id := range ids(names) {
		out = append(out, &id)
	}
	return out
}

// local is a moment on the wall clock of a zone.
func local(zone, text string) time.Time {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	t, err := time.ParseInLocation("2006-01-02 15:04", text, loc)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func layer(id, name, zone, start string, turn time.Duration, who string, rs ...inventory.Restriction) inventory.Layer {
	t := local(zone, start)
	return inventory.Layer{ID: id, Name: name, Start: t, VirtualStart: t, TurnSeconds: int(turn.Seconds()), Users: ids(who), Restrictions: rs}
}

func daily(start string, hours int) inventory.Restriction {
	return inventory.Restriction{Type: "daily_restriction", StartTime: start, DurationSeconds: hours * 3600}
}

func event(id, name, zone, start string, hours int, rule string, a inventory.Assignment) inventory.Event {
	t := local(zone, start)
	return inventory.Event{
		ID: id, Name: name, Start: t, End: t.Add(time.Duration(hours) * time.Hour), TimeZone: zone,
		Recurrence: []string{rule}, EffectiveSince: t, Assignment: a,
	}
}

func rotating(who string) inventory.Assignment {
	return inventory.Assignment{Type: "rotating_member_assignment_strategy", Members: members(who), ShiftsPerMember: ptr(1)}
}

func everyone(who string) inventory.Assignment {
	return inventory.Assignment{Type: "every_member_assignment_strategy", Members: members(who)}
}

const week = 7 * 24 * time.Hour

var schedules = []inventory.Schedule{
	{ID: "PSPAYM1", Name: "Payments Primary", TimeZone: "Europe/Berlin", Teams: []string{"PTPAYME"}, EscalationPolicies: []string{"PEPAYME"},
		Layers: []inventory.Layer{layer("PLPAYM1", "Weekly", "Europe/Berlin", "2026-01-05 09:00", week, "ann ben carla deniz")},
		Overrides: []inventory.Override{
			{ID: "Q0OVERRIDE0001", User: ptr("PPAYM05"), Start: local("Europe/Berlin", "2026-03-21 09:00"), End: local("Europe/Berlin", "2026-03-22 09:00")},
		}},
	{ID: "PSPAYM2", Name: "Payments Secondary", TimeZone: "Europe/Berlin", Teams: []string{"PTPAYME"}, EscalationPolicies: []string{"PEPAYME"},
		Layers: []inventory.Layer{layer("PLPAYM2", "Weekly", "Europe/Berlin", "2026-01-05 09:00", week, "carla deniz emil ben")}},
	{ID: "PSSEARC", Name: "Search Follow-the-Sun", TimeZone: "Etc/UTC", Teams: []string{"PTSEARC"}, EscalationPolicies: []string{"PESEARC"},
		Layers: []inventory.Layer{
			layer("PLSEAR1", "Asia", "Etc/UTC", "2026-01-01 00:00", 24*time.Hour, "hiro", daily("00:00:00", 8)),
			layer("PLSEAR2", "Europe", "Etc/UTC", "2026-01-01 08:00", 24*time.Hour, "ines", daily("08:00:00", 8)),
			layer("PLSEAR3", "America", "Etc/UTC", "2026-01-01 16:00", 3*24*time.Hour, "jack kim grace", daily("16:00:00", 8)),
		}},
	{ID: "PSPLATD", Name: "Platform Day", TimeZone: "Europe/Berlin", Teams: []string{"PTPLATF"}, EscalationPolicies: []string{"PEPLATF"},
		Layers: []inventory.Layer{layer("PLPLATD", "Day", "Europe/Berlin", "2026-01-05 08:00", week, "mona nils omar", daily("08:00:00", 12))}},
	{ID: "PSPLATN", Name: "Platform Night", TimeZone: "America/New_York", Teams: []string{"PTPLATF"}, EscalationPolicies: []string{"PEPLATF"},
		Layers: []inventory.Layer{layer("PLPLATN", "Night", "America/New_York", "2026-01-05 14:00", week, "paula quinn rosa", daily("14:00:00", 12))}},
	{ID: "PSMOBIL", Name: "Mobile Primary", TimeZone: "Australia/Sydney", Teams: []string{"PTMOBIL"}, EscalationPolicies: []string{"PEMOBIL"},
		Layers: []inventory.Layer{layer("PLMOBIL", "Fortnight", "Australia/Sydney", "2026-01-05 10:00", 2*week, "sam tara uma")}},
	{ID: "PSSRENG", Name: "SRE Primary", Kind: inventory.ScheduleOfShifts, TimeZone: "America/Chicago", Teams: []string{"PTSRENG"}, EscalationPolicies: []string{"PESRENG"},
		Rotations: []inventory.Rotation{{ID: "Q0ROTATION0001", Events: []inventory.Event{
			event("Q0EVENT0000001", "Week", "America/Chicago", "2026-01-05 09:00", 168, "RRULE:FREQ=WEEKLY;BYDAY=MO", rotating("wanda xavier yara zoe")),
		}}},
		Overrides: []inventory.Override{{
			ID: "Q0OVERRIDE0002", User: ptr("PSREN04"), Replaces: ptr("PSREN03"), Rotation: ptr("Q0ROTATION0001"),
			Start: local("America/Chicago", "2026-03-17 09:00"), End: local("America/Chicago", "2026-03-18 09:00"),
		}}},
	{ID: "PSSUPPO", Name: "Support Desk", Kind: inventory.ScheduleOfShifts, TimeZone: "Asia/Kolkata", Teams: []string{"PTSUPPO"}, EscalationPolicies: []string{"PESUPPO"},
		Rotations: []inventory.Rotation{{ID: "Q0ROTATION0002", Events: []inventory.Event{
			event("Q0EVENT0000002", "Desk", "Asia/Kolkata", "2026-01-05 09:00", 9, "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", everyone("farah gus")),
		}}},
		CustomShifts: []inventory.CustomShift{{ID: "Q0CUSTOM000001", User: ptr("PSUPP02"),
			Start: local("Asia/Kolkata", "2026-03-21 09:00"), End: local("Asia/Kolkata", "2026-03-21 18:00")}}},
	{ID: "PSSECUR", Name: "Security Duty", Kind: inventory.ScheduleOfShifts, TimeZone: "Europe/Zurich", Teams: []string{"PTSECUR"}, EscalationPolicies: []string{"PESECUR"},
		Rotations: []inventory.Rotation{{ID: "Q0ROTATION0003", Events: []inventory.Event{
			event("Q0EVENT0000003", "Duty", "Europe/Zurich", "2026-01-05 08:00", 24, "RRULE:FREQ=DAILY", rotating("aaron bea chen")),
		}}}},
}

func level(minutes int, targets ...inventory.Target) inventory.EscalationRule {
	return inventory.EscalationRule{DelayMinutes: minutes, Targets: targets}
}

func onSchedule(id string) inventory.Target { return inventory.Target{Type: "schedule", ID: id} }
func direct(name string) inventory.Target {
	return inventory.Target{Type: "user", ID: ids(name)[0]}
}

var escalationPolicies = []inventory.EscalationPolicy{
	{ID: "PEPAYME", Name: "Payments", Teams: []string{"PTPAYME"}, Repeat: 2, Rules: []inventory.EscalationRule{
		level(5, onSchedule("PSPAYM1")), level(10, onSchedule("PSPAYM2")), level(15, direct("ann"))}},
	{ID: "PESEARC", Name: "Search", Teams: []string{"PTSEARC"}, Repeat: 1, Rules: []inventory.EscalationRule{
		level(10, onSchedule("PSSEARC")), level(20, direct("grace"))}},
	{ID: "PEPLATF", Name: "Platform", Teams: []string{"PTPLATF"}, Repeat: 2, Rules: []inventory.EscalationRule{
		level(5, onSchedule("PSPLATD"), onSchedule("PSPLATN")), level(15, direct("mona"))}},
	{ID: "PEMOBIL", Name: "Mobile", Teams: []string{"PTMOBIL"}, Rules: []inventory.EscalationRule{level(30, onSchedule("PSMOBIL"))}},
	{ID: "PESRENG", Name: "SRE", Teams: []string{"PTSRENG"}, Repeat: 3, Rules: []inventory.EscalationRule{
		level(5, onSchedule("PSSRENG")), level(10, direct("wanda"))}},
	{ID: "PESUPPO", Name: "Support", Teams: []string{"PTSUPPO"}, Rules: []inventory.EscalationRule{level(15, onSchedule("PSSUPPO")), level(30, direct("dora"))}},
	{ID: "PESECUR", Name: "Security", Teams: []string{"PTSECUR"}, Repeat: 1, Rules: []inventory.EscalationRule{level(5, onSchedule("PSSECUR"))}},
	{ID: "PEBILLI", Name: "Legacy Billing", Rules: []inventory.EscalationRule{level(30, direct("ivo"))}},
}

var services = []inventory.Service{
	{ID: "PVCARDS", Name: "card-gateway", EscalationPolicy: "PEPAYME", Teams: []string{"PTPAYME"}},
	{ID: "PVLEDGE", Name: "ledger", EscalationPolicy: "PEPAYME", Teams: []string{"PTPAYME"}},
	{ID: "PVTRANS", Name: "transfers", EscalationPolicy: "PEPAYME", Teams: []string{"PTPAYME"}},
	{ID: "PVINDEX", Name: "indexer", EscalationPolicy: "PESEARC", Teams: []string{"PTSEARC"}},
	{ID: "PVQUERY", Name: "query-api", EscalationPolicy: "PESEARC", Teams: []string{"PTSEARC"}},
	{ID: "PVKUBER", Name: "clusters", EscalationPolicy: "PEPLATF", Teams: []string{"PTPLATF"}},
	{ID: "PVDEPLO", Name: "deployments", EscalationPolicy: "PEPLATF", Teams: []string{"PTPLATF"}},
	{ID: "PVAPPSS", Name: "mobile-apps", EscalationPolicy: "PEMOBIL", Teams: []string{"PTMOBIL"}},
	{ID: "PVEDGEE", Name: "edge", EscalationPolicy: "PESRENG", Teams: []string{"PTSRENG"}},
	{ID: "PVDESKK", Name: "help-desk", EscalationPolicy: "PESUPPO", Teams: []string{"PTSUPPO"}},
	{ID: "PVINTRU", Name: "intrusion-detection", EscalationPolicy: "PESECUR", Teams: []string{"PTSECUR"}},
	{ID: "PVBILLI", Name: "legacy-billing", EscalationPolicy: "PEBILLI"},
}

// company is the account of the example company.
func company(t *testing.T) *inventory.Snapshot {
	t.Helper()
	since := monday.Truncate(24*time.Hour).AddDate(0, 0, -7)
	s := &inventory.Snapshot{
		Account: inventory.Account{
			Name: "acme", Region: "us", TakenAt: monday, Complete: true,
			Window:    inventory.Window{Since: since, Until: since.AddDate(0, 0, 42)},
			Abilities: []string{"teams", "read_only_users", "permissions_service", "urgencies", "service_support_hours"},
		},
		Now:   monday,
		Users: map[string]inventory.User{}, Teams: map[string]inventory.Team{}, Schedules: map[string]inventory.Schedule{},
		EscalationPolicies: map[string]inventory.EscalationPolicy{}, Services: map[string]inventory.Service{},
		Licenses: map[string]inventory.License{
			"PLFULL1": {ID: "PLFULL1", Name: "Business", RoleGroup: "FullUser", Available: ptr(7),
				ValidRoles: []string{"owner", "admin", "user", "limited_user", "observer", "restricted_access"}},
			"PLSTAK1": {ID: "PLSTAK1", Name: "Stakeholder", RoleGroup: "Stakeholder", Available: ptr(5),
				ValidRoles: []string{"read_only_user", "read_only_limited_user"}},
		},
	}
	for _, tm := range teams {
		tm.Members = map[string]string{}
		s.Teams[tm.ID] = tm
	}
	for _, p := range people {
		s.Users[p.id] = p.user()
		p.join(s)
	}
	for user, role := range map[string]string{"PPAYM02": "responder", "PPLAT02": "responder", "PSRCH04": "responder"} {
		put(s, "Production Access", user, role)
	}
	put(s, "Board Room", "PSECU01", "manager")
	put(s, "Board Room", "PDATA01", "responder")
	for _, v := range services {
		v.Status = "active"
		s.Services[v.ID] = v
	}
	for _, e := range escalationPolicies {
		for _, v := range services {
			if v.EscalationPolicy == e.ID {
				e.Services = append(e.Services, v.ID)
			}
		}
		s.EscalationPolicies[e.ID] = e
	}
	for _, v := range schedules {
		s.Schedules[v.ID] = rendered(t, v, s.Account.Window)
	}
	s.OnCalls = onCalls(s)
	s.Normalize()
	return s
}

func (p person) user() inventory.User {
	role := p.role
	if p.has != "" {
		role = p.has
	}
	u := inventory.User{
		ID: p.id, Name: p.name, Email: p.email, BaseRole: role, JobTitle: p.title, TimeZone: p.zone,
		Teams: map[string]string{}, License: ptr("PLFULL1"), Invited: p.reach == "invited",
		ContactMethods:    []inventory.ContactMethod{{Type: "email_contact_method", Label: "Work"}},
		NotificationRules: []inventory.NotificationRule{{Urgency: "high", Contact: "email_contact_method"}, {Urgency: "low", Contact: "email_contact_method"}},
	}
	if inventory.Stakeholder(role) {
		u.License = ptr("PLSTAK1")
	}
	if p.reach == "" && !inventory.Stakeholder(role) {
		u.ContactMethods = append(u.ContactMethods,
			inventory.ContactMethod{Type: "phone_contact_method", Label: "Mobile"},
			inventory.ContactMethod{Type: "push_notification_contact_method", Label: "Phone"})
		u.NotificationRules = append(u.NotificationRules,
			inventory.NotificationRule{Urgency: "high", Contact: "push_notification_contact_method"},
			inventory.NotificationRule{DelayMinutes: 5, Urgency: "high", Contact: "phone_contact_method"})
	}
	return u
}

// join puts a person on the teams that PagerDuty holds them on.
func (p person) join(s *inventory.Snapshot) {
	for _, f := range strings.Fields(p.teams + " " + p.held) {
		team, role, _ := strings.Cut(f, ":")
		put(s, team, p.id, role)
	}
}

func put(s *inventory.Snapshot, team, user, role string) {
	for id, t := range s.Teams {
		if t.Name != team {
			continue
		}
		if role == inventory.None {
			delete(t.Members, user)
			delete(s.Users[user].Teams, id)
			return
		}
		t.Members[user], s.Users[user].Teams[id] = role, role
		return
	}
	panic("no team " + team)
}

func rendered(t *testing.T, v inventory.Schedule, w inventory.Window) inventory.Schedule {
	t.Helper()
	if v.Kind == "" {
		v.Kind = inventory.ScheduleOfLayers
	}
	for _, l := range v.Layers {
		v.Users = append(v.Users, l.Users...)
	}
	for _, r := range v.Rotations {
		for _, e := range r.Events {
			for _, m := range e.Assignment.Members {
				v.Users = append(v.Users, *m)
			}
		}
	}
	shifts, err := oncall.Render(v, w.Since, w.Until)
	if err != nil {
		t.Fatal(err)
	}
	if v.Kind == inventory.ScheduleOfLayers {
		for i := range shifts {
			shifts[i].Origin = nil // PagerDuty does not say
		}
	}
	v.Shifts = shifts
	v.Coverage = oncall.Coverage(shifts, w.Since, w.Until)
	return v
}

func onCalls(s *inventory.Snapshot) []inventory.OnCall {
	var out []inventory.OnCall
	for _, e := range s.EscalationPolicies {
		for i, rule := range e.Rules {
			for _, target := range rule.Targets {
				if target.Type == "user" {
					out = append(out, inventory.OnCall{User: target.ID, EscalationPolicy: e.ID, Level: i + 1})
					continue
				}
				for _, shift := range oncall.At(s.Schedules[target.ID].Shifts, s.Account.TakenAt) {
					out = append(out, inventory.OnCall{User: shift.User, Schedule: &target.ID, EscalationPolicy: e.ID, Level: i + 1, Start: &shift.Start, End: &shift.End})
				}
			}
		}
	}
	return out
}

// roster is the company's people as its HR system would export them.
func roster() []byte {
	var b bytes.Buffer
	b.WriteString("# Everybody who works here, as the HR system exports it each night.\n")
	for _, p := range people {
		if p.role == "" {
			continue
		}
		role := p.role
		if role == "owner" {
			role = "" // PagerDuty's owner is nobody's to grant
		}
		writePerson(&b, p.email, role, p.teams, p.contractor)
	}
	writePerson(&b, "oscar.new@acme.test", "limited_user", "Payments:responder Engineering:responder", false)
	return b.Bytes()
}

func writePerson(b *bytes.Buffer, email, role, teams string, contractor bool) {
	fmt.Fprintf(b, "- email: %s\n", email)
	if role != "" {
		fmt.Fprintf(b, "  base_role: %s\n", role)
	}
	if contractor {
		b.WriteString("  contractor: true\n")
	}
	if teams == "" {
		return
	}
	b.WriteString("  teams:\n")
	for _, f := range strings.Fields(teams) {
		team, role, _ := strings.Cut(f, ":")
		fmt.Fprintf(b, "    %s: %s\n", team, role)
	}
}

func TestTheCompanysFilesAreCurrent(t *testing.T) {
	var seed bytes.Buffer
	if err := company(t).Encode(&seed); err != nil {
		t.Fatal(err)
	}
	golden(t, "company/seed.json", seed.Bytes())
	golden(t, "company/policies/people/people.yaml", roster())
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not current: run go test ./examples -update, and read the difference", path)
	}
}
