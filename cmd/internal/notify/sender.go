// Package notify sends the events of the outbox to their receivers, each beside the
// others and beside the rounds.
package notify

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/outbox"
)

// Outbox is where events wait.
type Outbox interface {
	Due(ctx context.Context, receiver string, at time.Time, most int) ([]outbox.Sending, error)
	Sent(ctx context.Context, seq int64, d outbox.Delivery) error
}

// Courier brings an event to one receiver.
type Courier interface {
	Bring(ctx context.Context, e outbox.Entry) outbox.Answer
}

// Sender sends one receiver's events: one at a time, those of a subject in their order.
// Fields are required unless they say otherwise.
type Sender struct {
	// Receiver is its name.
	Receiver string
	Courier  Courier
	Outbox   Outbox
	// KeepTrying is how long an event is tried to be delivered.
	KeepTrying time.Duration
	// Wall is the machine's clock.
	Wall func() time.Time
	// Sink gets to know when deliveries begin to fail; never a receiver's own.
	Sink events.Sink
	// Random is from 0 to 1; rand.Float64 if nil.
	Random func() float64

	standing events.Receiving
	// failures counts those of the receiver in a row, and until is when it is tried again.
	failures int
	until    time.Time
	// off says that the receiver wants nothing any more.
	off bool
}

const (
	// atOnce is how many events are read from the outbox at once.
	atOnce = 50
	// lookAgain is how often the outbox is looked at where nobody says that something is
	// there: commands write to it too.
	lookAgain = 5 * time.Second
)

// Step sends what is due and says when it is worth looking again. It ends with the first
// failure that concerns the receiver as a whole.
func (s *Sender) Step(ctx context.Context) (next time.Time) {
	now := s.Wall()
	if s.off {
		return now.Add(time.Hour)
	}
	if now.Before(s.until) {
		return s.until
	}
	due, err := s.Outbox.Due(ctx, s.Receiver, now, atOnce)
	if err != nil {
		s.tell(s.standing.Tried(now, err.Error()))
		return now.Add(lookAgain)
	}
	for _, d := range due {
		if ctx.Err() != nil {
			return now
		}
		if !s.send(ctx, d) {
			return s.until
		}
	}
	if len(due) > 0 {
		return now // what waited for these may be due
	}
	return now.Add(lookAgain)
}

// send sends one event, and says whether others may be sent now.
func (s *Sender) send(ctx context.Context, d outbox.Sending) (goOn bool) {
	a := s.Courier.Bring(ctx, d.Entry)
	if ctx.Err() != nil && a.Status == 0 {
		return false // the end of the process: it is sent again
	}
	now, v := s.Wall(), a.Verdict()
	d.Attempts++
	d.Why = a.Why
	switch {
	case v == outbox.Took:
		d.State, d.Settled, d.Due, d.Why = outbox.Delivered, &now, nil, ""
	case d.GivenUp(v, now, s.KeepTrying):
		d.State, d.Settled, d.Due = outbox.Dead, &now, nil
		s.Sink.Tell(events.Undeliver(now, s.Receiver, d.ID, a.Why))
	default:
		again := now
		if v == outbox.NotThis {
			again = now.Add(outbox.Wait(d.Attempts, a.RetryAfter, s.random()))
		}
		d.Due = &again
	}
	if err := s.Outbox.Sent(context.WithoutCancel(ctx), d.Seq, d.Delivery); err != nil {
		s.tell(s.standing.Tried(now, err.Error()))
		s.until = now.Add(lookAgain)
		return false // it is sent again: at least once
	}
	return s.stand(now, v, a)
}

// stand notes how the receiver stands after an attempt.
func (s *Sender) stand(now time.Time, v outbox.Verdict, a outbox.Answer) (goOn bool) {
	switch v {
	case outbox.Took:
		s.failures = 0
		s.tell(s.standing.Tried(now, ""))
		return true
	case outbox.NotThis:
		return true
	case outbox.NotAnyMore:
		s.off = true
		s.until = now.Add(time.Hour)
		s.tell(s.standing.Tried(now, a.Why+"; nothing more is sent until the next start, or another configuration"))
		return false
	}
	s.failures++
	s.until = now.Add(outbox.Wait(s.failures, a.RetryAfter, s.random()))
	s.tell(s.standing.Tried(now, a.Why))
	return false
}

func (s *Sender) tell(all []events.Event) {
	for _, e := range all {
		s.Sink.Tell(e)
	}
}

func (s *Sender) random() float64 {
	if s.Random != nil {
		return s.Random()
	}
	return rand.Float64()
}

// Run sends until ctx ends. What arrives on wake is a reason to look at once.
func (s *Sender) Run(ctx context.Context, wake <-chan struct{}) {
	s.standing.Name = s.Receiver
	for ctx.Err() == nil {
		next := s.Step(ctx)
		timer := time.NewTimer(max(0, next.Sub(s.Wall())))
		select {
		case <-ctx.Done():
		case <-wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Senders run beside one another, and can be exchanged for others.
type Senders struct {
	mu    sync.Mutex
	stop  context.CancelFunc
	wakes []chan struct{}
	all   sync.WaitGroup
}

// Start sends with these from now on, instead of those before.
func (s *Senders) Start(ctx context.Context, senders []*Sender) {
	s.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, s.stop = context.WithCancel(ctx)
	s.wakes = nil
	for _, sender := range senders {
		wake := make(chan struct{}, 1)
		s.wakes = append(s.wakes, wake)
		s.all.Go(func() { sender.Run(ctx, wake) })
	}
}

// Wake has them look for what is due.
func (s *Senders) Wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, wake := range s.wakes {
		select {
		case wake <- struct{}{}:
		default: // it is to look already
		}
	}
}

// Stop ends them; what they are about to send is sent again by the next ones.
func (s *Senders) Stop() {
	s.mu.Lock()
	if s.stop != nil {
		s.stop()
	}
	s.stop = nil
	s.mu.Unlock()
	s.all.Wait()
}
