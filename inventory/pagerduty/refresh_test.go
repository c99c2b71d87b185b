package pagerduty_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"

	"github.com/google/go-cmp/cmp"
)

// colleagues is the token of somebody else who changes things.
const colleagues = "a-token-of-a-colleague"

// again is an account that was read whole, and is read again in part.
type again struct {
	t    *testing.T
	now  time.Time
	sim  *pagerdutysim.Server
	c    *pagerduty.Client
	base *inventory.Snapshot
	sent map[string]int
	// from is who changes something.
	from string
}

func readThenAgain(t *testing.T, seed *inventory.Snapshot) *again {
	t.Helper()
	a := &again{t: t, now: seed.Account.TakenAt}
	a.sim = simulate(t, seed, func(o *pagerdutysim.Options) {
		o.Clock = func() time.Time { return a.now }
		for id, u := range seed.Users {
			if u.BaseRole == "owner" {
				o.UserTokens = map[string]string{colleagues: id}
			}
		}
	})
	a.c = client(t, a.sim.Transport(), withoutWaiting)
	var err error
	if a.base, err = a.c.Snapshot(t.Context(), pagerduty.SnapshotOptions{}); err != nil {
		t.Fatal(err)
	}
	if !a.base.Account.Complete {
		t.Fatalf("missing %v", a.base.Account.Missing)
	}
	a.sent = a.sim.Requests()
	return a
}

// refresh reads again after some time.
func (a *again) refresh(after time.Duration, o inventory.RefreshOptions) (*inventory.Refreshed, error) {
	a.now = a.now.Add(after)
	a.sent = a.sim.Requests()
	o.At = a.now
	return a.c.Refresh(a.t.Context(), a.base, o)
}

// took are the requests of the last refresh.
func (a *again) took() map[string]int {
	took := map[string]int{}
	for endpoint, n := range a.sim.Requests() {
		if n -= a.sent[endpoint]; n > 0 {
			took[endpoint] = n
		}
	}
	return took
}

// send sends a change as somebody else would.
func (a *again) send(method, path, body string) {
	a.t.Helper()
	a.sendAs(canary, method, path, body)
}

// sendAs sends a change with a token.
func (a *again) sendAs(token, method, path, body string) {
	a.t.Helper()
	r, err := http.NewRequest(method, "https://api.pagerduty.com"+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Token token="+token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("From", a.from)
	resp, err := a.sim.Transport().RoundTrip(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode > 299 {
		var b strings.Builder
		_ = resp.Write(&b)
		a.t.Fatalf("%s %s: %s", method, path, b.String())
	}
}

// override puts somebody on call on a layer-based schedule from now on.
func (a *again) override(schedule, user string, lasts time.Duration) {
	a.t.Helper()
	a.send("POST", "/schedules/"+schedule+"/overrides", fmt.Sprintf(`{"overrides":[{"start":%q,"end":%q,"user":{"id":%q,"type":"user_reference"}}]}`,
		a.now.Format(time.RFC3339), a.now.Add(lasts).Format(time.RFC3339), user))
}

// everything is all of an account as what matters.
func everything(s *inventory.Snapshot) inventory.RefreshOptions {
	return inventory.RefreshOptions{
		Schedules: slices.Sorted(maps.Keys(s.Schedules)), Policies: slices.Sorted(maps.Keys(s.EscalationPolicies)),
		Ahead: time.Minute, Unlisted: true,
	}
}

// onPolicies puts every schedule of an account on a policy of its own, and
// makes every other one shift-based.
func onPolicies(s *inventory.Snapshot) *inventory.Snapshot {
	one := 1
	for i, id := range slices.Sorted(maps.Keys(s.Schedules)) {
		v := s.Schedules[id]
		if i%2 == 1 {
			l := v.Layers[0]
			var members []*string
			for _, u := range l.Users {
				members = append(members, &u)
			}
			v.Kind, v.Layers = inventory.ScheduleOfShifts, nil
			v.Rotations = []inventory.Rotation{{ID: "R" + id, Events: []inventory.Event{{
				ID: "E" + id, Name: "Week", Start: l.Start, End: l.Start.AddDate(0, 0, 7), TimeZone: "Etc/UTC",
				Recurrence: []string{"RRULE:FREQ=WEEKLY"}, EffectiveSince: l.Start,
				Assignment: inventory.Assignment{Type: "rotating_member_assignment_strategy", Members: members, ShiftsPerMember: &one},
			}}}}
		}
		v.EscalationPolicies = []string{"PE" + id}
		s.Schedules[id] = v
		s.EscalationPolicies["PE"+id] = inventory.EscalationPolicy{ID: "PE" + id, Name: "Policy " + id, Rules: []inventory.EscalationRule{
			{DelayMinutes: 30, Targets: []inventory.Target{{Type: "schedule", ID: id}}}}}
	}
	s.Normalize()
	return s
}

// beforeHandoff is just before 09:00 on a Monday, when all schedules of
// account are handed over.
func beforeHandoff(users, teams, schedules int) *inventory.Snapshot {
	s := onPolicies(account(users, teams, schedules))
	s.Account.TakenAt = time.Date(2026, 3, 16, 8, 57, 0, 0, time.UTC)
	s.Now = s.Account.TakenAt
	return s
}

func TestAHandoffTakesTwoRequests(t *testing.T) {
	for schedule, endpoint := range map[string]string{"PS00000": "GET /schedules/{id}", "PS00001": "GET /v3/schedules/{id}"} {
		t.Run(endpoint, func(t *testing.T) {
			a := readThenAgain(t, beforeHandoff(400, 40, 300))
			o := everything(a.base)
			o.Unlisted, o.Due = false, []string{schedule}
			got, err := a.refresh(3*time.Minute, o)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]int{"GET /oncalls": 2, endpoint: 1} // by the schedule, and by the person who leaves
			if diff := cmp.Diff(want, a.took()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			if n := a.c.RefreshCost(a.base, withAt(o, a.now)); n != 3 {
				t.Errorf("expected to cost %d, want 3", n)
			}
			if !got.Snapshot.Now.Equal(a.now) || !got.Snapshot.Account.TakenAt.Equal(a.now) || !got.Snapshot.Account.Complete {
				t.Errorf("the snapshot is of %s and complete: %t", got.Snapshot.Now, got.Snapshot.Account.Complete)
			}
		})
	}
}

func withAt(o inventory.RefreshOptions, at time.Time) inventory.RefreshOptions {
	o.At = at
	return o
}

func TestManyHandoffsAtOnceAreReadAsListsWhereThatIsCheaper(t *testing.T) {
	a := readThenAgain(t, beforeHandoff(400, 40, 200))
	o := everything(a.base)
	o.Due = o.Schedules
	if _, err := a.refresh(3*time.Minute, o); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"GET /oncalls": 2, "GET /schedules": 1, "GET /v3/schedules/{id}": 100}
	if diff := cmp.Diff(want, a.took()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// What a refresh of everything gives is what reading everything gives.
func TestWhatIsReadAgainIsAsIfReadWhole(t *testing.T) {
	a := readThenAgain(t, company(t))
	layered := ""
	for id, s := range a.base.Schedules {
		if s.Kind == inventory.ScheduleOfLayers && len(s.EscalationPolicies) > 0 && (layered == "" || id < layered) {
			layered = id
		}
	}
	users := slices.Sorted(maps.Keys(a.base.Users))
	for hour := range 12 {
		if hour%3 == 1 {
			a.override(layered, users[hour%len(users)], 2*time.Hour)
		}
		o := everything(a.base)
		o.Due = dueBetween(a.base, a.now, a.now.Add(50*time.Minute))
		got, err := a.refresh(50*time.Minute, o)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := a.c.Snapshot(t.Context(), pagerduty.SnapshotOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if whole.Account.Window != got.Snapshot.Account.Window {
			break // the next day
		}
		// PagerDuty puts whoever is on an override on the schedule's teams; who is on
		// teams is not read again.
		whole.Teams, whole.Users = got.Snapshot.Teams, got.Snapshot.Users
		if want, have := encoded(t, whole), encoded(t, got.Snapshot); want != have {
			t.Fatalf("after %d hours (-whole +again):\n%s", hour, cmp.Diff(strings.Split(want, "\n"), strings.Split(have, "\n")))
		}
		a.base = got.Snapshot
	}
}

func dueBetween(s *inventory.Snapshot, from, to time.Time) []string {
	var due []string
	for _, id := range slices.Sorted(maps.Keys(s.Schedules)) {
		if slices.ContainsFunc(s.Schedules[id].Shifts, func(x inventory.Shift) bool {
			return x.Start.After(from) && !x.Start.After(to) || x.End.After(from) && !x.End.After(to)
		}) {
			due = append(due, id)
		}
	}
	return due
}

func TestALookAtOnCallsFindsWhatChanged(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(a *again)
		changed []string
		took    map[string]int
	}{
		"nothing": {func(*again) {}, nil, map[string]int{"GET /oncalls": 1}},
		"an override on a layer-based schedule": {func(a *again) { a.override("PS00000", "PU00050", time.Hour) }, []string{"PS00000"},
			map[string]int{"GET /oncalls": 1, "GET /schedules/{id}": 1, "GET /schedules/{id}/overrides": 1}},
		"an override on a shift-based schedule": {func(a *again) {
			a.send("POST", "/v3/schedules/PS00001/overrides", fmt.Sprintf(`{"overrides":[{"type":"override_shift","rotation_id":"RPS00001",`+
				`"start_time":%q,"end_time":%q,"overridden_member":{"type":"user_member","user_id":%q},"overriding_member":{"type":"user_member","user_id":"PU00050"}}]}`,
				a.now.Format(time.RFC3339), a.now.Add(time.Hour).Format(time.RFC3339), onCallNow(a.base, "PS00001")))
		}, []string{"PS00001"}, map[string]int{"GET /oncalls": 1, "GET /v3/schedules/{id}": 1, "GET /v3/schedules/{id}/overrides": 1}},
		"an override that begins within the lead of a group": {func(a *again) {
			a.send("POST", "/schedules/PS00000/overrides", fmt.Sprintf(`{"overrides":[{"start":%q,"end":%q,"user":{"id":"PU00050","type":"user_reference"}}]}`,
				a.now.Add(2*time.Minute).Format(time.RFC3339), a.now.Add(time.Hour).Format(time.RFC3339)))
		}, []string{"PS00000"}, map[string]int{"GET /oncalls": 1, "GET /schedules/{id}": 1, "GET /schedules/{id}/overrides": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			seed := beforeHandoff(60, 6, 6)
			seed.Account.TakenAt = seed.Account.TakenAt.Add(time.Hour)
			a := readThenAgain(t, seed)
			c.change(a)
			o := everything(a.base)
			o.Ahead = 5 * time.Minute
			got, err := a.refresh(time.Minute, o)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Changed, c.changed) {
				t.Errorf("changed %v, want %v", got.Changed, c.changed)
			}
			if diff := cmp.Diff(c.took, a.took()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

func onCallNow(s *inventory.Snapshot, schedule string) string {
	for _, o := range s.OnCalls {
		if o.Schedule != nil && *o.Schedule == schedule {
			return o.User
		}
	}
	return ""
}

func TestS6_WhatDoesNotFitWhatWasReadBeforeMakesItOutdated(t *testing.T) {
	due := []string{"PS00000"}
	for name, c := range map[string]struct {
		change func(a *again)
		due    []string
		why    string
	}{
		"a schedule that is gone": {func(a *again) {
			a.send("DELETE", "/escalation_policies/PEPS00000", "")
			a.send("DELETE", "/schedules/PS00000", "")
		}, due, "can't be read as it was"},
		"somebody who was not there": {func(a *again) {
			a.from = "u1@acme.com"
			a.send("POST", "/users", `{"user":{"type":"user","name":"New Hire","email":"new@acme.test"}}`)
			fresh, err := a.c.Snapshot(a.t.Context(), pagerduty.SnapshotOptions{})
			if err != nil {
				a.t.Fatal(err)
			}
			for id, u := range fresh.Users {
				if u.Email == "new@acme.test" {
					a.override("PS00000", id, time.Hour)
				}
			}
		}, nil, "who was not there"},
		"a policy with another level": {func(a *again) {
			a.send("PUT", "/escalation_policies/PEPS00000", `{"escalation_policy":{"type":"escalation_policy","name":"Policy PS00000","escalation_rules":[`+
				`{"escalation_delay_in_minutes":30,"targets":[{"id":"PS00000","type":"schedule_reference"}]},`+
				`{"escalation_delay_in_minutes":30,"targets":[{"id":"PU00001","type":"user_reference"}]}]}}`)
		}, nil, "other levels"},
	} {
		t.Run(name, func(t *testing.T) {
			a := readThenAgain(t, beforeHandoff(60, 6, 6))
			c.change(a)
			o := everything(a.base)
			o.Due = c.due
			_, err := a.refresh(3*time.Minute, o)
			var outdated *inventory.OutdatedError
			if !errors.As(err, &outdated) || !strings.Contains(outdated.Why, c.why) {
				t.Fatalf("%v, want that the account is outdated: %q", err, c.why)
			}
		})
	}
}

func faultOf(t *testing.T, text string) pagerdutysim.Fault {
	t.Helper()
	f, err := pagerdutysim.ParseFault(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestS21_OnCallsAtOddsWithAScheduleAreReadAgainOnceAndStayInTheSnapshot(t *testing.T) {
	seed := beforeHandoff(60, 6, 6)
	a := readThenAgain(t, seed)
	a.sim.Inject(faultOf(t, "rendering:GET /schedules/PS00000:*"))
	o := everything(a.base)
	o.Due = []string{"PS00000"}
	got, err := a.refresh(3*time.Minute, o)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Changed, []string{"PS00000"}) || got.Odd["PS00000"] == "" {
		t.Errorf("changed %v, odd %v", got.Changed, got.Odd)
	}
	rendered := ""
	for _, s := range got.Snapshot.Schedules["PS00000"].Shifts {
		if !s.Start.After(a.now) && s.End.After(a.now) {
			rendered = s.User
		}
	}
	if said := onCallNow(got.Snapshot, "PS00000"); said == rendered || said == "" {
		t.Errorf("the snapshot says %q in its on-calls and %q in its shifts: the dispute has to be seen", said, rendered)
	}

	a.base = got.Snapshot
	o = everything(a.base)
	o.Accepted = got.Odd
	if got, err = a.refresh(time.Minute, o); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"GET /oncalls": 1}, a.took()); diff != "" || len(got.Changed) > 0 {
		t.Errorf("an answer that was accepted: changed %v, requests (-want +got):\n%s", got.Changed, diff)
	}
}

func TestS31_APagerDutyWhoseClockIsBehindIsAskedAgainFromThere(t *testing.T) {
	a := readThenAgain(t, beforeHandoff(60, 6, 6))
	o := everything(a.base)
	a.now = a.now.Add(time.Minute)
	o.At = a.now.Add(10 * time.Second)
	got, err := a.c.Refresh(t.Context(), a.base, o)
	if err != nil {
		t.Fatal(err)
	}
	if got.Behind != 10*time.Second || !got.Snapshot.Now.Equal(a.now) || len(got.Changed) > 0 {
		t.Errorf("behind %s, of %s, changed %v", got.Behind, got.Snapshot.Now, got.Changed)
	}
}

func TestATimeOfWhichOnlyAGrantKnowsTakesOneRequest(t *testing.T) {
	a := readThenAgain(t, beforeHandoff(60, 6, 6))
	got, err := a.refresh(time.Minute, inventory.RefreshOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"GET /abilities": 1}, a.took()); diff != "" || !got.Snapshot.Now.Equal(a.now) {
		t.Errorf("of %s, requests (-want +got):\n%s", got.Snapshot.Now, diff)
	}
}
