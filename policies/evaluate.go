package policies

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/topdown"
	"golang.org/x/sync/errgroup"
)

// elementVar is bound to a rule's element in the query made of its body.
const elementVar = ast.Var("__dutyward_element__")

// rule is a contract rule as authors wrote it: one body of a partial set.
type rule struct {
	contract *contractRule
	// element is the head's key, what the rule gives.
	element *ast.Term
	// query is the compiled body with the head's key bound to elementVar. It
	// yields what the rule contributes to its set, so each element is known to
	// come from this rule.
	query  ast.Body
	origin Origin
	// line is the rule's source place, for problems.
	location *ast.Location
}

// contractRules are the contract rules by phase, in the order of their files.
func (s *Set) contractRules() map[Phase][]*rule {
	out := map[Phase][]*rule{}
	annotations := s.compiler.GetAnnotationSet()
	for _, f := range s.files {
		m := s.compiler.Modules[f.name]
		if m == nil {
			continue
		}
		root := packageRoot(m)
		for _, r := range m.Rules {
			c, ok := contractNamed(string(r.Head.Name))
			if !ok || string(c.phase) != root || r.Head.RuleKind() != ast.MultiValue {
				continue
			}
			key := ast.Equality.Expr(ast.NewTerm(elementVar), r.Head.Key)
			key.Location = r.Location
			body := append(r.Body[:len(r.Body):len(r.Body)], key)
			key.Index = len(r.Body)
			out[c.phase] = append(out[c.phase], &rule{
				contract: c, element: r.Head.Key, query: body, location: r.Location,
				origin: originOf(r, f, annotations),
			})
		}
	}
	return out
}

// outcome is what evaluating a rule gave.
type outcome struct {
	elements []*ast.Term
	failures []Failure
}

// Evaluate runs the contract rules of a phase against the input at a time,
// which input.now is set to. The same input, set and time give equal
// statements.
//
// Elements that are not as the contract demands give an error of Problems,
// all of them; the statements are then those of the other elements, with a
// Failure for each rule that gave a bad one. Any other error comes without
// statements: the context's end, or a bound that was hit.
func (s *Set) Evaluate(ctx context.Context, phase Phase, in *Input, now time.Time) (*Statements, error) {
	ctx, stop := context.WithTimeoutCause(ctx, s.options.TimeLimit, errTimeLimit)
	defer stop()
	cancel := topdown.NewCancel()
	defer context.AfterFunc(ctx, cancel.Cancel)()

	txn, err := s.store.NewTransaction(ctx)
	if err != nil {
		return nil, fmt.Errorf("evaluate %s policies: %w", phase, err)
	}
	defer s.store.Abort(ctx, txn)

	e := &evaluation{set: s, txn: txn, input: in.at(now), now: now, cancel: cancel}
	rules := s.rules[phase]
	outcomes := make([]outcome, len(rules))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(max(2, runtime.GOMAXPROCS(0)))
	for i, r := range rules {
		group.Go(func() error {
			var err error
			outcomes[i], err = e.run(groupCtx, r)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		if cause := context.Cause(ctx); errors.Is(cause, errTimeLimit) {
			err = fmt.Errorf("%w of %s", errTimeLimit, s.options.TimeLimit)
		} else if cause != nil {
			err = cause
		}
		return nil, fmt.Errorf("evaluate %s policies: %w", phase, err)
	}
	return s.collect(rules, outcomes, now)
}

var (
	errTimeLimit = errors.New("the policies did not finish within the time limit")
	errElements  = errors.New("the policies gave more elements than allowed")
)

// evaluation is what the rules of one evaluation share.
type evaluation struct {
	set    *Set
	txn    storage.Transaction
	input  *ast.Term
	now    time.Time
	cancel topdown.Cancel
	count  atomic.Int64
}

// run evaluates one rule. Its own errors are failures; an error stops the
// whole evaluation.
func (e *evaluation) run(ctx context.Context, r *rule) (outcome, error) {
	var builtinErrors []topdown.Error
	set := ast.NewSet()
	limit := e.set.options.MaxElements
	err := e.query(r).
		WithBuiltinErrorList(&builtinErrors).
		WithStackTraces(true).
		Iter(ctx, func(result topdown.QueryResult) error {
			before := set.Len()
			set.Add(result[elementVar])
			if e.count.Add(int64(set.Len()-before)) > int64(limit) {
				return fmt.Errorf("%w: %d; the rule that went beyond is %s (%s:%d)",
					errElements, limit, r.contract.name, r.origin.File, r.origin.Line)
			}
			return nil
		})
	if errors.Is(err, errElements) {
		e.cancel.Cancel()
		return outcome{}, err
	}
	if err != nil {
		if topdown.IsCancel(err) || ctx.Err() != nil {
			return outcome{}, err
		}
		return outcome{failures: []Failure{r.failure(errorText(err))}}, nil
	}
	out := outcome{elements: set.Slice(), failures: r.builtinFailures(builtinErrors)}
	if failure, ok := e.set.inDoubt(r, builtinErrors); ok {
		out = outcome{failures: append(out.failures, failure)}
	}
	return out, nil
}

// query is the query of a rule's body.
func (e *evaluation) query(r *rule) *topdown.Query {
	return topdown.NewQuery(r.query).
		WithCompiler(e.set.compiler).
		WithStore(e.set.store).
		WithTransaction(e.txn).
		WithInput(e.input).
		WithTime(e.now).
		WithCancel(e.cancel).
		WithRuntime(ast.ObjectTerm())
}
