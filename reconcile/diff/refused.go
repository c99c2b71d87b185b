package diff

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// refusedEdit is the guard of PagerDuty against the same refused edit (S32).
var refusedEdit = guard{code: plan.HoldRefusedEdit, rule: "S32", releasable: true}

// holdRefused holds an edit that PagerDuty refused a while ago, until it is tried
// again. One that asks for something else, or of a schedule that has changed, is
// tried at once, and so is one that a person releases.
func (b *builder) holdRefused(s inventory.Schedule, changes []plan.Change) map[string]bool {
	if b.in.Memory.Last == nil || b.in.Insist {
		return nil
	}
	turns := slices.DeleteFunc(slices.Clone(changes), func(c plan.Change) bool { return c.Kind != plan.Rotation })
	i := slices.IndexFunc(b.in.Memory.Last.Refused, func(r plan.Refused) bool {
		return r.Schedule == s.ID && b.in.Now.Before(r.Next()) && !stale(r, b.in.Now) && r.Edit == editDigest(s, turns, b.in.Now)
	})
	if i < 0 {
		return nil
	}
	r := b.in.Memory.Last.Refused[i]
	if slices.ContainsFunc(turns, func(c plan.Change) bool { return b.releasedSince(c, r.At) }) {
		return nil
	}
	next, often := r.Next(), "once"
	if r.Times > 1 {
		often = fmt.Sprintf("%d times", r.Times)
	}
	out := map[string]bool{}
	for _, c := range turns {
		b.holdBack(c, refusedEdit, wait{
			acts: &next,
			why: fmt.Sprintf("the edit of schedule %s was refused %s, last at %s, and nothing of it is left; it is tried again at %s: %s",
				s.Name, often, clock(r.At), clock(next), r.Why),
			release: "it is tried again by itself then, and at once if anything about it changes; to try it now: " + letThrough(c),
		})
		out[c.ID] = true
	}
	return out
}

// editDigest tells an edit from others: by the changes that it makes, and by the
// definition that it starts from. When it takes effect is no difference, for that
// moves with each hand-over. What has ended does not count.
func editDigest(s inventory.Schedule, turns []plan.Change, now time.Time) string {
	var of struct {
		Schedule  string
		Zone      string
		Layers    []inventory.Layer
		Rotations []inventory.Rotation
		Changes   []string
	}
	of.Schedule, of.Zone, of.Rotations = s.ID, s.TimeZone, oncall.Living(s, now)
	for _, l := range s.Layers {
		if l.End == nil || l.End.After(now) {
			of.Layers = append(of.Layers, l)
		}
	}
	for _, c := range turns {
		of.Changes = append(of.Changes, c.ID)
	}
	slices.Sort(of.Changes)
	text, err := json.Marshal(of)
	if err != nil {
		return "" // can't be: these are plain values
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Refusals are the edits that wait after a round. Why says of the turns that were
// refused in it, by the keys of their changes, what PagerDuty said; made are the
// keys of the changes that came about.
func (r *Result) Refusals(why map[string]string, made map[string]bool) []plan.Refused {
	now, list := r.Plan.Now, []plan.Refused{}
	settled := map[string]bool{}
	for _, e := range r.Plan.Edits {
		var turns []plan.Change
		for _, c := range r.Plan.Changes {
			if c.Resource != e.Schedule || c.Kind != plan.Rotation {
				continue
			}
			if _, refused := why[c.ID]; refused {
				turns = append(turns, c)
			}
			settled[e.Schedule.ID] = settled[e.Schedule.ID] || made[c.ID]
		}
		if len(turns) > 0 {
			settled[e.Schedule.ID] = true
			list = append(list, r.refusedAgain(plan.Refused{
				Schedule: e.Schedule.ID, Edit: editDigest(e.Work.Was, turns, now), Times: 1, At: now, Why: why[turns[0].ID],
			}))
		}
	}
	if r.last == nil {
		return list
	}
	for _, before := range r.last.Refused {
		if !settled[before.Schedule] && !stale(before, now) {
			list = append(list, before)
		}
	}
	return list
}

// refusedAgain counts the times that an edit was refused in a row.
func (r *Result) refusedAgain(now plan.Refused) plan.Refused {
	if r.last == nil {
		return now
	}
	for _, before := range r.last.Refused {
		if before.Schedule == now.Schedule && before.Edit == now.Edit && !stale(before, now.At) {
			now.Times = before.Times + 1
		}
	}
	return now
}

// stale says that it does not count any more: nobody asked for it in a day, or the
// clock went back.
func stale(r plan.Refused, now time.Time) bool {
	return now.Sub(r.Next()) > day || r.At.Sub(now) > clockSlack
}
