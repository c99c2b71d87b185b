package demo

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/cmd/internal/serve"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/events"
)

const (
	// UsualSpeed lets two days pass in some three minutes: a quarter of an hour a
	// second.
	UsualSpeed = 900
	// liveSchedule is when rounds are due at least.
	liveSchedule = "*/15 * * * *"
	// noLimit lets the simulator answer as often as it is asked: its minutes are
	// not those of the wall.
	noLimit = -1
)

// stage is the demo that goes on: the daemon of `run` on the example company,
// whose clock moves from one moment at which something happens to the next.
type stage struct {
	*demonstration
	*teller
	clock *stageClock
	speed float64
	// passed is when, on the wall, the clock was set last.
	passed time.Time
	// until is when it ends; zero for not by itself.
	until time.Time
	// scenes are what happens next, in order.
	scenes []scene
	daemon *daemon.Daemon
	loop   *daemon.Loop
	// err is why it could not go on.
	err  error
	stop context.CancelFunc
}

// stageClock stands still until it is set.
type stageClock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *stageClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *stageClock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = t
}

// Live runs the demo until ctx ends or, if span is not zero, for so long on its
// own clock. At speed zero it waits for nothing.
func Live(ctx context.Context, p *session.Process, commands Commands, speed float64, span time.Duration) (err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s := &stage{clock: &stageClock{}, speed: speed, stop: stop, passed: time.Now()}
	s.demonstration, err = newDemonstration(p, commands, func(start time.Time) func() time.Time {
		s.clock.set(start)
		return s.clock.now
	}, noLimit)
	if err != nil {
		return err
	}
	s.teller = newTeller(p, s.seed, s.clock.now)
	s.scenes = story(s.clock.now())
	if span > 0 {
		s.until = s.clock.now().Add(span)
	}
	if err = s.run(ctx); ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = nil // ended before it began
	}
	return errors.Join(err, s.end())
}

func (s *stage) run(ctx context.Context) error {
	c, err := s.Config()
	if err != nil {
		return err
	}
	schedule, err := config.ParseSchedule(liveSchedule)
	if err != nil {
		return err
	}
	open, err := s.Unattended(ctx, c, events.Sinks{})
	if err != nil {
		return err
	}
	defer open.Close()
	s.daemon = serve.NewDaemon(open, s.teller)
	s.daemon.OnCallInterval = 0 // each minute of two days is not worth watching
	s.loop = &daemon.Loop{
		Schedule: schedule, Sink: s.teller, Now: s.clock.now, Run: s.round,
		Until: func(t time.Time) <-chan time.Time { return s.reach(ctx, t) },
	}
	s.legend(s.speed, s.seed)
	s.loop.Start(ctx)
	s.flush()
	s.farewell(s.daemon.Status())
	return s.err
}

func (s *stage) round(ctx context.Context, why string) (daemon.Next, error) {
	outlook, err := s.daemon.Round(ctx, why)
	if ctx.Err() == nil {
		s.flush()
	}
	return outlook, err
}

// reach lets the clock come to t, and what happens before that happen. The
// channel yields when it is t; it does not if something else makes a round due,
// or the end comes first.
func (s *stage) reach(ctx context.Context, t time.Time) <-chan time.Time {
	s.flush()
	for {
		next := t
		scene := s.upcoming(t)
		if scene != nil {
			next = scene.at
		}
		if !s.until.IsZero() && next.After(s.until) {
			s.pass(ctx, s.until)
			s.stop()
			return nil
		}
		if !s.pass(ctx, next) {
			return nil
		}
		if scene == nil {
			come := make(chan time.Time, 1)
			come <- t
			return come
		}
		saved, err := s.play(ctx, *scene)
		if err != nil {
			s.err = err
			s.stop()
			return nil
		}
		if saved {
			s.loop.Trigger("policies changed")
			return nil
		}
	}
}

// upcoming takes the next scene up to t; nil if there is none.
func (s *stage) upcoming(t time.Time) *scene {
	if len(s.scenes) == 0 {
		s.scenes = everyday(s.clock.now())
	}
	next := s.scenes[0]
	if next.at.After(t) {
		return nil
	}
	s.scenes = s.scenes[1:]
	return &next
}

// play tells a scene and lets it happen. Saved says that it saved policies.
func (s *stage) play(ctx context.Context, c scene) (saved bool, err error) {
	s.world(c.say)
	return c.saves, c.do(ctx, s)
}

// readingTime is what a person needs for a line.
const readingTime = 350 * time.Millisecond

// pass lets the clock run to t, as fast as it was asked to and not before what
// was told could be read. False means that ctx ended first.
func (s *stage) pass(ctx context.Context, t time.Time) bool {
	from := s.clock.now()
	if s.speed > 0 {
		span := time.Duration(float64(t.Sub(from)) / s.speed)
		reading := time.Duration(float64(s.unread()) * float64(readingTime) * min(1, UsualSpeed/s.speed))
		real := max(span, reading)
		began := s.passed // what the round took is a part of the span
		for left := real - time.Since(began); left > 0; left = real - time.Since(began) {
			s.ticking(t.Add(-time.Duration(float64(t.Sub(from))*float64(left)/float64(real))), s.onDuty())
			select {
			case <-ctx.Done():
				return false
			case <-time.After(min(left, 100*time.Millisecond)):
			}
		}
	}
	s.passed = time.Now()
	s.clock.set(t)
	return ctx.Err() == nil
}

// onDuty says who may touch production, as the account has it.
func (s *stage) onDuty() string {
	var names []string
	for _, u := range s.seed.Users {
		if s.sim.Members(s.team("Production Access"))[u.ID] != "" {
			names = append(names, u.Name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// command runs a command as a person would, in another process, and returns
// what it printed.
func (s *stage) command(ctx context.Context, args ...string) (string, error) {
	var printed bytes.Buffer
	other := *s.Process
	other.Stdout, other.Stderr = &printed, &printed
	err := s.commands.Run(ctx, &other, args...)
	return strings.TrimSpace(printed.String()), err
}
