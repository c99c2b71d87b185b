package eval

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/guard"
)

// Stop is the condition at which a rule ended for one person, of those at which
// it did the one furthest down.
type Stop struct {
	Origin    policies.Origin `json:"origin"`
	Condition TestFailure     `json:"condition"`
}

// StopQuery says of whom and of which rules stops are asked.
type StopQuery struct {
	Person inventory.User
	// Resources are the spellings of a resource: grant rules that name one of
	// them literally are asked, whether they give anything or not.
	Resources []string
	// Groups are bare names: member rules that name one of them literally are
	// asked.
	Groups []string
	// Rules are asked besides.
	Rules []policies.Origin
}

// Stops says where rules end for a person: at a condition that fails while some
// variable of the rule is the person, holds their address or id, or is a row
// of data that does. A rule that never gets so far has none, so that what is
// said is certain, and what is not said is not. The order is that of places.
func (s *Set) Stops(ctx context.Context, in *Input, now time.Time, q StopQuery) ([]Stop, error) {
	section := guard.From(ctx).Enter(ctx, "explain policies", s.options.TimeLimit)
	defer section.Leave()
	ctx, stop := context.WithTimeoutCause(ctx, s.options.TimeLimit, guard.ErrTime)
	defer stop()
	cancel := topdown.NewCancel()
	defer context.AfterFunc(ctx, cancel.Cancel)()
	txn, err := s.store.NewTransaction(ctx)
	if err != nil {
		return nil, fmt.Errorf("explain policies: %w", err)
	}
	defer s.store.Abort(ctx, txn)

	var asked []*rule
	var reads keys
	for _, r := range s.rules[policies.PhaseAccess] {
		if q.asks(r) {
			asked = append(asked, r)
			reads.unite(r.needs.input)
		}
	}
	document, err := in.document(reads, now)
	if err != nil {
		return nil, fmt.Errorf("explain policies: %w", err)
	}
	e := &evaluation{set: s, txn: txn, input: document, now: now, cancel: cancel}
	stops := []Stop{}
	for _, r := range asked {
		t := &stopTracer{person: q.Person, rule: r}
		ended := section.Begin(r.String())
		err := e.query(r.query).WithQueryTracer(t).Iter(ctx, func(topdown.QueryResult) error { return nil })
		ended()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("explain policies: %w", context.Cause(ctx))
		}
		var conflict *topdown.Error
		if err != nil && !errors.As(err, &conflict) {
			return nil, fmt.Errorf("explain policies: %w", err)
		}
		if t.furthest != nil {
			stops = append(stops, Stop{Origin: r.origin, Condition: *t.furthest})
		}
	}
	return stops, nil
}

// asks says whether a rule could have given what is asked about.
func (q StopQuery) asks(r *rule) bool {
	if slices.ContainsFunc(q.Rules, func(o policies.Origin) bool { return o.File == r.origin.File && o.Line == r.origin.Line }) {
		return true
	}
	switch r.contract.Name {
	case "grant":
		return slices.Contains(q.Resources, r.literal("resource"))
	case "member":
		return slices.Contains(q.Groups, r.literal("group"))
	}
	return false
}

// literal is a field of the rule's element as far as it is written out there;
// empty if it is not.
func (r *rule) literal(field string) string {
	object, ok := r.element.Value.(ast.Object)
	if !ok {
		return ""
	}
	v := object.Get(ast.StringTerm(field))
	if v == nil {
		return ""
	}
	text, _ := v.Value.(ast.String)
	return string(text)
}

// stopTracer keeps the furthest condition of a rule's body that failed while a
// variable was about the person.
type stopTracer struct {
	person   inventory.User
	rule     *rule
	query    uint64 // of the body
	begun    bool
	index    int
	furthest *TestFailure
}

// Enabled implements topdown.QueryTracer.
func (t *stopTracer) Enabled() bool { return true }

// Config implements topdown.QueryTracer: variables are needed with their values.
func (t *stopTracer) Config() topdown.TraceConfig { return topdown.TraceConfig{PlugLocalVars: true} }

// TraceEvent implements topdown.QueryTracer.
func (t *stopTracer) TraceEvent(e topdown.Event) {
	if !t.begun {
		t.begun, t.query = true, e.QueryID
	}
	expr := failedExpr(&e)
	if expr == nil || e.QueryID != t.query || t.furthest != nil && expr.Index < t.index || !t.aboutPerson(&e) {
		return
	}
	attempts := 1
	if t.furthest != nil && expr.Index == t.index {
		attempts = t.furthest.Attempts + 1
	}
	t.index, t.furthest = expr.Index, newTestFailure(&e, attempts)
}

// aboutPerson says that a variable of the author's is about the person.
func (t *stopTracer) aboutPerson(e *topdown.Event) bool {
	for name := range maps.Keys(e.LocalMetadata) {
		if v := e.Locals.Get(name); v != nil && t.mentions(v, 2) {
			return true
		}
	}
	return false
}

// mentions says that a value is the person's address or id, a reference to
// them, or within so many levels of objects holds one.
func (t *stopTracer) mentions(v ast.Value, levels int) bool {
	switch v := v.(type) {
	case ast.String:
		text := strings.TrimPrefix(string(v), string(inventory.KindUser)+":")
		return strings.EqualFold(text, t.person.Email) || strings.TrimPrefix(text, "#") == t.person.ID
	case ast.Object:
		if levels == 0 {
			return false
		}
		return v.Until(func(_, field *ast.Term) bool { return t.mentions(field.Value, levels-1) })
	}
	return false
}
