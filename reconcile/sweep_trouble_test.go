package reconcile_test

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// trouble draws what goes wrong before and in the next round.
func (w *trial) trouble(rt *rapid.T) {
	if rapid.IntRange(0, 3).Draw(rt, "goes on") > 0 {
		w.sim.ClearFaults()
		w.skewed = false
		w.calm()
	}
	w.advance(rapid.SampledFrom([]time.Duration{
		0, 5 * time.Second, time.Minute, 3 * time.Minute, 14 * time.Minute, 90 * time.Minute, 5 * time.Hour, 11 * time.Hour, 26 * time.Hour, 75 * time.Hour,
	}).Draw(rt, "later"))
	if to := rapid.SampledFrom([]time.Duration{0, 0, 0, 2 * time.Second, 40 * time.Second}).Draw(rt, "before a handoff"); to > 0 {
		next := weekly.first
		for !next.After(w.now().Add(to)) {
			next = next.Add(weekly.every)
		}
		w.advance(next.Add(-to).Sub(w.now()))
	}
	for range rapid.IntRange(0, 3).Draw(rt, "faults") {
		w.fault(rt)
	}
	for range rapid.IntRange(0, 3).Draw(rt, "tamperings") {
		w.tampering(rt)()
	}
	w.meddling, w.echoes = map[int]func(){}, map[int]string{}
	for range rapid.IntRange(0, 2).Draw(rt, "meddlings") {
		at := rapid.IntRange(2, 45).Draw(rt, "at request")
		w.meddling[at] = w.membership(rt)
	}
	if rapid.IntRange(0, 3).Draw(rt, "echo") == 0 {
		at := rapid.IntRange(1, 40).Draw(rt, "echo at")
		w.echoes[at] = rapid.SampledFrom([]string{"answer", "error"}).Draw(rt, "echo how")
	}
	w.around(rt)
	if rapid.IntRange(0, 2).Draw(rt, "edit") == 0 {
		w.current = rapid.IntRange(0, len(w.revisions)-1).Draw(rt, "revision")
		w.counts["trouble: policies edited"]++
	}
	if rapid.IntRange(0, 2).Draw(rt, "killed") == 0 {
		w.kill = &kill{
			at:    rapid.IntRange(1, 70).Draw(rt, "killed at"),
			after: rapid.Bool().Draw(rt, "after"), hard: rapid.Bool().Draw(rt, "hard"),
		}
		w.tell("kill %+v", *w.kill)
	}
}

func (w *trial) fault(rt *rapid.T) {
	what := rapid.SampledFrom([]string{
		"429=3s", "429-bare", "429=40s", "500", "502", "503-late", "500-late", "cut", "cut-late", "truncate", "malformed",
		"stale=30s", "stale=90s", "stale=3", "total=-1", "total=2", "lock", "rendering", "revoked", "408",
	}).Draw(rt, "fault")
	where := rapid.SampledFrom([]string{
		"", "PUT", "PUT", "DELETE", "GET /users", "GET /users/{id}", "GET /teams", "GET /teams/{id}/members", "/teams/TB/members",
		"GET /schedules", "GET /v3/schedules", "GET /v3/schedules/{id}", "GET /escalation_policies", "GET /oncalls", "GET /abilities", "GET /licenses",
		"GET /license_allocations",
	}).Draw(rt, "where")
	times := rapid.SampledFrom([]string{"1", "1", "2", "7", "*"}).Draw(rt, "times")
	if what == "rendering" {
		where = rapid.SampledFrom([]string{"/schedules/SW", "/v3/schedules/SD"}).Draw(rt, "schedule")
		w.skewed = true
	}
	text := fmt.Sprintf("%s:%s:%s@%d", what, where, times, rapid.IntRange(0, 3).Draw(rt, "after"))
	f, err := pagerdutysim.ParseFault(text)
	if err != nil {
		w.fail("%v", err)
	}
	w.sim.Inject(f)
	w.counts["faults: "+what]++
	w.tell("fault %s", text)
}

// tampering is what somebody does in PagerDuty's pages.
func (w *trial) tampering(rt *rapid.T) func() {
	switch rapid.IntRange(0, 7).Draw(rt, "tampering") {
	case 0:
		user := rapid.SampledFrom(sweepUsers()).Draw(rt, "whose")
		role := rapid.SampledFrom([]string{"admin", "user", "limited_user", "observer"}).Draw(rt, "base role")
		return func() {
			if was, _ := w.sim.BaseRole(user); licenseFor(was) != "LM" && licenseFor(role) == "LM" && w.freeSeats() <= 0 {
				return // PagerDuty refuses it
			}
			w.counts["trouble: tamperings"]++
			w.tell("%s becomes %s", user, role)
			w.sim.SetBaseRole(user, role)
			w.touched["account "+user] = w.now()
		}
	case 1:
		team := rapid.SampledFrom(slices.Sorted(maps.Keys(sweepTeams))).Draw(rt, "renamed")
		name := rapid.SampledFrom([]string{"Alpha", "Beta", "Gamma", "Delta", "Other"}).Draw(rt, "new name")
		return func() { w.rename(team, name) }
	case 2, 3:
		return w.override(rt)
	}
	return w.membership(rt)
}

// rename gives a team another name. A name is trusted as long as it means the
// team that had it first, and only that.
func (w *trial) rename(team, name string) {
	w.counts["trouble: renames"]++
	w.tell("%s is renamed to %s", team, name)
	w.sim.RenameTeam(team, name)
	w.names[team] = name
	for id, first := range sweepTeams {
		trusted := w.names[id] == first
		for other, now := range w.names {
			trusted = trusted && (other == id || now != first)
		}
		if _, already := w.untrusted[id]; trusted {
			delete(w.untrusted, id)
		} else if !already {
			w.untrusted[id] = w.now()
		}
	}
}

func (w *trial) membership(rt *rapid.T) func() {
	team := rapid.SampledFrom(slices.Sorted(maps.Keys(sweepTeams))).Draw(rt, "team")
	user := rapid.SampledFrom(sweepUsers()).Draw(rt, "user")
	role := rapid.SampledFrom([]string{"", "manager", "responder", "observer"}).Draw(rt, "role")
	return func() {
		w.counts["trouble: tamperings"]++
		w.tell("%s becomes %q of %s", user, role, team)
		w.sim.SetMember(team, user, role)
		w.touched[team+" "+user] = w.now()
	}
}

func sweepUsers() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(sweepPeople)), func(id string) bool { return id == "OWN" || id == "ADM" || id == "STK" })
}

// override is somebody who stands in for whoever is on call, or who takes such an
// override back before it begins.
func (w *trial) override(rt *rapid.T) func() {
	schedule := rapid.SampledFrom([]string{"SW", "SD"}).Draw(rt, "schedule")
	user := rapid.SampledFrom(sweepUsers()).Draw(rt, "stands in")
	begins := rapid.SampledFrom([]time.Duration{0, 2 * time.Minute, 20 * time.Minute, 3 * time.Hour, 20 * time.Hour}).Draw(rt, "begins")
	lasts := rapid.SampledFrom([]time.Duration{5 * time.Minute, 40 * time.Minute, 4 * time.Hour, 30 * time.Hour}).Draw(rt, "lasts")
	back := rapid.IntRange(0, 3).Draw(rt, "taken back") == 0
	return func() {
		now := w.now()
		if back {
			w.takeBack(schedule, now)
			return
		}
		start := now.Add(begins).Truncate(time.Minute).Add(time.Minute)
		end := start.Add(lasts)
		o := inventory.Override{ID: fmt.Sprintf("O%d", len(w.overrides)), User: &user, Start: start, End: end}
		if schedule == "SD" { // there it is within one person's shift
			shift, ok := w.shift(start)
			if !ok || shift.user == user {
				return
			}
			o.End = earliest(end, shift.end)
			rotation := "RD"
			o.Replaces, o.Rotation = &shift.user, &rotation
		}
		for _, other := range w.standing(schedule, now) {
			if other.Start.Before(o.End) && o.Start.Before(other.End) {
				return
			}
		}
		w.counts["trouble: overrides"]++
		w.tell("%s stands in on %s from %s to %s", user, schedule, o.Start.Format("Jan 2 15:04"), o.End.Format("Jan 2 15:04"))
		w.overrides = append(w.overrides, standing{Override: o, schedule: schedule, made: now})
		w.sim.AddOverride(schedule, o)
	}
}

// shift is the shift of Daily under way at t.
func (w *trial) shift(t time.Time) (piece, bool) {
	for _, p := range daily.pieces(t, nil) {
		if !t.Before(p.start) && t.Before(p.end) {
			return p, true
		}
	}
	return piece{}, false
}

func (w *trial) takeBack(schedule string, now time.Time) {
	for i, o := range w.overrides {
		if o.schedule == schedule && o.gone.IsZero() && o.Start.After(now) {
			w.counts["trouble: overrides taken back"]++
			w.tell("%s does not stand in on %s from %s", *o.User, schedule, o.Start.Format("Jan 2 15:04"))
			w.overrides[i].gone = now
			w.sim.RemoveOverride(schedule, o.ID)
			return
		}
	}
}

// around is what goes wrong around the program: its machine's clock, its disk,
// its token, what stands between it and PagerDuty.
func (w *trial) around(rt *rapid.T) {
	switch rapid.IntRange(0, 9).Draw(rt, "around") {
	case 0:
		off := rapid.SampledFrom(wrongClocks).Draw(rt, "the machine's clock")
		w.counts["trouble: clock set"]++
		w.tell("the machine's clock is %s ahead", off)
		w.setClock(off)
	case 1:
		off := rapid.SampledFrom(wrongClocks).Draw(rt, "the machine's clock")
		w.at(rapid.IntRange(1, 45).Draw(rt, "at request"), func() {
			w.counts["trouble: clock jumped"]++
			w.tell("the machine's clock jumps to %s ahead", off)
			w.setClock(off)
		})
	case 2:
		w.dates = rapid.SampledFrom([]time.Duration{-5 * time.Minute, -10 * time.Second, -time.Hour, 5 * time.Minute}).Draw(rt, "answers say another time")
		w.dated = rapid.SampledFrom([]int{0, 1, 1, 2, 30}).Draw(rt, "which answer")
		w.counts["trouble: answers of another time"]++
		w.tell("answer %d (0: every one) says another time by %s", w.dated, w.dates)
	case 3, 4:
		room := rapid.SampledFrom([]int64{0, 100, 5000, 20000, 60000, 120000}).Draw(rt, "room on the disk")
		w.room = &room
		w.counts["trouble: disk full"]++
		w.tell("the disk has room for %d bytes", room)
	case 5, 6:
		w.rotate(rapid.IntRange(1, 45).Draw(rt, "revoked at"), rapid.SampledFrom([]int{0, 0, 1, 3, 100}).Draw(rt, "rotated after"))
	}
}

var wrongClocks = []time.Duration{-20 * time.Second, 25 * time.Second, -4 * time.Minute, 4 * time.Minute, -time.Hour, time.Hour, 26 * time.Hour, -26 * time.Hour}

func (w *trial) setClock(off time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.off = off
}

// wrongClock says that the machine's clock is not PagerDuty's.
func (w *trial) wrongClock() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.off.Abs() > 31*time.Second
}

// at does something before a request of the next round, besides what happens
// then already.
func (w *trial) at(request int, do func()) {
	before := w.meddling[request]
	w.meddling[request] = func() {
		if before != nil {
			before()
		}
		do()
	}
}

// rotate revokes the token, and some requests later puts another where the
// program finds it.
func (w *trial) rotate(revoked, later int) {
	w.rotations++
	next := fmt.Sprintf("%s-%d", canary, w.rotations)
	w.counts["trouble: tokens rotated"]++
	w.at(revoked, func() {
		w.tell("the token is revoked")
		w.mu.Lock()
		defer w.mu.Unlock()
		w.valid = next
	})
	w.at(revoked+later, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.kept = next
	})
}

// calm ends what goes wrong around the program.
func (w *trial) calm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.off, w.dates, w.dated, w.room, w.kept = 0, 0, 0, nil, w.valid
}
