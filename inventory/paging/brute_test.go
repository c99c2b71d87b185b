package paging_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/paging"
)

// brute walks each incident minute by minute, straight from the rules that semantics state:
// it knows no boundaries, keeps nothing, and shares no code with what it judges.
type brute struct {
	s     *inventory.Snapshot
	bound int // minutes
	hours map[int64]bool
}

func (b brute) onCall(schedule string, t time.Time) []string {
	var on []string
	for _, x := range b.s.Schedules[schedule].Shifts {
		if t.Unix() >= x.Start.Unix() && t.Unix() < x.End.Unix() && !slices.Contains(on, x.User) {
			on = append(on, x.User)
		}
	}
	slices.Sort(on)
	return on
}

// choices are the sets of people that a level may page at t.
func (b brute) choices(r inventory.EscalationRule, t time.Time) [][]string {
	var sets [][]string
	for _, target := range r.Targets {
		set := []string{target.ID}
		if target.Type == "schedule" {
			set = b.onCall(target.ID, t)
		}
		if len(set) > 0 {
			sets = append(sets, set)
		}
	}
	if r.Strategy == "round_robin" || len(sets) == 0 {
		return sets
	}
	var everybody []string
	for _, set := range sets {
		for _, u := range set {
			if !slices.Contains(everybody, u) {
				everybody = append(everybody, u)
			}
		}
	}
	slices.Sort(everybody)
	return [][]string{everybody}
}

// stand is an assignment: from minute `from` to minute `to`, or for ever for -1.
type stand struct {
	level, loop, from, to int
	urgency               string
	sets                  [][]string
}

// follow lets an incident run, a minute at a time.
func (b brute) follow(v inventory.Service, urgency string, t time.Time) []stand {
	p := b.s.EscalationPolicies[v.EscalationPolicy]
	at := func(minute int) time.Time { return t.Add(time.Duration(minute) * time.Minute) }
	var stands []stand
	// enter looks for a level with somebody, from one on, without going round.
	enter := func(level, loop, minute int, urgency string) bool {
		for ; level < len(p.Rules); level++ {
			if sets := b.choices(p.Rules[level], at(minute)); len(sets) > 0 {
				stands = append(stands, stand{level: level, loop: loop, from: minute, to: -1, urgency: urgency, sets: sets})
				return true
			}
		}
		return false
	}
	if !enter(0, 0, 0, urgency) {
		return nil
	}
	since := 0 // when the level's clock began
	for minute := 1; minute < 8*24*60; minute++ {
		now := &stands[len(stands)-1]
		if now.urgency == "low" {
			if !v.RaisedAtSupportHours || v.SupportHours == nil {
				break
			}
			if b.within(v, at(minute)) && !b.within(v, at(minute-1)) {
				raised := stand{level: now.level, loop: now.loop, from: minute, to: -1, urgency: "high", sets: now.sets}
				now.to = minute
				stands = append(stands, raised)
				since = minute
			}
			continue
		}
		if minute-since < p.Rules[now.level].DelayMinutes {
			continue
		}
		count := len(stands) - 1
		went := enter(now.level+1, now.loop, minute, "high")
		if !went && now.loop < p.Repeat {
			went = enter(0, now.loop+1, minute, "high")
		}
		if !went {
			break
		}
		stands[count].to = minute
		since = minute
	}
	return stands
}

func (b brute) within(v inventory.Service, t time.Time) bool {
	in, known := b.hours[t.Unix()]
	if !known {
		in = b.look(v.SupportHours, t)
		b.hours[t.Unix()] = in
	}
	return in
}

func (b brute) look(h *inventory.SupportHours, t time.Time) bool {
	zone, err := time.LoadLocation(h.TimeZone)
	if err != nil {
		panic(err)
	}
	l := t.In(zone)
	day := int(l.Weekday())
	if day == 0 {
		day = 7
	}
	minute := fmt.Sprintf("%02d:%02d:00", l.Hour(), l.Minute())
	if h.EndTime > h.StartTime {
		return slices.Contains(h.Days, day) && minute >= h.StartTime && minute < h.EndTime
	}
	yesterday := day - 1
	if yesterday == 0 {
		yesterday = 7
	}
	return minute >= h.StartTime && slices.Contains(h.Days, day) || minute < h.EndTime && slices.Contains(h.Days, yesterday)
}

// due are the minutes at which a person is notified because of a stand: all, and those that
// make a device ring.
func (b brute) due(stands []stand, i int, user string) (any, waking int) {
	any, waking = -1, -1
	end := stands[i].to
	for j := i + 1; j < len(stands) && stands[j].urgency == stands[i].urgency; j++ {
		always := true
		for _, set := range stands[j].sets {
			always = always && slices.Contains(set, user)
		}
		if !always {
			break
		}
		end = stands[j].to
	}
	for _, r := range b.s.Users[user].NotificationRules {
		minute := stands[i].from + r.DelayMinutes
		if r.Blocked || r.Urgency != stands[i].urgency || end >= 0 && minute >= end {
			continue
		}
		if any < 0 || minute < any {
			any = minute
		}
		if !strings.HasPrefix(r.Contact, "email") && (waking < 0 || minute < waking) {
			waking = minute
		}
	}
	return any, waking
}

// kinds are the kinds of holes of an incident at t, by "urgency kind".
func (b brute) kinds(v inventory.Service, t time.Time) map[string]bool {
	out := map[string]bool{}
	for _, w := range v.Maintenance {
		if !t.Before(w.Since) && t.Before(w.Until) {
			return out
		}
	}
	urgency := v.Urgency.During
	if v.SupportHours != nil && !b.within(v, t) {
		urgency = v.Urgency.Outside
	}
	list := []string{urgency}
	if urgency == "severity_based" {
		list = []string{"high", "low"}
	}
	for _, u := range list {
		stands := b.follow(v, u, t)
		note := func(kind paging.Kind) { out[u+" "+string(kind)] = true }
		if len(stands) == 0 {
			note(paging.Nobody)
			continue
		}
		b.judge(stands, note)
		if u == "low" && len(list) == 1 && (!v.RaisedAtSupportHours || v.SupportHours == nil) {
			note(paging.NeverEscalates)
		}
	}
	return out
}

// judge tries each way in which round robins may fall.
func (b brute) judge(stands []stand, note func(paging.Kind)) {
	quietest, latest := 0, 0
	var try func(i, any, waking int)
	try = func(i, any, waking int) {
		if i == len(stands) {
			if any < 0 {
				any = 1 << 30
			}
			if waking < 0 {
				waking = 1 << 30
			}
			quietest, latest = max(quietest, any), max(latest, waking)
			return
		}
		for _, set := range stands[i].sets {
			a, w := any, waking
			for _, user := range set {
				x, y := b.due(stands, i, user)
				if x >= 0 && (a < 0 || x < a) {
					a = x
				}
				if y >= 0 && (w < 0 || y < w) {
					w = y
				}
			}
			try(i+1, a, w)
		}
	}
	try(0, -1, -1)
	switch {
	case quietest == 1<<30:
		note(paging.Silence)
	case latest == 1<<30:
		note(paging.EmailOnly)
	case latest > b.bound:
		note(paging.Late)
	}
	for i := 1; i < len(stands); i++ {
		if stands[i].loop != stands[i-1].loop || stands[i].level == stands[i-1].level {
			continue
		}
		for _, first := range stands[i-1].sets {
			for _, second := range stands[i].sets {
				fresh := false
				for _, u := range second {
					fresh = fresh || !slices.Contains(first, u)
				}
				if !fresh {
					note(paging.SamePerson)
				}
			}
		}
	}
}

// randomAccount has shifts that begin and end at whole quarters of an hour, and whatever
// else decides about paging.
func randomAccount(t *rapid.T, since time.Time, days int) *inventory.Snapshot {
	s := &inventory.Snapshot{}
	s.Account.Complete = true
	s.Account.Window = inventory.Window{Since: since, Until: since.AddDate(0, 0, days+2)}
	s.Users, s.Schedules = map[string]inventory.User{}, map[string]inventory.Schedule{}
	users := []string{"PUA", "PUB", "PUC", "PUD"}
	for _, id := range users {
		u := inventory.User{ID: id}
		for range rapid.IntRange(0, 3).Draw(t, "rules") {
			u.NotificationRules = append(u.NotificationRules, inventory.NotificationRule{
				DelayMinutes: rapid.SampledFrom([]int{0, 1, 5, 20, 45}).Draw(t, "delay"),
				Urgency:      rapid.SampledFrom([]string{"high", "high", "low"}).Draw(t, "urgency"),
				Contact:      rapid.SampledFrom([]string{"email_contact_method", "phone_contact_method", "push_notification_contact_method"}).Draw(t, "contact"),
				Blocked:      rapid.IntRange(0, 5).Draw(t, "blocked") == 0,
			})
		}
		s.Users[id] = u
	}
	for _, id := range []string{"PSA", "PSB"} {
		var shifts []inventory.Shift
		for range rapid.IntRange(1, 8).Draw(t, "shifts") {
			start := since.Add(time.Duration(rapid.IntRange(-4, days*96).Draw(t, "start")) * 15 * time.Minute)
			shifts = append(shifts, inventory.Shift{
				User: rapid.SampledFrom(users).Draw(t, "on"), Start: start,
				End: start.Add(time.Duration(rapid.IntRange(1, 120).Draw(t, "length")) * 15 * time.Minute),
			})
		}
		s.Schedules[id] = inventory.Schedule{ID: id, Kind: "shifts", TimeZone: "Etc/UTC", Shifts: shifts}
	}
	p := inventory.EscalationPolicy{ID: "PEP", Repeat: rapid.IntRange(0, 2).Draw(t, "repeat")}
	targets := []inventory.Target{{Type: "schedule", ID: "PSA"}, {Type: "schedule", ID: "PSB"}, {Type: "user", ID: "PUA"}, {Type: "user", ID: "PUD"}}
	for range rapid.IntRange(0, 3).Draw(t, "levels") {
		p.Rules = append(p.Rules, inventory.EscalationRule{
			DelayMinutes: rapid.SampledFrom([]int{1, 5, 30}).Draw(t, "timeout"),
			Strategy:     rapid.SampledFrom([]string{inventory.AssignToEveryone, inventory.RoundRobin}).Draw(t, "strategy"),
			Targets:      rapid.SliceOfNDistinct(rapid.SampledFrom(targets), 1, 3, func(x inventory.Target) string { return x.ID }).Draw(t, "targets"),
		})
	}
	s.EscalationPolicies = map[string]inventory.EscalationPolicy{"PEP": p}
	s.Services = map[string]inventory.Service{"PSV": randomService(t, since, days)}
	s.Normalize()
	return s
}

func randomService(t *rapid.T, since time.Time, days int) inventory.Service {
	any := rapid.SampledFrom([]string{"high", "high", "low", "severity_based"})
	v := inventory.Service{ID: "PSV", EscalationPolicy: "PEP"}
	v.Urgency.During = any.Draw(t, "during")
	v.Urgency.Outside = v.Urgency.During
	if rapid.Bool().Draw(t, "supported") {
		v.Urgency.Outside = any.Draw(t, "outside")
		v.SupportHours = &inventory.SupportHours{
			TimeZone:  rapid.SampledFrom([]string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Etc/UTC"}).Draw(t, "zone"),
			Days:      rapid.SliceOfNDistinct(rapid.IntRange(1, 7), 1, 7, rapid.ID[int]).Draw(t, "days"),
			StartTime: rapid.SampledFrom([]string{"00:00:00", "01:30:00", "02:15:00", "09:00:00"}).Draw(t, "opens"),
			EndTime:   rapid.SampledFrom([]string{"02:30:00", "17:00:00", "23:59:00"}).Draw(t, "closes"),
		}
		v.RaisedAtSupportHours = rapid.Bool().Draw(t, "raised")
	}
	if rapid.IntRange(0, 3).Draw(t, "maintained") == 0 {
		start := since.Add(time.Duration(rapid.IntRange(-10, days*24).Draw(t, "from")) * time.Hour)
		v.Maintenance = []inventory.Window{{Since: start, Until: start.Add(5 * time.Hour)}}
	}
	return v
}

// TestS47_TheProofOfPagingAgreesWithAWalkMinuteByMinute holds both around the days on which
// clocks are set.
func TestS47_TheProofOfPagingAgreesWithAWalkMinuteByMinute(t *testing.T) {
	t.Parallel()
	days, step := 3, time.Minute
	if testing.Short() {
		step = 11 * time.Minute
	}
	rapid.Check(t, func(t *rapid.T) {
		since := rapid.SampledFrom([]time.Time{
			time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 24, 0, 0, 0, 0, time.UTC),
			time.Date(2026, 3, 7, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC), time.Date(2026, 4, 4, 0, 0, 0, 0, time.UTC),
		}).Draw(t, "since")
		s := randomAccount(t, since, days)
		until := since.AddDate(0, 0, days)
		const bound = 15
		holes, _ := paging.New(s, since, until, bound*time.Minute).Holes(s.Services["PSV"])
		b := brute{s, bound, map[int64]bool{}}
		for m := since; m.Before(until); m = m.Add(step) {
			want, got := b.kinds(s.Services["PSV"], m), map[string]bool{}
			for _, h := range holes {
				if !m.Before(h.Since) && m.Before(h.Until) {
					got[h.Urgency+" "+string(h.Kind)] = true
				}
			}
			if fmt.Sprint(want) != fmt.Sprint(got) {
				t.Fatalf("at %s: minute by minute %v, event by event %v", m.Format(time.RFC3339), want, got)
			}
		}
	})
}
