package diff

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/inventory/paging"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// pagingAhead is how far ahead paging is compared with and without an edit.
const pagingAhead = 90 * 24 * time.Hour

// worsenedPaging holds what makes a time at which incidents of high urgency reach nobody in
// time, or makes one longer (S47): whoever joins first, since they lose nothing.
var worsenedPaging = editGuard{hold{code: plan.HoldPaging, rule: "S47", releasable: true}, func(b *builder, e edit) ([]plan.Change, func(plan.Change) wait) {
	worse := b.worsened(e)
	if len(worse) == 0 {
		return nil, nil
	}
	leaves, swaps, joins := b.units(e.schedule, e.changes)
	out := b.firstOf(joins, swaps, leaves)
	if len(leaves)+len(swaps)+len(joins) == 0 {
		for _, c := range e.changes {
			if c.Kind == plan.Override && !b.released(c) {
				out = append(out, c)
			}
		}
	}
	var why []string
	for _, w := range worse {
		why = append(why, b.tellWorse(w))
	}
	return out, waitFor(strings.Join(why, "; "),
		"give them a phone, SMS or push notification rule for high urgency, put somebody else there, or release it")
}}

// worsened tells which escalation policies, of services, an edit makes page worse.
func (b *builder) worsened(e edit) []paging.Worse {
	s := b.in.Snapshot
	var policies []string
	for id, p := range s.EscalationPolicies {
		serves := func(v inventory.Service) bool { return v.EscalationPolicy == id && v.Status != "disabled" }
		if slices.Contains(p.Targets(), inventory.Target{Type: "schedule", ID: e.schedule.ID}) && anyService(s, serves) {
			policies = append(policies, id)
		}
	}
	if len(policies) == 0 {
		return nil
	}
	slices.Sort(policies)
	was, err := oncall.Rerender(e.schedule, s.Account.Window)
	if err != nil {
		return nil // what can't be rendered gets no edit
	}
	is, err := oncall.Rerender(withOverrides(e.revised.Schedule, e.changes, b.in.Now), s.Account.Window)
	if err != nil {
		return nil
	}
	account := func(schedule inventory.Schedule) *paging.Account {
		return paging.New(withSchedule(s, schedule), b.in.Now, b.in.Now.Add(pagingAhead), paging.DefaultBound)
	}
	return paging.Worsened(account(was), account(is), policies)
}

func anyService(s *inventory.Snapshot, is func(inventory.Service) bool) bool {
	for _, v := range s.Services {
		if is(v) {
			return true
		}
	}
	return false
}

// withSchedule is a snapshot with one schedule in the place of what it was.
func withSchedule(s *inventory.Snapshot, schedule inventory.Schedule) *inventory.Snapshot {
	other := *s
	other.Schedules = map[string]inventory.Schedule{}
	for id, was := range s.Schedules {
		other.Schedules[id] = was
	}
	other.Schedules[schedule.ID] = schedule
	return &other
}

// holeWords say what an incident meets.
var holeWords = map[paging.Kind]string{
	paging.Nobody:    "find nobody on call on any level, so that PagerDuty would make no incident",
	paging.Silence:   "notify nobody",
	paging.EmailOnly: "reach people by e-mail alone",
	paging.Late:      fmt.Sprintf("make no device ring within %d minutes", int(paging.DefaultBound.Minutes())),
}

// tellWorse says what becomes worse, for whom, and from when.
func (b *builder) tellWorse(w paging.Worse) string {
	h := w.First
	var who []string
	for i, user := range h.Users {
		if i == displacedNamed {
			who = append(who, fmt.Sprintf("and %d more", len(h.Users)-i))
			break
		}
		who = append(who, b.userName(user))
	}
	text := fmt.Sprintf("high-urgency incidents on escalation policy %s would %s from %s to %s",
		b.in.Snapshot.EscalationPolicies[w.Policy].Name, holeWords[h.Kind], clock(h.Since), clock(h.Until))
	if len(who) > 0 {
		text += " (" + strings.Join(who, ", ") + ")"
	}
	return fmt.Sprintf("%s: in the next %d days %s of that or worse, now %s", text, int(pagingAhead.Hours()/24), hoursOf(w.After), hoursOf(w.Before))
}

func hoursOf(d time.Duration) string {
	if d < time.Hour {
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%d h", int(d.Hours()))
}
