package pagerduty_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// largeAccount is account with what makes large ones hard to read: people of
// one name, names in other scripts, and names without a letter; schedules of
// both kinds, each on an escalation policy, some with overrides.
func largeAccount(users, teams, schedules int) *inventory.Snapshot {
	s := account(users, teams, schedules)
	for i := range users {
		id := fmt.Sprintf("PU%05d", i)
		u := s.Users[id]
		switch {
		case i%4 == 1:
			u.Name = "Ann Lee"
		case i%8 == 2:
			u.Name = fmt.Sprintf("王芳%d", i%100)
		case i%8 == 6:
			u.Name = "Ольга Иванова"
		case i%100 == 3:
			u.Name = "🂡🂡🂡"
		case i%100 == 7:
			u.Name = "–"
		}
		s.Users[id] = u
	}
	for i := range schedules {
		id, policy := fmt.Sprintf("PS%05d", i), fmt.Sprintf("PE%05d", i)
		v := s.Schedules[id]
		start := v.Layers[0].Start
		if i%2 == 1 {
			v.Kind, v.Layers = inventory.ScheduleOfShifts, nil
			first, second, shifts := fmt.Sprintf("PU%05d", i%users), fmt.Sprintf("PU%05d", (i+1)%users), 1
			v.Rotations = []inventory.Rotation{{ID: "QR" + id, Events: []inventory.Event{{
				ID: "QE" + id, Name: "Week", Start: start, End: start.AddDate(0, 0, 7), TimeZone: "Etc/UTC",
				Recurrence: []string{"RRULE:FREQ=WEEKLY;BYDAY=MO"}, EffectiveSince: start,
				Assignment: inventory.Assignment{Type: "rotating_member_assignment_strategy", Members: []*string{&first, &second}, ShiftsPerMember: &shifts},
			}}}}
		} else if i%10 == 0 {
			user := fmt.Sprintf("PU%05d", (i+2)%users)
			v.Overrides = []inventory.Override{{ID: "QO" + id, User: &user, Start: at.AddDate(0, 0, 1), End: at.AddDate(0, 0, 2)}}
		}
		v.EscalationPolicies = []string{policy}
		s.Schedules[id] = v
		s.EscalationPolicies[policy] = inventory.EscalationPolicy{ID: policy, Name: "Policy " + policy,
			Rules: []inventory.EscalationRule{{DelayMinutes: 30, Targets: []inventory.Target{{Type: "schedule", ID: id}}}}}
	}
	s.Normalize()
	return s
}

func TestS7_AnAccountOfTwelveThousandPeopleIsReadWhole(t *testing.T) {
	if os.Getenv("DUTYWARD_LONG") == "" {
		t.Skip("takes a minute: set DUTYWARD_LONG=1")
	}
	seed := largeAccount(12_000, 1_000, 1_000)
	c := client(t, simulate(t, seed).Transport(), withoutWaiting)
	began := time.Now()
	s, err := c.Snapshot(t.Context(), pagerduty.SnapshotOptions{})
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	if !s.Account.Complete || len(s.Users) != 12_000 || len(s.Teams) != 1_000 || len(s.Schedules) != 1_000 || len(s.OnCalls) < 1_000 {
		t.Errorf("%d users, %d teams, %d schedules, %d on call; missing %v", len(s.Users), len(s.Teams), len(s.Schedules), len(s.OnCalls), s.Account.Missing)
	}
	cost := c.Cost()
	t.Logf("%d requests, %d MB received, %s in all (the simulator's part included); at 960 requests a minute %s",
		cost.Requests, cost.BytesIn>>20, took.Round(time.Second/10), (time.Duration(cost.Requests) * time.Minute / 960).Round(time.Second))
	for _, e := range cost.Endpoints {
		t.Logf("  %5d  %s", e.Requests, e.Endpoint)
	}
	var text bytes.Buffer
	if err := s.Encode(&text); err != nil {
		t.Fatal(err)
	}
	memory := memoryOf(func() any {
		again, err := inventory.Decode(bytes.NewReader(text.Bytes()))
		if err != nil {
			t.Error(err)
		}
		return again
	})
	t.Logf("the snapshot is %d MB of JSON and takes %d MB of memory", text.Len()>>20, memory>>20)
}

func TestS7_WhatNoQueryFindsBeyondTenThousandIsMissingWithTheNumber(t *testing.T) {
	if os.Getenv("DUTYWARD_LONG") == "" {
		t.Skip("takes a minute: set DUTYWARD_LONG=1")
	}
	// Forty people without a letter in their name or address, on no team, and in
	// the order of names behind the ten thousand that PagerDuty lists.
	seed := largeAccount(11_000, 100, 0)
	for i := range 40 {
		id := fmt.Sprintf("PX%05d", i)
		seed.Users[id] = inventory.User{ID: id, Name: "🂡🂡🂡", Email: fmt.Sprintf("–%s@–", strings.Repeat("·", i)), BaseRole: "user", TimeZone: "Etc/UTC", Teams: map[string]string{}}
	}
	seed.Normalize()
	c := client(t, simulate(t, seed).Transport(), withoutWaiting)
	s, err := c.Snapshot(t.Context(), pagerduty.SnapshotOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d requests", c.Cost().Requests)
	if reason := missing(t, s, "users"); !strings.HasPrefix(reason, "11000 of 11040 records") {
		t.Errorf("got %q", reason)
	}
}

// memoryOf is how much of the heap a value takes.
func memoryOf(build func() any) uint64 {
	heap := func() uint64 {
		runtime.GC()
		runtime.GC() // what pools held went with the first
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	v := build()
	after := heap()
	runtime.KeepAlive(v)
	return after - before
}

// BenchmarkSnapshot reads accounts of two sizes from the simulator, whose part
// is most of the time: go test -bench Snapshot ./inventory/pagerduty
func BenchmarkSnapshot(b *testing.B) {
	for _, users := range []int{1_200, 12_000} {
		b.Run(fmt.Sprintf("%d users", users), func(b *testing.B) {
			seed := largeAccount(users, users/12, users/12)
			sim, err := pagerdutysim.New(pagerdutysim.Options{Seed: seed, Clock: func() time.Time { return at }, RateLimit: -1})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				c, err := pagerduty.New(pagerduty.Options{
					Account: "acme", Transport: sim.Transport(), Token: func(context.Context) (string, error) { return canary, nil },
				})
				if err != nil {
					b.Fatal(err)
				}
				s, err := c.Snapshot(b.Context(), pagerduty.SnapshotOptions{})
				if err != nil || !s.Account.Complete {
					b.Fatal(err, s.Account.Missing)
				}
				b.ReportMetric(float64(c.Cost().Requests), "requests/op")
			}
		})
	}
}
