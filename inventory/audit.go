package inventory

import "time"

// StaleFor is how long PagerDuty may answer as it was before a change (S9).
const StaleFor = 2 * time.Minute

// AuditCursor is how far the audit trail has been read.
type AuditCursor struct {
	// Since is the moment from which to ask next. Records may come late, so it lies
	// before those that were read last.
	Since time.Time
	// Seen are the ids of the records from then on that were read already, long enough
	// after the change.
	Seen map[string]bool
}

// Audited is what the audit trail says that others changed since a cursor, by id.
// Sorted.
type Audited struct {
	// Users are the people of whom the base role, a contact method or anything else
	// changed.
	Users []string
	// Teams are those with other members, roles or names.
	Teams []string
	// Schedules and Policies are those that were edited. The trail does not record
	// overrides, changes of rotations and changes of levels.
	Schedules, Policies []string
	// Beyond says what changed that a part of the account does not tell, such as
	// somebody new; empty if nothing did.
	Beyond string
	// Next is the cursor to go on from.
	Next AuditCursor
}

// NoAuditError says that the audit trail can't be read at all: the account's plan, or the
// token, gives no access to it.
type NoAuditError struct{ Why string }

func (e *NoAuditError) Error() string { return e.Why }

// Empty says that nothing changed.
func (a Audited) Empty() bool {
	return len(a.Users)+len(a.Teams)+len(a.Schedules)+len(a.Policies) == 0 && a.Beyond == ""
}

// Count is how many resources changed.
func (a Audited) Count() int {
	return len(a.Users) + len(a.Teams) + len(a.Schedules) + len(a.Policies)
}
