package reconcile_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// sweepStart is a Monday noon, six hours into the Daily shift.
var sweepStart = time.Date(2026, 3, 16, 12, 0, 0, 0, time.UTC)

// sweepPeople are the people of the small account, with their base roles.
var sweepPeople = map[string]string{
	"OWN": "owner", "ADM": "admin", "STK": "read_only_user",
	"P0": "limited_user", "P1": "limited_user", "P2": "limited_user", "P3": "limited_user", "P4": "limited_user",
	"P5": "limited_user", "P6": "user", "P7": "limited_user", "P8": "limited_user", "P9": "observer",
}

// sweepTeams maps the ids of the teams to the names that policies know. Policies
// read who is on Delta, and say nothing of who should be.
var sweepTeams = map[string]string{"TA": "Alpha", "TB": "Beta", "TC": "Gamma", "TD": "Delta"}

// The two schedules in closed form: turns of a day each around the clock, and
// shifts of twelve hours by day, with nobody at night.
var (
	weekly = literal{first: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), every: 24 * time.Hour, lasts: 24 * time.Hour, users: []string{"P0", "P1", "P2"}}
	daily  = literal{first: time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC), every: 24 * time.Hour, lasts: 12 * time.Hour, users: []string{"P3", "P4", "P5"}}
)

// managerSeats are the seats of the license that managers, admins and the owner
// need: one for whoever is on call, besides those who have one.
const managerSeats = 4

// licenseFor is the license that a base role takes a seat of.
func licenseFor(role string) string {
	switch {
	case inventory.Stakeholder(role):
		return "LS"
	case role == "owner" || role == "admin" || role == "user":
		return "LM"
	}
	return "LR"
}

func sweepSeed() *inventory.Snapshot {
	s := &inventory.Snapshot{
		Account: inventory.Account{Name: "acme", Region: "us", TakenAt: sweepStart, Complete: true,
			Abilities: []string{"permissions_service", "read_only_users", "teams"}},
		Now: sweepStart, Users: map[string]inventory.User{}, Teams: map[string]inventory.Team{},
		Schedules: map[string]inventory.Schedule{}, EscalationPolicies: map[string]inventory.EscalationPolicy{},
	}
	for id, role := range sweepPeople {
		s.Users[id] = inventory.User{ID: id, Name: "Person " + id, Email: sweepMail(id), BaseRole: role, TimeZone: "Etc/UTC"}
	}
	for id, name := range sweepTeams {
		s.Teams[id] = inventory.Team{ID: id, Name: name, DefaultRole: "none", Members: map[string]string{}}
	}
	for team, members := range map[string]map[string]string{
		"TA": {"P8": "responder", "ADM": "manager"}, "TB": {"P0": "manager", "P9": "observer"},
		"TC": {"P3": "responder", "P7": "responder"}, "TD": {"P8": "manager", "P0": "observer"},
	} {
		for user, role := range members {
			s.Teams[team].Members[user] = role
		}
	}
	s.Schedules["SW"] = inventory.Schedule{ID: "SW", Name: "Weekly", Kind: inventory.ScheduleOfLayers, TimeZone: "Etc/UTC",
		EscalationPolicies: []string{"EM"}, Layers: []inventory.Layer{{
			ID: "LW", Name: "Layer", Start: weekly.first, VirtualStart: weekly.first, TurnSeconds: 86400, Users: weekly.users,
		}}}
	one := 1
	var members []*string
	for _, id := range daily.users {
		members = append(members, &id)
	}
	s.Schedules["SD"] = inventory.Schedule{ID: "SD", Name: "Daily", Kind: inventory.ScheduleOfShifts, TimeZone: "Etc/UTC",
		EscalationPolicies: []string{"EM"}, Rotations: []inventory.Rotation{{ID: "RD", Events: []inventory.Event{{
			ID: "VD", Name: "Day", Start: daily.first, End: daily.first.Add(daily.lasts), TimeZone: "Etc/UTC",
			Recurrence: []string{"RRULE:FREQ=DAILY"}, EffectiveSince: daily.first,
			Assignment: inventory.Assignment{Type: "rotating_member_assignment_strategy", Members: members, ShiftsPerMember: &one},
		}}}}}
	for id, u := range s.Users {
		license := licenseFor(u.BaseRole)
		u.License = &license
		s.Users[id] = u
	}
	spare := managerSeats - 3 // OWN, ADM and P6 have one
	s.Licenses = map[string]inventory.License{
		"LM": {ID: "LM", Name: "Managers", RoleGroup: "FullUser", ValidRoles: []string{"owner", "admin", "user"}, Available: &spare},
		"LR": {ID: "LR", Name: "Responders", RoleGroup: "FullUser", ValidRoles: []string{"limited_user", "observer"}},
		"LS": {ID: "LS", Name: "Stakeholders", RoleGroup: "Stakeholder", ValidRoles: []string{"read_only_user"}},
	}
	s.EscalationPolicies["EM"] = inventory.EscalationPolicy{ID: "EM", Name: "Main", Rules: []inventory.EscalationRule{
		{DelayMinutes: 30, Targets: []inventory.Target{{Type: "schedule", ID: "SW"}, {Type: "user", ID: "P6"}}},
		{DelayMinutes: 30, Targets: []inventory.Target{{Type: "schedule", ID: "SD"}}},
	}}
	// P7 is on Gamma by PagerDuty's own doing (S17).
	s.EscalationPolicies["EG"] = inventory.EscalationPolicy{ID: "EG", Name: "Gamma", Teams: []string{"TC"}, Rules: []inventory.EscalationRule{
		{DelayMinutes: 30, Targets: []inventory.Target{{Type: "user", ID: "P7"}}},
	}}
	s.Normalize()
	return s
}

func sweepMail(id string) string { return strings.ToLower(id) + "@acme.test" }

// revision is a revision of the policies, which the test can read as well.
type revision struct {
	name   string
	grants []grantRule
	limits []limitRule
	// unknown are the teams about which it can't say what is desired.
	unknown []string
	// protected people are never touched.
	protected []string
	rego      string // besides
}

type grantRule struct {
	// who is "user:ID", "rotation:Weekly", "escalation:Main", "group:NAME",
	// "oncall:NAME" or "team:NAME".
	who, on, role string
	from, until   time.Time
}

type limitRule struct{ who, on, atMost string }

// sweepGroups is the Rego of the groups that a view knows.
const sweepGroups = `
group contains {"name": name} if some name in {"oncall", "core"}
member contains {"group": "oncall", "principal": "oncall:Weekly", "lead": "15m"}
member contains {"group": "oncall", "principal": "oncall:Daily", "lag": "10m"}
member contains {"group": "core", "principal": "user:p4@acme.test"}
member contains {"group": "core", "principal": "group:oncall"}
`

// named says whether a grant names a resource.
func (r *revision) named(on string) bool {
	return slices.ContainsFunc(r.grants, func(g grantRule) bool { return g.on == on })
}

func kindOf(on string) inventory.Kind {
	if on == "account" {
		return inventory.KindAccount
	}
	return inventory.KindTeam
}

// source is the revision in Rego.
func (r *revision) source() string {
	var b strings.Builder
	b.WriteString("package access.sweep\n" + r.rego)
	if len(r.grants) > 0 {
		b.WriteString(sweepGroups)
	}
	mail := func(who string) string {
		if id, ok := strings.CutPrefix(who, "user:"); ok {
			return "user:" + sweepMail(id)
		}
		return who
	}
	place := func(on string) string {
		if on == "account" {
			return on
		}
		return "team:" + on
	}
	for _, g := range r.grants {
		window := ""
		if !g.from.IsZero() {
			window += fmt.Sprintf(`, "from": %q`, g.from.Format(time.RFC3339))
		}
		if !g.until.IsZero() {
			window += fmt.Sprintf(`, "until": %q`, g.until.Format(time.RFC3339))
		}
		fmt.Fprintf(&b, "grant contains {\"principal\": %q, \"resource\": %q, \"role\": %q%s}\n", mail(g.who), place(g.on), g.role, window)
	}
	for _, l := range r.limits {
		fmt.Fprintf(&b, "limit contains {\"principal\": %q, \"resource\": %q, \"at_most\": %q, \"reason\": \"so\"}\n", mail(l.who), place(l.on), l.atMost)
	}
	for _, id := range r.protected {
		fmt.Fprintf(&b, "protect contains {\"principal\": %q, \"reason\": \"so\"}\n", mail("user:"+id))
	}
	return b.String()
}

// sweepRevisions are the edits that policies go through: the first is where a
// trial begins.
func sweepRevisions() []*revision {
	base := []grantRule{
		{who: "group:oncall", on: "Alpha", role: "responder"},
		{who: "user:P1", on: "Alpha", role: "manager", until: sweepStart.Add(36 * time.Hour)},
		{who: "user:P8", on: "Alpha", role: "observer"},
		{who: "user:P7", on: "Alpha", role: "responder", from: sweepStart.Add(30 * time.Hour), until: sweepStart.Add(90 * time.Hour)},
		{who: "team:Delta", on: "Alpha", role: "observer"},
		{who: "team:Gamma", on: "Beta", role: "observer"},
		{who: "group:core", on: "Beta", role: "observer"},
		{who: "escalation:Main", on: "Beta", role: "responder"},
		{who: "user:P3", on: "Gamma", role: "responder"},
		{who: "rotation:Weekly", on: "Gamma", role: "observer"},
		{who: "user:STK", on: "Gamma", role: "observer"},
		{who: "oncall:Weekly", on: "account", role: "user"},
		{who: "user:P2", on: "account", role: "limited_user"},
		{who: "user:P9", on: "account", role: "limited_user", until: sweepStart.Add(20 * time.Hour)},
	}
	without := func(drop func(grantRule) bool) []grantRule { return slices.DeleteFunc(slices.Clone(base), drop) }
	return []*revision{
		{name: "the base", grants: base},
		{name: "fewer grants", grants: without(func(g grantRule) bool { return g.who == "user:P3" || g.who == "group:core" })},
		{name: "limits", grants: base, limits: []limitRule{{"user:P4", "Beta", "none"}, {"group:oncall", "Alpha", "observer"}, {"oncall:Daily", "*", "observer"}}},
		{name: "nothing names Gamma", grants: without(func(g grantRule) bool { return g.on == "Gamma" })},
		{name: "no grant at all"},
		{name: "a schedule that is not there", grants: base, unknown: []string{"Beta"},
			rego: "grant contains {\"principal\": \"oncall:Nope\", \"resource\": \"team:Beta\", \"role\": \"observer\"}\n"},
		{name: "a protection", grants: base, protected: []string{"P0", "P3"}},
	}
}
