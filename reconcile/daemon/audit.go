package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// auditor reads what others changed by the audit trail; inventory/pagerduty's client
// does.
type auditor interface {
	Audit(ctx context.Context, from inventory.AuditCursor) (inventory.Audited, error)
	Reread(ctx context.Context, base *inventory.Snapshot, a inventory.Audited) (*inventory.Snapshot, []string, error)
}

// trail is how far the audit trail was read.
type trail struct {
	cursor inventory.AuditCursor
	// readAt is when it was read last.
	readAt time.Time
	// offUntil is until when it is not asked for, since there is none, and off says why.
	offUntil time.Time
	off      string
}

// auditRetry is after how long an account without an audit trail is asked again whether
// it has one by now.
const auditRetry = time.Hour

// audits says that what others changed can be learned from the audit trail.
func (c *accountCache) audits() bool {
	_, able := c.source.refresher.(auditor)
	return able && c.source.audit && !c.source.now().Before(c.trail.offUntil)
}

// readAudited reads again what others changed since the last time. Where the trail can't
// be read, or says too much, the reading says so. An error is that of a context that
// ended.
//
// The trail lacks overrides, changes of rotations and levels, and may be late: what it
// misses is found by the next full refresh, and nobody is lowered by what has aged (S35).
func (c *accountCache) readAudited(ctx context.Context, r *reading) error {
	if !c.audits() {
		return nil
	}
	a := c.source.refresher.(auditor)
	found, err := a.Audit(ctx, c.trail.cursor)
	var none *inventory.NoAuditError
	switch {
	case ctx.Err() != nil:
		return err
	case errors.As(err, &none):
		r.unrecorded = nil
		c.trail.offUntil, c.trail.off = c.source.now().Add(auditRetry), none.Why
		return nil
	case err != nil:
		r.unrecorded = nil
		return nil
	case found.Count() > mostLooks:
		r.fullReason = fmt.Sprintf("others changed %d resources", found.Count())
		return nil
	}
	c.trail.off = ""
	snapshot, changed, err := a.Reread(ctx, r.snapshot, found)
	switch {
	case ctx.Err() != nil:
		return err
	case err != nil:
		r.fullReason = err.Error()
		return nil
	}
	refreshed := *r.refreshed
	refreshed.Snapshot = snapshot
	refreshed.Changed = slices.Concat(refreshed.Changed, changed)
	r.snapshot, r.refreshed, r.audited = snapshot, &refreshed, true
	c.trail.cursor, c.trail.readAt = found.Next, r.began
	c.explain(r, found)
	return nil
}
