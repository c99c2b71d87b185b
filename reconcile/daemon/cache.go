package daemon

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile"
)

// Refresher reads again what handoffs depend on, on top of a complete
// snapshot; inventory/pagerduty's client does.
type Refresher interface {
	Refresh(ctx context.Context, base *inventory.Snapshot, o inventory.RefreshOptions) (*inventory.Refreshed, error)
	// RefreshCost is how many requests that is expected to take if nothing changed.
	RefreshCost(base *inventory.Snapshot, o inventory.RefreshOptions) int
}

// MaxAge is how old a full refresh may be for rounds to build on it, where
// nothing else is said.
const MaxAge = 15 * time.Minute

// accountCache reads the account for rounds, in full or in part, and keeps what later
// rounds may build on. Only its own methods write its fields.
type accountCache struct {
	source accountSource
	// lastFull carries the rounds that read in part; nil if nothing does.
	lastFull *fullRefresh
	// knownMismatches are answers at odds with what was read, which reading again did
	// not end, by the id of a schedule or policy.
	knownMismatches map[string]string
	// fullTook is how long the last full refresh took.
	fullTook time.Duration
	// clockOffset is how far PagerDuty's clock is behind the account's as it is known
	// here.
	clockOffset time.Duration
	// trail is how far the audit trail was read.
	trail trail
	// fullCost is how many requests the last full refresh took.
	fullCost int
	// turning is how far the turns of parts have come.
	turning rotation
	// polledAt is when all on-calls that matter were last looked at.
	polledAt time.Time
}

// accountSource is what the account is read from; its fields are a Daemon's.
type accountSource struct {
	reader    reconcile.Reader
	refresher Refresher
	maxAge    time.Duration
	interval  time.Duration
	audit     bool
	now       func() time.Time
	// requests counts the requests sent so far; nil if that is not known.
	requests func() int
	// wholeUpTo is how many requests a full refresh may take for the account not to be
	// read in parts.
	wholeUpTo int
}

// fullRefresh is the last full refresh of the account, with what was read again and
// written since.
type fullRefresh struct {
	snapshot *inventory.Snapshot
	// at is when the account was read in full, by PagerDuty's clock.
	at time.Time
	// required are the schedules that it accounts for.
	required map[string]bool
	// lastFinished is the last finished round that it knows of: a later one was another
	// process's, whose writes it has not seen.
	lastFinished time.Time
	// uses are the on-call facts that the last round's desired access followed from.
	uses desired.Uses
	// self is whose token it is; nil if that could not be known.
	self      *string
	refresher Refresher
	// read is when each part was read again since.
	read map[inventory.Part]time.Time
}

// reading is the account as a round read it. It does not change.
type reading struct {
	snapshot *inventory.Snapshot
	// began is when reading began, by the account's clock as it is known here.
	began time.Time
	// refreshed is what was read in part; nil of a full refresh.
	refreshed *inventory.Refreshed
	// required are the schedules that a full refresh accounts for.
	required []string
	// lastFinished is when the last round finished, by the memory.
	lastFinished time.Time
	// audited says that what others changed was read again, by the audit trail.
	audited bool
	// read is when each part of the account was read, as far as that was in parts.
	read map[inventory.Part]time.Time
	// unrecorded is what was found to differ and should have been in the audit trail, by
	// id.
	unrecorded map[string]string
	// fullReason says why a part was not enough; empty if that was not the question.
	fullReason string
}

// wanted is what a round wants to read.
type wanted struct {
	trigger string
	// lastFinished is when the last round finished, by the memory.
	lastFinished time.Time
	// required are the schedules that a full refresh must account for.
	required []string
	// fullReason says why a part is not enough; empty if it may be.
	fullReason string
	// polled is what was read in part already; nil if nothing was.
	polled *reading
}

// partial says whether what makes a round due can be answered by a part of the
// account in any case: shifts that begin and end, and a look at on-calls.
func partial(trigger string) bool { return trigger == WhyBoundary || trigger == WhyOnCalls }

// use says from what the account is read from now on.
func (c *accountCache) use(s accountSource) { c.source = s }

// Read reads the account: in part where the trigger allows that and the last full
// refresh carries it, else in full.
func (c *accountCache) Read(ctx context.Context, w wanted) (reading, error) {
	why := w.fullReason
	if !partial(w.trigger) && (w.trigger != WhySchedule || !c.audits() && !c.rotates()) {
		return c.full(ctx, w, why)
	}
	if w.trigger == WhySchedule && c.rotates() && c.newDay() {
		return c.full(ctx, w, "a day has begun, and with it another window of shifts")
	}
	if why == "" {
		why = c.unfit()
	}
	if why == "" {
		why = c.lastFull.lacks(w.required, w.lastFinished)
	}
	if why != "" {
		return c.full(ctx, w, why)
	}
	var part reading
	if w.polled != nil {
		part = *w.polled
	} else {
		var err error
		if part, err = c.refresh(ctx, w.trigger); err != nil {
			return reading{}, err
		}
	}
	if w.trigger == WhySchedule && !part.audited && !c.rotates() && part.fullReason == "" {
		part.fullReason = "what others changed could not be read"
	}
	if part.fullReason != "" {
		return c.full(ctx, w, part.fullReason)
	}
	part.lastFinished = w.lastFinished
	return part, nil
}

// full reads the whole account.
func (c *accountCache) full(ctx context.Context, w wanted, why string) (reading, error) {
	r := reading{began: c.source.now(), required: append([]string{}, w.required...), lastFinished: w.lastFinished, fullReason: why}
	sent := c.sent()
	var err error
	if r.snapshot, err = c.source.reader.Snapshot(ctx, w.required); err != nil {
		return reading{}, err
	}
	c.fullTook, c.fullCost = c.source.now().Sub(r.began), c.sent()-sent
	c.polledAt = r.began
	c.prove(ctx, &r)
	c.turning.stepped, c.turning.credit = r.began, 0
	return r, nil
}

func (c *accountCache) sent() int {
	if c.source.requests == nil {
		return 0
	}
	return c.source.requests()
}

// prove holds what was read in parts against the account as it was read in full.
func (c *accountCache) prove(ctx context.Context, r *reading) {
	if !c.rotates() || !c.audits() || !r.snapshot.Account.Complete || c.unfit() != "" {
		return
	}
	r.unrecorded = differences(c.lastFull.snapshot, r.snapshot)
	if len(r.unrecorded) == 0 {
		return
	}
	found, err := c.source.refresher.(auditor).Audit(ctx, c.trail.cursor)
	if err != nil || found.Beyond != "" {
		r.unrecorded = nil // can't be told
		return
	}
	c.explain(r, found)
}

// Poll looks at on-calls on top of the last full refresh. The reading says whether the
// account has to be read in full instead.
func (c *accountCache) Poll(ctx context.Context) (reading, error) {
	if why := c.unfit(); why != "" {
		return reading{fullReason: why}, nil
	}
	return c.refresh(ctx, WhyOnCalls)
}

// refresh reads in part. If that does not do, the reading says why. An error is that of
// a context that ended.
func (c *accountCache) refresh(ctx context.Context, trigger string) (reading, error) {
	r := reading{began: c.source.now()}
	if trigger == WhyBoundary {
		ctx = inventory.Urgent(ctx)
	}
	got, err := c.source.refresher.Refresh(ctx, c.lastFull.snapshot, c.options(trigger))
	var outdated *inventory.OutdatedError
	switch {
	case ctx.Err() != nil:
		return reading{}, err
	case errors.As(err, &outdated) && outdated.ID != "":
		c.accept(map[string]string{outdated.ID: outdated.Answer})
		r.fullReason = err.Error()
		return r, nil
	case err != nil:
		r.fullReason = err.Error()
		return r, nil
	}
	r.refreshed, r.snapshot = got, got.Snapshot
	c.clockOffset = got.Behind
	c.accept(got.Odd)
	if trigger == WhyBoundary { // looks at a part only
		return r, nil
	}
	c.polledAt = r.began
	r.read = c.lastFull.read
	if err := c.readParts(ctx, &r); err != nil || r.fullReason != "" {
		return r, err
	}
	return r, c.readAudited(ctx, &r)
}

// accept notes answers at odds with what was read, which reading again did not
// end, and forgets those that are so no longer.
func (c *accountCache) accept(odd map[string]string) {
	if c.knownMismatches == nil {
		c.knownMismatches = map[string]string{}
	}
	for id, answer := range odd {
		if c.knownMismatches[id] = answer; answer == "" {
			delete(c.knownMismatches, id)
		}
	}
}

// options say what is read again.
func (c *accountCache) options(trigger string) inventory.RefreshOptions {
	b, now := c.lastFull, c.source.now().Add(-c.clockOffset)
	o := inventory.RefreshOptions{
		At: now, Ahead: b.uses.Lead() + c.source.interval,
		Schedules: slices.Sorted(maps.Keys(b.uses.Schedules)), Policies: slices.Sorted(maps.Keys(b.uses.Policies)),
		Accepted: c.knownMismatches,
	}
	if trigger == WhyBoundary {
		o.Due = b.uses.Due(b.snapshot, b.snapshot.Now, now)
	} else {
		o.Unlisted = true
	}
	return o
}

// unfit says why rounds can't build on the last full refresh; empty if they can.
func (c *accountCache) unfit() string {
	s := c.source
	switch b := c.lastFull; {
	case s.refresher == nil:
		return "reading in part does not work here"
	case b == nil:
		return "there is no complete reading to build on"
	case b.refresher != s.refresher:
		return "the configuration changed"
	case c.rotates():
		return c.tooOld()
	case s.now().Sub(b.at) >= s.maxAge:
		return fmt.Sprintf("the last full refresh is of %s", b.at.Format(time.RFC3339))
	}
	return ""
}

// lacks says what a full refresh does not account for; empty if nothing.
func (b *fullRefresh) lacks(schedules []string, lastFinished time.Time) string {
	for _, id := range schedules {
		if _, there := b.snapshot.Schedules[id]; !there && !b.required[id] {
			return fmt.Sprintf("schedule %s is mentioned since", id)
		}
	}
	if !lastFinished.Equal(b.lastFinished) {
		return "another process made a round since"
	}
	return ""
}

// covers says whether a plan follows from what was read alone.
func (c *accountCache) covers(r reading, result *reconcile.Result) bool {
	return r.refreshed == nil || result.Expansion.Uses().Within(c.lastFull.uses)
}

// unchanged keeps a look at on-calls that found nothing new.
func (c *accountCache) unchanged(r reading) {
	next := *c.lastFull
	next.snapshot, next.read = r.snapshot, r.read
	c.lastFull = &next
}

// drop forgets what was read: PagerDuty may hold anything.
func (c *accountCache) drop() { c.lastFull = nil }

// keep keeps what a round read, with what it wrote. Finished says that the round is
// recorded as finished.
func (c *accountCache) keep(r reading, done *reconcile.Applied, self *string, finished bool) {
	next := &fullRefresh{
		snapshot: done.Snapshot, at: r.snapshot.Account.TakenAt, lastFinished: r.lastFinished,
		uses: done.Expansion.Uses(), required: map[string]bool{}, self: self, refresher: c.source.refresher,
		read: r.read,
	}
	c.noteWrites(done)
	for _, id := range r.required {
		next.required[id] = true
	}
	if r.refreshed == nil {
		c.trail.cursor, c.trail.readAt = inventory.AuditCursor{Since: next.at.Add(-inventory.StaleFor)}, r.began
	} else {
		next.at, next.required = c.lastFull.at, c.lastFull.required
		if next.read == nil { // a boundary's
			next.read = c.lastFull.read
		}
	}
	if done.Report != nil {
		next.snapshot = done.After()
		if finished {
			next.lastFinished = done.Plan.Now
		}
	}
	c.lastFull = next
}

// pollCost is how many requests a look at on-calls takes, if one can be made.
func (c *accountCache) pollCost() (requests int, ok bool) {
	if c.source.interval <= 0 || c.unfit() != "" || c.lastFull.uses.None() {
		return 0, false
	}
	return c.source.refresher.RefreshCost(c.lastFull.snapshot, c.options(WhyOnCalls)), true
}
