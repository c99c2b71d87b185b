package pagerduty_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/google/go-cmp/cmp"
)

// dated answers every request with a Date.
type dated struct {
	date      time.Time
	simulated bool
}

func (d *dated) RoundTrip(r *http.Request) (*http.Response, error) {
	h := http.Header{"Date": {d.date.UTC().Format(http.TimeFormat)}}
	if d.simulated {
		h.Set(pagerdutysim.Header, "simulated")
	}
	return &http.Response{StatusCode: http.StatusOK, Header: h, Body: http.NoBody, Request: r}, nil
}

func TestS31_TheTimeIsTrustedWhereTheLocalClockAndPagerDutysAgree(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		off       time.Duration
		simulated bool
		doubt     string
	}{
		"both agree":                       {off: -20 * time.Second},
		"the local clock is behind":        {off: 4 * time.Minute, doubt: "clock is 4m0s behind PagerDuty's"},
		"the local clock is ahead":         {off: -time.Hour, doubt: "clock is 1h0m0s ahead of PagerDuty's"},
		"a simulator lives in another age": {off: -8000 * time.Hour, simulated: true},
	} {
		t.Run(name, func(t *testing.T) {
			answers := &dated{date: noon.Add(c.off), simulated: c.simulated}
			clock := pagerduty.NewClock(func() time.Time { return noon }, answers, pagerdutysim.Header)
			if _, doubt := clock.Doubt(); doubt != "" {
				t.Errorf("before the first answer: %s", doubt)
			}
			clock.Learn(t.Context(), "https://api.example", nil)
			if _, doubt := clock.Doubt(); !strings.Contains(doubt, c.doubt) || (doubt == "") != (c.doubt == "") {
				t.Errorf("doubt %q, want %q", doubt, c.doubt)
			}
			answers.date = noon // somebody set the clock
			clock.Learn(t.Context(), "https://api.example", nil)
			if _, doubt := clock.Doubt(); doubt != "" {
				t.Errorf("once they agree: %s", doubt)
			}
		})
	}
}

func TestS31_TheTimeIsPagerDutysToTheSecond(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	local := noon
	answers := &dated{}
	clock := pagerduty.NewClock(func() time.Time { return local }, answers, pagerdutysim.Header)
	for _, c := range []struct {
		name        string
		local, date time.Duration // after noon
		ahead       time.Duration
	}{
		{"the clocks agree", 0, 0, 0},
		{"half a second later they still do", 500 * time.Millisecond, 0, 0},
		{"the local clock is set twenty seconds back", -19 * time.Second, 2 * time.Second, 21 * time.Second},
		{"the next second agrees with that", -18500 * time.Millisecond, 2 * time.Second, 21 * time.Second},
		{"the local clock is set ahead", 25 * time.Second, 3 * time.Second, -21 * time.Second},
	} {
		local, answers.date = noon.Add(c.local), noon.Add(c.date)
		clock.Learn(t.Context(), "https://api.example", nil)
		_, doubt := clock.Doubt()
		if got := clock.Now().Sub(local); got != c.ahead || doubt != "" {
			t.Errorf("%s: the account's time is %s ahead, want %s; doubt %q", c.name, got, c.ahead, doubt)
		}
		if now := clock.Now().Sub(answers.date); now < 0 || now > time.Second {
			t.Errorf("%s: the account's time is %s from what PagerDuty said", c.name, now)
		}
	}
}

func TestS31_OneAnswerOfAnotherTimeIsADoubtOnce(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	answers := &dated{date: noon.Add(-5 * time.Minute)} // from a cache
	clock := pagerduty.NewClock(func() time.Time { return noon }, answers, pagerdutysim.Header)
	clock.Learn(t.Context(), "https://api.example", nil)
	answers.date = noon
	clock.Learn(t.Context(), "https://api.example", nil)
	if other, why := clock.Doubt(); !strings.Contains(why, "a time that is 5m0s behind this machine's clock") || !other.Equal(noon) {
		t.Errorf("doubt %q, other clock %s", why, other)
	}
	clock.Learn(t.Context(), "https://api.example", nil)
	if _, why := clock.Doubt(); why != "" {
		t.Errorf("doubt %q, though all agree since", why)
	}
}

func TestS31_TheTimeIsAskedOfADocumentedPathWithTheToken(t *testing.T) {
	sim, err := pagerdutysim.New(pagerdutysim.Options{Seed: &inventory.Snapshot{Account: inventory.Account{Name: "new", Region: "us"}}, Clock: time.Now, Token: "T0KEN"})
	if err != nil {
		t.Fatal(err)
	}
	client, err := pagerduty.New(pagerduty.Options{
		Region: "us", Transport: sim.Transport(), Token: func(context.Context) (string, error) { return "T0KEN", nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	answers := &answered{base: sim.Transport()}
	clock := pagerduty.NewClock(time.Now, answers, pagerdutysim.Header)
	clock.Learn(t.Context(), "https://api.example/", client.Sign)
	if diff := cmp.Diff(map[string]int{"GET /abilities": 1}, sim.Requests()); diff != "" {
		t.Error(diff)
	}
	if answers.status != http.StatusOK {
		t.Errorf("answered %d", answers.status)
	}
}

// answered remembers the status of the last answer.
type answered struct {
	base   http.RoundTripper
	status int
}

func (a *answered) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := a.base.RoundTrip(r)
	if err == nil {
		a.status = resp.StatusCode
	}
	return resp, err
}
