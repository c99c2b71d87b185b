package daemon

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile"
)

// A large account is not read in full each time (S6): its parts are, in turns, a few
// with each look at on-calls, so that none is older than run.max_age and requests are
// spread evenly. What the audit trail records counts as read whenever the trail was, and
// is read again twice a day all the same, as is the whole account on each day: what
// differs then was not recorded, and is told.

const (
	// wholeUpTo is how many requests a full refresh may take for the account to be
	// read so each time: spreading that saves nothing worth while.
	wholeUpTo = 120
	// partBudget is how many requests a minute parts take where there is no audit trail,
	// so that what others change is noticed sooner; more if run.max_age demands it.
	partBudget = 20
	// partsWithin is how soon all parts are read again then at the earliest.
	partsWithin = 5 * time.Minute
	// recordedWithin is how soon what the audit trail records is read again.
	recordedWithin = 12 * time.Hour
	// longestWindow is how old the window of shifts may be.
	longestWindow = 25 * time.Hour
)

// partReader reads parts of an account; inventory/pagerduty's client does.
type partReader interface {
	Parts(base *inventory.Snapshot) map[inventory.Part]int
	ReadParts(ctx context.Context, base *inventory.Snapshot, parts []inventory.Part) (*inventory.Snapshot, []string, error)
}

// rotation is how far the turns have come.
type rotation struct {
	// stepped is when parts were read last, and credit the requests that may be sent
	// besides what has come due since.
	stepped time.Time
	credit  float64
	// wrote are the people and teams that were written to, and when: PagerDuty may
	// still answer as before.
	wrote map[string]time.Time
}

// rotates says that the account is read in parts.
func (c *accountCache) rotates() bool {
	_, able := c.source.refresher.(partReader)
	return able && c.fullCost > c.source.wholeUpTo
}

// newDay says that the window of shifts is yesterday's.
func (c *accountCache) newDay() bool {
	const day = 24 * time.Hour
	return c.lastFull != nil && !c.source.now().UTC().Truncate(day).Equal(c.lastFull.at.UTC().Truncate(day))
}

// known is as of when a part is known.
func (c *accountCache) known(read map[inventory.Part]time.Time, p inventory.Part) time.Time {
	at, turned := read[p]
	if !turned {
		at = c.lastFull.at
	}
	if p.Recorded() && c.audits() && c.trail.readAt.After(at) {
		return c.trail.readAt
	}
	return at
}

// tooOld names a part that is older than run.max_age; empty if none is.
func (c *accountCache) tooOld() string {
	now := c.source.now()
	if now.Sub(c.lastFull.at) >= longestWindow {
		return fmt.Sprintf("the last full refresh is of %s", c.lastFull.at.Format(time.RFC3339))
	}
	for p := range c.source.refresher.(partReader).Parts(c.lastFull.snapshot) {
		if at := c.known(c.lastFull.read, p); now.Sub(at) > c.source.maxAge {
			return fmt.Sprintf("%s %s were last read at %s", p.Kind, p.ID, at.Format(time.RFC3339))
		}
	}
	return ""
}

// turn is a part with what speaks for reading it next.
type turn struct {
	part   inventory.Part
	cost   int
	age    time.Duration
	period time.Duration
}

// turns are all parts, those first that are most overdue, and how many requests a minute
// reading each in its period takes.
func (c *accountCache) turns(r *reading) ([]turn, float64) {
	costs := c.source.refresher.(partReader).Parts(r.snapshot)
	trail, total := c.audits(), 0
	for p, cost := range costs {
		if !trail || !p.Recorded() {
			total += cost
		}
	}
	within := c.source.maxAge * 9 / 10
	if !trail {
		within = min(within, max(partsWithin, time.Duration(total)*time.Minute/partBudget))
	}
	list, rate := make([]turn, 0, len(costs)), 0.0
	for p, cost := range costs {
		t := turn{part: p, cost: cost, period: within}
		if trail && p.Recorded() {
			t.period = max(within, recordedWithin)
		}
		at, turned := r.read[p]
		if !turned {
			at = c.lastFull.at
		}
		t.age = r.began.Sub(at)
		rate += float64(cost) / t.period.Minutes()
		list = append(list, t)
	}
	slices.SortFunc(list, func(x, y turn) int {
		return cmp.Or(
			cmp.Compare(y.age.Seconds()/y.period.Seconds(), x.age.Seconds()/x.period.Seconds()),
			cmp.Compare(x.part.Kind, y.part.Kind), cmp.Compare(x.part.ID, y.part.ID),
		)
	})
	return list, rate
}

// due are the parts whose turn it is.
func (c *accountCache) due(r *reading) []inventory.Part {
	t := &c.turning
	passed := max(0, r.began.Sub(t.stepped))
	list, rate := c.turns(r)
	t.stepped = r.began
	t.credit = min(t.credit+rate*passed.Minutes(), rate*c.source.maxAge.Minutes())
	next := max(passed, time.Minute) // when the next look comes, as far as can be told
	var due []inventory.Part
	for _, x := range list {
		late := x.age+next > c.source.maxAge && !(x.part.Recorded() && c.audits())
		if !late && (t.credit <= 0 || x.age < x.period/2) {
			continue
		}
		due = append(due, x.part)
		t.credit -= float64(x.cost)
	}
	return due
}

// readParts reads the parts whose turn it is. If that does not do, the reading says why.
// An error is that of a context that ended.
func (c *accountCache) readParts(ctx context.Context, r *reading) error {
	if !c.rotates() {
		return nil
	}
	due := c.due(r)
	if len(due) == 0 {
		return nil
	}
	snapshot, changed, err := c.source.refresher.(partReader).ReadParts(ctx, r.snapshot, due)
	switch {
	case ctx.Err() != nil:
		return err
	case err != nil:
		r.fullReason = err.Error()
		return nil
	}
	if c.audits() {
		r.unrecorded = differences(r.snapshot, snapshot)
	}
	refreshed := *r.refreshed
	refreshed.Snapshot, refreshed.Changed = snapshot, slices.Concat(refreshed.Changed, changed)
	refreshed.Reread, r.read = copyOf(refreshed.Reread), copyOf(r.read)
	for _, p := range due {
		r.read[p] = r.began
		if p.Kind == inventory.PartShifts {
			refreshed.Reread[p.ID] = true
		}
	}
	r.snapshot, r.refreshed = snapshot, &refreshed
	return nil
}

// explain leaves of what differed what nothing explains: neither the audit trail nor an
// own write that PagerDuty may not show yet.
func (c *accountCache) explain(r *reading, found inventory.Audited) {
	for id, at := range c.turning.wrote {
		if c.source.now().Sub(at) > 2*inventory.StaleFor {
			delete(c.turning.wrote, id)
		}
	}
	for id := range r.unrecorded {
		_, wrote := c.turning.wrote[id]
		if wrote || slices.Contains(found.Users, id) || slices.Contains(found.Teams, id) {
			delete(r.unrecorded, id)
		}
	}
}

// noteWrites notes to whom and to which teams was written.
func (c *accountCache) noteWrites(done *reconcile.Applied) {
	if done.Report == nil || !c.rotates() {
		return
	}
	if c.turning.wrote == nil {
		c.turning.wrote = map[string]time.Time{}
	}
	for _, o := range done.Report.Outcomes {
		if o.Wrote || o.Uncertain {
			c.turning.wrote[o.Change.User], c.turning.wrote[o.Change.Resource.ID] = c.source.now(), c.source.now()
		}
	}
}

// differences are what of people and teams differs that the audit trail records, as
// sentences by the id of who or what they are about.
func differences(before, after *inventory.Snapshot) map[string]string {
	found := map[string]string{}
	for id, is := range after.Users {
		switch was, known := before.Users[id]; {
		case !known:
			found[id] = is.Email + " is new"
		case was.BaseRole != is.BaseRole:
			found[id] = fmt.Sprintf("the base role of %s is %s, not %s", is.Email, inventory.BaseRoleLabel(is.BaseRole), inventory.BaseRoleLabel(was.BaseRole))
		}
	}
	for id, was := range before.Users {
		if _, there := after.Users[id]; !there {
			found[id] = was.Email + " is gone"
		}
	}
	var implied map[[2]string]bool
	for id, is := range after.Teams {
		was := before.Teams[id]
		if maps.Equal(was.Members, is.Members) {
			continue
		}
		if implied == nil {
			implied = impliedOn(before, after)
		}
		for _, user := range slices.Sorted(maps.Keys(union(was.Members, is.Members))) {
			if was.Members[user] != is.Members[user] && !implied[[2]string{id, user}] {
				found[id] = fmt.Sprintf("the team %s has other members, or others in their roles", is.Name)
			}
		}
	}
	for id, was := range before.Teams {
		if _, there := after.Teams[id]; !there {
			found[id] = fmt.Sprintf("the team %s is gone", was.Name)
		}
	}
	return found
}

// copyOf is a copy that can be written to.
func copyOf[K comparable, V any](m map[K]V) map[K]V {
	c := make(map[K]V, len(m))
	maps.Copy(c, m)
	return c
}

func union(a, b map[string]string) map[string]string {
	all := copyOf(a)
	maps.Copy(all, b)
	return all
}

// impliedOn are the teams and the people on them by a schedule or an escalation policy,
// of which the audit trail says nothing.
func impliedOn(snapshots ...*inventory.Snapshot) map[[2]string]bool {
	implied := map[[2]string]bool{}
	for _, s := range snapshots {
		for _, p := range s.EscalationPolicies {
			for _, team := range p.Teams {
				for _, t := range p.Targets() {
					implied[[2]string{team, t.ID}] = true
					for _, user := range s.Schedules[t.ID].Users {
						implied[[2]string{team, user}] = true
					}
				}
			}
		}
		for _, v := range s.Schedules {
			for _, team := range v.Teams {
				for _, user := range v.Users {
					implied[[2]string{team, user}] = true
				}
			}
		}
	}
	return implied
}
