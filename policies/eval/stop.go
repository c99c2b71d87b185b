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
	var asked []*rule
	for _, r := range s.rules[policies.PhaseAccess] {
		if q.asks(r) {
			asked = append(asked, r)
		}
	}
	stops := []Stop{}
	err := s.look(ctx, in, now, asked, func(ctx context.Context, e *evaluation, section *guard.Section) error {
		for _, r := range asked {
			t := &stopTracer{about: aboutPerson(q.Person)}
			ended := section.Begin(r.String())
			err := e.query(r, r.query).WithQueryTracer(t).Iter(ctx, func(topdown.QueryResult) error { return nil })
			ended()
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			var conflict *topdown.Error
			if err != nil && !errors.As(err, &conflict) {
				return err
			}
			if t.furthest != nil {
				stops = append(stops, Stop{Origin: r.origin, Condition: *t.furthest})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return stops, nil
}

// look has f look at how rules come out on an input.
func (s *Set) look(ctx context.Context, in *Input, now time.Time, rules []*rule, f func(context.Context, *evaluation, *guard.Section) error) error {
	section := guard.From(ctx).Enter(ctx, "explain policies", s.options.TimeLimit)
	defer section.Leave()
	ctx, stop := context.WithTimeoutCause(ctx, s.options.TimeLimit, guard.ErrTime)
	defer stop()
	cancel := topdown.NewCancel()
	defer context.AfterFunc(ctx, cancel.Cancel)()
	txn, err := s.store.NewTransaction(ctx)
	if err != nil {
		return fmt.Errorf("explain policies: %w", err)
	}
	defer s.store.Abort(ctx, txn)
	document, err := in.document(readsOf(rules), now)
	if err != nil {
		return fmt.Errorf("explain policies: %w", err)
	}
	e := &evaluation{set: s, txn: txn, input: document, now: now, cancel: cancel}
	if err := f(ctx, e, section); err != nil {
		return fmt.Errorf("explain policies: %w", err)
	}
	return nil
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

// stopTracer keeps the furthest condition of a rule's body that failed at an event
// that is about what is asked for.
type stopTracer struct {
	about    func(*topdown.Event) bool
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
	if expr == nil || e.QueryID != t.query || t.furthest != nil && expr.Index < t.index || !t.about(&e) {
		return
	}
	attempts := 1
	if t.furthest != nil && expr.Index == t.index {
		attempts = t.furthest.Attempts + 1
	}
	t.index, t.furthest = expr.Index, newTestFailure(&e, attempts)
}

// aboutPerson says of an event that a variable of the author's is about a person.
func aboutPerson(person inventory.User) func(*topdown.Event) bool {
	return func(e *topdown.Event) bool {
		for name := range maps.Keys(e.LocalMetadata) {
			if v := e.Locals.Get(name); v != nil && mentionsPerson(person, v, 2) {
				return true
			}
		}
		return false
	}
}

// mentionsPerson says that a value is the person's address or id, a reference to
// them, or within so many levels of objects holds one.
func mentionsPerson(person inventory.User, v ast.Value, levels int) bool {
	switch v := v.(type) {
	case ast.String:
		text := strings.TrimPrefix(string(v), string(inventory.KindUser)+":")
		return strings.EqualFold(text, person.Email) || strings.TrimPrefix(text, "#") == person.ID
	case ast.Object:
		if levels == 0 {
			return false
		}
		return v.Until(func(_, field *ast.Term) bool { return mentionsPerson(person, field.Value, levels-1) })
	}
	return false
}

// addSource adds what a reference goes over, where that is nothing which holds
// anything: of p.teams[_], p.teams.
func (r *reading) addSource(t *ast.Term) {
	ref, ok := t.Value.(ast.Ref)
	if !ok || !r.isLocal(t) {
		return
	}
	for n := 1; n < len(ref); n++ {
		if _, isVar := ref[n].Value.(ast.Var); !isVar || r.value(ref[n]) != nil {
			continue
		}
		name := r.event.LocalMetadata[ref[0].Value.(ast.Var)].Name
		v := r.value(ast.NewTerm(ref[:n]))
		switch v.(type) {
		case nil, *ast.Array, ast.Object, ast.Set:
			return
		}
		if name != "" {
			named := append(ast.Ref{ast.VarTerm(string(name))}, ref[1:n]...)
			r.put(named.String(), v)
		}
		return
	}
}
