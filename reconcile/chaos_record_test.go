package reconcile_test

import (
	"context"
	"os"
	"time"

	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// chaosRecord is the journal, watched.
type chaosRecord struct {
	record
	c *chaos
}

func (r chaosRecord) Begin(ctx context.Context, p *plan.Plan) (int64, error) {
	r.c.begin(p)
	return r.record.Begin(ctx, p)
}

func (r chaosRecord) Recorder(round int64) apply.Recorder {
	return chaosRecorder{r.record.Recorder(round), r.c}
}

type chaosRecorder struct {
	apply.Recorder
	c *chaos
}

func (r chaosRecorder) Begin(ctx context.Context, in apply.Intent) (int64, error) {
	id, err := r.Recorder.Begin(ctx, in)
	r.c.wire.Lock()
	defer r.c.wire.Unlock()
	if err != nil {
		return id, err
	}
	for _, ch := range in.Changes {
		r.c.intents[ch.Resource.ID+" "+ch.User] = r.c.seq
		r.c.work[workOf(ch)] = true
		if in.Kind == plan.Rotation {
			r.c.edited[ch.Resource.ID] = r.c.seq
		}
	}
	return id, err
}

// workOf is the piece of work that a change is made in.
func workOf(ch plan.Change) string {
	if ch.Layer != "" {
		return ch.Resource.ID
	}
	return ch.ID
}

func (r chaosRecorder) Finish(ctx context.Context, id int64, res apply.Result) error {
	r.c.wire.Lock()
	for _, o := range res.Outcomes {
		delete(r.c.work, workOf(o.Change))
		delete(r.c.undone, workOf(o.Change))
	}
	r.c.wire.Unlock()
	return r.Recorder.Finish(ctx, id, res)
}

// waited notes that somebody waits. Where several work at once each moves the clock
// on, so that more time passes for the others than would; also for one that looked
// how much it has and recorded nothing yet.
func (c *chaos) waited() {
	c.wire.Lock()
	defer c.wire.Unlock()
	c.crowded = c.crowded || len(c.work) > 1 || len(c.undone) > 1
}

// begin notes by which policies the round goes, and what is to be done.
func (c *chaos) begin(p *plan.Plan) {
	c.begun = c.seq
	for _, ch := range p.Changes {
		c.undone[workOf(ch)] = true
	}
	for i, set := range c.sets {
		if set.Revision() == p.Revision {
			c.inForce = c.laws[i]
		}
	}
}

// copyJournal keeps a copy of the journal.
func (c *chaos) copyJournal() {
	c.Helper()
	if err := c.journal.Close(); err != nil {
		c.fail("close: %v", err)
	}
	var err error
	if c.copied, err = os.ReadFile(c.path); err != nil {
		c.fail("%v", err)
	}
	c.trial.start()
}

// restoreJournal puts the copy in the journal's place.
func (c *chaos) restoreJournal() {
	c.Helper()
	if err := c.journal.Close(); err != nil {
		c.fail("close: %v", err)
	}
	for _, side := range []string{"-wal", "-shm"} {
		_ = os.Remove(c.path + side)
	}
	if err := os.WriteFile(c.path, c.copied, 0o600); err != nil {
		c.fail("%v", err)
	}
	c.counts["trouble: journals restored"]++
	c.tell("the journal is restored from a copy")
	c.still, c.before, c.seen, c.lately, c.watched, c.rounds = nil, nil, time.Time{}, nil, false, nil
	c.harm++
	c.restored = true
	clear(c.owed) // the copy knows nothing of the edit
	c.trial.start()
}
