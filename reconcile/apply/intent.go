package apply

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/dutyward/dutyward/reconcile/plan"
)

// Intent is a unit of work: what is written in one piece, in one step or in several.
// It is recorded before its first write is sent, and brought to an end by a later run
// if this one does not live to do so.
type Intent struct {
	ID int64
	// Round is the round that it belongs to.
	Round int64
	// Kind is how it is carried out and settled.
	Kind plan.Kind
	// Changes are those that it makes; of one that was left open, those of which it is
	// not known what became.
	Changes []plan.Change
	// Payload is what its kind needs to bring it to an end, as JSON in a form of the
	// kind's; empty where the changes say it all, as of what is written in one step.
	Payload json.RawMessage
	// At is when it was recorded, Touched when a step of it was last about to be sent,
	// as far as that is known.
	At      time.Time
	Touched time.Time
	// Status is what was last recorded of one with a payload; empty where its process
	// was killed.
	Status IntentStatus
}

// lastTouched is when a step was last sent, as far as that is known.
func (in Intent) lastTouched() time.Time {
	if in.Touched.After(in.At) {
		return in.Touched
	}
	return in.At
}

// with is an intent whose payload is a value of its kind.
func (in Intent) with(payload any) (Intent, error) {
	text, err := json.Marshal(payload)
	if err != nil {
		return in, fmt.Errorf("write down how a change of kind %s is made: %w", in.Kind, err)
	}
	in.Payload = text
	return in, nil
}

// Result is what became of a unit of work, as far as it is known. What it does not
// tell stays as it is recorded.
type Result struct {
	// Status is how far one of several steps came, and Why a sentence on that for a
	// person; empty for what was simply done.
	Status IntentStatus
	Why    string
	// Outcomes are what became of its changes.
	Outcomes []Outcome
}

// IntentStatus says how far a unit of work came that has several steps.
type IntentStatus string

// The statuses of intents.
const (
	IntentWritten  IntentStatus = "written"  // all steps were acknowledged, and are seen
	IntentUnseen   IntentStatus = "unseen"   // all steps were acknowledged, and do not show yet
	IntentPartial  IntentStatus = "partial"  // some were, or may have been: the next round looks
	IntentFailed   IntentStatus = "failed"   // nothing was written
	IntentUndone   IntentStatus = "undone"   // what was written was taken back
	IntentConflict IntentStatus = "conflict" // somebody else changed what it is about, which is left as it is
	IntentLeft     IntentStatus = "left"     // nothing more can be done or found out
	IntentAlarm    IntentStatus = "alarm"    // a person must look; the next round sees whether it is right again
)

// Open says that the next round looks at it again.
func (s IntentStatus) Open() bool {
	return s == "" || s == IntentUnseen || s == IntentPartial || s == IntentAlarm
}
