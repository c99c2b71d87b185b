package pagerduty_test

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"

	"github.com/google/go-cmp/cmp"
)

// company is the example company's account.
func company(t *testing.T) *inventory.Snapshot {
	t.Helper()
	f, err := os.Open("../../examples/company/seed.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := inventory.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// simulate runs a simulator of the account at its own time.
func simulate(t *testing.T, seed *inventory.Snapshot, change ...func(*pagerdutysim.Options)) *pagerdutysim.Server {
	t.Helper()
	o := pagerdutysim.Options{
		Seed: seed, Clock: func() time.Time { return seed.Account.TakenAt }, Token: canary, RateLimit: -1,
	}
	for _, f := range change {
		f(&o)
	}
	sim, err := pagerdutysim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return sim
}

func read(t *testing.T, sim *pagerdutysim.Server, o pagerduty.SnapshotOptions) *inventory.Snapshot {
	t.Helper()
	s, err := client(t, sim.Transport(), withoutWaiting).Snapshot(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func encoded(t *testing.T, s *inventory.Snapshot) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.Encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestASnapshotOfTheSimulatorIsItsSeed(t *testing.T) {
	seed := company(t)
	sim := simulate(t, seed)
	got := read(t, sim, pagerduty.SnapshotOptions{})
	got.Account.Name = seed.Account.Name
	if diff := cmp.Diff(encoded(t, seed), encoded(t, got)); diff != "" {
		t.Errorf("seed (-) and snapshot (+) differ:\n%s", diff)
	}
	if again := read(t, sim, pagerduty.SnapshotOptions{}); !cmp.Equal(again.Account.TakenAt, seed.Account.TakenAt) {
		t.Errorf("taken at %v, expected PagerDuty's clock, %v", again.Account.TakenAt, seed.Account.TakenAt)
	}
}

func TestWhatDecidesAboutPagingIsReadAsItIs(t *testing.T) {
	seed := company(t)
	for id, v := range seed.Services {
		v.Urgency = inventory.ServiceUrgency{During: inventory.UrgencyBySeverity, Outside: inventory.UrgencyLow}
		v.SupportHours = &inventory.SupportHours{TimeZone: "Europe/Berlin", Days: []int{1, 5}, StartTime: "09:00:00", EndTime: "17:30:00"}
		v.RaisedAtSupportHours = true
		v.Maintenance = []inventory.Window{{Since: seed.Now.Add(time.Hour), Until: seed.Now.Add(3 * time.Hour)}}
		seed.Services[id] = v
	}
	for id, p := range seed.EscalationPolicies {
		p.Rules[0].Strategy = inventory.RoundRobin
		seed.EscalationPolicies[id] = p
	}
	for id, u := range seed.Users {
		for i := range u.ContactMethods {
			u.ContactMethods[i].Blocked = u.ContactMethods[i].Type != "phone_contact_method"
		}
		for i, r := range u.NotificationRules {
			u.NotificationRules[i].Blocked = r.Contact != "phone_contact_method"
		}
		seed.Users[id] = u
	}
	got := read(t, simulate(t, seed), pagerduty.SnapshotOptions{})
	if diff := cmp.Diff(encoded(t, seed), encoded(t, got)); diff != "" {
		t.Errorf("the snapshot (-seed +got):\n%s", diff)
	}
}

func TestWhatPagerDutyRefusesOfTheOptionalPartsIsUnavailable(t *testing.T) {
	for _, part := range []string{"abilities", "licenses", "services"} {
		t.Run(part, func(t *testing.T) {
			sim := simulate(t, company(t))
			s, err := client(t, replacing(sim.Transport(), "/"+part, func(*http.Response) *http.Response {
				return answer(402, "{}")
			})).Snapshot(t.Context(), pagerduty.SnapshotOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if want := []string{part}; !cmp.Equal(s.Account.Unavailable, want) || !s.Account.Complete {
				t.Errorf("unavailable %v, missing %v; expected %v and nothing", s.Account.Unavailable, s.Account.Missing, want)
			}
		})
	}
}

// replacing changes the answers for one path.
func replacing(next http.RoundTripper, path string, change func(*http.Response) *http.Response) answers {
	return func(r *http.Request) *http.Response {
		resp, err := next.RoundTrip(r)
		if err == nil && r.URL.Path == path {
			resp = change(resp)
		}
		return resp
	}
}

func TestDeletedPeopleAreLeftOutAndCounted(t *testing.T) {
	seed := account(150, 3, 2)
	seed.Account.DeletedUsers = 7
	s := read(t, simulate(t, seed), pagerduty.SnapshotOptions{})
	if len(s.Users) != 150 || s.Account.DeletedUsers != 7 || !s.Account.Complete {
		t.Errorf("%d users, %d deleted, missing %v", len(s.Users), s.Account.DeletedUsers, s.Account.Missing)
	}
}

func TestFaultsThatPassLeaveNoTrace(t *testing.T) {
	for name, fault := range map[string]pagerdutysim.Fault{
		"a burst of 429":                {Kind: pagerdutysim.FaultStatus, Status: 429, Times: 5},
		"a burst of 429 without reset":  {Kind: pagerdutysim.FaultStatus, Status: 429, Bare: true, Times: 5},
		"server errors":                 {Kind: pagerdutysim.FaultStatus, Status: 503, After: 3, Times: 5},
		"cut connections":               {Kind: pagerdutysim.FaultCut, After: 2, Times: 5},
		"truncated bodies":              {Kind: pagerdutysim.FaultTruncate, After: 4, Times: 5},
		"malformed bodies":              {Kind: pagerdutysim.FaultMalformed, After: 1, Times: 5},
		"records that shift":            {Kind: pagerdutysim.FaultShift, Path: "/users"},
		"a total that is off":           {Kind: pagerdutysim.FaultTotal, Path: "/teams", Delta: 1},
		"members whose total is off":    {Kind: pagerdutysim.FaultTotal, Path: "/teams/{id}/members", Delta: -1},
		"a last page whose total moved": {Kind: pagerdutysim.FaultTotal, Path: "/users", After: 1, Delta: 2},
	} {
		t.Run(name, func(t *testing.T) {
			seed := account(250, 4, 3)
			sim := simulate(t, seed)
			want := encoded(t, read(t, sim, pagerduty.SnapshotOptions{}))
			sim.Inject(fault)
			got := encoded(t, read(t, sim, pagerduty.SnapshotOptions{}))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("without (-) and with the fault (+):\n%s", diff)
			}
		})
	}
}

func TestNothingUsefulIsAnError(t *testing.T) {
	for name, fault := range map[string]pagerdutysim.Fault{
		"a token that is not accepted":      {Kind: pagerdutysim.FaultRevoked, Times: -1},
		"a token revoked while reading":     {Kind: pagerdutysim.FaultRevoked, After: 6, Times: -1},
		"PagerDuty out of reach":            {Kind: pagerdutysim.FaultCut, Times: -1},
		"PagerDuty down after the first":    {Kind: pagerdutysim.FaultStatus, Status: 503, After: 1, Times: -1},
		"no part that the token could read": {Kind: pagerdutysim.FaultStatus, Status: 403, After: 1, Times: -1},
	} {
		t.Run(name, func(t *testing.T) {
			sim := simulate(t, account(500, 40, 40))
			sim.Inject(fault)
			_, err := client(t, sim.Transport(), withoutWaiting).Snapshot(t.Context(), pagerduty.SnapshotOptions{})
			var e *pagerduty.Error
			if !errors.As(err, &e) {
				t.Errorf("got %v, expected an *Error", err)
			}
		})
	}
}

func TestAReadingIsGivenUpWhenPagerDutyGoesDown(t *testing.T) {
	sim := simulate(t, account(100, 400, 1))
	sim.Inject(pagerdutysim.Fault{Kind: pagerdutysim.FaultStatus, Status: 503, Path: "/teams/{id}/members", After: 5, Times: -1})
	s := read(t, sim, pagerduty.SnapshotOptions{})
	if s.Account.Complete {
		t.Error("the snapshot is complete without members")
	}
	if n := sim.Requests()["GET /teams/{id}/members"]; n > 200 {
		t.Errorf("%d requests for members of 400 teams, expected reading to end soon", n)
	}
}

func TestProgressReachesItsEnd(t *testing.T) {
	last := map[string]pagerduty.Progress{}
	c := client(t, simulate(t, account(1000, 5, 2)).Transport(), func(o *pagerduty.Options) {
		o.Progress = func(p pagerduty.Progress) {
			if p.Done >= last[p.What].Done {
				last[p.What] = p
			}
		}
	})
	if _, err := c.Snapshot(t.Context(), pagerduty.SnapshotOptions{}); err != nil {
		t.Fatal(err)
	}
	for what, of := range map[string]int{"users": 1000, "teams": 5, "members of teams": 5, "layer-based schedules": 2} {
		if p := last[what]; p.Done != of || p.Of != of {
			t.Errorf("%s ended at %d of %d, expected %d", what, p.Done, p.Of, of)
		}
	}
}
