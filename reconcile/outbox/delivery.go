package outbox

import (
	"math"
	"time"
)

// State is how a delivery stands.
type State string

const (
	Pending   State = "pending"   // it is sent, or sent again, once it is due
	Delivered State = "delivered" // the receiver took it
	Dead      State = "dead"      // it was given up: a person may send it again
)

// Delivery is one event for one receiver.
type Delivery struct {
	Receiver string `json:"receiver"`
	State    State  `json:"state"`
	// Attempts is how often it was sent.
	Attempts int `json:"attempts"`
	// Since is when it was put into the outbox or was last asked to be sent again.
	Since time.Time `json:"since"`
	// Due is when it is sent next; null unless it is pending.
	Due *time.Time `json:"due"`
	// Settled is when it was delivered or given up; null before.
	Settled *time.Time `json:"settled"`
	// Why says why the last attempt failed; empty if it did not.
	Why string `json:"why"`
}

// Sending is a delivery that is due.
type Sending struct {
	Entry
	Delivery
	// Seq is its place among the events.
	Seq int64
}

// Stored is an event with its deliveries.
type Stored struct {
	Seq int64 `json:"seq"`
	Entry
	Deliveries []Delivery `json:"deliveries"`
}

// Answer is what came of an attempt.
type Answer struct {
	// Status is that of HTTP; 0 if there was no answer.
	Status int
	// RetryAfter is what the receiver asked for; 0 if nothing.
	RetryAfter time.Duration
	// Why says in words what failed; empty if nothing did.
	Why string
}

// Verdict is what an answer means.
type Verdict int

const (
	Took       Verdict = iota // delivered
	NotThis                   // the receiver refuses this event for what it is; others may arrive
	NotNow                    // nothing arrives for now
	NotAnyMore                // the receiver wants nothing any more
)

// verdicts are of the statuses that are about one event, or forever. All other failures are
// about the receiver: a wrong address or key hits whatever is sent.
var verdicts = map[int]Verdict{400: NotThis, 409: NotThis, 411: NotThis, 413: NotThis, 415: NotThis, 422: NotThis, 410: NotAnyMore}

// Verdict is what the answer means. A redirect is a failure, as is all but 2xx.
func (a Answer) Verdict() Verdict {
	if a.Why == "" && a.Status >= 200 && a.Status < 300 {
		return Took
	}
	if v, ok := verdicts[a.Status]; ok {
		return v
	}
	return NotNow
}

const (
	firstWait = 5 * time.Second
	longest   = 30 * time.Minute
	// fewest is how often what is refused for what it is is sent nonetheless: receivers
	// answer 400 for faults of their own.
	fewest = 5
)

// Wait is how long after the n-th failure in a row the next attempt is due: twice as long
// each time, up to half an hour, of which random (0 to 1) takes away up to a half; what
// the receiver asked for counts, up to that half an hour.
func Wait(n int, retryAfter time.Duration, random float64) time.Duration {
	full := float64(firstWait) * math.Pow(2, float64(min(max(n, 1), 20)-1))
	wait := time.Duration(min(full, float64(longest)) * (1 - random/2))
	return max(wait, min(retryAfter, longest))
}

// GivenUp says that a delivery that failed once more is not tried again.
func (d Delivery) GivenUp(v Verdict, at time.Time, keepTrying time.Duration) bool {
	return v == NotThis && d.Attempts >= fewest || at.Sub(d.Since) >= keepTrying
}
