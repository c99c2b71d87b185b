package journal_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/outbox"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// publishing are options with a receiver.
func publishing(now func() time.Time) journal.Options {
	n := 0
	m := outbox.Maker{Source: "dutyward/acme", Receivers: []outbox.Receiver{{Name: "ops"}}, NewID: func() string { n++; return fmt.Sprintf("evt_%d_%d", now().Unix(), n) }}
	return journal.Options{Now: now, Wall: now, Outbox: m.Make}
}

func stored(t *testing.T, j *journal.Journal) []outbox.Stored {
	t.Helper()
	all, err := j.Stored(t.Context(), 100)
	must(t, err)
	return all
}

// TestS42_AWriteThatAKilledRunMadeIsToldOnceItIsSettled ends a run between PagerDuty's
// write and the record of it.
func TestS42_AWriteThatAKilledRunMadeIsToldOnceItIsSettled(t *testing.T) {
	onBoth(t, aWriteThatAKilledRunMadeIsToldOnceItIsSettled)
}

func aWriteThatAKilledRunMadeIsToldOnceItIsSettled(t *testing.T, at place) {
	c := &clock{start}
	path := at(t)
	j := open(t, path, publishing(c.Now))
	unlock, err := j.Lock(t.Context())
	must(t, err)
	made := change(turn, "none", "rotation", plan.CausePolicy)
	p := &plan.Plan{Changes: []plan.Change{made}, Names: map[string]string{
		inventory.ByID(inventory.KindUser, made.User).String(): "user:ann@acme.com", made.Resource.String(): "schedule:Night",
	}}
	round, err := j.Begin(t.Context(), p)
	must(t, err)
	_, err = j.Recorder(round).Begin(t.Context(), apply.Intent{Kind: made.Kind, Changes: []plan.Change{made}})
	must(t, err)
	must(t, unlock())
	must(t, j.Close()) // here the process is killed, and PagerDuty has the write
	after := open(t, path, publishing(c.Now))
	if all := stored(t, after); len(all) != 0 {
		t.Fatalf("told before anybody knows: %v", all)
	}
	pending, err := after.Pending(t.Context())
	must(t, err)
	o := apply.Outcome{Change: pending[0].Changes[0], Status: apply.Done, Wrote: true, At: start, Why: "found done after an interruption"}
	for range 2 { // a certain outcome stands, and is told once
		must(t, after.Recorder(0).Finish(t.Context(), pending[0].ID, apply.Result{Outcomes: []apply.Outcome{o}}))
	}
	all := stored(t, after)
	if len(all) != 1 || all[0].Code != events.AccessRaised || len(all[0].Deliveries) != 1 || all[0].Deliveries[0].State != outbox.Pending {
		t.Fatalf("told %+v", all)
	}
	var e struct {
		Data struct{ User, Resource struct{ Name string } }
	}
	must(t, json.Unmarshal(all[0].Body, &e))
	if e.Data.User.Name != "ann@acme.com" || e.Data.Resource.Name != "schedule:Night" {
		t.Errorf("names %+v", e)
	}
}

func paused(n int) events.Event {
	return events.Event{
		Code: events.Paused, At: start, Title: "paused", Severity: events.Warning,
		Resource: events.Named{Ref: inventory.ByID(inventory.KindTeam, fmt.Sprintf("P%d", n)), Name: "team:x"},
	}
}

func TestS42_WhatHappenedIsKeptTogetherWithThatItWasReported(t *testing.T) {
	onBoth(t, whatHappenedIsKeptTogetherWithThatItWasReported)
}

func whatHappenedIsKeptTogetherWithThatItWasReported(t *testing.T, at place) {
	o := publishing(func() time.Time { return start })
	o.Outbox = func(events.Event) (outbox.Entry, bool) { return outbox.Entry{ID: "evt_same"}, true }
	clash := open(t, at(t), o)
	must(t, clash.SaveTold(t.Context(), []byte(`{}`), []events.Event{paused(1)}))
	if err := clash.SaveTold(t.Context(), []byte(`{"paused":true}`), []events.Event{paused(1)}); err == nil {
		t.Fatal("an id twice is no error")
	}
	if text, err := clash.Told(t.Context()); err != nil || string(text) != `{}` {
		t.Errorf("reported %s, %v, though the events were not kept", text, err)
	}
}

func TestS42_AnEventWaitsForThoseOfItsSubjectBeforeIt(t *testing.T) {
	onBoth(t, anEventWaitsForThoseOfItsSubjectBeforeIt)
}

func anEventWaitsForThoseOfItsSubjectBeforeIt(t *testing.T, at place) {
	c := &clock{start}
	j := open(t, at(t), publishing(c.Now))
	must(t, j.SaveTold(t.Context(), []byte(`{}`), []events.Event{paused(1), paused(1), paused(2), paused(1), paused(2)}))
	due := func() (seqs []int64) {
		t.Helper()
		all, err := j.Due(t.Context(), "ops", c.at, 10)
		must(t, err)
		for _, s := range all {
			seqs = append(seqs, s.Seq)
		}
		return seqs
	}
	send := func(seq int64, state outbox.State, again time.Duration) {
		t.Helper()
		at := c.at.Add(again)
		d := outbox.Delivery{Receiver: "ops", State: state, Attempts: 1, Why: "away"}
		if state == outbox.Pending {
			d.Due = &at
		} else {
			d.Settled = &at
		}
		must(t, j.Sent(t.Context(), seq, d))
	}
	expect := func(what string, want ...int64) {
		t.Helper()
		if diff := cmp.Diff(want, due()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	expect("at first", 1, 3)
	send(1, outbox.Pending, time.Minute)
	expect("the first of a subject failed", 3)
	send(3, outbox.Delivered, 0)
	expect("another subject goes on", 5)
	c.at = c.at.Add(2 * time.Minute)
	expect("it is due again", 1, 5)
	send(1, outbox.Dead, 0)
	expect("it was given up", 2, 5)
	pending, dead, err := j.Waiting(t.Context())
	must(t, err)
	if pending["ops"] != 3 || dead["ops"] != 1 {
		t.Errorf("%d wait, %d were given up", pending["ops"], dead["ops"])
	}
	must(t, j.Redeliver(t.Context(), stored(t, j)[0].ID, "ops"))
	expect("a person has it sent again", 1, 5)
	if err := j.Redeliver(t.Context(), "evt_none", "ops"); !errors.Is(err, journal.ErrNoEvent) {
		t.Errorf("%v", err)
	}
}
