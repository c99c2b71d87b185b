package reconcile_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/forecast"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// A forecast says what a daemon then does: when, to whom and for which cause,
// with policies that give turns and overrides for a while, on schedules of both
// kinds, and access by them.
func TestAForecastIsWhatADaemonThenDoes(t *testing.T) {
	days := few(3, 14)
	dir := t.TempDir()
	if fast, err := os.MkdirTemp("/dev/shm", "foreseen"); err == nil {
		t.Cleanup(func() { _ = os.RemoveAll(fast) })
		dir = fast
	}
	fewer(t, few(5, 60))
	if seed := flag.Lookup("rapid.seed"); os.Getenv("DUTYWARD_LONG") == "" && seed.Value.String() == seed.DefValue {
		setFlag(t, "rapid.seed", "20260316") // so that an ordinary run draws the same each time
	}
	rapid.Check(t, func(rt *rapid.T) {
		place, err := os.MkdirTemp(dir, "draw")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(place)
		f := foretell(rt, place, days)
		f.replay()
	})
}

// fewer has a property be checked so often, where nothing else is asked for: each
// takes a while.
func fewer(t *testing.T, checks int) {
	f := flag.Lookup("rapid.checks")
	if before := f.Value.String(); before == f.DefValue {
		_ = f.Value.Set(strconv.Itoa(checks))
		t.Cleanup(func() { _ = f.Value.Set(before) })
	}
}

// foretold is a forecast of an account on the simulator, and a daemon that is
// driven over its days.
type foretold struct {
	*rapid.T
	clock, until time.Time
	sim          *pagerdutysim.Server
	client       *pagerduty.Client
	daemon       *daemon.Daemon
	source       string
	forecast     *forecast.Forecast
	// did are the changes that the daemon made; wrote says that the last round
	// changed a schedule.
	did   []string
	wrote bool
	log   strings.Builder
}

func foretell(rt *rapid.T, dir string, days int) *foretold {
	start := rapid.SampledFrom([]time.Time{
		time.Date(2026, 3, 16, 12, 0, 0, 0, time.UTC), time.Date(2026, 3, 27, 9, 20, 0, 0, time.UTC), time.Date(2026, 4, 3, 9, 0, 0, 0, time.UTC),
	}).Draw(rt, "start")
	f := &foretold{T: rt, clock: start, until: start.AddDate(0, 0, days)}
	now := func() time.Time { return f.clock }
	seed := anyRota(rt, start)
	var err error
	if f.sim, err = pagerdutysim.New(pagerdutysim.Options{Seed: seed, Clock: now, RateLimit: -1}); err != nil {
		rt.Fatal(err)
	}
	if f.client, err = pagerduty.New(pagerduty.Options{
		Account: "acme", Region: "us", From: "u0@acme.test", Transport: f.sim.Transport(), Now: now,
		Token: func(context.Context) (string, error) { return "t", nil },
		Wait:  func(context.Context, time.Duration) error { return nil },
	}); err != nil {
		rt.Fatal(err)
	}
	memory, err := journal.Open(context.Background(), filepath.Join(dir, "dutyward.db"), journal.Options{Now: now, Account: "acme"})
	if err != nil {
		rt.Fatal(err)
	}
	rt.Cleanup(func() { memory.Close() })
	f.source = anyDuties(rt, seed, f.clock, days)
	set, err := loadSource(context.Background(), filepath.Join(dir, "policies"), f.source)
	if err != nil {
		rt.Fatalf("%v\n%s", err, f.source)
	}
	settings := plan.Settings{Default: plan.Sync, Kinds: map[inventory.Kind]plan.Mode{}}
	modes := rapid.SampledFrom([]plan.Mode{plan.Sync, plan.Sync, plan.Sync, plan.Sync, plan.GrantOnly, plan.Observe})
	for _, kind := range []inventory.Kind{inventory.KindTeam, inventory.KindSchedule, inventory.KindAccount} {
		settings.Kinds[kind] = modes.Draw(rt, "mode of "+string(kind))
	}
	most := 10_000 // rotations of days change too
	settings.Edits = plan.EditBounds{DisplacedTurns: &most, Joins: &most}
	round := &reconcile.Round{Reader: snapshots{f.client}, Policies: set, Memory: memory, Now: now, Settings: settings}
	f.forecast, _, err = round.Forecast(context.Background(), func(time.Time, time.Time) time.Time { return f.until })
	if err != nil {
		rt.Skip(err) // team: principals may not settle
	}
	f.daemon = &daemon.Daemon{
		Load:   func(context.Context) (reconcile.Policies, error) { return set, nil },
		Reader: snapshots{f.client}, Refresher: f.client, MaxAge: 2 * time.Hour, Record: memory, Account: f.client, Settings: settings,
		Now: now, Paused: func() *reconcile.Pause { return nil }, Sink: deeds{f},
	}
	return f
}

// deeds is a sink that notes the changes made.
type deeds struct{ *foretold }

func (d deeds) Tell(e events.Event) {
	if e.Code == events.AccessRaised || e.Code == events.AccessLowered {
		d.did = append(d.did, deed(d.clock, e.User.Name, e.Resource.Name, e.Before, e.After, string(e.Cause)))
		d.wrote = d.wrote || e.Resource.Ref.Kind == inventory.KindSchedule
		return
	}
	if (e.Severity == events.Warning || e.Severity == events.Error) && e.Code != events.FindingBegan {
		fmt.Fprintf(&d.log, "%s %s\n", d.clock.Format(moments), e.Sentence())
	}
}

const moments = "Mon 02 15:04:05"

func deed(at time.Time, user, resource, before, after, cause string) string {
	return fmt.Sprintf("%s %s %s %s>%s %s", at.UTC().Format("01-02 15:04:05"), user, resource, before, after, cause)
}

// foreseen are the changes of the forecast, and expected the members of teams at
// its moments.
func (f *foretold) foreseen() []string {
	var out []string
	for _, s := range f.forecast.Steps {
		for _, c := range s.Changes {
			resource := "account"
			if c.Resource.ID != "" {
				resource = f.forecast.Names[c.Resource.String()]
			}
			out = append(out, deed(s.At, strings.TrimPrefix(f.forecast.Names["user:#"+c.User], "user:"), resource, c.Before, c.After, string(c.Cause)))
		}
	}
	return out
}

// replay drives the daemon over the days of the forecast: at each boundary, each
// hour, and a minute after it edited a schedule, when it looks at it again. An edit
// of turns that is held until a handoff has no boundary: the daemon makes it with
// its next round, of which there is one every five minutes.
func (f *foretold) replay() {
	for f.clock.Before(f.until) {
		why := "schedule"
		f.wrote = false
		outlook, err := f.daemon.Round(context.Background(), why)
		if err != nil {
			f.Fatalf("%s: %v\n%s\n%s", f.clock.Format(moments), err, f.log.String(), f.source)
		}
		next := f.clock.Truncate(time.Hour).Add(time.Hour)
		if outlook.At.After(f.clock) && outlook.At.Before(next) {
			next = outlook.At
		}
		if edit := f.nextEdit(); !edit.IsZero() && edit.Before(next) {
			next = edit
		}
		if soon := f.clock.Truncate(time.Minute).Add(time.Minute); f.wrote && soon.Before(next) {
			next = soon
		}
		f.clock = next
	}
	want, got := slices.Sorted(slices.Values(f.foreseen())), slices.Sorted(slices.Values(f.did))
	if diff := cmp.Diff(want, got); diff != "" {
		f.Fatalf("the daemon did otherwise than foreseen (-foreseen +done):\n%s\n%s\n%s", diff, f.log.String(), f.source)
	}
}

// nextEdit is the next moment at which the forecast changes turns and nothing else;
// zero if there is none.
func (f *foretold) nextEdit() time.Time {
	for _, s := range f.forecast.Steps {
		others := slices.ContainsFunc(s.Changes, func(c plan.Change) bool { return c.Resource.Kind != inventory.KindSchedule })
		if s.At.After(f.clock) && len(s.Changes) > 0 && !others {
			return s.At
		}
	}
	return time.Time{}
}

// anyRota draws an account of eight people, three teams and three schedules: Lay
// with layers, Shi and Gap shift-based, Gap with nobody on call at night; and an
// escalation policy of both kinds.
func anyRota(t *rapid.T, start time.Time) *inventory.Snapshot {
	s := &inventory.Snapshot{
		Account: inventory.Account{Name: "acme", Region: "us", TakenAt: start, Complete: true},
		Users:   map[string]inventory.User{}, Teams: map[string]inventory.Team{}, Schedules: map[string]inventory.Schedule{},
		EscalationPolicies: map[string]inventory.EscalationPolicy{},
	}
	for i := range 8 {
		id := fmt.Sprintf("u%d", i)
		s.Users[id] = inventory.User{ID: id, Name: id, Email: id + "@acme.test", BaseRole: rapid.SampledFrom([]string{"user", "limited_user", "limited_user"}).Draw(t, "base role"), Teams: map[string]string{}}
	}
	s.Users["u0"] = inventory.User{ID: "u0", Name: "u0", Email: "u0@acme.test", BaseRole: "owner", Teams: map[string]string{}}
	role := rapid.SampledFrom([]string{"manager", "responder", "observer"})
	for i := range 3 {
		team := inventory.Team{ID: fmt.Sprintf("T%d", i), Name: fmt.Sprintf("Team %d", i), Members: map[string]string{}}
		s.Teams[team.ID] = team
		for _, id := range anyPeople(t, 0, 3) {
			team.Members[id] = role.Draw(t, "role")
			s.Users[id].Teams[team.ID] = team.Members[id]
		}
	}
	teams := func() []string {
		if rapid.IntRange(0, 2).Draw(t, "of a team") > 0 {
			return nil
		}
		return []string{rapid.SampledFrom([]string{"T0", "T1", "T2"}).Draw(t, "team")}
	}
	zone := rapid.SampledFrom([]string{"Etc/UTC", "America/New_York", "Australia/Lord_Howe", "Europe/Berlin"})
	noon := start.Truncate(24*time.Hour).AddDate(0, 0, -9)
	lay := inventory.Schedule{ID: "LAY", Name: "Lay", Kind: inventory.ScheduleOfLayers, TimeZone: zone.Draw(t, "zone"), Teams: teams()}
	for i := range rapid.IntRange(1, 2).Draw(t, "layers") {
		lay.Layers = append(lay.Layers, inventory.Layer{
			ID: fmt.Sprintf("LL%d", i), Name: fmt.Sprintf("Layer %d", i), Start: noon.AddDate(0, 0, -30), VirtualStart: noon.Add(time.Duration(rapid.IntRange(0, 23).Draw(t, "hour")) * time.Hour),
			TurnSeconds: 3600 * rapid.SampledFrom([]int{6, 12, 24, 24, 48, 168}).Draw(t, "turn"), Users: anyPeople(t, 1, 4),
		})
	}
	s.Schedules["LAY"] = lay
	for _, id := range []string{"SHI", "GAP"} {
		z := zone.Draw(t, "zone")
		length := 24
		if id == "GAP" {
			length = rapid.IntRange(4, 14).Draw(t, "length")
		}
		begin := noon.Add(time.Duration(rapid.IntRange(0, 23).Draw(t, "hour")) * time.Hour)
		one := rapid.IntRange(1, 3).Draw(t, "shifts each")
		var members []*string
		for _, u := range anyPeople(t, 1, 4) {
			members = append(members, &u)
		}
		s.Schedules[id] = inventory.Schedule{
			ID: id, Name: id[:1] + strings.ToLower(id[1:]), Kind: inventory.ScheduleOfShifts, TimeZone: z, Teams: teams(),
			Rotations: []inventory.Rotation{{ID: "R" + id, Events: []inventory.Event{{
				ID: "E" + id, Name: "Event", Start: begin, End: begin.Add(time.Duration(length) * time.Hour), TimeZone: z,
				Recurrence: []string{"RRULE:FREQ=DAILY"}, EffectiveSince: begin,
				Assignment: inventory.Assignment{Type: "rotating_member_assignment_strategy", Members: members, ShiftsPerMember: &one},
			}}}},
		}
	}
	s.EscalationPolicies["ESC"] = inventory.EscalationPolicy{ID: "ESC", Name: "Esc", Rules: []inventory.EscalationRule{
		{DelayMinutes: 30, Targets: []inventory.Target{{Type: "schedule", ID: "LAY"}}},
		{DelayMinutes: 30, Targets: []inventory.Target{{Type: "schedule", ID: "GAP"}, {Type: "user", ID: "u7"}}},
	}}
	for _, v := range s.Schedules {
		for _, team := range v.Teams {
			for _, id := range v.People(start) { // PagerDuty put them there
				if s.Teams[team].Members[id] == "" {
					s.Teams[team].Members[id] = inventory.ImpliedTeamRole(s.Users[id].BaseRole)
					s.Users[id].Teams[team] = s.Teams[team].Members[id]
				}
			}
		}
	}
	s.Normalize()
	return s
}

func anyPeople(t *rapid.T, least, most int) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"u1", "u2", "u3", "u4", "u5", "u6", "u7"}), least, most, rapid.ID).Draw(t, "people")
}

// anyDuties draws policies over such an account.
func anyDuties(t *rapid.T, s *inventory.Snapshot, now time.Time, days int) string {
	var b strings.Builder
	b.WriteString("package access\n\n")
	hour := func(what string, from, to int) string {
		return now.Truncate(time.Hour).Add(time.Duration(rapid.IntRange(from, to).Draw(t, what)) * time.Hour).Format(time.RFC3339)
	}
	window := func() string {
		out := ""
		switch rapid.IntRange(0, 4).Draw(t, "window") {
		case 0:
			out = fmt.Sprintf(", \"from\": %q", hour("from", -5, days*24))
		case 1:
			out = fmt.Sprintf(", \"until\": %q", hour("until", 1, days*24))
		}
		return out
	}
	principals := []string{"oncall:Lay", "oncall:Shi", "oncall:Gap", "escalation:Esc", "escalation@1:Esc", "rotation:Lay", "rotation:Shi", "team:Team 2", "user:u1@acme.test", "user:u4@acme.test"}
	role := rapid.SampledFrom([]string{"manager", "responder", "observer"})
	for i := range 3 {
		fmt.Fprintf(&b, "group contains {\"name\": \"g%d\"}\n", i)
		for range rapid.IntRange(1, 2).Draw(t, "members") {
			p := rapid.SampledFrom(principals).Draw(t, "member")
			if i > 0 && rapid.IntRange(0, 4).Draw(t, "nested") == 0 {
				p = "group:g0"
			}
			more := ""
			if strings.HasPrefix(p, "oncall:") || strings.HasPrefix(p, "escalation") {
				more = rapid.SampledFrom([]string{"", "", `, "lead": "15m"`, `, "lead": "30m", "lag": "2h"`, `, "when_empty": "keep-last"`}).Draw(t, "margin")
			}
			fmt.Fprintf(&b, "member contains {\"group\": \"g%d\", \"principal\": %q%s%s}\n", i, p, more, window())
		}
		fmt.Fprintf(&b, "grant contains {\"principal\": \"group:g%d\", \"resource\": \"team:Team %d\", \"role\": %q%s}\n", i, rapid.IntRange(0, 2).Draw(t, "team"), role.Draw(t, "role"), window())
	}
	for i, id := range anyPeople(t, 0, 3) {
		fmt.Fprintf(&b, "grant contains {\"principal\": \"user:%s@acme.test\", \"resource\": \"team:Team %d\", \"role\": %q%s}\n", id, i, role.Draw(t, "role"), window())
	}
	if rapid.IntRange(0, 3).Draw(t, "on the account") == 0 {
		fmt.Fprintf(&b, "grant contains {\"principal\": \"group:g0\", \"resource\": \"account\", \"role\": \"user\"%s}\n", window())
	}
	for _, id := range slices.Sorted(maps.Keys(s.Schedules)) {
		v := s.Schedules[id]
		if rapid.IntRange(0, 2).Draw(t, "turns") > 0 {
			anyTurns(t, &b, v, window)
		}
		for range rapid.IntRange(0, 2).Draw(t, "overrides") {
			replaces := ""
			if rapid.Bool().Draw(t, "replaces") {
				replaces = fmt.Sprintf(", \"replaces\": \"user:%s@acme.test\"", rapid.SampledFrom(v.People(now)).Draw(t, "whom"))
			}
			from := rapid.IntRange(-3, days*24).Draw(t, "from")
			until := from + rapid.IntRange(4, 40).Draw(t, "for")
			at := func(h int) string {
				return now.Truncate(time.Hour).Add(time.Duration(h) * time.Hour).Format(time.RFC3339)
			}
			fmt.Fprintf(&b, "grant contains {\"principal\": \"user:u%d@acme.test\", \"resource\": \"schedule:%s\", \"role\": \"override\", \"from\": %q, \"until\": %q%s}\n",
				rapid.IntRange(1, 7).Draw(t, "who"), v.Name, at(from), at(until), replaces)
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "limited") == 0 {
		fmt.Fprintf(&b, "group contains {\"name\": \"resting\"}\nmember contains {\"group\": \"resting\", \"principal\": \"user:u%d@acme.test\"%s}\n", rapid.IntRange(1, 7).Draw(t, "who"), window())
		b.WriteString(rapid.SampledFrom([]string{
			`limit contains {"principal": "group:resting", "resource": "schedule:*", "at_most": "none", "reason": "rests"}`,
			`limit contains {"principal": "group:resting", "resource": "team:*", "at_most": "observer", "reason": "rests"}`,
		}).Draw(t, "limit") + "\n")
	}
	return b.String()
}

// anyTurns draws who takes turns on each layer or event of a schedule: mostly
// those who do, some not permanently, and others.
func anyTurns(t *rapid.T, b *strings.Builder, v inventory.Schedule, window func() string) {
	parts := map[string][]string{}
	for _, l := range v.Layers {
		parts[l.Name] = l.Users
	}
	for _, r := range v.Rotations {
		for _, e := range r.Events {
			for _, m := range e.Assignment.Members {
				parts[e.Name] = append(parts[e.Name], *m)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		grant := func(user string) {
			fmt.Fprintf(b, "grant contains {\"principal\": \"user:%s@acme.test\", \"resource\": \"schedule:%s\", \"role\": \"rotation\", \"layer\": %q%s}\n", user, v.Name, name, window())
		}
		for _, user := range parts[name] {
			if rapid.IntRange(0, 3).Draw(t, "goes on") > 0 {
				grant(user)
			}
		}
		for _, user := range anyPeople(t, 0, 2) {
			grant(user)
		}
	}
}
