package events_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/events"
)

var until = at.Add(4 * time.Hour)

// holding is a round in which a group has members, each until the same time.
func holding(complete bool, unknown []string, members ...string) events.Round {
	g := desired.Group{Name: "oncall", Owner: "dan@acme.com", Members: map[string]desired.Membership{}, Unknown: unknown}
	for _, m := range members {
		g.Members[m] = desired.Membership{Window: desired.Window{Until: until}}
	}
	return events.Round{
		At: at, Plan: planned(nil), Groups: map[string]desired.Group{"oncall": g},
		Snapshot: &inventory.Snapshot{
			Account: inventory.Account{Complete: complete},
			Users:   map[string]inventory.User{"PANN": {Email: "ann@acme.com"}, "PBOB": {Email: "bob@acme.com"}},
			Teams:   map[string]inventory.Team{},
		},
	}
}

// about are the events of memberships and resources.
func about(all []events.Event) []string {
	out := []string{}
	for _, e := range all {
		if e.Resource.Name != "" {
			out = append(out, fmt.Sprintf("%s %s %s", e.Code, e.User.Name, e.Resource.Name))
		}
	}
	return out
}

func TestS42_WhoComesIntoAGroupAndLeavesItIsToldOnce(t *testing.T) {
	var told events.Told
	see := func(what string, r events.Round, want ...string) []events.Event {
		t.Helper()
		all := told.Round(r)
		if diff := cmp.Diff(append([]string{}, want...), about(all)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
		return all
	}
	see("the first round", holding(true, nil, "PANN"))
	see("nothing changed", holding(true, nil, "PANN"))
	all := see("a handoff", holding(true, nil, "PBOB"),
		"event/member-removed ann@acme.com group:oncall", "event/member-added bob@acme.com group:oncall")
	for _, e := range all {
		if e.Code == events.MemberAdded && (!e.Until.Equal(until) || len(e.Details) != 1 || e.Details[0].Value != "dan@acme.com") {
			t.Errorf("until %s, details %v", e.Until, e.Details)
		}
	}
	see("nobody knows who is in it", holding(true, []string{"the schedule can't be read"}))
	text, err := json.Marshal(told)
	if err != nil {
		t.Fatal(err)
	}
	told = events.Told{}
	if err := told.Recall(text); err != nil {
		t.Fatal(err)
	}
	see("a restart", holding(true, nil, "PBOB"))
	r := holding(true, nil)
	r.Groups = map[string]desired.Group{}
	see("the group is gone", r, "event/member-removed bob@acme.com group:oncall")
	see("it is back", holding(true, nil, "PBOB"), "event/member-added bob@acme.com group:oncall")
}

func TestS42_WhatIsMissingFromAnIncompleteReadingIsNotGone(t *testing.T) {
	var told events.Told
	with := func(complete bool, teams ...string) []string {
		r := holding(complete, nil)
		for _, name := range teams {
			r.Snapshot.Teams["P"+name] = inventory.Team{Name: name}
		}
		return about(told.Round(r))
	}
	for _, c := range []struct {
		what string
		got  []string
		want []string
	}{
		{"first", with(true, "A", "B"), []string{}},
		{"incomplete", with(false, "A"), []string{}},
		{"complete again", with(true, "A", "B"), []string{}},
		{"one is gone, one new", with(true, "A", "C"), []string{"event/resource-removed  team:B", "event/resource-added  team:C"}},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.what, diff)
		}
	}
}
