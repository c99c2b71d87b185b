package pagerduty

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// idsAsked is how many ids stand in one question, so that the address stays
// under 4,000 characters.
const idsAsked = 100

// question is one list of on-calls, and how many requests it is expected to
// take.
type question struct {
	filter url.Values
	cost   int
}

// questions are the cheapest that tell what has to be known. Everything that
// matters is asked about by its ids or as the list of all on-calls; for what is
// due it is enough to know its on-calls, and what else those are on call on
// whose shifts end.
func (r *refresh) questions() []question {
	if len(r.listed) == 0 && len(r.o.Policies) == 0 {
		return nil
	}
	rows := map[string]int{}
	users := map[string]int{}
	for _, o := range r.base.OnCalls {
		users[o.User]++
		rows[o.EscalationPolicy]++
		if o.Schedule != nil {
			rows[*o.Schedule]++
		}
	}
	var schedules []string
	for _, id := range r.listed {
		if !slices.ContainsFunc(r.base.Schedules[id].EscalationPolicies, func(p string) bool { return slices.Contains(r.o.Policies, p) }) {
			schedules = append(schedules, id)
		}
	}
	best := slices.Concat(asked("schedule_ids[]", schedules, rows), asked("escalation_policy_ids[]", r.o.Policies, rows))
	if everything := pages(len(r.base.OnCalls)); everything < cost(best) && len(r.base.OnCalls) < ceiling {
		best = []question{{cost: everything}}
	}
	if len(r.o.Due) == 0 {
		return best
	}
	var due []string
	for _, id := range r.listed {
		if slices.Contains(r.o.Due, id) || r.disputed(id) {
			due = append(due, id)
		}
	}
	some := slices.Concat(asked("schedule_ids[]", due, rows), asked("user_ids[]", slices.Sorted(maps.Keys(r.leaving)), users))
	if cost(some) < cost(best) {
		return some
	}
	return best
}

func asked(key string, ids []string, rows map[string]int) []question {
	var list []question
	for chunk := range slices.Chunk(ids, idsAsked) {
		n := 0
		for _, id := range chunk {
			n += rows[id]
		}
		list = append(list, question{url.Values{key: chunk}, pages(n)})
	}
	return list
}

func cost(list []question) int {
	n := 0
	for _, q := range list {
		n += q.cost
	}
	return n
}

// askOnCalls asks who is on call from At on. Where PagerDuty's clock has not
// come there yet, it asks again from the moment that it has come to.
func (r *refresh) askOnCalls(ctx context.Context) error {
	questions := r.questions()
	if len(questions) == 0 {
		return nil
	}
	if err := r.ask(ctx, questions); err != nil {
		return err
	}
	if r.takenAt.Before(r.o.At) {
		r.behind = r.o.At.Sub(r.takenAt)
		r.o.At, r.takenAt, r.rows = r.takenAt, time.Time{}, nil
		if err := r.ask(ctx, questions); err != nil {
			return err
		}
	}
	if !r.takenAt.Before(r.until) {
		return outdated("on-calls were asked for until %s, and PagerDuty's clock says %s", r.until.Format(time.RFC3339), r.takenAt.Format(time.RFC3339))
	}
	for _, q := range questions {
		switch {
		case q.filter == nil:
			r.all = true
		case q.filter["schedule_ids[]"] != nil:
			for _, id := range q.filter["schedule_ids[]"] {
				r.whole[id] = true
			}
		case q.filter["escalation_policy_ids[]"] != nil:
			for _, id := range q.filter["escalation_policy_ids[]"] {
				r.wholePolicies[id] = true
			}
		}
	}
	for _, id := range r.listed {
		for _, p := range r.base.Schedules[id].EscalationPolicies {
			r.whole[id] = r.whole[id] || r.all || r.wholePolicies[p]
		}
	}
	return nil
}

// clockSlack is how far PagerDuty's clock may be ahead of the local idea of it.
const clockSlack = time.Minute

func (r *refresh) ask(ctx context.Context, questions []question) error {
	r.until = r.o.At.Add(r.o.Ahead + clockSlack)
	seen := map[string]bool{}
	for _, q := range questions {
		query := url.Values{"since": {r.o.At.Format(time.RFC3339)}, "until": {r.until.Format(time.RFC3339)}}
		maps.Copy(query, q.filter)
		got, err := readList(ctx, r.c, list[wireOnCall]{pattern: "/oncalls", key: "oncalls", id: wireOnCall.key, lacks: wireOnCall.lacks, query: query})
		if err != nil {
			return err
		}
		if got.total > len(got.items) {
			return outdated("there are %d on-calls, more than a list can hold", got.total)
		}
		r.setClock(got.header)
		for _, w := range got.items {
			if key := w.key(); !seen[key] {
				seen[key] = true
				r.rows = append(r.rows, w)
			}
		}
	}
	return nil
}

// compare finds the schedules of which the answers say differently from the
// snapshot's shifts, to be read again; or that a policy is otherwise, which
// makes the snapshot outdated.
func (r *refresh) compare() error {
	if len(r.rows) == 0 && r.takenAt.IsZero() {
		return nil // nothing was asked
	}
	for _, id := range r.o.Policies {
		if !r.all && !r.wholePolicies[id] {
			continue
		}
		answer, odd := r.oddPolicy(id)
		switch {
		case !odd:
			answer = ""
		case r.o.Accepted[id] != answer:
			return &inventory.OutdatedError{ID: id, Answer: answer, Why: fmt.Sprintf("escalation policy %s (%s) has other levels, or other people on them",
				r.base.EscalationPolicies[id].Name, id)}
		}
		r.odd[id] = answer
	}
	for _, id := range r.listed {
		answer, differs := r.differs(r.base, id)
		switch {
		case differs && r.o.Accepted[id] == answer:
			r.odd[id] = answer
		case differs:
			r.read[id] = true
		case !r.whole[id]:
		default:
			r.odd[id] = ""
			if r.disputed(id) {
				r.changed[id] = true // no longer
			}
		}
	}
	return nil
}

// differs says whether the on-calls of a schedule differ from its shifts, and
// what was answered. Of a schedule whose rows are not all there only those of
// the people who leave count.
func (r *refresh) differs(s *inventory.Snapshot, id string) (answer string, differs bool) {
	if !slices.Contains(r.listed, id) {
		return "", false
	}
	counts := func(user string) bool { return r.whole[id] || r.leaving[user] }
	said, rendered := map[string][]interval{}, map[string][]interval{}
	var rows []string
	for _, w := range r.rows {
		if w.Schedule == nil || w.Schedule.ID != id || !counts(w.User.ID) {
			continue
		}
		span := interval{r.o.At, r.until}
		if w.Start != nil {
			span.start = *w.Start
		}
		if w.End != nil {
			span.end = *w.End
		}
		said[w.User.ID] = append(said[w.User.ID], span)
		rows = append(rows, fmt.Sprint(w.User.ID, " ", span.start.UTC().Format(time.RFC3339), " ", span.end.UTC().Format(time.RFC3339)))
	}
	for _, shift := range s.Schedules[id].Shifts {
		if counts(shift.User) {
			rendered[shift.User] = append(rendered[shift.User], interval{shift.Start, shift.End})
		}
	}
	within := interval{r.takenAt, r.until}
	slices.Sort(rows)
	return strings.Join(slices.Compact(rows), "\n"), !maps.EqualFunc(united(said, within), united(rendered, within), slices.Equal[[]interval])
}

// disputed says that the snapshot's on-calls were at odds with a schedule's
// shifts when it was taken (S21).
func (r *refresh) disputed(id string) bool {
	said, rendered := map[string]bool{}, map[string]bool{}
	for _, o := range r.base.OnCalls {
		if o.Schedule != nil && *o.Schedule == id {
			said[o.User] = true
		}
	}
	for _, s := range oncall.At(r.base.Schedules[id].Shifts, r.base.Account.TakenAt) {
		rendered[s.User] = true
	}
	return !maps.Equal(said, rendered)
}

// oddPolicy says whether a policy's rows differ from its levels, and what was
// answered.
func (r *refresh) oddPolicy(id string) (answer string, odd bool) {
	said, expected, onCall := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, w := range r.rows {
		if w.Schedule != nil {
			onCall[w.Schedule.ID] = true
		}
		switch {
		case w.EscalationPolicy.ID != id:
		case w.Schedule != nil:
			said[fmt.Sprint(w.Level, " schedule ", w.Schedule.ID)] = true
		default:
			said[fmt.Sprint(w.Level, " user ", w.User.ID)] = true
		}
	}
	for i, rule := range r.base.EscalationPolicies[id].Rules {
		for _, t := range rule.Targets {
			// A schedule on which nobody is on call has no rows.
			if t.Type == "user" || onCall[t.ID] {
				expected[fmt.Sprint(i+1, " ", t.Type, " ", t.ID)] = true
			}
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(said)), "\n"), !maps.Equal(said, expected)
}

// interval is a half-open span of time.
type interval struct{ start, end time.Time }

// united are the intervals of each person within one, merged and sorted, in UTC;
// without those who have none.
func united(spans map[string][]interval, within interval) map[string][]interval {
	out := map[string][]interval{}
	for user, list := range spans {
		slices.SortFunc(list, func(a, b interval) int { return a.start.Compare(b.start) })
		var merged []interval
		for _, s := range list {
			if s.start.Before(within.start) {
				s.start = within.start
			}
			if s.end.After(within.end) {
				s.end = within.end
			}
			s = interval{s.start.UTC(), s.end.UTC()}
			if !s.start.Before(s.end) {
				continue
			}
			if n := len(merged); n > 0 && !s.start.After(merged[n-1].end) {
				if s.end.After(merged[n-1].end) {
					merged[n-1].end = s.end
				}
				continue
			}
			merged = append(merged, s)
		}
		if len(merged) > 0 {
			out[user] = merged
		}
	}
	return out
}

// onCalls are the rows of the moment: as answered, and of what was not asked
// about as the shifts say.
func (r *refresh) onCalls(s *inventory.Snapshot) []inventory.OnCall {
	rows := []inventory.OnCall{}
	for _, w := range r.rows {
		if w.at(r.takenAt) {
			rows = append(rows, w.inventory())
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.EscalationPolicies)) {
		if r.all || r.wholePolicies[id] {
			continue
		}
		for _, o := range oncall.Escalation(s, id, 0, r.takenAt) {
			if o.Schedule != nil && (r.whole[*o.Schedule] || r.leaving[o.User]) || o.Schedule == nil && r.leaving[o.User] {
				continue
			}
			rows = append(rows, o)
		}
	}
	sorted := inventory.Snapshot{OnCalls: rows}
	sorted.Normalize()
	return sorted.OnCalls
}

// normalized is a schedule in the form that a snapshot has it.
func normalized(s inventory.Schedule) inventory.Schedule {
	one := inventory.Snapshot{Schedules: map[string]inventory.Schedule{s.ID: s}}
	one.Normalize()
	return one.Schedules[s.ID]
}

func sameShifts(a, b inventory.Schedule) bool {
	return slices.EqualFunc(a.Shifts, b.Shifts, func(x, y inventory.Shift) bool {
		return x.User == y.User && x.Start.Equal(y.Start) && x.End.Equal(y.End) && reflect.DeepEqual(x.Origin, y.Origin)
	})
}

// sameSchedule compares what a schedule was read as, coverage apart.
func sameSchedule(a, b inventory.Schedule) bool {
	a.Coverage, b.Coverage = 0, 0
	return reflect.DeepEqual(a, b)
}
