package apply

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// Edit is the payload of an intent of kind plan.Rotation: how the turns on a schedule
// are changed in several steps.
type Edit struct {
	Was inventory.Schedule `json:"was"`
	// Steps are the writes, in order.
	Steps []oncall.Step `json:"steps"`
	// After has the definition afterwards, for comparing turns.
	After inventory.Schedule `json:"after"`
}

// States are what the schedule's definition goes through: as it was, and after
// each step.
func (e Edit) States() []inventory.Schedule { return oncall.States(e.Was, e.Steps) }

// editIntent is an intent with the edit that is its payload.
type editIntent struct {
	Intent
	Edit
}

// editOf reads the edit of an intent.
func editOf(in Intent) (editIntent, error) {
	e := editIntent{Intent: in}
	if err := json.Unmarshal(in.Payload, &e.Edit); err != nil {
		return e, fmt.Errorf("intent %d in the state file can't be read as an edit of turns: %w", in.ID, err)
	}
	return e, nil
}

// intent is what is recorded of it.
func (in editIntent) intent() (Intent, error) { return in.with(in.Edit) }

// EditAlarmed is an alarm about an edit that could not be brought to a good end. It
// stands until the schedule is right again.
type EditAlarmed struct {
	// Edit is the number of its intent.
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
