package events_test

import (
	"testing"

	"github.com/dutyward/dutyward/reconcile/events"
)

type noted []events.Event

func (n *noted) Tell(e events.Event) { *n = append(*n, e) }

func TestEachOfSeveralSinksIsToldEveryEvent(t *testing.T) {
	var first, second noted
	sinks := events.Sinks{&first, &second}
	sinks.Tell(events.Event{Title: "one"})
	sinks.Tell(events.Event{Title: "two"})
	for _, n := range []noted{first, second} {
		if len(n) != 2 || n[0].Title != "one" || n[1].Title != "two" {
			t.Errorf("told %v, want one and two", n)
		}
	}
}
