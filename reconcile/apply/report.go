package apply

import (
	"errors"
	"time"

	"github.com/dutyward/dutyward/reconcile/plan"
)

// Status says what became of a change.
type Status string

// The statuses.
const (
	// Done means written and acknowledged.
	Done Status = "done"
	// Already means that PagerDuty held it so, and nothing was written.
	Already Status = "already"
	// Conflict means that PagerDuty held neither what the plan saw nor what it
	// wants, so nothing was written (S8).
	Conflict Status = "conflict"
	// Failed means that looking or writing erred.
	Failed Status = "failed"
	// Skipped means not tried: something it requires did not succeed, the run
	// stopped before, or it could not be recorded that it was about to be made.
	Skipped Status = "skipped"
)

// Succeeded says that what was wanted is so.
func (s Status) Succeeded() bool { return s == Done || s == Already }

// Outcome is what became of one change.
type Outcome struct {
	Change plan.Change `json:"change"`
	Status Status      `json:"status"`
	// Found is the role that was there just before, seen through the overlay;
	// empty if nobody looked.
	Found string `json:"found"`
	// Why is a sentence for a person; empty for what was simply done.
	Why string `json:"why"`
	// Wrote says that PagerDuty acknowledged a write.
	Wrote bool `json:"wrote"`
	// Uncertain says of a failure that the write may have reached PagerDuty all
	// the same, as after a cut connection: the next run looks.
	Uncertain bool `json:"uncertain"`
	// Alarm is set where a person must look at once: a schedule that has other
	// turns than foreseen, or is half edited. Else it is empty.
	Alarm string `json:"alarm"`
	// Waits says of a failure that PagerDuty refused an edit of turns, or rendered it
	// differently from what was foreseen, and that nothing of it is left: it is tried again ever
	// more rarely (S32). So does what was skipped since it requires such an edit.
	Waits bool `json:"waits"`
	// At is when it was settled, for a write when it was acknowledged.
	At time.Time `json:"at"`

	err error
}

// Err is the error behind a failure, for errors.Is and errors.As; nil if there
// is none or the outcome was read back from JSON.
func (o Outcome) Err() error { return o.err }

// Cause is what made a failure, without what is said about it.
func (o Outcome) Cause() string {
	if o.err == nil {
		return o.Why
	}
	return o.err.Error()
}

// Answer is the cause without the request that met it: the same for each try that
// PagerDuty refuses for the same reason.
func (o Outcome) Answer() string {
	var answered interface{ Answer() string }
	if errors.As(o.err, &answered) {
		return answered.Answer()
	}
	return o.Cause()
}

// Step is one event of a run's progress.
type Step struct {
	Change plan.Change
	// Outcome is nil when the change starts.
	Outcome *Outcome
	// Settled counts the changes that have an outcome, out of Total.
	Settled, Total int
}

// Report is what became of a plan.
type Report struct {
	Began time.Time `json:"began"`
	Ended time.Time `json:"ended"`
	// Outcomes holds one outcome for each of the plan's changes, in its order.
	Outcomes []Outcome `json:"outcomes"`
	Counts   Counts    `json:"counts"`
	// Stopped says why the run ended before every change had its turn; empty if
	// it did not.
	Stopped string `json:"stopped"`
	// ended says that the plan's end is why.
	ended bool
}

// Counts counts outcomes by status.
type Counts struct {
	Done     int `json:"done"`
	Already  int `json:"already"`
	Conflict int `json:"conflict"`
	Failed   int `json:"failed"`
	Skipped  int `json:"skipped"`
}

// Failed says that at least one change did not come about.
func (r *Report) Failed() bool {
	return r.Counts.Conflict+r.Counts.Failed+r.Counts.Skipped > 0
}

// Expired says that the changes that did not come about are due to the plan's
// end, which came amid the run (S18).
func (r *Report) Expired() bool {
	if r.Counts.Failed+r.Counts.Skipped == 0 || r.Counts.Conflict > 0 {
		return false
	}
	expired := r.ended
	for _, o := range r.Outcomes {
		expired = expired || errors.Is(o.err, ErrExpired)
		if o.Status == Failed && !errors.Is(o.err, ErrExpired) {
			return false
		}
	}
	return expired
}

func (r *Report) count() {
	for _, o := range r.Outcomes {
		switch o.Status {
		case Done:
			r.Counts.Done++
		case Already:
			r.Counts.Already++
		case Conflict:
			r.Counts.Conflict++
		case Failed:
			r.Counts.Failed++
		case Skipped:
			r.Counts.Skipped++
		}
	}
}
