package pagerduty_test

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dutyward/dutyward/inventory/pagerduty"
)

func contextWithin(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

// gate answers as PagerDuty does under a limit of requests a minute.
type gate struct {
	limit int
	next  func(*http.Request) *http.Response

	mu       sync.Mutex
	ends     time.Time
	left     int
	requests int
	refused  int
}

func (g *gate) answer(r *http.Request) *http.Response {
	time.Sleep(300 * time.Millisecond) // of the bubble's time: the way there
	g.mu.Lock()
	now := time.Now()
	if !now.Before(g.ends) {
		g.ends, g.left = now.Add(time.Minute), g.limit
	}
	g.requests++
	g.left--
	left, reset := max(g.left, 0), int(math.Ceil(g.ends.Sub(now).Seconds()))
	over := g.left < 0
	if over {
		g.refused++
	}
	g.mu.Unlock()
	time.Sleep(200 * time.Millisecond)
	resp := answer(429, "{}")
	if !over {
		resp = g.next(r)
	}
	resp.Header.Set("ratelimit-limit", strconv.Itoa(g.limit))
	resp.Header.Set("ratelimit-remaining", strconv.Itoa(left))
	resp.Header.Set("ratelimit-reset", strconv.Itoa(reset))
	return resp
}

func TestTheRateBudgetIsKeptByConcurrentRequests(t *testing.T) {
	for _, c := range []struct {
		name            string
		limit, requests int
		within          time.Duration
	}{
		{"a small budget over several windows", 20, 90, 6 * time.Minute},
		{"a large budget is hardly felt", 960, 400, 30 * time.Second},
		{"PagerDuty's budget used up twice", 960, 2000, 3*time.Minute + 30*time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &gate{limit: c.limit, next: func(*http.Request) *http.Response { return answer(200, anUser) }}
				pd := client(t, answers(g.answer))
				began := time.Now()
				var all sync.WaitGroup
				for range c.requests {
					all.Go(func() {
						if err := readAnn(t, pd); err != nil {
							t.Error(err)
						}
					})
				}
				all.Wait()
				if g.refused > 0 || g.requests != c.requests {
					t.Errorf("%d requests of which %d were refused, expected %d and none", g.requests, g.refused, c.requests)
				}
				if took := time.Since(began); took > c.within {
					t.Errorf("took %v, expected at most %v", took, c.within)
				}
			})
		})
	}
}

func TestCostCountsRequestsByEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failures := 1
		pd := client(t, answers(func(r *http.Request) *http.Response {
			time.Sleep(time.Second)
			if r.Method == http.MethodPut {
				return answer(204, "")
			}
			if failures > 0 {
				failures--
				return answer(500, "")
			}
			return answer(200, anUser)
		}))
		if err := readAnn(t, pd); err != nil {
			t.Fatal(err)
		}
		if err := put(t, pd); err != nil {
			t.Fatal(err)
		}
		cost := pd.Cost()
		if got := cost.Elapsed - cost.Waited; got != 3*time.Second || cost.Retries != 1 || cost.Requests != 3 {
			t.Errorf("%v under way, %d retries, %d requests; expected 3s, 1 and 3", got, cost.Retries, cost.Requests)
		}
		want := []pagerduty.EndpointCost{
			{Endpoint: "GET /users/{id}", Requests: 2, BytesIn: int64(len(anUser))},
			{Endpoint: "PUT /teams/{id}/users/{id}", Requests: 1, BytesOut: int64(len(`{"role":"responder"}`))},
		}
		if len(cost.Endpoints) != 2 || cost.Endpoints[0] != want[0] || cost.Endpoints[1] != want[1] {
			t.Errorf("got %+v, expected %+v", cost.Endpoints, want)
		}
	})
}
