package reconcile

import (
	"context"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/forecast"
)

// Forecast takes a round as far as Plan does, and goes on from its plan to the
// plans of the boundaries before a moment, which until chooses given the round's
// own and how far the snapshot reaches. It changes nothing and evaluates no risks.
func (r *Round) Forecast(ctx context.Context, until func(now, reach time.Time) time.Time) (*forecast.Forecast, *inventory.Snapshot, error) {
	set, err := r.set()
	if err != nil {
		return nil, nil, err
	}
	in, _, err := r.prepare(ctx)
	if err != nil {
		return nil, nil, err
	}
	f, err := forecast.Foresee(*in, until(in.Now, desired.Reach(in.Snapshot.Account.Window, in.Statements).Until))
	if err != nil {
		return nil, nil, err
	}
	for _, rule := range set.ReadingRules() {
		f.AsOfNow = append(f.AsOfNow, forecast.RuleReads{Origin: rule.Origin, Reads: rule.What})
	}
	return f, in.Snapshot, nil
}
