package reconcile_test

import (
	"bytes"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
)

// trigger is a deed that waits for a request.
type trigger struct {
	// before says of which request it is done just before; after likewise.
	before, after func(*http.Request) bool
	do            func()
}

// refusal is a kind of request that PagerDuty refuses with a plain 400.
type refusal struct {
	what  func(*http.Request) bool
	times int
}

// wrote says what a request writes.
func wrote(method, part string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == method && strings.Contains(r.URL.Path, part) }
}

// writesSchedule says that a request edits a schedule.
func writesSchedule(r *http.Request) bool {
	return r.Method != http.MethodGet && strings.Contains(r.URL.Path, "/schedules/") && !strings.HasSuffix(r.URL.Path, "/preview")
}

// writes says that a request writes anything.
func writes(r *http.Request) bool {
	return r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/preview")
}

// RoundTrip carries a request to the simulator, with what people do just before and
// just after it, and judges what it changes.
func (c *chaos) RoundTrip(r *http.Request) (*http.Response, error) {
	dead, dies := c.call(true)
	if dead {
		return nil, errDead
	}
	c.wire.Lock()
	c.seq++
	c.pull(r, func(t *trigger) func(*http.Request) bool { return t.before })
	defer c.wire.Unlock()
	if resp, err := c.echo(r); resp != nil || err != nil {
		return resp, err
	}
	if resp := c.refuse(r); resp != nil {
		return resp, nil
	}
	resp, err := c.carry(r)
	c.pull(r, func(t *trigger) func(*http.Request) bool { return t.after })
	if dies {
		return nil, errDead
	}
	return resp, err
}

// carry has the simulator answer, and judges what it changed.
func (c *chaos) carry(r *http.Request) (*http.Response, error) {
	if !writes(r) {
		resp, err := c.transport.RoundTrip(c.admit(r))
		if err != nil || resp.StatusCode >= http.StatusBadRequest {
			c.harm++
		} else if !c.stale {
			c.saw(r)
		}
		return resp, err
	}
	was := c.sim.Account()
	resp, err := c.transport.RoundTrip(c.admit(r))
	if err != nil || resp.StatusCode >= http.StatusBadRequest {
		c.harm++
	}
	if err == nil && r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/overrides") && resp.StatusCode/100 == 4 {
		c.untaken = true
	}
	c.sampled = nil
	c.judge(was, c.sim.Account(), r)
	c.note()
	return resp, err
}

// saw notes what a request read.
func (c *chaos) saw(r *http.Request) {
	c.read[r.URL.Path] = c.seq
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/v3"), "/")
	if len(parts) > 2 && parts[1] == "schedules" {
		whole := len(parts) == 3 || parts[len(parts)-1] == "events"
		if whole {
			c.read[parts[2]] = c.seq
		}
	}
}

// pull does what waits for a request.
func (c *chaos) pull(r *http.Request, which func(*trigger) func(*http.Request) bool) {
	for _, t := range slices.Clone(c.triggers) {
		if when := which(t); when != nil && when(r) {
			c.triggers = slices.DeleteFunc(c.triggers, func(x *trigger) bool { return x == t })
			t.do()
		}
	}
}

// refuse answers as PagerDuty refuses; nil if it does not.
func (c *chaos) refuse(r *http.Request) *http.Response {
	for _, x := range c.refusals {
		if x.times == 0 || !x.what(r) {
			continue
		}
		x.times--
		c.refused++
		c.untaken = c.untaken || r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/overrides")
		c.counts["refusals: "+r.Method+" "+strings.Join(slices.DeleteFunc(strings.Split(r.URL.Path, "/"), func(s string) bool {
			return s == "" || s == strings.ToUpper(s)
		}), "/")]++
		c.tell("PagerDuty refuses %s %s", r.Method, r.URL.Path)
		body := `{"error":{"message":"Invalid Input Provided","code":2001,"errors":["this can't be done"]}}`
		return &http.Response{StatusCode: http.StatusBadRequest, Status: "400 Bad Request", Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader([]byte(body)))}
	}
	return nil
}

// deed is what somebody does in PagerDuty's pages. It may be done while a request
// waits.
func (c *chaos) deed(what string, do func()) {
	was := c.sim.Account()
	do()
	is := c.sim.Account()
	c.seq++
	c.harm++
	c.counts["people: "+what]++
	c.mark(was, is)
	c.watchCoverage(was, is, false)
	c.note()
}

// mark notes which layers, events, turns and pairs a person changed.
func (c *chaos) mark(was, is *inventory.Snapshot) {
	for id, after := range is.Schedules {
		before := was.Schedules[id]
		defs := definitions(before)
		touched := false
		for part, now := range definitions(after) {
			if then, known := defs[part]; !known || !reflect.DeepEqual(then, now) {
				c.deeds[part], touched = c.seq, true
				c.markMoved(id, then, now)
				c.markEnd(part, then, now)
			}
		}
		c.markCovers(before, after)
		if before.Name != after.Name || !slices.Equal(before.Teams, after.Teams) {
			c.deeds["frame of "+id] = c.seq
		}
		if touched || !reflect.DeepEqual(before.Overrides, after.Overrides) || !reflect.DeepEqual(before.CustomShifts, after.CustomShifts) {
			delete(c.owed, id)
			if c.begun == 0 {
				continue
			}
			c.touched[id] = true
		}
	}
	for id, team := range is.Teams {
		for user := range is.Users {
			if held(team, user) != held(was.Teams[id], user) {
				c.deeds[id+" "+user] = c.seq
			}
		}
	}
	for id, u := range is.Users {
		if before, known := was.Users[id]; known && before.BaseRole != u.BaseRole {
			c.deeds[" "+id] = c.seq
			c.promoted[id], c.roleWas[id] = true, before.BaseRole
		}
	}
}

// markMoved notes whose turns a person gave or took on a layer or event.
func (c *chaos) markMoved(schedule string, was, is any) {
	_, a := usersIn(was)
	name, b := usersIn(is)
	for _, user := range slices.Concat(a, b) {
		if slices.Contains(a, user) != slices.Contains(b, user) {
			key := schedule + "/" + name + " " + user
			delete(c.moved, key)
			c.deeds[key] = c.seq
		}
	}
}

// usersIn are the name and the people of a layer or an event.
func usersIn(definition any) (name string, users []string) {
	switch d := definition.(type) {
	case inventory.Layer:
		return d.Name, d.Users
	case inventory.Event:
		for _, m := range d.Assignment.Members {
			if m != nil {
				users = append(users, *m)
			}
		}
		return d.Name, users
	}
	return "", nil
}
