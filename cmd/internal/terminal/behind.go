package terminal

import (
	"errors"
	"io"
	"sync"
	"time"
)

// behindMost bounds what a behind keeps of what nobody reads.
const behindMost = 16 << 20

var (
	errUnread   = errors.New("nobody reads what was written before")
	errFinished = errors.New("nothing is written any more")
)

// behind is a writer that never waits: what is written is passed on in order by a
// goroutine of its own.
type behind struct {
	w io.Writer
	// failed is called with each write that can't be passed on; may be nil.
	failed func(error)

	mu      sync.Mutex
	waiting [][]byte
	size    int
	over    bool
	wake    chan struct{}
	done    chan struct{}
}

// NewBehind passes on to w what is written, without the writer's waiting for it: to a
// pipe that nobody empties, or a disk that hangs. Failed is called with each write that
// is lost; it may be nil. Whoever makes one calls Finish.
func NewBehind(w io.Writer, failed func(error)) *behind {
	b := &behind{w: w, failed: failed, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go b.pass()
	return b
}

// Write keeps what is to be passed on, unless too much waits already.
func (b *behind) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.over:
		return 0, errFinished
	case b.size+len(p) > behindMost:
		return 0, errUnread
	}
	b.waiting, b.size = append(b.waiting, append([]byte(nil), p...)), b.size+len(p)
	select {
	case b.wake <- struct{}{}:
	default:
	}
	return len(p), nil
}

// pass passes on what waits until there will be nothing more.
func (b *behind) pass() {
	defer close(b.done)
	for range b.wake {
		for p := b.next(); p != nil; p = b.next() {
			if _, err := b.w.Write(p); err != nil && b.failed != nil {
				b.failed(err)
			}
		}
	}
}

// next is the first that waits; nil if nothing does.
func (b *behind) next() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) == 0 {
		return nil
	}
	p := b.waiting[0]
	b.waiting, b.size = b.waiting[1:], b.size-len(p)
	return p
}

// Finish waits until all is passed on, or for a while where that is not zero.
// What is written from then on errs: an event may still come from what is about to end.
func (b *behind) Finish(while time.Duration) {
	b.end()
	var enough <-chan time.Time
	if while > 0 {
		enough = time.After(while)
	}
	select {
	case <-b.done:
	case <-enough:
	}
}

// end lets nothing more be written.
func (b *behind) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.over {
		b.over = true
		close(b.wake)
	}
}
