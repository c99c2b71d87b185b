package reconcile_test

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// trouble draws what goes wrong before and in the next round.
func (w *trial) trouble(rt *rapid.T) {
	if rapid.IntRange(0, 3).Draw(rt, "goes on") > 0 {
		w.sim.ClearFaults()
		w.skewed = false
	}
	w.advance(rapid.SampledFrom([]time.Duration{
		0, 5 * time.Second, time.Minute, 3 * time.Minute, 14 * time.Minute, 90 * time.Minute, 5 * time.Hour, 11 * time.Hour, 26 * time.Hour, 75 * time.Hour,
	}).Draw(rt, "later"))
	if to := rapid.SampledFrom([]time.Duration{0, 0, 0, 2 * time.Second, 40 * time.Second}).Draw(rt, "before a hand-over"); to > 0 {
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
		"GET /schedules", "GET /v3/schedules", "GET /v3/schedules/{id}", "GET /escalation_policies", "GET /oncalls", "GET /abilities",
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
	switch rapid.IntRange(0, 5).Draw(rt, "tampering") {
	case 0:
		user := rapid.SampledFrom(sweepUsers()).Draw(rt, "whose")
		role := rapid.SampledFrom([]string{"admin", "user", "limited_user", "observer"}).Draw(rt, "base role")
		return func() {
			w.counts["trouble: tamperings"]++
			w.tell("%s becomes %s", user, role)
			w.sim.SetBaseRole(user, role)
			w.touched["account "+user] = w.now()
		}
	case 1:
		team := rapid.SampledFrom(slices.Sorted(maps.Keys(sweepTeams))).Draw(rt, "renamed")
		name := rapid.SampledFrom([]string{"Alpha", "Beta", "Gamma", "Delta", "Other"}).Draw(rt, "new name")
		return func() { w.rename(team, name) }
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
	}
}

func sweepUsers() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(sweepPeople)), func(id string) bool { return id == "OWN" || id == "ADM" || id == "STK" })
}
