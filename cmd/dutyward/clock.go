package main

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// accountClock is PagerDuty's clock: the local one, set right by the Date of
// every answer (S31). It sees the answers as the transport they come through,
// so that rehearsals on a simulator live in the simulator's time.
type accountClock struct {
	local func() time.Time
	base  http.RoundTripper

	mu  sync.Mutex
	off time.Duration
}

// newAccountClock makes a clock over a transport; nil is an ordinary one.
func newAccountClock(local func() time.Time, base http.RoundTripper) *accountClock {
	if base == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = 16
		base = t
	}
	return &accountClock{local: local, base: base}
}

// sameClock is how near two clocks are taken for one: Date has whole seconds, and
// answers take a while.
const sameClock = 30 * time.Second

// RoundTrip carries a request and reads the answer's Date.
func (c *accountClock) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.base.RoundTrip(r)
	if err != nil {
		return resp, err
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		off := date.Sub(c.local())
		if off.Abs() < sameClock {
			off = 0
		}
		c.mu.Lock()
		c.off = off
		c.mu.Unlock()
	}
	return resp, nil
}

func (c *accountClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.local().Add(c.off)
}

// learn asks an address for the time, before anything else is asked. Without an
// answer the local time stands; what is asked next will say what is wrong.
func (c *accountClock) learn(ctx context.Context, address string) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return
	}
	if resp, err := c.RoundTrip(r); err == nil {
		resp.Body.Close()
	}
}
