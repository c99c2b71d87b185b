package events

import (
	"time"

	"github.com/dutyward/dutyward/inventory/code"
)

// Receiving is how a receiver of events stands: an event when its deliveries begin to
// fail, when they fail for another reason, and when they arrive again.
type Receiving struct {
	// Name is what the configuration calls it.
	Name string

	failing *Condition
}

// Tried is what came of trying to deliver: why it failed, or nothing.
func (r *Receiving) Tried(at time.Time, why string) []Event {
	all := condition(&r.failing, at, why, ReceiverFailing, ReceiverWorks)
	for i := range all {
		all[i].Details = []Detail{{"receiver", r.Name}}
	}
	return all
}

// Undeliver tells that an event was given up for a receiver.
func Undeliver(at time.Time, receiver, id, why string) Event {
	return event(Undelivered, at, Event{
		Reason: why, Details: []Detail{{"receiver", receiver}, {"event", id}},
		Remedy: "dutyward events redeliver " + id + " --receiver " + receiver,
	})
}

// Trying is an event that says nothing but that it arrived.
func Trying(at time.Time, receiver string) Event {
	return event(Test, at, Event{Details: []Detail{{"receiver", receiver}}})
}

var pagesOfReceivers = code.Pages{
	{
		Code: ReceiverFailing, Account: true,
		Title:   "Events don't arrive at a receiver",
		Means:   "The last delivery to a receiver of `notify` failed.",
		Why:     "Its events wait in the state file and are sent again, ever more rarely, for as long as `keep_trying` says.",
		Do:      "See what the receiver says. `dutyward events list` shows what waits, `dutyward events test` sends an event by hand.",
		Example: "receiver ops: 503 Service Unavailable",
	},
	{
		Code: ReceiverWorks, Account: true,
		Title:   "Events arrive at a receiver again",
		Means:   "A delivery succeeded after others had failed.",
		Why:     "What waited is sent now, in its order.",
		Do:      "Nothing.",
		Example: "receiver ops",
	},
	{
		Code: Undelivered, Account: true,
		Title:   "An event was given up",
		Means:   "A receiver did not take an event for as long as `keep_trying` says, or refused it for what it is.",
		Why:     "The events that follow it go on without it.",
		Do:      "Correct the receiver, then send the event again with `dutyward events redeliver`.",
		Example: "receiver ops, 400 Bad Request",
	},
	{
		Code: Test, Account: true,
		Title:   "A test",
		Means:   "Somebody ran `dutyward events test`.",
		Why:     "It shows that a receiver can be reached and checks the signature.",
		Do:      "Nothing.",
		Example: "This is a test",
	},
}
