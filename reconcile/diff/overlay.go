package diff

import (
	"fmt"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// overlay sees a snapshot through recent acknowledged writes (S9): PagerDuty
// may still answer with what was there before one. What is neither the old nor
// the written state contradicts it, and is unknown.
func overlay(s *inventory.Snapshot, writes []plan.Write) (*inventory.Snapshot, []desired.Unknown) {
	if len(writes) == 0 {
		return s, nil
	}
	latest := map[desired.Pair]plan.Write{}
	stale := map[desired.Pair]map[string]bool{}
	for _, w := range writes {
		if w.Pair.Resource.Kind == inventory.KindSchedule {
			continue // see unsettled, and Memory.Standins
		}
		if stale[w.Pair] == nil {
			stale[w.Pair] = map[string]bool{}
		}
		stale[w.Pair][w.Before] = true
		latest[w.Pair] = w
	}
	e := inventory.NewEdit(s)
	var unknown []desired.Unknown
	for pair, w := range latest {
		read := s.RoleOf(pair.User, pair.Resource)
		switch {
		case read == w.Role:
		case stale[pair][read]:
			if pair.Resource.Kind == inventory.KindAccount {
				e.SetBaseRole(pair.User, w.Role)
			} else {
				e.SetTeamRole(pair.Resource.ID, pair.User, w.Role)
			}
		default:
			unknown = append(unknown, desired.Unknown{
				Code: plan.CodeSettling,
				User: pair.User, Resource: pair.Resource,
				Reason: fmt.Sprintf("written as %s less than two minutes ago and read back as %s", w.Role, read),
			})
		}
	}
	return e.Snapshot(), unknown
}
