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
// What this round could not tell, since the snapshot is incomplete or the pair
// is unknown, stays as the last one left it: else a shift that ends would be
// taken for drift, and a raise for nobody's.
func RoundOf(r *Result, statements *policies.Statements, after *inventory.Snapshot, done map[string]bool) Round {
	p := r.Plan
	round := Round{
		At: p.Now, Revision: p.Revision, Grants: len(statements.Grants), Held: []string{},
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

	last := map[desired.Pair]RoundPair{}
	if r.last != nil {
		for _, p := range r.last.Pairs {
			last[p.Pair] = p
		}
		round.Held = stillHeld(round.Held, r)
	}
	incomplete := !r.Snapshot.Account.Complete
	if incomplete && r.last != nil {
		round.At = r.last.At
		round.Schedules = union(round.Schedules, r.last.Schedules)
	}

	pairs := map[desired.Pair]bool{}
	for pair := range last {
		if incomplete || r.Access.UnknownReason(pair) != "" {
			pairs[pair] = true
		}
	}
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
		then, known := last[pair]
		if incomplete && !known && !changed[pair] && rp.Actual == inventory.None {
			continue // perhaps nobody read it
		}
		if known && !changed[pair] && (incomplete || r.Access.UnknownReason(pair) != "") {
			if rp.Actual == inventory.None && incomplete {
				rp.Actual = then.Actual
			}
			then.Actual = rp.Actual
			rp = then
		}
		round.Pairs = append(round.Pairs, rp)
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

// stillHeld are the keys that the limit on lowerings holds, and of those that it
// held before the ones that this round holds for another reason or could not
// look at: only a person releases them (S26).
func stillHeld(now []string, r *Result) []string {
	suspended := map[string]bool{}
	for _, h := range r.Plan.Held {
		suspended[h.ID] = true
	}
	for _, key := range r.last.Held {
		if (suspended[key] || !r.Snapshot.Account.Complete) && !slices.Contains(now, key) {
			now = append(now, key)
		}
	}
	return now
}

// union is what stands in a or b, sorted.
func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
