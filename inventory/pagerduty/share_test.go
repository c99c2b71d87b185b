package pagerduty_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// limited is a simulator under PagerDuty's limit, answers of which take a while, in a
// bubble's time.
func limited(t *testing.T, sliding bool, change ...func(*pagerdutysim.Options)) *pagerdutysim.Server {
	t.Helper()
	seed := account(3, 1, 0)
	o := pagerdutysim.Options{Seed: seed, Clock: time.Now, Wall: time.Now, SlidingWindows: sliding}
	for _, f := range change {
		f(&o)
	}
	sim, err := pagerdutysim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return sim
}

// slow takes a tenth of a second for each answer.
type slow struct{ http.RoundTripper }

func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(60 * time.Millisecond)
	resp, err := s.RoundTripper.RoundTrip(r)
	time.Sleep(40 * time.Millisecond)
	return resp, err
}

// refusals counts the answers that refused a request for the limit.
type refusals struct {
	http.RoundTripper
	mu sync.Mutex
	n  int
}

func (c *refusals) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.RoundTripper.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusTooManyRequests {
		c.mu.Lock()
		c.n++
		c.mu.Unlock()
	}
	return resp, err
}

// somebodyElse asks with the same key at a steady pace, in bursts of so many, and does
// not look at what the answers say of the limit. It returns how many were refused.
func somebodyElse(ctx context.Context, t *testing.T, transport http.RoundTripper, aMinute, burst int) int {
	refused := 0
	for ctx.Err() == nil {
		for range burst {
			r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "https://api.pagerduty.com/abilities", nil)
			if err != nil {
				t.Error(err)
				return refused
			}
			r.Header.Set("Authorization", "Token token="+canary)
			resp, err := transport.RoundTrip(r)
			if err != nil {
				t.Error(err)
				return refused
			}
			resp.Body.Close()
			if resp.StatusCode == http.StatusTooManyRequests {
				refused++
			}
		}
		time.Sleep(time.Duration(burst) * time.Minute / time.Duration(aMinute))
	}
	return refused
}

func TestSomebodyElseOnTheSameKeyLosesNothing(t *testing.T) {
	for _, sliding := range []bool{false, true} {
		for _, c := range []struct{ aMinute, burst, atLeast int }{
			{60, 1, 1000}, {120, 20, 1000}, {300, 1, 1000}, {300, 100, 900}, {450, 1, 900},
		} {
			t.Run(fmt.Sprintf("%d a minute, %d at once, sliding windows %v", c.aMinute, c.burst, sliding), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					sim := limited(t, sliding)
					own := &refusals{RoundTripper: slow{sim.Transport()}}
					pd := client(t, own)
					ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
					defer cancel()
					lost := make(chan int)
					go func() { lost <- somebodyElse(ctx, t, sim.Transport(), c.aMinute, c.burst) }()
					done := 0
					var mu sync.Mutex
					var all sync.WaitGroup
					for range 8 {
						all.Go(func() {
							for ctx.Err() == nil {
								if _, err := pd.User(ctx, "PU00000"); err == nil {
									mu.Lock()
									done++
									mu.Unlock()
								}
							}
						})
					}
					all.Wait()
					if n := <-lost; n > 0 || own.n > 0 {
						t.Errorf("%d of the other's requests were refused, and %d of the own", n, own.n)
					}
					if done < c.atLeast {
						t.Errorf("only %d requests in four minutes, want at least %d", done, c.atLeast)
					}
				})
			})
		}
	}
}

func TestNobodyElseLeavesAllOfTheLimitButAReserve(t *testing.T) {
	for _, sliding := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			sim := limited(t, sliding)
			pd := client(t, slow{sim.Transport()})
			took := func(requests int) time.Duration {
				began := time.Now()
				var all sync.WaitGroup
				for range requests {
					all.Go(func() {
						if _, err := pd.User(t.Context(), "PU00000"); err != nil {
							t.Error(err)
						}
					})
				}
				all.Wait()
				return time.Since(began)
			}
			if first, second := took(350), took(350); first > 6*time.Second || second > 6*time.Second {
				t.Errorf("350 requests took %v and then %v, though both fit in the limit (sliding windows: %v)", first, second, sliding)
			}
			if all := took(1500); all > 2*time.Minute+15*time.Second {
				t.Errorf("1,500 more took %v", all)
			}
		})
	}
}

func TestAWriteAndWhatAHandoffDependsOnDoNotWaitForReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := limited(t, false)
		pd := client(t, slow{sim.Transport()})
		var all sync.WaitGroup
		for range 1200 {
			all.Go(func() { _, _ = pd.User(t.Context(), "PU00000") })
		}
		time.Sleep(30 * time.Second) // the reads have used up their part
		began := time.Now()
		if err := pd.PutTeamMember(t.Context(), "PT00000", "PU00001", "observer"); err != nil {
			t.Error(err)
		}
		if _, err := pd.User(inventory.Urgent(t.Context()), "PU00000"); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("a write and an urgent read took %v while reads waited for the next minute", took)
		}
		all.Wait()
	})
}
