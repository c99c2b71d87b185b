// Package paging proves who is paged: for an incident of a service at some moment, who is
// reached after how long and by which channel, until its escalation policy ends; and when,
// in the weeks to come, an incident would reach nobody in time.
//
// All of it follows from a snapshot: services with their urgency, support hours and
// maintenance windows, escalation policies with their repeats and round robins, schedules of
// both kinds, and people's contact methods and notification rules. It opens nothing and has
// no clock. What PagerDuty's API does not show is listed in NotShown.
package paging

import (
	"maps"
	"slices"
	"sort"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// NotShown are the facts that decide about paging and that no API shows.
var NotShown = []string{
	"event orchestrations may suppress events or change their urgency before a service sees them",
	"whether a device is switched on, has the app's permissions, or has expired; and whether a number was confirmed",
	"whose turn it is in a round robin: what is said of one holds for each of its members",
	"roles on single services, schedules and escalation policies",
	"an urgency, priority or policy that somebody gives to an incident by hand",
	"whether a notice that is due after an escalation still arrives: it is taken not to, unless the same person is paged again",
}

// Account is an account made ready for walks that begin in a span of time. It keeps what
// it has worked out, and is used by one goroutine at a time.
type Account struct {
	snap  *inventory.Snapshot
	since time.Time
	until time.Time
	// end is when the last walk is over.
	end   time.Time
	lines map[string]line
	// doubts says of a schedule until when and why no further it is known.
	doubts map[string]Doubt
	// bound is how long the first notice that wakes may take.
	bound time.Duration
	spans map[string][]Hole
}

// Doubt says until when a schedule is known.
type Doubt struct {
	Schedule string    `json:"schedule"`
	Until    time.Time `json:"until"`
	Reason   string    `json:"reason"`
}

// DefaultBound is how long the first notice that wakes may take.
const DefaultBound = 15 * time.Minute

// New makes an account ready for walks that begin in [since, until). Within the snapshot's
// window schedules are as PagerDuty renders them, beyond it as we do.
func New(s *inventory.Snapshot, since, until time.Time, bound time.Duration) *Account {
	a := &Account{snap: s, since: since.UTC(), until: until.UTC(), lines: map[string]line{}, doubts: map[string]Doubt{}, bound: bound, spans: map[string][]Hole{}}
	a.end = a.until
	for _, p := range s.EscalationPolicies {
		if e := a.until.Add(length(p)); e.After(a.end) {
			a.end = e
		}
	}
	for _, v := range s.Services {
		if v.RaisedAtSupportHours {
			a.end = a.end.Add(raisedWithin)
			break
		}
	}
	return a
}

// raisedWithin is how long it takes at most until support hours begin that are on one day
// of the week.
const raisedWithin = 8 * 24 * time.Hour

// line is who is on call on a schedule, which is made ready once it is asked for.
func (a *Account) line(id string) line {
	l, ok := a.lines[id]
	if !ok {
		l = a.lineOf(a.snap.Schedules[id])
		a.lines[id] = l
	}
	return l
}

// length is how long a policy goes on at most.
func length(p inventory.EscalationPolicy) time.Duration {
	minutes := 0
	for _, r := range p.Rules {
		minutes += r.DelayMinutes
	}
	return time.Duration(minutes*(max(0, p.Repeat)+1)) * time.Minute
}

// Doubts are the schedules looked at that are not known to the end.
func (a *Account) Doubts() []Doubt {
	list := []Doubt{}
	for _, id := range slices.Sorted(maps.Keys(a.doubts)) {
		list = append(list, a.doubts[id])
	}
	return list
}

// line is who is on call on a schedule, piece by piece: from at[i] on it is on[i].
type line struct {
	at []time.Time
	on [][]string
	// ends is from when on nothing is known; zero where it is known long enough.
	ends time.Time
}

func (a *Account) lineOf(s inventory.Schedule) line {
	w := a.snap.Account.Window
	shifts := []inventory.Shift{}
	from := a.since
	if w.Since.Before(w.Until) && !from.Before(w.Since) && from.Before(w.Until) {
		shifts = append(shifts, s.Shifts...)
		from = w.Until
	}
	var l line
	if from.Before(a.end) {
		rendered, err := oncall.Render(s, from, a.end)
		if err != nil {
			a.doubts[s.ID] = Doubt{Schedule: s.ID, Until: from, Reason: err.Error()}
			l.ends = from
		}
		shifts = append(shifts, rendered...)
	}
	l.fill(a.snap.Manned(shifts))
	return l
}

// fill cuts shifts into pieces with the same people on call.
func (l *line) fill(shifts []inventory.Shift) {
	type edge struct {
		at   time.Time
		user string
		by   int
	}
	edges := make([]edge, 0, 2*len(shifts))
	for _, s := range shifts {
		if s.Start.Before(s.End) {
			edges = append(edges, edge{s.Start, s.User, 1}, edge{s.End, s.User, -1})
		}
	}
	slices.SortFunc(edges, func(x, y edge) int { return x.at.Compare(y.at) })
	count := map[string]int{}
	for i, e := range edges {
		if count[e.user] += e.by; count[e.user] == 0 {
			delete(count, e.user)
		}
		if i+1 < len(edges) && edges[i+1].at.Equal(e.at) {
			continue
		}
		on := make([]string, 0, len(count))
		for user := range count {
			on = append(on, user)
		}
		slices.Sort(on)
		if n := len(l.on); n > 0 && slices.Equal(l.on[n-1], on) || n == 0 && len(on) == 0 {
			continue
		}
		l.at, l.on = append(l.at, e.at), append(l.on, on)
	}
}

// look is who is on call at t, and when that changes next; zero where it does not.
func (l line) look(t time.Time) (on []string, next time.Time) {
	i := sort.Search(len(l.at), func(i int) bool { return l.at[i].After(t) })
	if i > 0 {
		on = l.on[i-1]
	}
	if i < len(l.at) {
		next = l.at[i]
	}
	return on, next
}
