package reconcile_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// What follows says who is on call in its own way: minute by minute, from what a
// schedule is defined as, knowing nothing of turns' starts or of rendering. Time
// is in minutes since 1970, absolute or as a local clock shows them.

// minutes is a moment in minutes since 1970.
func minutes(t time.Time) int { return int(t.Unix() / 60) }

// crew are people, as a set of numbers below 128.
type crew [2]uint64

func (c *crew) add(person int) { c[person/64] |= 1 << (person % 64) }
func (c *crew) unite(o crew)   { c[0], c[1] = c[0]|o[0], c[1]|o[1] }

func (c crew) has(person int) bool { return c[person/64]&(1<<(person%64)) != 0 }

// clockOf is what local clocks show: for each minute from a day's first on the
// furthest that the clock has got. A clock that is set back shows some minutes
// twice; what it got to once has come.
func clockOf(zone *time.Location, from, n int) []int {
	shown := make([]int, n)
	furthest := 0
	for m := from - 6*60; m < from+n; m++ {
		_, offset := time.Unix(int64(m)*60, 0).In(zone).Zone()
		furthest = max(furthest, m+offset/60)
		if m >= from {
			shown[m-from] = furthest
		}
	}
	return shown
}

// duty is a schedule as the truth knows it.
type duty struct {
	id, zone string
	layers   []dutyLayer // lowest precedence first
	rotation []dutyEvent
	extra    []stint // custom shifts
	stints   []stint // overrides, in the order they were made
}

// dutyLayer takes turns; between hours only, if lasts is set.
type dutyLayer struct {
	start, turn  int // minutes; turns of whole days follow the local clock
	people       []int
	opens, lasts int // minutes of the local day
}

// dutyEvent comes again each day, each week or on the first five days of each
// week, for as long as the local clock takes.
type dutyEvent struct {
	start, lasts int // minutes, on the local clock
	every        string
	people       []int // -1 is nobody
	shifts       int   // in a row
	all          bool  // everybody at once
}

// stint is somebody on call from one minute to another; on a rotation in
// somebody's place.
type stint struct {
	made, from, until int
	person, replaces  int
}

func (s stint) at(m int) bool { return m >= s.from && m < s.until }

// at is who is on call in a minute, at which the local clock shows what it
// shows.
func (d *duty) at(m, shown int) crew {
	var on crew
	for _, e := range d.rotation {
		for _, p := range e.at(shown) {
			for _, s := range d.stints {
				if s.at(m) && s.replaces == p {
					p = s.person
				}
			}
			on.add(p)
		}
	}
	for _, s := range d.extra {
		if s.at(m) {
			on.add(s.person)
		}
	}
	if len(d.layers) == 0 {
		return on
	}
	for i := len(d.stints) - 1; i >= 0; i-- {
		if d.stints[i].at(m) {
			on.add(d.stints[i].person)
			return on
		}
	}
	for i := len(d.layers) - 1; i >= 0; i-- {
		if p := d.layers[i].at(m, shown, d.zone); p >= 0 {
			on.add(p)
			return on
		}
	}
	return on
}

func (l dutyLayer) at(m, shown int, zone string) int {
	if m < l.start || l.lasts > 0 && (shown-l.opens)%1440 >= l.lasts {
		return -1
	}
	since := m - l.start
	if l.turn%1440 == 0 {
		since = shown - shownAt(zone, l.start)
	}
	return l.people[since/l.turn%len(l.people)]
}

// shownAt is what a zone's clock shows at a moment at which it is not set back.
func shownAt(zone string, m int) int {
	_, offset := time.Unix(int64(m)*60, 0).In(zoneNamed(zone)).Zone()
	return m + offset/60
}

var loadedZones = map[string]*time.Location{}

func zoneNamed(name string) *time.Location {
	if loadedZones[name] == nil {
		zone, err := time.LoadLocation(name)
		if err != nil {
			panic(err)
		}
		loadedZones[name] = zone
	}
	return loadedZones[name]
}

func (e dutyEvent) at(shown int) []int {
	since := shown - e.start
	if since < 0 {
		return nil
	}
	day, within := since/1440, since%1440
	n := day
	switch e.every {
	case "week":
		n, within = since/10080, since%10080
	case "workday":
		if day%7 > 4 {
			return nil
		}
		n = day/7*5 + day%7
	}
	if within >= e.lasts {
		return nil
	}
	if e.all {
		return e.people
	}
	if p := e.people[n/e.shifts%len(e.people)]; p >= 0 {
		return []int{p}
	}
	return nil
}

// squad is a group: whoever is on call on a schedule, from so many minutes
// before a shift until so many after; and who is in it always.
type squad struct {
	duties    []int
	lead, lag int
	always    []int
	// how it is written in a policy.
	principals []string
}

// The zones of the year, with clocks that change by an hour, by half of one, at
// midnight, and not at all.
var yearZones = []string{"America/Chicago", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns", "Pacific/Auckland",
	"Etc/UTC", "America/Havana", "Africa/Cairo", "America/Santiago"}

// busyZones are those in which some schedules are handed over each day; in the
// others all are each week, so that a year has some ten thousand handoffs.
var busyZones = map[string]bool{"Australia/Lord_Howe": true, "America/Havana": true}

// year is an account of schedules, what is to happen on it, and its truth.
type year struct {
	from, until time.Time
	people      int
	duties      []*duty
	squads      []squad
	random      *rand.Rand
}

// newYear makes up schedules. Each fifth is on no escalation policy.
func newYear(from, until time.Time, schedules int) *year {
	y := &year{from: from, until: until, people: 120, random: rand.New(rand.NewPCG(5, 17))}
	for i := range schedules {
		d := &duty{id: fmt.Sprintf("PS%04d", i), zone: yearZones[i%len(yearZones)]}
		if i%20 >= 10 {
			y.shifts(d, i)
		} else {
			y.layers(d, i)
		}
		y.duties = append(y.duties, d)
		y.squads = append(y.squads, y.squad(i))
	}
	for range schedules*int(until.Sub(from).Hours()/24)/60 + 10 {
		y.override()
	}
	for _, d := range y.duties {
		slices.SortStableFunc(d.stints, func(a, b stint) int { return a.made - b.made })
	}
	return y
}

// some are n different people.
func (y *year) some(n int) []int { return y.random.Perm(y.people)[:n] }

// monday is a Monday before the year, at an hour of the local clock.
func (y *year) monday(zone string, hour int) time.Time {
	local := time.Date(y.from.Year()-1, 12, 1, hour, 0, 0, 0, zoneNamed(zone))
	for local.Weekday() != time.Monday {
		local = local.AddDate(0, 0, 1)
	}
	return local
}

func (y *year) layers(d *duty, i int) {
	start := minutes(y.monday(d.zone, 9))
	week := dutyLayer{start: start, turn: 7 * 1440, people: y.some(3 + i%3)}
	kind := i % 7
	if !busyZones[d.zone] {
		kind = 0
	}
	switch kind {
	case 0, 1, 2, 3:
		d.layers = []dutyLayer{week}
	case 4: // somebody else at night, which begins in the hours that clocks change in
		night := dutyLayer{start: start, turn: 1440, people: y.some(4), opens: 105, lasts: 300}
		d.layers = []dutyLayer{week, night}
	case 5: // office hours, nobody else
		d.layers = []dutyLayer{{start: start, turn: 7 * 1440, people: y.some(4), opens: 9 * 60, lasts: 8 * 60}}
	case 6: // turns of half a day, which don't follow the clock
		d.layers = []dutyLayer{{start: start, turn: 720, people: y.some(3)}}
	}
}

func (y *year) shifts(d *duty, i int) {
	at := func(hour int) int { return shownAt(d.zone, minutes(y.monday(d.zone, hour))) }
	kind := i % 6
	if !busyZones[d.zone] {
		kind = 0
	}
	switch kind {
	case 0, 1, 2:
		d.rotation = []dutyEvent{{start: at(9), lasts: 10080, every: "week", people: y.some(3 + i%2), shifts: 1}}
	case 3: // work days, two in a row each, with a slot of nobody's
		d.rotation = []dutyEvent{{start: at(8), lasts: 10 * 60, every: "workday", people: append(y.some(3), -1), shifts: 2}}
	case 4: // two at once, each night over the hour that clocks change in
		d.rotation = []dutyEvent{{start: at(22), lasts: 5 * 60, every: "day", people: y.some(2), all: true}}
	case 5:
		d.rotation = []dutyEvent{{start: at(0), lasts: 1440, every: "day", people: y.some(5), shifts: 1}}
	}
	if i%3 == 0 {
		from := minutes(y.from) + 1440 + y.random.IntN(minutes(y.until)-minutes(y.from)-1440)
		d.extra = []stint{{from: from, until: from + 180, person: y.random.IntN(y.people)}}
	}
}

// squad is the group of a schedule, which takes in the one before it now and
// then, or is an escalation policy's.
func (y *year) squad(i int) squad {
	g := squad{duties: []int{i}, principals: []string{"oncall:Schedule " + fmt.Sprint(i)}}
	switch {
	case i%10 == 1:
		g.lead, g.lag = 15, 10
	case i%10 == 2:
		g.duties, g.principals = append(g.duties, i-1), append(g.principals, fmt.Sprintf("oncall:Schedule %d", i-1))
	case i%10 == 3:
		who := y.random.IntN(y.people)
		g.always, g.principals = []int{who}, []string{fmt.Sprintf("escalation:Policy %d", i)}
	}
	return g
}

// override has somebody stand in, hours after it was arranged.
func (y *year) override() {
	d := y.duties[y.random.IntN(len(y.duties))]
	made := minutes(y.from) + 1440 + y.random.IntN(minutes(y.until)-minutes(y.from)-3*1440)
	from := made + 5*60 + y.random.IntN(24*60)
	s := stint{made: made, from: from, until: from + 60 + y.random.IntN(9*60), person: y.random.IntN(y.people), replaces: -1}
	if len(d.layers) == 0 {
		e := d.rotation[0]
		on := e.at(clockOf(zoneNamed(d.zone), from, 1)[0])
		if len(on) == 0 || on[0] == s.person {
			return
		}
		for _, other := range d.stints { // one at a time: which wins is another matter
			if other.from < s.until && s.from < other.until {
				return
			}
		}
		s.replaces = on[0]
	}
	d.stints = append(d.stints, s)
}

// day is who should be in each group in each minute of a day.
func (y *year) day(from int) [][]crew {
	const margin = 30
	shown := map[string][]int{}
	on := make([][]crew, len(y.duties))
	for i, d := range y.duties {
		if shown[d.zone] == nil {
			shown[d.zone] = clockOf(zoneNamed(d.zone), from-margin, 1440+2*margin)
		}
		on[i] = make([]crew, 1440+2*margin)
		for m := range on[i] {
			on[i][m] = d.at(from-margin+m, shown[d.zone][m])
		}
	}
	groups := make([][]crew, len(y.squads))
	for g, s := range y.squads {
		groups[g] = make([]crew, 1440)
		for m := range groups[g] {
			c := &groups[g][m]
			for _, p := range s.always {
				c.add(p)
			}
			for _, d := range s.duties {
				for k := m + margin - s.lag; k <= m+margin+s.lead; k++ {
					c.unite(on[d][k])
				}
			}
		}
	}
	return groups
}

func personID(p int) string { return fmt.Sprintf("PU%04d", p) }

func personOf(id string) int {
	var p int
	if _, err := fmt.Sscanf(id, "PU%d", &p); err != nil {
		panic(err)
	}
	return p
}

// seed is the account for the simulator.
func (y *year) seed() *inventory.Snapshot {
	s := &inventory.Snapshot{
		Account: inventory.Account{Name: "acme", Region: "us", TakenAt: y.from, Complete: true, Abilities: []string{"teams"}},
		Now:     y.from, Users: map[string]inventory.User{}, Teams: map[string]inventory.Team{},
		Schedules: map[string]inventory.Schedule{}, EscalationPolicies: map[string]inventory.EscalationPolicy{},
	}
	for p := range y.people {
		s.Users[personID(p)] = inventory.User{ID: personID(p), Name: "Person " + personID(p), Email: fmt.Sprintf("p%d@acme.test", p), BaseRole: "limited_user", TimeZone: "Etc/UTC"}
	}
	for i, d := range y.duties {
		s.Schedules[d.id] = d.inventory(i)
		team := fmt.Sprintf("PT%04d", i)
		s.Teams[team] = inventory.Team{ID: team, Name: fmt.Sprintf("Team %d", i), DefaultRole: "none", Members: map[string]string{}}
		if i%5 == 4 {
			continue
		}
		policy := fmt.Sprintf("PE%04d", i)
		rules := []inventory.EscalationRule{{DelayMinutes: 30, Targets: []inventory.Target{{Type: "schedule", ID: d.id}}}}
		for _, p := range y.squads[i].always {
			rules = append(rules, inventory.EscalationRule{DelayMinutes: 30, Targets: []inventory.Target{{Type: "user", ID: personID(p)}}})
		}
		s.EscalationPolicies[policy] = inventory.EscalationPolicy{ID: policy, Name: fmt.Sprintf("Policy %d", i), Rules: rules}
		v := s.Schedules[d.id]
		v.EscalationPolicies = []string{policy}
		s.Schedules[d.id] = v
	}
	s.Normalize()
	return s
}

func (d *duty) inventory(i int) inventory.Schedule {
	s := inventory.Schedule{ID: d.id, Name: fmt.Sprintf("Schedule %d", i), Kind: inventory.ScheduleOfLayers, TimeZone: d.zone}
	moment := func(m int) time.Time { return time.Unix(int64(m)*60, 0).UTC() }
	for n, l := range d.layers {
		start := moment(l.start)
		layer := inventory.Layer{ID: fmt.Sprintf("L%d%s", n, d.id), Name: fmt.Sprintf("Layer %d", n+1), Start: start, VirtualStart: start, TurnSeconds: l.turn * 60}
		for _, p := range l.people {
			layer.Users = append(layer.Users, personID(p))
		}
		if l.lasts > 0 {
			layer.Restrictions = []inventory.Restriction{{Type: "daily_restriction",
				StartTime: fmt.Sprintf("%02d:%02d:00", l.opens/60, l.opens%60), DurationSeconds: l.lasts * 60}}
		}
		s.Layers = append(s.Layers, layer)
	}
	for _, e := range d.rotation {
		s.Kind = inventory.ScheduleOfShifts
		wall := moment(e.start)
		start := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), 0, 0, zoneNamed(d.zone))
		event := inventory.Event{ID: "E" + d.id, Name: "Shift", Start: start.UTC(), TimeZone: d.zone, EffectiveSince: start.UTC(),
			Recurrence: []string{map[string]string{"day": "RRULE:FREQ=DAILY", "week": "RRULE:FREQ=WEEKLY", "workday": "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"}[e.every]},
			Assignment: inventory.Assignment{Type: "every_member_assignment_strategy"}}
		ends := wall.Add(time.Duration(e.lasts) * time.Minute)
		event.End = time.Date(ends.Year(), ends.Month(), ends.Day(), ends.Hour(), ends.Minute(), 0, 0, zoneNamed(d.zone)).UTC()
		if !e.all {
			event.Assignment.Type, event.Assignment.ShiftsPerMember = "rotating_member_assignment_strategy", &e.shifts
		}
		for _, p := range e.people {
			var member *string
			if p >= 0 {
				id := personID(p)
				member = &id
			}
			event.Assignment.Members = append(event.Assignment.Members, member)
		}
		s.Rotations = []inventory.Rotation{{ID: "R" + d.id, Events: []inventory.Event{event}}}
	}
	for n, x := range d.extra {
		who := personID(x.person)
		s.CustomShifts = append(s.CustomShifts, inventory.CustomShift{ID: fmt.Sprintf("C%d%s", n, d.id), User: &who, Start: moment(x.from), End: moment(x.until)})
	}
	return s
}
