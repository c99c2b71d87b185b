package reconcile_test

import (
	"context"
	"testing"
	"time"

	"github.com/dutyward/dutyward/reconcile/events"
)

type sink func(events.Event)

func (s sink) Tell(e events.Event) { s(e) }

func TestASinkMayAskForTheStatusAndSeesItsEventCounted(t *testing.T) {
	w := newWatch(t)
	raised := 0
	w.Sink = sink(func(e events.Event) {
		if e.Code != events.AccessRaised {
			return
		}
		raised++
		counted := 0
		for _, n := range w.Status().Changes {
			if n.Effect == "raise" {
				counted += n.Count
			}
		}
		if counted < raised {
			t.Errorf("%d raises counted when number %d was told", counted, raised)
		}
	})
	w.pass(0)
	if raised == 0 {
		t.Error("nothing was raised")
	}
}

func TestASinkThatPanicsFailsTheRoundAndTheNextGoesOn(t *testing.T) {
	w := newWatch(t)
	first := true
	w.Sink = sink(func(e events.Event) {
		if e.Code == events.FirstRound && first {
			first = false
			panic("a sink is broken")
		}
	})
	if _, err := w.Round(context.Background(), "test"); err == nil {
		t.Fatal("the round succeeded")
	}
	w.pass(time.Minute)
}
