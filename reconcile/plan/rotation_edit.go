package plan

import (
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// Edit is what a plan changes about one schedule. Its changes of turns are one
// piece of work: they are made together or not at all.
type Edit struct {
	Schedule inventory.Ref `json:"schedule"`
	// Changes are the keys of the plan's changes of this schedule, overrides
	// included.
	Changes []string `json:"changes"`
	// Parts are the layers or events whose people change; empty where only
	// overrides do.
	Parts []oncall.PartChange `json:"parts"`
	// Effective is the first handoff from which anything changes; null where
	// only overrides do.
	Effective *time.Time `json:"effective"`
	// Until is how far the turns are reported.
	Until time.Time `json:"until"`
	// Before and After are who is on call from the plan's now on, without the
	// edit and with it.
	Before []Turn `json:"before"`
	After  []Turn `json:"after"`
	// Displaced are the people whose turns change although they neither join nor
	// leave, as a longer or shorter cycle brings with it.
	Displaced []oncall.Displaced `json:"displaced"`

	Work Work `json:"-"`
}

// Work is what an edit's turns take to be carried out.
type Work struct {
	// Was is the schedule as the plan saw it.
	Was inventory.Schedule
	// Revised is what it becomes, with the steps there.
	Revised oncall.Revised
}

// Work is how the edit's turns are carried out; its steps are empty where only
// overrides change.

// Turn is one person on call on a schedule for a time.
type Turn struct {
	User  string    `json:"user"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}
