package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/policies/guard"
	"github.com/dutyward/dutyward/policies/worker"
)

// Policies are a revision of the policies: a *policies.Set, or a *worker.Set, which
// another process holds.
type Policies interface {
	Revision() string
	References() []policies.Reference
	Provenance() []policies.Provenance
	Facts() []string
	Source() ([]byte, error)
	Committed(ctx context.Context, beside ...string) bool
	Evaluate(ctx context.Context, phase policies.Phase, in *eval.Input, now time.Time) (*policies.Statements, error)
}

// tolerant are policies which, once they were good, go on without the rules that take
// more time or memory than they may.
type tolerant interface {
	EvaluateGood(ctx context.Context, phase policies.Phase, in *eval.Input, now time.Time) (*policies.Statements, error)
}

var (
	_ Policies = (*eval.Set)(nil)
	_ Policies = (*worker.Set)(nil)
	_ tolerant = (*worker.Set)(nil)
)

// set are policies of this process, of which more can be asked.
func (r *Round) set() (*eval.Set, error) {
	if p, here := r.Policies.(*eval.Set); here {
		return p, nil
	}
	return nil, fmt.Errorf("the policies are another process's, where nothing but what they say can be asked (%T)", r.Policies)
}

// tooMuch says that policies went beyond a bound of time or memory.
func tooMuch(err error) bool {
	var here *guard.Exceeded
	var elsewhere *worker.ExceededError
	return errors.As(err, &here) || errors.As(err, &elsewhere)
}

// Kept loads policies that were kept as an archive.
func (r *Round) Kept(ctx context.Context, source []byte) (Policies, error) {
	if r.LoadSource != nil {
		return r.LoadSource(ctx, source)
	}
	return eval.LoadSource(ctx, source)
}

// input is the input of a snapshot.
func (r *Round) input(s *inventory.Snapshot) (*eval.Input, error) {
	if r.Evaluator == nil {
		return eval.NewInput(s)
	}
	return r.Evaluator.Input(s)
}

// run evaluates policies, which may go on without what they can't do any more if
// they were good.
func (r *Round) run(ctx context.Context, p Policies, good bool, phase policies.Phase, in *eval.Input, now time.Time) (*policies.Statements, error) {
	if set, local := p.(*eval.Set); local && r.Evaluator != nil {
		return r.Evaluator.Evaluate(ctx, set, phase, in, now)
	}
	if t, ok := p.(tolerant); ok && good {
		return t.EvaluateGood(ctx, phase, in, now)
	}
	return p.Evaluate(ctx, phase, in, now)
}
