package pagerduty

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Clock is PagerDuty's clock: the local one, set right by the Date of every answer
// (S31). It sees the answers as the transport they come through, so that
// rehearsals on a simulator live in the simulator's time.
//
// It trusts the time where two clocks agree that know nothing of each other: the
// local one and PagerDuty's. Where they do not, one of them is wrong, and nothing
// here tells which. A simulator says of itself that its time is made up.
type Clock struct {
	local     func() time.Time
	base      http.RoundTripper
	simulated string

	mu sync.Mutex
	// off is how far PagerDuty's clock is ahead, as near as answers tell.
	off time.Duration
	// odd is how far an answer was from the local clock, of the last one since
	// Doubt was asked that was farther than two clocks that agree.
	odd time.Duration
	// rehearsal says that a simulator answered.
	rehearsal bool
}

// NewClock makes a clock over a transport; nil is an ordinary one. A simulator's
// answers have a header of the name simulated.
func NewClock(local func() time.Time, base http.RoundTripper, simulated string) *Clock {
	if base == nil {
		base = NewTransport(16)
	}
	return &Clock{local: local, base: base, simulated: simulated}
}

// sameClock is how near two clocks that know nothing of each other are taken to
// agree.
const sameClock = 30 * time.Second

// RoundTrip carries a request and reads the answer's Date.
func (c *Clock) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := c.local()
	resp, err := c.base.RoundTrip(r)
	if err != nil {
		return resp, err
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		c.told(date, sent, resp.Header.Get(c.simulated) != "")
	}
	return resp, nil
}

// told compares the clocks. Date has whole seconds, and was written at some moment
// between request and answer: what the clocks are apart is known within these
// bounds, and what was held of it stands as long as it lies there.
func (c *Clock) told(date, sent time.Time, rehearsal bool) {
	received := c.local()
	c.mu.Lock()
	defer c.mu.Unlock()
	least, most := date.Sub(received), date.Add(time.Second).Sub(sent)
	c.off, c.rehearsal = max(least, min(most, c.off)), rehearsal
	if apart := max(least, min(most, 0)); apart.Abs() >= sameClock {
		c.odd = apart
	}
}

// Now is the account's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.local().Add(c.off)
}

// Doubt is why the time can't be trusted, and what time it is by the other of the
// clocks; empty if it can be. A clock that somebody set is trusted again as soon
// as both agree. An answer that said another time than those after it is no
// reason any more once Doubt has reported it.
func (c *Clock) Doubt() (other time.Time, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	odd := c.odd
	c.odd = 0
	switch {
	case c.rehearsal:
		return time.Time{}, ""
	case c.off.Abs() >= sameClock:
		return c.local(), fmt.Sprintf("this machine's clock is %s PagerDuty's, and one of them is wrong: check that NTP is running", apart(-c.off))
	case odd != 0:
		return c.local(), fmt.Sprintf("an answer of PagerDuty's said a time that is %s this machine's clock, with which others agree: check whether a cache stands in between", apart(odd))
	}
	return time.Time{}, ""
}

// apart says how far a clock is ahead of another, or behind: roughly, so that one
// that goes slow is not another reason every minute.
func apart(d time.Duration) string {
	grain := 5 * time.Second
	if d.Abs() > 10*time.Minute {
		grain = time.Minute
	}
	if d < 0 {
		return d.Abs().Round(grain).String() + " behind"
	}
	return d.Round(grain).String() + " ahead of"
}

// probe is what is asked for the time: a documented path that costs PagerDuty
// little. Whatever it answers has a Date.
const probe = "/abilities"

// Learn asks an API for the time, before anything else is asked. Without an
// answer the local time stands; what is asked next will say what is wrong. Sign puts
// a token on the request; nil leaves it without.
func (c *Clock) Learn(ctx context.Context, address string, sign func(*http.Request)) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(address, "/")+probe, nil)
	if err != nil {
		return
	}
	r.Header.Set("Accept", "application/vnd.pagerduty+json;version=2")
	if sign != nil {
		sign(r)
	}
	if resp, err := c.RoundTrip(r); err == nil {
		resp.Body.Close()
	}
}
