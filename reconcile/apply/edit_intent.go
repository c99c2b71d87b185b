package apply

import (
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// EditIntent is an edit of a schedule's turns that is about to be written in
// several steps, or was and has not been seen whole.
type EditIntent struct {
	ID int64 `json:"-"`
	// At is when it was recorded, Touched when a step of it was last sent, as far as
	// that is known.
	At      time.Time `json:"-"`
	Touched time.Time `json:"-"`
	// Status is what was last recorded of it; empty where its process was killed.
	Status EditStatus         `json:"-"`
	Was    inventory.Schedule `json:"was"`
	// Steps are the writes, in order.
	Steps []oncall.Step `json:"steps"`
	// After has the definition afterwards, for comparing turns.
	After inventory.Schedule `json:"after"`
	// Changes are the keys of the changes that it makes.
	Changes []string `json:"changes"`
}

// States are what the schedule's definition goes through: as it was, and after
// each step.
func (in EditIntent) States() []inventory.Schedule { return oncall.States(in.Was, in.Steps) }

// EditStatus says what became of an edit.
type EditStatus string

// The statuses of edits.
const (
	EditWritten  EditStatus = "written"  // all steps were acknowledged, and are seen
	EditUnseen   EditStatus = "unseen"   // all steps were acknowledged, and do not show yet
	EditPartial  EditStatus = "partial"  // some were, or may have been: the next round looks
	EditFailed   EditStatus = "failed"   // nothing was written
	EditUndone   EditStatus = "undone"   // what was written was taken back
	EditConflict EditStatus = "conflict" // somebody else changed the schedule, which is left as it is
	EditLeft     EditStatus = "left"     // nothing more can be done, or told
	EditAlarm    EditStatus = "alarm"    // a person must look; the next round sees whether it is right again
)

// Open says that the next round looks at the edit again.
func (s EditStatus) Open() bool {
	return s == "" || s == EditUnseen || s == EditPartial || s == EditAlarm
}

// EditAlarmed is an alarm about an edit that could not be brought to a good end. It
// stands until the schedule is right again.
type EditAlarmed struct {
	Edit int64 `json:"edit"`
	// Round is the round that the edit belongs to.
	Round int64 `json:"round"`
	// Schedule is the schedule's id, Name its name.
	Schedule string    `json:"schedule"`
	Name     string    `json:"name"`
	Since    time.Time `json:"since"`
	// Ended is when it was right again; null as long as it is not.
	Ended *time.Time `json:"ended"`
	Why   string     `json:"why"`
}
