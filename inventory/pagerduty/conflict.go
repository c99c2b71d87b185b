package pagerduty

import "fmt"

// ConflictError says that something was not written, since it is no longer as it
// was when the write was planned: somebody else has changed it.
type ConflictError struct {
	// Schedule is the schedule's name, What the part of it that differs.
	Schedule, What string
}

// Error says what was left as it is, and what to do.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("schedule %q: %s changed since it was read, so that nothing was written: plan again", e.Schedule, e.What)
}

// Refused says that nothing was written.
func (e *ConflictError) Refused() bool { return true }
