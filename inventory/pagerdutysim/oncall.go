package pagerdutysim

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/input"
)

func (s *Server) onCallRoutes() { s.handle("GET /oncalls", s.listOnCalls) }

// onCallSpan is how far ahead /oncalls looks, and how long the shifts are at
// most that it shows. Source: PagerDuty's API description, listOnCalls.
const onCallSpan = 90 * 24 * time.Hour

// onCall is one row: a person on a level of a policy, directly (no schedule) or
// by a shift.
type onCall struct {
	policy   *policy
	level    int
	user     string
	schedule *schedule
	shift    inventory.Shift
}

// listOnCalls knows escalation policies only: schedules on none are absent.
func (s *Server) listOnCalls(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	window, zone, ok := s.onCallWindow(w, r)
	if !ok {
		return
	}
	rows := slices.DeleteFunc(s.onCalls(window), func(o onCall) bool {
		scheduleID := "null"
		if o.schedule != nil {
			scheduleID = o.schedule.ID
		}
		return excluded(q["schedule_ids[]"], scheduleID) || excluded(q["user_ids[]"], o.user) ||
			excluded(q["escalation_policy_ids[]"], o.policy.id)
	})
	if q.Get("earliest") == "true" {
		rows = earliest(rows)
	}
	include := includes(r)
	paginate(s, w, r, "oncalls", rows, func(o onCall) any { return s.onCallView(o, include, zone) })
}

func excluded(filter []string, id string) bool {
	return len(filter) > 0 && !slices.Contains(filter, id)
}

// onCallWindow reads since, until and time_zone. Both bounds default to now.
func (s *Server) onCallWindow(w http.ResponseWriter, r *http.Request) (inventory.Window, *time.Location, bool) {
	zone := time.UTC
	if name := r.URL.Query().Get("time_zone"); name != "" {
		z, err := input.Zone(name)
		if err != nil {
			writeInvalid(w, "time_zone is not a valid time zone")
			return inventory.Window{}, nil, false
		}
		zone = z
	}
	window := inventory.Window{Since: s.now(), Until: s.now()}
	for name, into := range map[string]*time.Time{"since": &window.Since, "until": &window.Until} {
		text := r.URL.Query().Get(name)
		if text == "" {
			continue
		}
		t, err := input.Moment(text, zone)
		if err != nil {
			writeInvalid(w, name+" is not a valid date and time")
			return window, zone, false
		}
		*into = t
	}
	if window.Until.Before(window.Since) {
		writeInvalid(w, "until must not be before since")
		return window, zone, false
	}
	if window.Until.Sub(window.Since) > onCallSpan || window.Until.Sub(s.now()) > onCallSpan {
		writeInvalid(w, "The time range may be at most 90 days, and end at most 90 days ahead")
		return window, zone, false
	}
	return window, zone, true
}

// onCalls are all rows of a window: policies by name, levels in order.
func (s *Server) onCalls(w inventory.Window) []onCall {
	var rows []onCall
	shifts := map[string][]inventory.Shift{}
	for _, p := range s.acct.policiesByName() {
		for i, rule := range p.rules {
			for _, t := range rule.targets {
				if t.Type == "user" {
					if !s.acct.users[t.ID].live() {
						continue
					}
					rows = append(rows, onCall{policy: p, level: i + 1, user: t.ID})
					continue
				}
				c := s.acct.schedules[t.ID]
				if !has(shifts, c.ID) {
					shifts[c.ID] = shiftsAround(c.Schedule, w)
				}
				for _, shift := range shifts[c.ID] {
					if !s.acct.users[shift.User].live() {
						continue
					}
					rows = append(rows, onCall{policy: p, level: i + 1, user: shift.User, schedule: c, shift: shift})
				}
			}
		}
	}
	return rows
}

// shiftsAround renders the shifts that touch a window, each from its start to its
// end as far as that lies within 90 days. Most are over soon, so it looks
// further only as long as a shift reaches over what it has seen.
func shiftsAround(c inventory.Schedule, w inventory.Window) []inventory.Shift {
	var found []inventory.Shift
	for margin := 8 * 24 * time.Hour; ; margin = min(margin*4, onCallSpan) {
		since, until := w.Since.Add(-margin), w.Until.Add(margin)
		shifts, err := oncall.Render(c, since, until)
		if err != nil {
			// Seeds and writes are refused if they do not render.
			panic("render: " + err.Error())
		}
		found = slices.DeleteFunc(join(shifts), func(s inventory.Shift) bool { return !touches(s, w) })
		cut := slices.ContainsFunc(found, func(s inventory.Shift) bool {
			return !s.Start.After(since) || !s.End.Before(until)
		})
		if !cut || margin == onCallSpan {
			return found
		}
	}
}

// join makes one shift of a person's shifts that follow each other or overlap:
// where a shift comes from does not show in /oncalls.
func join(shifts []inventory.Shift) []inventory.Shift {
	last := map[string]int{}
	var joined []inventory.Shift
	for _, s := range shifts {
		if i, ok := last[s.User]; ok && !s.Start.After(joined[i].End) {
			if s.End.After(joined[i].End) {
				joined[i].End = s.End
			}
			continue
		}
		last[s.User] = len(joined)
		joined = append(joined, s)
	}
	return joined
}

// touches says whether a shift overlaps a window; one of no length is a moment.
func touches(s inventory.Shift, w inventory.Window) bool {
	if w.Since.Equal(w.Until) {
		return !s.Start.After(w.Since) && s.End.After(w.Since)
	}
	return s.Start.Before(w.Until) && s.End.After(w.Since)
}

// earliest keeps the first row of each policy, level and user.
func earliest(rows []onCall) []onCall {
	type key struct {
		policy, user string
		level        int
	}
	first := map[key]int{}
	var kept []onCall
	for _, o := range rows {
		k := key{o.policy.id, o.user, o.level}
		i, ok := first[k]
		switch {
		case !ok:
			first[k] = len(kept)
			kept = append(kept, o)
		case o.shift.Start.Before(kept[i].shift.Start):
			kept[i] = o
		}
	}
	return kept
}

func (s *Server) onCallView(o onCall, include []string, zone *time.Location) object {
	row := object{
		"escalation_policy": s.policyRef(o.policy), "user": s.userRef(o.user), "escalation_level": o.level,
		"schedule": nil, "start": nil, "end": nil,
	}
	if slices.Contains(include, "escalation_policies") {
		row["escalation_policy"] = s.policyView(o.policy, nil)
	}
	if u := s.acct.users[o.user]; u != nil && slices.Contains(include, "users") {
		row["user"] = s.userView(u, nil)
	}
	if c := o.schedule; c != nil {
		row["schedule"] = s.scheduleRef(c)
		if c.Kind == inventory.ScheduleOfLayers && slices.Contains(include, "schedules") {
			row["schedule"] = s.scheduleView(c, rendering{}, parts{})
		}
		row["start"], row["end"] = stamp(o.shift.Start, zone), stamp(o.shift.End, zone)
	}
	return row
}

// orders are the orders in which lists come, by name. Each is made when a list
// is first asked for, and again after a write: a large account is asked for it at
// every page.
type orders struct {
	users     ordering[*user]
	teams     ordering[*team]
	schedules ordering[*schedule]
	policies  ordering[*policy]
	services  ordering[*service]
}

// ordering is a list as it was last sorted, by which names, and the version of the
// account that it was sorted in.
type ordering[V comparable] struct {
	list       []V
	names, ids []string
	version    int
	sorted     bool
}

// holds says that what was sorted is what is there, under the same names: after most
// writes it is.
func (o *ordering[V]) holds(m map[string]V, name func(V) string) bool {
	if !o.sorted || len(o.list) != len(m) {
		return false
	}
	for i, v := range o.list {
		if m[o.ids[i]] != v || name(v) != o.names[i] {
			return false
		}
	}
	return true
}

func (a *account) usersByName() []*user {
	return byName(a, &a.orders.users, a.users, func(u *user) string { return u.name })
}

func (a *account) teamsByName() []*team {
	return byName(a, &a.orders.teams, a.teams, func(t *team) string { return t.name })
}

func (a *account) schedulesByName() []*schedule {
	return byName(a, &a.orders.schedules, a.schedules, func(c *schedule) string { return c.Name })
}

func (a *account) policiesByName() []*policy {
	return byName(a, &a.orders.policies, a.policies, func(p *policy) string { return p.name })
}

func (a *account) servicesByName() []*service {
	return byName(a, &a.orders.services, a.services, func(v *service) string { return v.Name })
}

func (a *account) licensesByName() []*license {
	return byName(a, &ordering[*license]{}, a.licenses, func(l *license) string { return l.name })
}

// byName lists the things of m by name, then id: the order of PagerDuty's
// lists. The list is the caller's to change.
func byName[V comparable](a *account, o *ordering[V], m map[string]V, name func(V) string) []V {
	return slices.Clone(ordered(a, o, m, name))
}

// ordered is byName with a list that is only to be read.
func ordered[V comparable](a *account, o *ordering[V], m map[string]V, name func(V) string) []V {
	if o.sorted && o.version == a.version && len(o.list) == len(m) || o.holds(m, name) {
		o.version = a.version
		return o.list
	}
	type entry struct {
		folded, id string
		value      V
	}
	entries := make([]entry, 0, len(m))
	for id, v := range m {
		entries = append(entries, entry{strings.ToLower(name(v)), id, v})
	}
	slices.SortFunc(entries, func(x, y entry) int {
		return cmp.Or(strings.Compare(x.folded, y.folded), strings.Compare(x.id, y.id))
	})
	*o = ordering[V]{list: make([]V, len(m)), names: make([]string, len(m)), ids: make([]string, len(m)), version: a.version, sorted: true}
	for i, e := range entries {
		o.list[i], o.names[i], o.ids[i] = e.value, name(e.value), e.id
	}
	return o.list
}
