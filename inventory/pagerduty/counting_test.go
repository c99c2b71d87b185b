package pagerduty_test

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// missing returns the reason why a part is missing, and fails if it is not.
func missing(t *testing.T, s *inventory.Snapshot, what string) string {
	t.Helper()
	for _, m := range s.Account.Missing {
		if m.What == what {
			if s.Account.Complete {
				t.Errorf("the snapshot is complete although %q is missing", what)
			}
			return m.Reason
		}
	}
	t.Fatalf("%q is not missing; missing are %v", what, s.Account.Missing)
	return ""
}

func TestS7_AListThatCanNotBeCountedIsMissingWithTheNumbers(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault pagerdutysim.Fault
		what  string
		says  string
	}{
		{"records shift in every reading", pagerdutysim.Fault{Kind: pagerdutysim.FaultShift, Path: "/users"}, "users", "249 distinct records could be read where PagerDuty says 250"},
		{"the total is always one more", pagerdutysim.Fault{Kind: pagerdutysim.FaultTotal, Path: "/users", Delta: 1}, "users", "250 distinct records could be read where PagerDuty says 251"},
		{"the total is always one less", pagerdutysim.Fault{Kind: pagerdutysim.FaultTotal, Path: "/teams", Delta: -1}, "teams", "4 distinct records could be read where PagerDuty says 3"},
		{"a team's members", pagerdutysim.Fault{Kind: pagerdutysim.FaultTotal, Path: "/teams/PT00001/members", Delta: 3}, "members of team Team PT00001", "in the last of 3 readings"},
	} {
		t.Run(c.name, func(t *testing.T) {
			sim := simulate(t, account(250, 4, 3))
			c.fault.Times = -1
			sim.Inject(c.fault)
			reason := missing(t, read(t, sim, pagerduty.SnapshotOptions{}), c.what)
			if !strings.Contains(reason, c.says) {
				t.Errorf("got %q, expected %q in it", reason, c.says)
			}
		})
	}
}

func TestS7_AListWithoutATotalIsNotTrusted(t *testing.T) {
	requests := 0
	_, err := client(t, answers(func(*http.Request) *http.Response {
		requests++
		return answerJSON(map[string]any{"members": []any{}, "more": false, "total": nil})
	}), withoutWaiting).TeamMembers(t.Context(), "PT1")
	var count *pagerduty.CountError
	if !errors.As(err, &count) || count.First != -1 || requests != 3 {
		t.Errorf("got %v after %d requests, expected a *CountError after 3", err, requests)
	}
}

func TestS7_TeamMembersThatUsersContradictAreReadAgain(t *testing.T) {
	for _, c := range []struct {
		name     string
		stale    int // how many readings of the team lack a member
		complete bool
	}{
		{"once stale, then right", 1, true},
		{"stale for good", 99, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			seed := account(30, 2, 0)
			sim := simulate(t, seed)
			stale := c.stale
			transport := replacing(sim.Transport(), "/teams/PT00001/members", func(resp *http.Response) *http.Response {
				if stale--; stale < 0 {
					return resp
				}
				return answerJSON(map[string]any{"members": []any{}, "more": false, "total": 0})
			})
			s, err := client(t, transport, withoutWaiting).Snapshot(t.Context(), pagerduty.SnapshotOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if !c.complete {
				missing(t, s, "members of team Team PT00001")
				return
			}
			if n := len(s.Teams["PT00001"].Members); !s.Account.Complete || n != len(seed.Teams["PT00001"].Members) {
				t.Errorf("%d members, missing %v", n, s.Account.Missing)
			}
		})
	}
}

// directory answers as an account of nothing but users and teams would: quick
// also with many.
type directory struct {
	users    []inventory.User
	requests int
	// reversed says that filtered lists come in the reverse order.
	reversed bool
	mu       sync.Mutex
}

func (d *directory) answer(r *http.Request) *http.Response {
	q := r.URL.Query()
	var found []any
	switch {
	case r.URL.Path == "/users":
		d.mu.Lock()
		d.requests++
		d.mu.Unlock()
		for _, u := range d.users {
			teams := []map[string]string{}
			for id := range u.Teams {
				teams = append(teams, map[string]string{"id": id})
			}
			inTeam := len(q["team_ids[]"]) == 0 || len(teams) > 0 && slices.Contains(q["team_ids[]"], teams[0]["id"])
			if inTeam && strings.Contains(strings.ToLower(u.Name), strings.ToLower(q.Get("query"))) {
				found = append(found, map[string]any{"id": u.ID, "name": u.Name, "teams": teams})
			}
		}
	case r.URL.Path == "/teams":
		seen := map[string]bool{}
		for _, u := range d.users {
			for id := range u.Teams {
				if !seen[id] {
					found = append(found, map[string]any{"id": id, "name": id})
				}
				seen[id] = true
			}
		}
	case strings.HasSuffix(r.URL.Path, "/members"):
		for _, u := range d.users {
			if role, ok := u.Teams[strings.Split(r.URL.Path, "/")[2]]; ok {
				found = append(found, map[string]any{"user": map[string]string{"id": u.ID}, "role": role})
			}
		}
	}
	if d.reversed && (q.Get("query") != "" || len(q["team_ids[]"]) > 0) {
		slices.Reverse(found)
	}
	limit, _ := strconv.Atoi(q.Get("limit"))
	offset, _ := strconv.Atoi(q.Get("offset"))
	if offset+limit > 10_000 {
		return answer(400, `{"error":{"message":"Offset+limit exceeds maximum allowed value"}}`)
	}
	from := min(offset, len(found))
	page := append([]any{}, found[from:min(from+limit, len(found))]...)
	body := map[string]any{"more": from+len(page) < len(found), "total": len(found)}
	for _, key := range []string{"users", "teams", "members", "schedules", "escalation_policies", "services", "oncalls", "license_allocations"} {
		body[key] = page
	}
	return answerJSON(body)
}

// crowd is a directory of that many users in the order of their names.
func crowd(users, teams int) *directory {
	d := &directory{users: slices.Collect(maps.Values(account(users, teams, 0).Users))}
	slices.SortFunc(d.users, func(x, y inventory.User) int { return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID)) })
	return d
}

func TestS7_MoreThanTenThousandUsersAreAllFound(t *testing.T) {
	for _, c := range []struct {
		name     string
		teams    int
		requests int // 101 for the first 10,000 and the last count
	}{
		{"by name, without teams", 0, 101 + 250},
		{"by the teams that have members not seen", 150, 101 + 150},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := crowd(12_000, c.teams)
			s, err := client(t, answers(d.answer), withoutWaiting).Snapshot(t.Context(), pagerduty.SnapshotOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if len(s.Users) != 12_000 || !s.Account.Complete {
				t.Errorf("%d users, missing %v", len(s.Users), s.Account.Missing)
			}
			if d.requests > c.requests {
				t.Errorf("%d requests for users, expected at most %d", d.requests, c.requests)
			}
		})
	}
}

func TestS7_FilteredListsInAnotherOrderAreReadWhole(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	d := crowd(10_300, 0)
	d.reversed = true
	s, err := client(t, answers(d.answer), withoutWaiting).Snapshot(t.Context(), pagerduty.SnapshotOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Users) != 10_300 || !s.Account.Complete {
		t.Errorf("%d users, missing %v", len(s.Users), s.Account.Missing)
	}
}

func TestS7_WhatStaysShortBeyondTenThousandIsMissingWithTheNumber(t *testing.T) {
	d := crowd(10_050, 0)
	for i := range d.users {
		d.users[i].Name = "–" // no letter that a query could name
	}
	s, err := client(t, answers(d.answer), withoutWaiting).Snapshot(t.Context(), pagerduty.SnapshotOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if reason := missing(t, s, "users"); !strings.HasPrefix(reason, "10000 of 10050 records") {
		t.Errorf("got %q", reason)
	}
}
