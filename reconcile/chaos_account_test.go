package reconcile_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/eval"
)

// chaosBound is what the names of the account of the chaos mean at first.
var chaosBound = map[string]string{
	"team:Alpha": "TA", "team:Beta": "TB", "team:Crew": "TC", "team:Delta": "TD",
	"schedule:Layered": "SL", "schedule:Shifts": "SS", "escalation:Main": "EM",
}

// chaosPeople are its people, with their base roles. ADM is the acting user, OPR
// the operator.
var chaosPeople = map[string]string{
	"OWN": "owner", "ADM": "admin", "OPR": "user",
	"P0": "limited_user", "P1": "limited_user", "P2": "limited_user", "P3": "limited_user", "P4": "limited_user",
	"P5": "limited_user", "P6": "user", "P7": "limited_user", "P8": "limited_user",
}

func init() {
	for id := range chaosPeople {
		chaosBound["user:"+sweepMail(id)] = id
	}
}

// chaosSeed is an account with schedules of both kinds: Layered, with two layers
// of turns of a day, and Shifts, whose events Day and Evening take turns of twelve
// hours. All is in UTC: clocks that change are other tests' matter.
func chaosSeed() *inventory.Snapshot {
	s := &inventory.Snapshot{
		Account: inventory.Account{Name: "acme", Region: "us", TakenAt: sweepStart, Complete: true,
			Abilities: []string{"permissions_service", "read_only_users", "teams"}},
		Now: sweepStart, Users: map[string]inventory.User{}, Teams: map[string]inventory.Team{},
		Schedules: map[string]inventory.Schedule{}, EscalationPolicies: map[string]inventory.EscalationPolicy{},
	}
	for id, role := range chaosPeople {
		s.Users[id] = inventory.User{ID: id, Name: "Person " + id, Email: sweepMail(id), BaseRole: role, TimeZone: "Etc/UTC"}
	}
	for id, members := range map[string]map[string]string{
		"TA": {"P8": "responder", "ADM": "manager"}, "TB": {"P0": "manager", "OPR": "manager"},
		"TC": {"P3": "responder", "P4": "responder", "P5": "responder", "P0": "observer"}, "TD": {"P8": "manager", "P6": "observer"},
	} {
		for name, bound := range chaosBound {
			if bound == id {
				s.Teams[id] = inventory.Team{ID: id, Name: strings.TrimPrefix(name, "team:"), DefaultRole: "none", Members: members}
			}
		}
	}
	s.Schedules["SL"] = inventory.Schedule{ID: "SL", Name: "Layered", Kind: inventory.ScheduleOfLayers, TimeZone: "Etc/UTC",
		EscalationPolicies: []string{"EM"}, Layers: []inventory.Layer{
			dailyLayer("LN", "Night", sweepStart.AddDate(0, 0, -20), "P3", "P4"),
			dailyLayer("LM", "Main", sweepStart.AddDate(0, 0, -15), "P0", "P1", "P2"),
		}}
	s.Schedules["SS"] = inventory.Schedule{ID: "SS", Name: "Shifts", Kind: inventory.ScheduleOfShifts, TimeZone: "Etc/UTC",
		Teams: []string{"TC"}, EscalationPolicies: []string{"EM"}, Rotations: []inventory.Rotation{
			{ID: "RD", Events: []inventory.Event{dailyEvent("VD", "Day", sweepStart.AddDate(0, 0, -15).Add(-6*time.Hour), "P3", "P4", "P5")}},
			{ID: "RE", Events: []inventory.Event{dailyEvent("VE", "Evening", sweepStart.AddDate(0, 0, -15).Add(6*time.Hour), "P5", "P0")}},
		}}
	s.EscalationPolicies["EM"] = inventory.EscalationPolicy{ID: "EM", Name: "Main", Rules: []inventory.EscalationRule{
		{DelayMinutes: 30, Targets: []inventory.Target{{Type: "schedule", ID: "SL"}, {Type: "user", ID: "P6"}}},
		{DelayMinutes: 30, Targets: []inventory.Target{{Type: "schedule", ID: "SS"}}},
	}}
	s.EscalationPolicies["EO"] = inventory.EscalationPolicy{ID: "EO", Name: "Other", Rules: []inventory.EscalationRule{
		{DelayMinutes: 30, Targets: []inventory.Target{{Type: "user", ID: "P6"}}},
	}}
	s.Normalize()
	return s
}

// dailyLayer is a layer of turns of a day from a moment on.
func dailyLayer(id, name string, from time.Time, users ...string) inventory.Layer {
	return inventory.Layer{ID: id, Name: name, Start: from, VirtualStart: from, TurnSeconds: 86400, Users: users}
}

// dailyEvent is an event of twelve hours each day, from a moment on.
func dailyEvent(id, name string, from time.Time, users ...string) inventory.Event {
	one := 1
	var members []*string
	for _, user := range users {
		members = append(members, &user)
	}
	return inventory.Event{ID: id, Name: name, Start: from, End: from.Add(12 * time.Hour), TimeZone: "Etc/UTC",
		Recurrence: []string{"RRULE:FREQ=DAILY"}, EffectiveSince: from,
		Assignment: inventory.Assignment{Type: "rotating_member_assignment_strategy", Members: members, ShiftsPerMember: &one}}
}

// law is a revision of the policies of the chaos, which its judge reads as well.
type law struct {
	name      string
	gives     []give
	limits    []limitRule
	protected []string
	rego      string // besides
	// draft is the first half of an edit that is made in two writes.
	draft bool
}

// give is a grant. Who is "user:ID", or a principal in the policies' own words; on
// is "account", "team:NAME" or "schedule:NAME".
type give struct {
	who, on, layer, role string
	from, until          time.Time
	replaces             string
}

// names says whether a grant names a resource, and of a schedule a layer or event.
func (l *law) names(on, layer string) bool {
	return slices.ContainsFunc(l.gives, func(g give) bool { return g.on == on && g.layer == layer })
}

func mailed(who string) string {
	if id, ok := strings.CutPrefix(who, "user:"); ok {
		return "user:" + sweepMail(id)
	}
	return who
}

// source is the law in Rego.
func (l *law) source() string {
	var b strings.Builder
	b.WriteString("package access.chaos\n" + l.rego)
	for _, g := range l.gives {
		fmt.Fprintf(&b, "grant contains {\"principal\": %q, \"resource\": %q, \"role\": %q", mailed(g.who), g.on, g.role)
		for _, part := range []struct{ name, value string }{{"layer", g.layer}, {"from", when(g.from)}, {"until", when(g.until)}, {"replaces", mailed(g.replaces)}} {
			if part.value != "" {
				fmt.Fprintf(&b, ", %q: %q", part.name, part.value)
			}
		}
		b.WriteString("}\n")
	}
	for _, x := range l.limits {
		fmt.Fprintf(&b, "limit contains {\"principal\": %q, \"resource\": %q, \"at_most\": %q, \"reason\": \"so\"}\n", mailed(x.who), x.on, x.atMost)
	}
	for _, id := range l.protected {
		fmt.Fprintf(&b, "protect contains {\"principal\": %q, \"reason\": \"so\"}\n", mailed("user:"+id))
	}
	return b.String()
}

func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// turnsFor are the grants of turns on a layer or event for people.
func turnsFor(schedule, part string, people ...string) []give {
	var all []give
	for _, id := range people {
		all = append(all, give{who: "user:" + id, on: "schedule:" + schedule, layer: part, role: "rotation"})
	}
	return all
}

// laws are the edits that the policies go through; the first is where a trial
// begins.
func laws() []*law {
	roles := []give{
		{who: "oncall:Layered", on: "team:Alpha", role: "responder"},
		{who: "user:P1", on: "team:Alpha", role: "manager", until: sweepStart.Add(36 * time.Hour)},
		{who: "user:P8", on: "team:Alpha", role: "observer"},
		{who: "team:Delta", on: "team:Alpha", role: "observer"},
		{who: "rotation:Shifts", on: "team:Beta", role: "observer"},
		{who: "oncall:Shifts", on: "team:Beta", role: "responder"},
		{who: "escalation:Main", on: "team:Beta", role: "observer"},
		{who: "oncall:Layered", on: "account", role: "user"},
		{who: "user:P2", on: "account", role: "limited_user"},
	}
	with := func(groups ...[]give) []give { return slices.Concat(append([][]give{roles}, groups...)...) }
	main, day := turnsFor("Layered", "Main", "P0", "P1", "P2"), turnsFor("Shifts", "Day", "P3", "P4", "P5")
	overrides := []give{
		{who: "user:P8", on: "schedule:Layered", role: "override", from: sweepStart.Add(20 * time.Hour), until: sweepStart.Add(44 * time.Hour)},
		{who: "user:P7", on: "schedule:Shifts", role: "override", from: sweepStart.Add(2 * time.Hour), until: sweepStart.Add(96 * time.Hour), replaces: "user:P3"},
	}
	return []*law{
		{name: "the base", gives: with(main, day)},
		{name: "joins", gives: with(turnsFor("Layered", "Main", "P0", "P1", "P2", "P6"), turnsFor("Shifts", "Day", "P3", "P4", "P5", "P7"))},
		{name: "leaves", gives: with(turnsFor("Layered", "Main", "P0", "P2"), turnsFor("Shifts", "Day", "P3", "P5"))},
		{name: "swaps", gives: with(turnsFor("Layered", "Main", "P0", "P6", "P2"), turnsFor("Shifts", "Day", "P3", "P7", "P5"))},
		{name: "other swaps", gives: with(turnsFor("Layered", "Main", "P8", "P1", "P2"), turnsFor("Shifts", "Day", "P3", "P4", "P8"))},
		{name: "both layers, both events", gives: with(main, day, turnsFor("Layered", "Night", "P3", "P7"), turnsFor("Shifts", "Evening", "P5", "P8", "P0"))},
		{name: "nothing names turns", gives: roles},
		{name: "overrides", gives: with(main, day, overrides)},
		{name: "limits", gives: with(main, day), limits: []limitRule{{"user:P2", "schedule:*", "none"}, {"user:P1", "team:Alpha", "observer"}, {"user:P4", "schedule:Shifts", "none"}}},
		{name: "protections", gives: with(turnsFor("Layered", "Main", "P0", "P2", "P6"), day), protected: []string{"P1", "P4", "P8"}},
		{name: "a schedule that is not there", gives: with(main, day),
			rego: "grant contains {\"principal\": \"oncall:Nope\", \"resource\": \"team:Beta\", \"role\": \"observer\"}\n"},
		{name: "turns for a team", gives: with(main, []give{{who: "team:Delta", on: "schedule:Shifts", layer: "Day", role: "rotation"}}, day)},
		{name: "no grant at all"},
		{name: "half an edit", draft: true, gives: with(turnsFor("Layered", "Main", "P0", "P2"), turnsFor("Shifts", "Day", "P3"))[1:]},
	}
}

// loadLaws compiles every law.
func loadLaws(ctx context.Context, dir string) ([]*law, []*eval.Set, error) {
	all := laws()
	var sets []*eval.Set
	for i, l := range all {
		set, err := loadSource(ctx, fmt.Sprintf("%s/%d", dir, i), l.source())
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w\n%s", l.name, err, l.source())
		}
		sets = append(sets, set)
	}
	return all, sets, nil
}
