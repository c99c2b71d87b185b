package apply

import (
	"errors"
	"fmt"

	"github.com/dutyward/dutyward/inventory"
)

// forbiddenMost is on how many resources a token may be refused, while no write
// of it was let through, until it is taken for one that can't write at all.
const forbiddenMost = 3

// denials are what PagerDuty has refused to the token so far, so that one
// refusal is reported once and not with each change that it concerns.
type denials struct {
	// forbidden says by resource that the token may not write there.
	forbidden map[inventory.Ref]string
	wrote     bool
}

// note learns from an outcome. It says why the run must stop; empty if it need
// not: a token that is not accepted is good for nothing more, one that may not
// write on one team may on others.
func (d *denials) note(o Outcome) (stop string) {
	d.wrote = d.wrote || o.Wrote
	switch {
	case Unaccepted(o.err):
		return "PagerDuty does not accept the token any more: " + o.Why
	case !forbidden(o.err):
		return ""
	}
	if d.forbidden == nil {
		d.forbidden = map[inventory.Ref]string{}
	}
	d.forbidden[o.Change.Resource] = o.Why
	if !d.wrote && len(d.forbidden) >= forbiddenMost {
		return fmt.Sprintf("PagerDuty lets the token write nowhere, on none of %d resources: %s", len(d.forbidden), o.Why)
	}
	return ""
}

// Unaccepted says that PagerDuty did not accept the token (401).
func Unaccepted(err error) bool {
	var e interface{ Unaccepted() bool }
	return errors.As(err, &e) && e.Unaccepted()
}

// forbidden says that the token may not do this (403).
func forbidden(err error) bool {
	var e interface{ Forbidden() bool }
	return errors.As(err, &e) && e.Forbidden()
}
