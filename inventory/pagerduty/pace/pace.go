// Package pace keeps a client's requests within PagerDuty's limit of a minute, which
// others share: it counts its own, learns from the answers what others use, and leaves
// them what they need.
//
// The limit is one on any sixty seconds here, however PagerDuty counts: windows of a
// minute and windows that slide are both kept that way. golang.org/x/time/rate would
// not do: a bucket that holds a minute's requests lets two minutes' through in one.
package pace

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

const (
	// Window is the span that PagerDuty's limit is of.
	Window = time.Minute
	// resetMargin is added to ratelimit-reset, which is whole seconds.
	resetMargin = time.Second
	// fallbackPause follows a 429 that has no rate-limit headers.
	fallbackPause = 5 * time.Second
	// longestReset is the farthest that a reset is believed.
	longestReset = 90 * time.Second
	// recheck is how soon a request that waits for others looks again.
	recheck = time.Second
)

// reserved is the part of the limit, one in so many, that is left while nobody else
// is seen: for whoever begins.
const reserved = 8

// urgentPart is the part of the own share, one in so many, that is kept for requests
// that can't wait.
const urgentPart = 10

// Budget is what the rate-limit headers of an answer say.
type Budget struct {
	Limit, Remaining int
	Reset            time.Duration
}

// Said reads the headers; false if they are not there or say nothing.
func Said(resp *http.Response) (Budget, bool) {
	limit, err1 := strconv.Atoi(resp.Header.Get("ratelimit-limit"))
	remaining, err2 := strconv.Atoi(resp.Header.Get("ratelimit-remaining"))
	reset, err3 := strconv.Atoi(resp.Header.Get("ratelimit-reset"))
	ok := err1 == nil && err2 == nil && err3 == nil && limit > 0 && remaining >= 0 && reset >= 0
	return Budget{limit, remaining, time.Duration(reset) * time.Second}, ok
}

// Pause is how long to wait after an answer that said so, with the margin.
func (b Budget) Pause() time.Duration { return b.Reset + resetMargin }

// Pacer keeps requests within one limit. All of its requests in any sixty seconds are
// at most
//
//   - the whole limit without a reserve, while nobody else is seen to use it,
//   - else its share, and no more than what others leave.
//
// And none is sent that the lowest remaining which any answer of the window showed does
// not cover, less the requests under way, which that answer may not have counted.
type Pacer struct {
	now   func() time.Time
	wait  func(context.Context, time.Duration) error
	share float64

	mu sync.Mutex
	// clock is the latest moment known to have come: a wait that ended counts
	// also if the local clock disagrees.
	clock     time.Time
	limit     int // 0 until an answer shows it
	remaining int // as of the last answers of this window
	underWay  int
	end       time.Time // of the window; zero until an answer shows it
	// sent are the moments of the requests of the last two minutes, in order.
	sent []time.Time
	// others are what others were seen to use in a minute, in the last two.
	others []sighting
	// urgent are the urgent requests that wait: others wait for them.
	urgent int
}

// sighting is what others used in a minute, as an answer showed.
type sighting struct {
	at time.Time
	n  int
}

// New makes a pacer. Share is the part of the limit that it takes beside others; half
// where it is not between 0 and 1.
func New(share float64, now func() time.Time, wait func(context.Context, time.Duration) error) *Pacer {
	if share <= 0 || share > 1 {
		share = 0.5
	}
	return &Pacer{now: now, wait: wait, share: share}
}

// Acquire waits until a request may be sent; an urgent one goes before others, and into
// what is kept for such. Answered has to follow.
func (p *Pacer) Acquire(ctx context.Context, urgent bool) error {
	waiting := false
	defer func() {
		if waiting {
			p.queue(-1)
		}
	}()
	for {
		at, d := p.reserve(urgent)
		if d <= 0 {
			return nil
		}
		if urgent && !waiting {
			waiting = true
			p.queue(1)
		}
		if err := p.wait(ctx, d); err != nil {
			return err
		}
		p.passed(at.Add(d))
	}
}

func (p *Pacer) queue(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.urgent += n
}

// reserve takes a request out of the budget, or says how long to wait before asking
// again.
func (p *Pacer) reserve(urgent bool) (at time.Time, delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.time()
	p.turn(now)
	if p.limit > 0 {
		most := p.most(urgent)
		if n := p.since(now.Add(-Window)); n >= most {
			// The request that leaves the window next makes way for one.
			first := p.sent[len(p.sent)-n]
			return now, max(first.Add(Window).Sub(now), time.Millisecond)
		}
		if p.remaining-p.underWay <= 0 {
			if p.end.IsZero() {
				return now, recheck // an answer is to show the new window first
			}
			return now, max(p.end.Sub(now), time.Millisecond)
		}
		if !urgent && p.urgent > 0 {
			return now, recheck
		}
	}
	p.underWay++
	p.sent = append(p.sent, now)
	return now, 0
}

// turn begins a new window where the last one is over.
func (p *Pacer) turn(now time.Time) {
	if !p.end.IsZero() && !now.Before(p.end) {
		p.end, p.remaining = time.Time{}, p.limit
	}
	if p.end.IsZero() && p.underWay == 0 {
		p.remaining = p.limit // nothing is known of this window
	}
	long := now.Add(-2 * Window)
	p.sent = p.sent[len(p.sent)-p.since(long):]
	p.others = slices.DeleteFunc(p.others, func(s sighting) bool { return s.at.Before(long) })
}

// most is how many requests may be sent in sixty seconds.
func (p *Pacer) most(urgent bool) int {
	reserve := p.limit / reserved
	most := p.limit - reserve
	if others := p.used(); others > 0 {
		most = min(int(p.share*float64(p.limit)), p.limit-others-max(reserve, others/2))
		most = max(most, p.limit/50) // never nothing: a key that others use up is theirs to share
	}
	if !urgent {
		most -= most / urgentPart
	}
	return max(most, 1)
}

// used is what others used in a minute at most, as far as was seen.
func (p *Pacer) used() int {
	n := 0
	for _, s := range p.others {
		n = max(n, s.n)
	}
	return n
}

// since is how many requests were sent after a moment.
func (p *Pacer) since(t time.Time) int {
	n := 0
	for n < len(p.sent) && p.sent[len(p.sent)-1-n].After(t) {
		n++
	}
	return n
}

// Answered takes note of an answer, or with nil of its absence.
func (p *Pacer) Answered(resp *http.Response) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.time()
	p.underWay--
	if resp == nil {
		p.remaining-- // it may have been counted
		return
	}
	b, ok := Said(resp)
	if !ok && resp.StatusCode != http.StatusTooManyRequests {
		return
	}
	if !ok {
		b = Budget{Limit: p.limit, Reset: fallbackPause}
	}
	refused := resp.StatusCode == http.StatusTooManyRequests
	if refused {
		b.Remaining = 0
	}
	p.note(now, b)
	if !refused { // a refusal may be of another limit, and says nothing of others
		p.see(now, b)
	}
}

// note takes in what an answer said.
func (p *Pacer) note(now time.Time, b Budget) {
	reset := min(b.Reset, longestReset)
	end := now.Add(reset + resetMargin)
	later := !p.end.IsZero() && end.After(p.end.Add(5*time.Second))
	switch {
	case p.limit == 0:
		p.remaining = b.Remaining // the first answer
	case later:
		p.remaining = b.Remaining
	default:
		p.remaining = min(p.remaining, b.Remaining)
	}
	if p.end.IsZero() || end.After(p.end) {
		p.end = end
	}
	p.limit = b.Limit
}

// see notes what an answer shows of others: what was used beyond the own requests, those
// at the window's edge counted as own.
func (p *Pacer) see(now time.Time, b Budget) {
	began := now.Add(min(b.Reset, Window) - Window - 2*time.Second)
	n := b.Limit - b.Remaining - p.since(began)
	switch last := len(p.others) - 1; {
	case n <= 0:
	case last >= 0 && now.Sub(p.others[last].at) < 5*time.Second:
		p.others[last].n = max(p.others[last].n, n)
	default:
		p.others = append(p.others, sighting{now, n})
	}
}

func (p *Pacer) time() time.Time {
	if now := p.now(); now.After(p.clock) {
		p.clock = now
	}
	return p.clock
}

func (p *Pacer) passed(t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.After(p.clock) {
		p.clock = t
	}
}
