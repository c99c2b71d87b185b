package pagerduty

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// resetMargin is added to ratelimit-reset, which is whole seconds.
const resetMargin = time.Second

// fallbackPause follows a 429 that has no rate-limit headers.
const fallbackPause = 5 * time.Second

// budget is what the rate-limit headers of an answer say.
type budget struct {
	limit, remaining int
	reset            time.Duration
}

func budgetOf(resp *http.Response) (budget, bool) {
	limit, err1 := strconv.Atoi(resp.Header.Get("ratelimit-limit"))
	remaining, err2 := strconv.Atoi(resp.Header.Get("ratelimit-remaining"))
	reset, err3 := strconv.Atoi(resp.Header.Get("ratelimit-reset"))
	ok := err1 == nil && err2 == nil && err3 == nil && limit > 0 && remaining >= 0 && reset >= 0
	return budget{limit, remaining, time.Duration(reset) * time.Second}, ok
}

// ownLimit are the endpoints with a lower limit of their own beside the
// general one. Source: OpenAPI, listOnCalls; PagerDuty's rate limits page.
var ownLimit = map[string]bool{"GET /oncalls": true}

// pacers hold one pacer for all requests and one for each endpoint that has a
// limit of its own.
type pacers struct {
	general *pacer
	own     map[string]*pacer
}

func newPacers(now func() time.Time, wait func(context.Context, time.Duration) error) *pacers {
	p := &pacers{general: newPacer(now, wait), own: map[string]*pacer{}}
	for endpoint := range ownLimit {
		p.own[endpoint] = newPacer(now, wait)
	}
	return p
}

// acquire waits until the endpoint may be asked. The answer, nil if there was
// none, goes to the function returned.
func (p *pacers) acquire(ctx context.Context, endpoint string) (func(*http.Response), error) {
	own := p.own[endpoint]
	if own == nil {
		if err := p.general.acquire(ctx); err != nil {
			return nil, err
		}
		return p.general.answered, nil
	}
	if err := own.acquire(ctx); err != nil {
		return nil, err
	}
	if err := p.general.acquire(ctx); err != nil {
		own.answered(nil)
		return nil, err
	}
	// The headers show the nearest limit, which here may be the endpoint's.
	return func(resp *http.Response) { own.answered(resp); p.general.answered(nil) }, nil
}

// pacer keeps requests within one budget of PagerDuty's. What may still be sent
// in a window is the lowest remaining that any answer showed, less the requests
// under way, which that answer may not have counted: so the budget is kept also
// by concurrent requests. The first half of a budget is free, the second is
// spread over the rest of the window, which leaves room for others.
type pacer struct {
	now  func() time.Time
	wait func(context.Context, time.Duration) error

	mu sync.Mutex
	// clock is the latest moment known to have come: a wait that ended counts
	// also if the local clock disagrees.
	clock     time.Time
	limit     int // 0 until an answer shows it
	remaining int
	underWay  int
	end       time.Time // of the window; zero until an answer shows it
	spread    *rate.Limiter
}

func newPacer(now func() time.Time, wait func(context.Context, time.Duration) error) *pacer {
	return &pacer{now: now, wait: wait, spread: rate.NewLimiter(rate.Inf, 1)}
}

func (p *pacer) acquire(ctx context.Context) error {
	for {
		at, d, mine := p.reserve()
		if d > 0 {
			if err := p.wait(ctx, d); err != nil {
				if mine {
					p.answered(nil)
				}
				return err
			}
			p.passed(at.Add(d))
		}
		if mine {
			return nil
		}
	}
}

// reserve takes a request out of the budget, to be sent after the delay; or
// says how long to wait before asking again.
func (p *pacer) reserve() (at time.Time, delay time.Duration, mine bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.time()
	if !p.end.IsZero() && !now.Before(p.end) {
		p.end, p.remaining = time.Time{}, p.limit
		p.spread.SetLimitAt(now, rate.Inf)
	}
	if p.end.IsZero() && p.underWay == 0 { // nothing is known of this window
		p.remaining = p.limit
	}
	spent := p.remaining-p.underWay <= 0
	switch {
	case spent && !p.end.IsZero():
		return now, p.end.Sub(now), false
	case spent && p.limit > 0: // a new window, which no answer has shown yet
		return now, time.Second, false
	}
	p.underWay++
	return now, p.spread.ReserveN(now, 1).DelayFrom(now), true
}

// answered takes note of an answer, or with nil of its absence.
func (p *pacer) answered(resp *http.Response) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.time()
	p.underWay--
	if resp == nil {
		p.remaining-- // it may have been counted
		return
	}
	b, ok := budgetOf(resp)
	if !ok && resp.StatusCode != http.StatusTooManyRequests {
		return
	}
	if !ok {
		b = budget{limit: p.limit, reset: fallbackPause}
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		b.remaining = 0
	}
	end := now.Add(min(b.reset, maxWait) + resetMargin)
	switch {
	case p.limit == 0, !p.end.IsZero() && end.After(p.end.Add(5*time.Second)):
		p.remaining = b.remaining // the first answer, or one of a later window
	default:
		p.remaining = min(p.remaining, b.remaining)
	}
	if p.end.IsZero() || end.After(p.end) {
		p.end = end
	}
	p.limit = b.limit
	p.respread(now)
}

func (p *pacer) respread(now time.Time) {
	if p.remaining > p.limit/2 || p.remaining <= 0 {
		p.spread.SetLimitAt(now, rate.Inf)
		return
	}
	p.spread.SetLimitAt(now, rate.Limit(float64(p.remaining)/p.end.Sub(now).Seconds()))
}

func (p *pacer) time() time.Time {
	if now := p.now(); now.After(p.clock) {
		p.clock = now
	}
	return p.clock
}

func (p *pacer) passed(t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.After(p.clock) {
		p.clock = t
	}
}
