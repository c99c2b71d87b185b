package diff

import (
	"fmt"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// holdHiding holds overrides that would hide one that a person made: on a
// layer-based schedule the last one made wins, and other people's overrides are
// theirs (S24).
func (b *builder) holdHiding() {
	b.holdEach(func(c plan.Change) (plan.Held, bool) {
		if c.Kind != plan.Override || c.After != desired.Standin || b.released(c) {
			return plan.Held{}, false
		}
		s := b.in.Snapshot.Schedules[c.Resource.ID]
		if s.Kind != inventory.ScheduleOfLayers {
			return plan.Held{}, false
		}
		hidden := b.hiddenBy(s, *c.Override)
		return plan.Held{
			Rule: "S24", Why: "PagerDuty lets the override made last win, which would hide " + strings.Join(hidden, " and "),
			Release: "it goes on once that is over or taken away; to have it before: dutyward release " + c.ID + " --reason …",
		}, len(hidden) > 0
	})
}

// hiddenBy names the overrides of other people that one would hide, wholly or in part.
func (b *builder) hiddenBy(s inventory.Schedule, p plan.Standin) []string {
	var hidden []string
	_, theirs := b.ourStandins(s)
	for _, o := range theirs {
		if o.Kind == plan.AsOverride && o.User != p.User && overlap(o, p) {
			hidden = append(hidden, fmt.Sprintf("%s's from %s to %s", b.userName(o.User), clock(o.Start), clock(o.End)))
		}
	}
	return hidden
}
