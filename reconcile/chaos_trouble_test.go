package reconcile_test

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/dutyward/dutyward/reconcile/daemon"
)

// trouble draws what goes wrong before and in the next round.
func (c *chaos) trouble(rt *rapid.T) {
	c.sim.ClearFaults()
	c.calm()
	c.stale, c.skewed, c.paused, c.broken, c.refusals = false, false, false, nil, nil
	c.echoes = map[int]string{}
	c.setOperators(sweepMail("OPR"))
	soon := c.laws[c.at].draft && rapid.Bool().Draw(rt, "the edit goes on")
	if soon {
		c.pass(rapid.SampledFrom([]time.Duration{0, 4 * time.Second, 50 * time.Second}).Draw(rt, "second write"))
		c.write(rapid.IntRange(0, len(c.laws)-2).Draw(rt, "law"))
	}
	c.pass(rapid.SampledFrom([]time.Duration{
		0, 5 * time.Second, time.Minute, 3 * time.Minute, 14 * time.Minute, 90 * time.Minute, 5 * time.Hour, 11 * time.Hour, 26 * time.Hour, 75 * time.Hour,
	}).Draw(rt, "later"))
	if to := rapid.SampledFrom([]time.Duration{0, 0, 0, 2 * time.Second, 40 * time.Second}).Draw(rt, "before a handoff"); to > 0 {
		next := sweepStart
		for !next.After(c.now().Add(to)) {
			next = next.Add(6 * time.Hour)
		}
		c.pass(next.Add(-to).Sub(c.now()))
	}
	c.why = rapid.SampledFrom([]string{"schedule", "schedule", daemon.WhyBoundary, daemon.WhyOnCalls}).Draw(rt, "why")
	if rapid.IntRange(0, 1).Draw(rt, "edit") == 0 {
		c.write(rapid.IntRange(0, len(c.laws)-1).Draw(rt, "law"))
	}
	for range rapid.IntRange(0, 2).Draw(rt, "deeds before") {
		c.person(rt)()
	}
	c.between(rt)
	c.refusing(rt)
	if rapid.IntRange(0, 3).Draw(rt, "fault") == 0 {
		c.fault(rt)
	}
	c.around(rt)
	if rapid.IntRange(0, 3).Draw(rt, "killed") == 0 {
		c.kill = &kill{at: rapid.IntRange(1, 90).Draw(rt, "killed at"), after: rapid.Bool().Draw(rt, "after"), hard: rapid.IntRange(0, 3).Draw(rt, "hard") > 0}
		c.tell("kill %+v", *c.kill)
	}
}

// between draws what people do between two requests of the round: at any, or about
// the writes, where it matters most.
func (c *chaos) between(rt *rapid.T) {
	for range rapid.IntRange(0, 3).Draw(rt, "deeds between") {
		t := &trigger{do: c.person(rt)}
		n := 0
		switch rapid.IntRange(0, 7).Draw(rt, "between which") {
		case 0, 1:
			at := rapid.IntRange(2, 60).Draw(rt, "at request")
			t.before = func(*http.Request) bool { n++; return n == at }
		case 2:
			t.before = writes
		case 3:
			t.before = writesSchedule
		case 4:
			t.after = writesSchedule
		case 5:
			t.before = wrote(http.MethodPost, "/events")
		case 6:
			t.after = wrote(http.MethodPost, "/events")
		default:
			t.after = wrote(http.MethodPut, "/events/")
		}
		c.triggers = append(c.triggers, t)
	}
	if rapid.IntRange(0, 7).Draw(rt, "the joiner is deleted") == 0 {
		who := rapid.SampledFrom([]string{"P6", "P7", "P8"}).Draw(rt, "joiner")
		c.triggers = append(c.triggers, &trigger{before: wrote(http.MethodPost, "/events"), do: func() { c.removeUser(who, false) }})
	}
}

// refusing draws what PagerDuty refuses.
func (c *chaos) refusing(rt *rapid.T) {
	if rapid.IntRange(0, 3).Draw(rt, "refusals") > 0 {
		return
	}
	what := rapid.SampledFrom([]func(*http.Request) bool{
		wrote(http.MethodPost, "/events"), wrote(http.MethodPost, "/events"), wrote(http.MethodPost, "/events"), wrote(http.MethodPut, "/events/"),
		wrote(http.MethodDelete, "/events/"), wrote(http.MethodPut, "/schedules/"), writesSchedule, wrote(http.MethodPost, "overrides"), writes,
	}).Draw(rt, "refused")
	c.refusals = []*refusal{{what, rapid.SampledFrom([]int{1, 2, -1}).Draw(rt, "times")}}
}

// fault orders a fault.
func (c *chaos) fault(rt *rapid.T) {
	what := rapid.SampledFrom([]string{
		"429=3s", "429=40s", "500", "502", "503-late", "500-late", "cut", "cut-late", "truncate", "malformed", "stale=30s", "stale=90s", "stale=3", "rendering",
	}).Draw(rt, "fault")
	where := rapid.SampledFrom([]string{
		"", "PUT", "POST", "DELETE", "GET /users", "GET /teams", "GET /teams/{id}/members", "GET /v3/schedules", "GET /v3/schedules/{id}",
		"GET /v3/schedules/{id}/rotations/{rotation_id}/events", "POST /v3/schedules/{id}/rotations/{rotation_id}/events",
		"PUT /v3/schedules/{id}/rotations/{rotation_id}/events/{event_id}", "PUT /schedules/{id}", "GET /schedules/{id}", "GET /oncalls",
	}).Draw(rt, "where")
	times := rapid.SampledFrom([]string{"1", "1", "2", "7", "*"}).Draw(rt, "times")
	if what == "rendering" {
		where = rapid.SampledFrom([]string{"GET /schedules/{id}", "GET /v3/schedules/{id}"}).Draw(rt, "schedule")
		c.skewed = true
	}
	if strings.HasPrefix(what, "stale") {
		where, c.stale = rapid.SampledFrom([]string{"", "PUT", "POST"}).Draw(rt, "stale where"), true
	}
	f, err := pagerdutysim.ParseFault(what + ":" + where + ":" + times)
	if err != nil {
		c.fail("%v", err)
	}
	c.sim.Inject(f)
	c.harm++
	c.counts["faults: "+what]++
	c.tell("fault %s:%s:%s", what, where, times)
}

// around draws what goes wrong around the program: its state, its policies, its
// configuration, what stands between it and PagerDuty.
func (c *chaos) around(rt *rapid.T) {
	switch rapid.IntRange(0, 13).Draw(rt, "around") {
	case 0:
		c.broken = errors.New("chaos.rego:3: unexpected }")
		c.counts["trouble: policies broken"]++
	case 1:
		c.paused = true
		c.counts["trouble: paused"]++
	case 2:
		c.counts["trouble: restarted"]++
		c.reopen()
	case 3, 4:
		c.copyJournal()
	case 5, 6:
		if c.copied != nil {
			c.restoreJournal()
		}
	case 7, 8:
		how := rapid.SampledFrom(slices.Sorted(maps.Keys(encodings))).Draw(rt, "echo how")
		c.echoes[rapid.IntRange(1, 60).Draw(rt, "echo at")] = rapid.SampledFrom([]string{"", "failure "}).Draw(rt, "echo as") + how
	case 9, 10:
		if !c.watched {
			return // who made no round meanwhile can't know that it did not hold still
		}
		c.setOperators()
		c.counts["trouble: operators left out"]++
		c.tell("the configuration leaves the operators out")
	}
}

// setOperators has the configuration name other operators from the next round on.
func (c *chaos) setOperators(mails ...string) {
	c.operators = mails
	c.Change(func(d *daemon.Daemon) { d.Settings.Operators = mails })
}

// fix puts right what a name means: people rename it back, create it again, and say
// what it means from now on.
func (c *chaos) fix(is *inventory.Snapshot, ref string) {
	c.Helper()
	kind, name, _ := strings.Cut(ref, ":")
	c.tell("somebody: puts %s right", ref)
	c.deed("names put right", func() {
		switch kind {
		case "user":
			c.mendUser(is, name)
		case "team":
			c.mendTeam(is, name)
		case "schedule":
			c.mendSchedule(is, name)
		}
	})
	if err := c.journal.Confirm(c.ctx(), ref, c.bound[ref], "looked at it"); err != nil {
		c.fail("%v", err)
	}
}

func (c *chaos) mendUser(is *inventory.Snapshot, mail string) {
	for id, u := range is.Users {
		if u.Email == mail {
			c.bound["user:"+mail] = id
			return
		}
	}
	id := c.bound["user:"+mail]
	if _, lives := is.Users[id]; lives {
		c.sim.RenameUser(id, "Person", mail)
		return
	}
	c.bound["user:"+mail] = c.fresh("PU")
	c.sim.AddUser(inventory.User{ID: c.bound["user:"+mail], Name: "Person", Email: mail, BaseRole: "limited_user", TimeZone: "Etc/UTC"})
}

// means says that a name means an id, which is then put right by that name.
func (c *chaos) means(id string) bool {
	for _, bound := range c.bound {
		if bound == id {
			return true
		}
	}
	return false
}

func (c *chaos) mendTeam(is *inventory.Snapshot, name string) {
	id := c.bound["team:"+name]
	for other, t := range is.Teams {
		if t.Name == name && other != id && !c.means(other) {
			if _, lives := is.Teams[id]; lives {
				c.sim.RenameTeam(other, "Was "+name+" "+other)
				continue
			}
			c.bound["team:"+name] = other
			id = other
			is.Teams[id] = t
		}
	}
	if _, lives := is.Teams[id]; !lives {
		id = c.fresh("PT")
		c.bound["team:"+name] = id
		c.sim.AddTeam(inventory.Team{ID: id, Name: name, DefaultRole: "none", Members: map[string]string{}})
		return
	}
	c.sim.RenameTeam(id, name)
}

func (c *chaos) mendSchedule(is *inventory.Snapshot, name string) {
	id := c.bound["schedule:"+name]
	_, lives := is.Schedules[id]
	for _, other := range slices.Sorted(maps.Keys(is.Schedules)) {
		if is.Schedules[other].Name != name || other == id || c.means(other) {
			continue
		}
		if !lives {
			c.bound["schedule:"+name], id, lives = other, other, true
			continue
		}
		c.sim.AlterSchedule(other, func(s *inventory.Schedule) { s.Name = "Was " + name + " " + other })
	}
	if lives {
		c.sim.AlterSchedule(id, func(s *inventory.Schedule) { s.Name = name })
		return
	}
	s := chaosSeed().Schedules[chaosBound["schedule:"+name]]
	s.ID = c.fresh("PS")
	c.bound["schedule:"+name] = s.ID
	s.Teams = nil
	for i := range s.Rotations {
		s.Rotations[i].ID = c.fresh("QR")
	}
	c.sim.AddSchedule(s)
}
