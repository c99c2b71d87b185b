// Package guard ends a process whose policies neither end nor stay within their
// memory. Rego's evaluator looks at a context between its steps; within a step,
// such as one that doubles a text, nothing asks it, and nothing but the end of
// the process stops it.
package guard

import (
	"context"
	"errors"
	"fmt"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"
)

// Guard watches what Rego does within sections: loading policies, an evaluation,
// a run of their tests.
//
// The methods of a nil Guard do nothing.
type Guard struct {
	// Memory bounds, in bytes, how much the process may grow within a section;
	// zero for no bound. It may change at any time, and counts from the next section on.
	Memory atomic.Int64
	// Beyond is how much the kernel lets through besides, where it is asked to: what
	// asks for more in one step ends the process without a word of End's.
	Beyond int64
	// End is called from a goroutine of its own when a section does not end though
	// its time is up or its context ended, or when it takes too much memory. It is
	// to end the process.
	End func(error)
	// Running is called when a rule begins and when it ended; nil if nobody asks.
	Running func(rule string, began bool)
	// Within is called when a section begins and when it ended; nil if nobody asks.
	Within func(what string, began bool)
}

type key struct{}

// With is a context whose sections a guard watches.
func With(ctx context.Context, g *Guard) context.Context { return context.WithValue(ctx, key{}, g) }

// From is the guard of a context; nil if it has none.
func From(ctx context.Context) *Guard {
	g, _ := ctx.Value(key{}).(*Guard)
	return g
}

// The errors that a section ends with, which say no more than what was hit.
var (
	ErrTime   = errors.New("the policies did not finish within the time limit")
	ErrMemory = errors.New("the policies took more memory than evaluation.memory_limit allows")
)

// Exceeded is the error of policies that went beyond a bound.
type Exceeded struct {
	Err error
	// Rules are those that were running, such as "grant (access/people.rego:3)".
	Rules []string
}

func (e *Exceeded) Error() string { return e.Err.Error() + Still(e.Rules) }
func (e *Exceeded) Unwrap() error { return e.Err }

const (
	// grace is how long a section may go on beyond its time or its context's end:
	// mostly it ends by itself by then, with the better error.
	grace = 2 * time.Second
	// often is how often memory is looked at.
	often = 5 * time.Millisecond
)

// Section is a part of the work that is watched until Leave.
//
// The methods of a nil Section do nothing.
type Section struct {
	guard *Guard
	what  string
	limit time.Duration
	since chan struct{}
	left  chan struct{}
	once  sync.Once
	// memory is the guard's bound as it was when the section began.
	memory int64
	// release lifts the kernel's own bound.
	release func()

	mu      sync.Mutex
	running []string
}

// Enter begins a section, named for messages such as "loading the policies". Its
// limit is on the time until Leave, or between two calls of Progress; zero is none.
func (g *Guard) Enter(ctx context.Context, what string, limit time.Duration) *Section {
	if g == nil || g.End == nil {
		return nil
	}
	s := &Section{guard: g, what: what, limit: limit, memory: g.Memory.Load(), since: make(chan struct{}, 1), left: make(chan struct{})}
	s.release = func() {}
	if g.Within != nil {
		g.Within(what, true)
	}
	if s.memory > 0 {
		s.release = confine(s.memory + g.Beyond)
	}
	go s.watch(ctx)
	return s
}

// Leave ends the section.
func (s *Section) Leave() {
	if s != nil {
		s.once.Do(func() {
			close(s.left)
			s.release()
			if s.guard.Within != nil {
				s.guard.Within(s.what, false)
			}
		})
	}
}

// Progress says that a part is done, from which on the limit counts again.
func (s *Section) Progress() {
	if s == nil {
		return
	}
	select {
	case s.since <- struct{}{}:
	default:
	}
}

// Begin says that a rule runs until what it returns is called.
func (s *Section) Begin(rule string) (ended func()) {
	if s == nil {
		return func() {}
	}
	s.tell(rule, true)
	return func() { s.tell(rule, false) }
}

func (s *Section) tell(rule string, began bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if began {
		s.running = append(s.running, rule)
	} else if i := slices.Index(s.running, rule); i >= 0 {
		s.running = slices.Delete(s.running, i, i+1)
	}
	if s.guard.Running != nil {
		s.guard.Running(rule, began)
	}
}

func (s *Section) watch(ctx context.Context) {
	before := memory()
	tick := time.NewTicker(often)
	defer tick.Stop()
	began, ended := time.Now(), ctx.Done()
	var over <-chan time.Time
	for {
		select {
		case <-s.left:
			return
		case <-s.since:
			began = time.Now()
		case <-ended:
			ended, over = nil, time.After(grace)
		case <-over:
			s.end(context.Cause(ctx))
			return
		case <-tick.C:
		}
		switch {
		case s.limit > 0 && time.Since(began) > s.limit+grace:
			s.end(fmt.Errorf("%w of %s", ErrTime, s.limit))
			return
		case s.memory > 0 && memory()-before > s.memory:
			s.end(fmt.Errorf("%w (%s)", ErrMemory, humanize.IBytes(uint64(s.memory))))
			return
		}
	}
}

// end calls End, unless the section was left meanwhile.
func (s *Section) end(err error) {
	select {
	case <-s.left:
	default:
		s.guard.End(fmt.Errorf("%s: %w", s.what, &Exceeded{err, s.rules()}))
	}
}

func (s *Section) rules() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.running)
}

// Still says of rules that they were running; nothing of none.
func Still(rules []string) string {
	switch len(rules) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf(", in which %s was still running", rules[0])
	}
	return fmt.Sprintf(", in which %s were still running", strings.Join(rules, " and "))
}

// memory is what the process holds of the system's memory, by the Go runtime's
// books: it counts what was asked for before it is touched.
func memory() int64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64()) - int64(samples[1].Value.Uint64())
}
