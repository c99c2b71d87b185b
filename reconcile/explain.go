package reconcile

import (
	"context"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/policies/eval"
)

// WhyNot is why a person does not have, or has no more of, what policies could
// give them on a resource.
type WhyNot struct {
	// NotInForce are grants that reach the person at other moments.
	NotInForce []desired.LostGrant
	// Misses are the rules that give something there and nothing to the person.
	Misses []desired.Miss
	// Stops are the conditions at which rules end for the person.
	Stops []eval.Stop
}

// Explain finds out why a pair of a planned round is not given, or given no
// more than it is.
func (r *Round) Explain(ctx context.Context, result *Result, pair desired.Pair) (WhyNot, error) {
	at := result.Access.At
	why := WhyNot{
		NotInForce: result.Expansion.NotInForce(pair, at),
		Misses:     result.Expansion.Misses(pair, at),
	}
	q := eval.StopQuery{
		Person:    result.Snapshot.Users[pair.User],
		Resources: []string{pair.Resource.String(), inventory.NewIndex(result.Snapshot).Named(pair.Resource)},
	}
	for _, m := range why.Misses {
		q.Rules = append(q.Rules, m.Origin)
		for _, part := range m.Parts {
			q.Groups = append(q.Groups, groupsIn(part)...)
		}
	}
	set, err := r.set()
	if err != nil {
		return why, err
	}
	why.Stops, err = set.Stops(ctx, result.Input, result.Snapshot.Now, q)
	return why, err
}

// groupsIn are the bare names of the groups of a part.
func groupsIn(p desired.Part) []string {
	var names []string
	if ref, err := inventory.ParseRef(p.Principal); err == nil && ref.Kind == inventory.KindGroup {
		names = append(names, ref.Name)
	}
	for _, part := range p.Parts {
		names = append(names, groupsIn(part)...)
	}
	return names
}
