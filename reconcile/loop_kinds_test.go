package reconcile_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/reconcile/daemon"
)

func TestABoundaryGoesBeforeTheScheduleAndPutsItOff(t *testing.T) {
	began := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		outlook func(n int) daemon.Next
		want    []string
	}{
		"at the same moment": {func(n int) daemon.Next {
			if n == 1 {
				return daemon.Next{At: began.Add(time.Hour)}
			}
			return daemon.Next{}
		}, []string{"0s start", "1h0m0s boundary", "1h0m0s schedule", "2h0m0s schedule"}},
		"before a full refresh would be done": {func(n int) daemon.Next {
			if n == 1 {
				return daemon.Next{At: began.Add(61 * time.Minute), FullTook: 2 * time.Minute}
			}
			return daemon.Next{}
		}, []string{"0s start", "1h1m0s boundary", "1h1m0s schedule", "2h0m0s schedule"}},
		"after a full refresh would be done": {func(n int) daemon.Next {
			if n <= 2 {
				return daemon.Next{At: began.Add(63 * time.Minute), FullTook: 2 * time.Minute}
			}
			return daemon.Next{}
		}, []string{"0s start", "1h0m0s schedule", "1h3m0s boundary", "2h0m0s schedule"}},
		"with a round that had to read the whole account": {func(n int) daemon.Next {
			switch n {
			case 1:
				return daemon.Next{At: began.Add(time.Hour)}
			case 2:
				return daemon.Next{Full: true}
			}
			return daemon.Next{}
		}, []string{"0s start", "1h0m0s boundary", "2h0m0s schedule"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := diary(t, 150*time.Minute, func(n int) (daemon.Next, error) { return c.outlook(n), nil }, nil)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("rounds differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOnCallsAreLookedAtBetweenRounds(t *testing.T) {
	got, _ := diary(t, 61*time.Minute, func(n int) (daemon.Next, error) {
		return daemon.Next{Poll: time.Now().Add(25 * time.Minute)}, nil
	}, nil)
	want := []string{"0s start", "25m0s on-calls", "50m0s on-calls", "1h0m0s schedule"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rounds differ (-want +got):\n%s", diff)
	}
}

func TestALookAtOnCallsMakesWayForABoundary(t *testing.T) {
	began := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	got, _ := diary(t, 40*time.Minute, func(n int) (daemon.Next, error) {
		o := daemon.Next{Poll: began.Add(30*time.Minute - 2*time.Second)}
		switch n {
		case 1:
			o.At = began.Add(30 * time.Minute)
		case 3:
			o.Poll = time.Time{}
		}
		return o, nil
	}, nil)
	want := []string{"0s start", "30m0s boundary", "30m0s on-calls"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rounds differ (-want +got):\n%s", diff)
	}
}
