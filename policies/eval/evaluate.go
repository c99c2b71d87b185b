package eval

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/topdown"
	"golang.org/x/sync/errgroup"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/guard"
	"github.com/dutyward/dutyward/policies/source"
)

// elementVar is bound to a rule's element in the query made of its body.
const elementVar = ast.Var("__dutyward_element__")

// rule is a contract rule as authors wrote it: one body of a partial set.
type rule struct {
	contract *contract.ContractRule
	compiled *ast.Rule
	// compiler holds it and all that it asks; of other policies it may hold what they
	// once were.
	compiler *ast.Compiler
	// element is the head's key, what the rule gives.
	element *ast.Term
	// query is the compiled body with the head's key bound to elementVar. It
	// yields what the rule contributes to its set, so each element is known to
	// come from this rule.
	query ast.Body
	// head is what makes the element where that can be undefined, else nil.
	head *head
	// generators are what its body goes over of the data.
	generators []generator
	origin     policies.Origin
	// location is the rule's source place, for problems.
	location *ast.Location
	needs    *needs
	// helper says that it is none of the contract's; helpers are those that it follows from.
	helper  bool
	helpers []*rule
	// written are the texts of policies that only look like templates without a value.
	written map[string]bool
}

// String names the rule with its place.
func (r *rule) String() string {
	return fmt.Sprintf("%s (%s:%d)", r.contract.Name, r.origin.File, r.origin.Line)
}

// contractRules are the contract rules by phase, in the order of their files. Those of
// files that a part leaves as they were are as before.
func (s *Set) contractRules(compiler *ast.Compiler, part *source.Part, before *Set) map[policies.Phase][]*rule {
	out := map[policies.Phase][]*rule{}
	annotations := compiler.GetAnnotationSet()
	finder, said := newNeedsFinder(compiler), undefinedTexts(compiler)
	var kept map[string][]*rule
	if part != nil {
		kept = before.rulesByFile()
	}
	helpers := s.helpersWithHeads(compiler, finder)
	for _, f := range s.files {
		if part != nil && !part.Affected[f.Name] {
			for _, r := range kept[f.Name] {
				out[r.contract.Phase] = append(out[r.contract.Phase], r)
			}
			continue
		}
		m := compiler.Modules[f.Name]
		if m == nil {
			continue
		}
		root := source.PackageRoot(m)
		for i, r := range m.Rules {
			c, ok := contract.ContractNamed(string(r.Head.Name))
			if !ok || string(c.Phase) != root || r.Head.RuleKind() != ast.MultiValue {
				continue
			}
			key := ast.Equality.Expr(ast.NewTerm(elementVar), r.Head.Key)
			key.Location = r.Location
			body := append(r.Body[:len(r.Body):len(r.Body)], key)
			key.Index = len(r.Body)
			made := &rule{
				contract: c, compiled: r, compiler: compiler, element: r.Head.Key, query: body, location: r.Location,
				origin: originOf(r, f, annotations), needs: finder.of(r), generators: generatorsIn(r.Body, compiler), written: said,
			}
			if parsed := s.parsedRule(m, f.Name, i); parsed != nil {
				made.head = headOf(parsed, r, body)
			}
			for dep := range made.needs.rules {
				if h := helpers[dep]; h != nil {
					made.helpers = append(made.helpers, h)
				}
			}
			slices.SortFunc(made.helpers, func(a, b *rule) int { return policies.CompareOrigins(a.origin, b.origin) })
			out[c.Phase] = append(out[c.Phase], made)
		}
	}
	return out
}

// rulesByFile are the contract rules of each file, in their order.
func (s *Set) rulesByFile() map[string][]*rule {
	by := map[string][]*rule{}
	for _, rules := range s.rules {
		for _, r := range rules {
			by[r.location.File] = append(by[r.location.File], r)
		}
	}
	return by
}

// Evaluate runs the contract rules of a phase against the input at a time,
// which input.now is set to. The same input, set and time give equal
// statements.
//
// Elements that are not as the contract demands give an error of Problems,
// all of them; the statements are then those of the other elements, with a
// Failure for each rule that gave a bad one. Any other error comes without
// statements: the context's end, or a bound that was hit.
func (s *Set) Evaluate(ctx context.Context, phase policies.Phase, in *Input, now time.Time) (*policies.Statements, error) {
	outcomes := make([]*outcome, len(s.rules[phase]))
	idle, err := s.run(ctx, phase, in, now, outcomes)
	if err != nil {
		return nil, err
	}
	return s.collect(s.rules[phase], outcomes, idle, now)
}

// run evaluates the rules of a phase whose outcome is not known yet, and finds the
// rows of data that none of them uses.
func (s *Set) run(ctx context.Context, phase policies.Phase, in *Input, now time.Time, outcomes []*outcome) ([]policies.IdleRows, error) {
	section := guard.From(ctx).Enter(ctx, fmt.Sprintf("evaluate %s policies", phase), s.options.TimeLimit)
	defer section.Leave()
	ctx, stop := context.WithTimeoutCause(ctx, s.options.TimeLimit, guard.ErrTime)
	defer stop()
	cancel := topdown.NewCancel()
	defer context.AfterFunc(ctx, cancel.Cancel)()
	failed := func(err error) ([]policies.IdleRows, error) {
		return nil, fmt.Errorf("evaluate %s policies: %w", phase, err)
	}

	txn, err := s.store.NewTransaction(ctx)
	if err != nil {
		return failed(err)
	}
	defer s.store.Abort(ctx, txn)

	s.leaveOut(ctx, phase, outcomes)
	e := &evaluation{set: s, txn: txn, now: now, cancel: cancel}
	var reads keys
	for i, r := range s.rules[phase] {
		if outcomes[i] == nil {
			reads.unite(r.needs.input)
			continue
		}
		if err := e.counted(outcomes[i].count, r); err != nil {
			return failed(err)
		}
	}
	if e.input, err = in.document(reads, now); err != nil {
		return failed(err)
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(max(2, runtime.GOMAXPROCS(0)))
	for i, r := range s.rules[phase] {
		if outcomes[i] != nil {
			continue
		}
		group.Go(func() (err error) {
			defer section.Begin(r.String())()
			outcomes[i], err = e.run(groupCtx, r)
			if err != nil && topdown.IsCancel(err) {
				e.stop(r)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		if cause := context.Cause(ctx); errors.Is(cause, guard.ErrTime) {
			err = &guard.Exceeded{Err: fmt.Errorf("%w of %s", guard.ErrTime, s.options.TimeLimit), Rules: e.stopped}
		} else if cause != nil {
			err = cause
		}
		return failed(err)
	}
	if phase != policies.PhaseAccess {
		return nil, nil
	}
	return e.idle(ctx, s.rules[phase], outcomes), nil
}

var errElements = errors.New("the policies gave more elements than allowed")

// evaluation is what the rules of one evaluation share.
type evaluation struct {
	set    *Set
	txn    storage.Transaction
	input  *ast.Term
	now    time.Time
	cancel topdown.Cancel
	count  atomic.Int64
	losses helperLosses

	mu      sync.Mutex
	stopped []string // rules that were running when the evaluation ended
}

func (e *evaluation) stop(r *rule) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stopped = append(e.stopped, r.String())
}

// counted adds elements that a rule gave, and errs beyond the bound.
func (e *evaluation) counted(more int, r *rule) error {
	limit := e.set.options.MaxElements
	if e.count.Add(int64(more)) <= int64(limit) {
		return nil
	}
	return fmt.Errorf("%w: %d; the rule that went beyond is %s", errElements, limit, r)
}

// run evaluates one rule. Its own errors are failures; an error stops the
// whole evaluation.
func (e *evaluation) run(ctx context.Context, r *rule) (*outcome, error) {
	var builtinErrors []topdown.Error
	var elements []*ast.Term
	seen := ast.NewSet()
	lost, used := &lostElements{evaluation: e, rule: r}, usedRows{}
	source := r.rowSource()
	query := r.query
	if r.head != nil {
		query = r.head.query
	}
	err := e.query(r, query).
		WithBuiltinErrorList(&builtinErrors).
		WithStackTraces(true).
		Iter(ctx, func(result topdown.QueryResult) error {
			given := r.elementsIn(result)
			if len(given) > 0 || lost.note(ctx, result) {
				used.note(source, result)
			}
			more := 0
			for _, element := range given {
				if seen.Add(element); seen.Len() > len(elements) {
					elements = append(elements, element)
					more++
				}
			}
			return e.counted(more, r)
		})
	if errors.Is(err, errElements) {
		e.cancel.Cancel()
		return nil, err
	}
	if err != nil {
		if topdown.IsCancel(err) || ctx.Err() != nil {
			return nil, err
		}
		return &outcome{failures: []policies.Failure{r.failed(err)}}, nil
	}
	failures := slices.Concat(r.builtinFailures(builtinErrors), lost.failures(), e.lostByHelpers(ctx, r))
	if failure, ok := e.set.inDoubt(r, builtinErrors); ok {
		return &outcome{failures: append(failures, failure), used: used}, nil
	}
	out := r.outcome(elements, failures)
	out.used = used
	return out, nil
}

// query is a query of what was compiled with a rule.
func (e *evaluation) query(r *rule, body ast.Body) *topdown.Query {
	return topdown.NewQuery(body).
		WithCompiler(r.compiler).
		WithStore(e.set.store).
		WithTransaction(e.txn).
		WithInput(e.input).
		WithTime(e.now).
		WithCancel(e.cancel).
		WithRuntime(ast.ObjectTerm())
}
