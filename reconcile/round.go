// Package reconcile is the loop, and nothing else: a round reads as the list of
// its stages. Each stage's work is done by the package that is named after it.
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/findings"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/risk"
)

// Reader reads the account: inventory/pagerduty's client, or a saved snapshot.
type Reader interface {
	// Snapshot reads the account. The schedules given by id must be found or be
	// known to be gone, else the snapshot is incomplete (S6).
	Snapshot(ctx context.Context, schedules []string) (*inventory.Snapshot, error)
}

// Memory is what earlier rounds recorded; reconcile/journal keeps it.
type Memory interface {
	Memory(ctx context.Context, now time.Time) (plan.Memory, error)
	GoodPolicies(ctx context.Context) (revision string, source []byte, err error)
}

// Round is one pass of the loop. The fields up to Now are required.
type Round struct {
	Reader Reader
	// Read reads the account in the Reader's place, knowing what earlier rounds recorded;
	// nil for the Reader. The moment is the snapshot's then.
	Read     func(ctx context.Context, m plan.Memory, schedules []string) (*inventory.Snapshot, error)
	Policies Policies
	Memory   Memory
	Settings plan.Settings
	// Now is the local clock, by which records age.
	Now func() time.Time
	// Self is the id of the user to whom the token belongs, who is never changed;
	// empty if it is nobody's (S20). Nil stands for nobody.
	Self func(ctx context.Context) (user string, err error)
	// ClockDoubt says why PagerDuty's clock can't be trusted, and what time it is by
	// the other one; empty if it can (S31). Nil stands for trust. It is asked once
	// what the round reads is read.
	ClockDoubt func() (other time.Time, why string)
	// At asks for another moment than that of the snapshot; zero for that.
	At time.Time
	// After asks, where At is zero, for the moment that long after the snapshot's.
	After time.Duration
	// Good says that the policies were good already. An element that is not as
	// the contract demands is then dropped and its rule's reach unknown, where it
	// is an error of policies that are new (S5).
	Good bool
	// Stillness makes edits wait that lower; nil for no wait (S37).
	Stillness *Stillness
	// LoadSource loads policies that were kept, as policies.LoadSource does; nil for
	// that.
	LoadSource func(ctx context.Context, source []byte) (Policies, error)
	// Evaluator keeps what rules gave from round to round; nil if there is but
	// one round.
	Evaluator *eval.Evaluator
	// Risks say by which packs it looks for risks besides those that policies flag; nil
	// for none.
	Risks *risk.Settings
	// Cache keeps what plans of one snapshot have in common; nil if there is but
	// one round.
	Cache *diff.Cache

	// last are the policies of the last round that was carried out, once asked.
	last Policies
}

// PolicyError is an error that lies in the policies: they could not be
// evaluated, or what they say can't be planned.
type PolicyError struct{ Err error }

func (e *PolicyError) Error() string { return e.Err.Error() }
func (e *PolicyError) Unwrap() error { return e.Err }

// Result is what a round found out and plans to do.
type Result struct {
	diff.Result
	// Statements and Risk are what the policies say in the two phases.
	Statements *policies.Statements
	Risk       *policies.Statements
	// Input is the document that risk policies saw.
	Input *eval.Input
}

// Plan takes the round up to its plan:
//
//  1. remember what earlier rounds recorded,
//  2. take a snapshot,
//  3. evaluate the policies into statements,
//  4. make desired access and the plan of them,
//  5. evaluate the risks and add their findings.
//
// It changes nothing, neither in PagerDuty nor in memory.
func (r *Round) Plan(ctx context.Context) (*Result, error) {
	in, input, err := r.prepare(ctx)
	if err != nil {
		return nil, err
	}
	made, err := diff.Make(*in)
	var fault *diff.FaultError
	switch {
	case errors.As(err, &fault):
		return nil, err
	case err != nil:
		return nil, &PolicyError{err}
	}
	result := &Result{Result: *made, Statements: in.Statements}
	warn(result.Plan, in.Statements.Warnings)
	return result, r.addRisks(ctx, result, input)
}

// prepare takes the round up to what its plan is made of, and is the input of
// the policies.
func (r *Round) prepare(ctx context.Context) (*diff.Input, *eval.Input, error) {
	memory, err := r.Memory.Memory(ctx, r.Now())
	if err != nil {
		return nil, nil, err
	}
	snapshot, err := r.read(ctx, memory)
	if err != nil {
		return nil, nil, err
	}
	input, err := r.input(snapshot)
	if err != nil {
		return nil, nil, err
	}
	access, err := r.evaluate(ctx, policies.PhaseAccess, input, snapshot.Now)
	if err != nil {
		return nil, nil, err
	}
	if r.elsewhen() {
		if err := within(snapshot.Now, desired.Reach(snapshot.Account.Window, access)); err != nil {
			return nil, nil, err
		}
	}
	previous, err := r.previous(ctx, memory, input, snapshot.Now)
	if err != nil {
		return nil, nil, err
	}
	in := &diff.Input{
		Snapshot: snapshot, Statements: access, References: r.Policies.References(), Revision: r.Policies.Revision(), Provenance: r.Policies.Provenance(), Previous: previous,
		Memory: memory, Settings: r.Settings, Now: snapshot.Now, Cache: r.Cache,
	}
	if in.Stillness, err = r.stillness(ctx, in, input); err != nil {
		return nil, nil, err
	}
	in.Insist = r.Stillness != nil && r.Stillness.Decided
	return in, input, r.doubt(ctx, in)
}

// doubt says whose token it is and whether the time can be trusted, or that this
// can't be known.
func (r *Round) doubt(ctx context.Context, in *diff.Input) error {
	if r.ClockDoubt != nil && !r.elsewhen() {
		in.OtherClock, in.ClockDoubt = r.ClockDoubt()
	}
	if r.Self == nil {
		return nil
	}
	user, err := r.Self(ctx)
	switch {
	case ctx.Err() != nil:
		return err
	case err != nil:
		in.SelfDoubt = "could not determine who owns the API token, and that person must never be changed: " + err.Error()
	case user != "":
		in.TokenUser = user
		in.Snapshot = withItsReader(in.Snapshot, user)
	}
	return nil
}

// withItsReader is a snapshot that holds the person whose token read it, or says
// that it is incomplete: who asks is there, so that a list of users without them
// is not whole (S6).
func withItsReader(s *inventory.Snapshot, user string) *inventory.Snapshot {
	if _, there := s.Users[user]; there || !s.Account.Complete {
		return s
	}
	partial := *s
	partial.Account.Complete = false
	partial.Account.Missing = append(slices.Clone(s.Account.Missing), inventory.Missing{
		What: "users", Reason: fmt.Sprintf("the list lacks the user whose token reads it (#%s), so that others may be missing too", user),
	})
	return &partial
}

func (r *Round) read(ctx context.Context, m plan.Memory) (*inventory.Snapshot, error) {
	if r.Read != nil {
		return r.Read(ctx, m, mustFind(m))
	}
	return r.Snapshot(ctx, mustFind(m))
}

// Snapshot reads the account, as Reader.Snapshot does, for the moment At. A
// moment outside the snapshot's window is an error.
func (r *Round) Snapshot(ctx context.Context, schedules []string) (*inventory.Snapshot, error) {
	snapshot, err := r.Reader.Snapshot(ctx, schedules)
	if err != nil || !r.elsewhen() {
		return snapshot, err
	}
	t := r.At
	if t.IsZero() {
		t = snapshot.Now.Add(r.After)
	}
	return at(snapshot, t)
}

// elsewhen says that another moment than the snapshot's is asked for.
func (r *Round) elsewhen() bool { return !r.At.IsZero() || r.After != 0 }

// evaluate evaluates a phase of the policies. Bad elements of good policies are
// failures among the statements, and no error.
func (r *Round) evaluate(ctx context.Context, phase policies.Phase, in *eval.Input, now time.Time) (*policies.Statements, error) {
	statements, err := r.run(ctx, r.Policies, r.Good, phase, in, now)
	var problems policies.Problems
	switch {
	case err == nil, r.Good && statements != nil && errors.As(err, &problems):
		return statements, nil
	case ctx.Err() != nil:
		return nil, err
	}
	return nil, &PolicyError{err}
}

// mustFind are the schedules that the snapshot may not miss: those of the last
// complete one, and those that policies were seen to name.
func mustFind(m plan.Memory) []string {
	ids := map[string]bool{}
	if m.Last != nil {
		for _, id := range m.Last.Schedules {
			ids[id] = true
		}
	}
	for key, id := range m.Pinned {
		if strings.HasPrefix(key, string(inventory.KindSchedule)+":") {
			ids[id] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// at is the snapshot with another now.
func at(s *inventory.Snapshot, t time.Time) (*inventory.Snapshot, error) {
	if err := within(t, s.Account.Window); err != nil {
		return nil, err
	}
	moved := *s
	moved.Now = t.UTC().Truncate(time.Second)
	return &moved, nil
}

// within errs for a moment for which it can't be known who is on call.
func within(t time.Time, w inventory.Window) error {
	if !t.Before(w.Since) && t.Before(w.Until) {
		return nil
	}
	return fmt.Errorf("who is on call at %s is unknown: the snapshot's shifts, less what lead and lag look ahead and back, reach from %s to %s; choose a moment within, or raise window.ahead_days or window.back_days in the configuration and take a new snapshot",
		t.UTC().Format(time.RFC3339), w.Since.UTC().Format(time.RFC3339), w.Until.UTC().Format(time.RFC3339))
}

// previous is what the last round's policies say of today's snapshot, for
// telling a policy's doing from PagerDuty's (S14). It is nil where they are the
// same, or where they can't be evaluated any more: then the policies moved.
func (r *Round) previous(ctx context.Context, m plan.Memory, in *eval.Input, now time.Time) (*policies.Statements, error) {
	if m.Last == nil || m.Last.Revision == r.Policies.Revision() {
		return nil, nil
	}
	revision, source, err := r.Memory.GoodPolicies(ctx)
	if err != nil {
		return nil, err
	}
	if revision != m.Last.Revision || len(source) == 0 {
		return nil, nil
	}
	if r.last == nil || r.last.Revision() != revision {
		r.last, err = r.Kept(ctx, source)
	}
	if err == nil {
		var statements *policies.Statements
		if statements, err = r.run(ctx, r.last, false, policies.PhaseAccess, in, now); err == nil {
			return statements, nil
		}
	}
	var problems policies.Problems
	if errors.As(err, &problems) || tooMuch(err) {
		return nil, nil
	}
	return nil, err
}

// addRisks evaluates the risk policies, which see desired access and groups.
func (r *Round) addRisks(ctx context.Context, result *Result, in *eval.Input) error {
	in, err := in.With("desired", func() any { return result.Access.Document() })
	if err != nil {
		return err
	}
	if in, err = in.With("groups", func() any { return result.Access.GroupDocuments() }); err != nil {
		return err
	}
	now := result.Snapshot.Now
	if result.Risk, err = r.evaluate(ctx, policies.PhaseRisk, in, now); err != nil {
		return err
	}
	result.Input = in
	if r.Risks != nil {
		flagged := *result.Risk
		flagged.Findings, flagged.Failures = slices.Clone(flagged.Findings), slices.Clone(flagged.Failures)
		facts := risk.Facts{Snapshot: result.Snapshot, Statements: result.Statements, Expansion: result.Expansion, Now: now}
		if err := r.Risks.Look(ctx, in, facts, &flagged); err != nil {
			return err
		}
		result.Risk = &flagged
	}
	warn(result.Plan, result.Risk.Warnings)
	for _, f := range result.Risk.Failures {
		result.Plan.Errors = append(result.Plan.Errors, desired.Failed(f))
	}
	findings.Add(result.Plan, result.Snapshot, result.Risk, now)
	return nil
}

// warn adds what an evaluation warned of to the plan.
func warn(p *plan.Plan, warnings policies.Problems) {
	for _, w := range warnings {
		p.Warnings = append(p.Warnings, desired.Notice{Code: w.Code, See: w.See, Message: w.Text(), Origin: policies.Origin{File: w.File, Line: w.Line}})
	}
}
