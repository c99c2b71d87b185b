package diff

import (
	"fmt"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// hidingOverride holds overrides that would hide one that a person made: on a
// layer-based schedule the last one made wins, and other people's overrides are
// theirs (S24).
var hidingOverride = guard{code: plan.HoldHidingOverride, rule: "S24", releasable: true, judge: func(b *builder) judge {
	return func(c plan.Change) (wait, bool) {
		if c.Kind != plan.Override || c.After != desired.Standin || b.released(c) {
			return wait{}, false
		}
		s := b.in.Snapshot.Schedules[c.Resource.ID]
		if s.Kind != inventory.ScheduleOfLayers {
			return wait{}, false
		}
		hidden := b.hiddenBy(s, *c.Override)
		return wait{
			why:     "PagerDuty lets the override made last win, which would hide " + strings.Join(hidden, " and "),
			release: "it goes on once that is over or taken away; to have it before: " + letThrough(c),
		}, len(hidden) > 0
	}
}}

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
