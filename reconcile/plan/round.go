package plan

import (
	"cmp"
	"maps"
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
)

// RoundOf is what a round leaves for the next to compare with. After is the
// account as the round left it, done the keys of the changes that were made.
//
// What this round could not tell or touch, since the snapshot is incomplete or
// the pair is unknown or protected, stays as the last one left it: else a shift
// that ends would be taken for drift, and a raise for nobody's.
func RoundOf(r *Result, statements *policies.Statements, after *inventory.Snapshot, done map[string]bool) Round {
	p := r.Plan
	round := Round{
		At: p.Now, Revision: p.Revision, Grants: len(statements.Grants), Held: []string{}, Fights: fights(r),
		Schedules: slices.Sorted(maps.Keys(r.Snapshot.Schedules)),
	}
	pending, changed := map[desired.Pair]Cause{}, map[desired.Pair]bool{}
	for _, c := range p.Changes {
		if done[c.ID] {
			changed[c.Pair()] = true
		} else {
			pending[c.Pair()] = c.Cause
		}
	}
	for _, c := range p.Observed {
		pending[c.Pair()] = c.Cause
	}
	for _, c := range p.Blocked {
		pending[c.Pair()] = c.Cause
	}
	for _, h := range p.Held {
		pending[h.Pair()] = h.Cause
		if h.Rule == "S26" {
			round.Held = append(round.Held, h.ID)
		}
	}

	carry := newCarry(r, changed)
	carry.over(&round)
	pairs := carry.pairs()
	for pair := range r.Access.Grants {
		pairs[pair] = true
	}
	for target := range r.Access.Named {
		for user := range r.Snapshot.Teams[target.Resource.ID].Members {
			pairs[desired.Pair{User: user, Resource: target.Resource}] = true
		}
	}
	for pair := range pending {
		if pair.User != "" && !pair.Resource.IsZero() {
			pairs[pair] = true
		}
	}
	for _, pair := range slices.SortedFunc(maps.Keys(pairs), desired.ComparePairs) {
		rp := RoundPair{
			Pair: pair, Desired: inventory.None, Actual: after.RoleOf(pair.User, pair.Resource), Pending: pending[pair],
		}
		if g, ok := r.Access.Grants[pair]; ok {
			rp.Desired, rp.Window, rp.Schedules = g.Role, g.Window, g.Schedules
		}
		if rp, ok := carry.pair(rp); ok {
			round.Pairs = append(round.Pairs, rp)
		}
	}

	index := inventory.NewIndex(r.Snapshot)
	for target := range r.Access.Named {
		round.Named = append(round.Named, NamedTarget{Target: target, Name: index.Named(target.Resource)})
	}
	slices.SortFunc(round.Named, func(x, y NamedTarget) int {
		return cmp.Or(cmp.Compare(x.Resource.String(), y.Resource.String()), cmp.Compare(x.Layer, y.Layer))
	})
	return round
}
