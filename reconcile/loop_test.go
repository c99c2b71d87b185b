package reconcile_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/events/eventlog"
)

// hourly is due at every full hour.
type hourly struct{}

func (hourly) Next(t time.Time) time.Time { return t.Truncate(time.Hour).Add(time.Hour) }

// diary runs a loop in a bubble of time for d, and notes when rounds ran after
// its start and why.
func diary(t *testing.T, d time.Duration, round func(n int) (daemon.Next, error), meanwhile func(*daemon.Loop)) (notes []string, log string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		start, n := time.Now(), 0
		var out bytes.Buffer
		loop := &daemon.Loop{
			Schedule: hourly{}, Now: time.Now,
			Sink: eventlog.Log{Logger: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			}}))},
			Run: func(_ context.Context, why string) (daemon.Next, error) {
				n++
				notes = append(notes, time.Since(start).String()+" "+why)
				return round(n)
			},
		}
		if meanwhile != nil {
			go meanwhile(loop)
		}
		loop.Start(ctx)
		log = out.String()
	})
	return notes, log
}

func TestTheLoopRunsAtOnceOnScheduleAndAtBoundaries(t *testing.T) {
	began := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // a bubble's first moment
	got, _ := diary(t, 150*time.Minute, func(n int) (daemon.Next, error) {
		if n == 2 {
			return daemon.Next{At: began.Add(70 * time.Minute)}, nil
		}
		return daemon.Next{}, nil
	}, nil)
	want := []string{"0s start", "1h0m0s schedule", "1h10m0s boundary", "2h0m0s schedule"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rounds differ (-want +got):\n%s", diff)
	}
}

func TestTriggersWhileARoundRunsBecomeOne(t *testing.T) {
	got, _ := diary(t, 30*time.Minute, func(n int) (daemon.Next, error) {
		time.Sleep(time.Minute) // the bubble's time
		return daemon.Next{}, nil
	}, func(l *daemon.Loop) {
		time.Sleep(10 * time.Second)
		l.Trigger("policies changed")
		l.Trigger("signal")
		l.Trigger("policies changed")
	})
	want := []string{"0s start", "1m0s policies changed, signal"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rounds differ (-want +got):\n%s", diff)
	}
}

func TestAFailedRoundIsTriedAgainSoonerThanDueAndEachTryIsLogged(t *testing.T) {
	got, log := diary(t, 10*time.Minute, func(n int) (daemon.Next, error) {
		if n <= 3 {
			return daemon.Next{}, errors.New("unreachable")
		}
		return daemon.Next{}, nil
	}, nil)
	want := []string{"0s start", "30s retry", "1m30s retry", "2m30s retry"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rounds differ (-want +got):\n%s", diff)
	}
	for said, times := range map[string]int{"level=ERROR": 1, "the round failed again": 2, "next_try=2000-01-01T00:02:30Z": 1, "succeed again": 1} {
		if n := strings.Count(log, said); n != times {
			t.Errorf("the log says %q %d times, want %d:\n%s", said, n, times, log)
		}
	}
}

// A round that takes minutes to fail has cost requests that others may need.
func TestARoundThatFailsLateIsTriedAgainNoSoonerThanItTook(t *testing.T) {
	got, _ := diary(t, 10*time.Minute, func(int) (daemon.Next, error) {
		time.Sleep(4 * time.Minute) // of the bubble's clock
		return daemon.Next{}, errors.New("cut off")
	}, nil)
	want := []string{"0s start", "8m0s retry"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rounds differ (-want +got):\n%s", diff)
	}
}

// Who can't reach PagerDuty notices within a minute that it can again.
func TestRetriesComeEachMinuteAndNeverStop(t *testing.T) {
	got, _ := diary(t, 5*time.Minute, func(int) (daemon.Next, error) { return daemon.Next{}, errors.New("down") }, nil)
	want := []string{"0s start", "30s retry", "1m30s retry", "2m30s retry", "3m30s retry", "4m30s retry"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rounds differ (-want +got):\n%s", diff)
	}
}
