package eval

import (
	"context"
	"github.com/dutyward/dutyward/policies"
)

type withoutKey struct{}

// Without is a context whose evaluations leave out rules, by their names with
// places, as if each had failed with the message given.
func Without(ctx context.Context, rules map[string]string) context.Context {
	if len(rules) == 0 {
		return ctx
	}
	return context.WithValue(ctx, withoutKey{}, rules)
}

// leaveOut gives rules that are to be left out their outcome.
func (s *Set) leaveOut(ctx context.Context, phase policies.Phase, outcomes []*outcome) {
	without, _ := ctx.Value(withoutKey{}).(map[string]string)
	for i, r := range s.rules[phase] {
		if why, ok := without[r.String()]; ok && outcomes[i] == nil {
			outcomes[i] = &outcome{leftOut: true, failures: []policies.Failure{r.failure(codeLeftOut, "left out for a while: "+why)}}
		}
	}
}
