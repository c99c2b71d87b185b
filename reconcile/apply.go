package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/risk"
)

// Record is a memory that can be written; reconcile/journal keeps it. Whoever
// writes holds its lock (S29).
type Record interface {
	Memory
	Lock(ctx context.Context) (unlock func() error, err error)
	Pending(ctx context.Context) ([]apply.Intent, error)
	// Alarms are the alarms about edits of schedules that stand, and with ended
	// those that are over.
	Alarms(ctx context.Context, ended bool) ([]apply.EditAlarmed, error)
	Adopt(ctx context.Context, overrides []plan.OurOverride) error
	Recorder(round int64) apply.Recorder
	Begin(ctx context.Context, p *plan.Plan) (round int64, err error)
	Pin(ctx context.Context, ids map[string]string) error
	SavePolicies(ctx context.Context, revision string, source []byte) error
	Finish(ctx context.Context, round int64, state plan.Round, report any) error
}

// Execution is how a round is carried out.
type Execution struct {
	Record  Record
	Account apply.Account
	// Approve is asked once the plan is made; what it returns is carried out, or
	// nothing if it is nil. An error ends the round before anything is written.
	Approve func(*Result) (*plan.Plan, error)
	// Completed says at once what became of what an earlier run left open, as
	// Applied.Completed says it, for the round may end before it has a plan; may be nil.
	Completed func(sentences []string)
	// Options are apply's; Overlay is filled in.
	Options apply.Options
}

// Applied is what came of a round that was carried out.
type Applied struct {
	*Result
	// Recovered is what became of changes that an earlier run left open.
	Recovered []apply.Outcome
	// Completed are sentences about edits of schedules that an earlier run left
	// open, and about changes of which it can't be known what became of them.
	Completed []string
	// Report is nil if nothing was approved.
	Report *apply.Report
	// Alarms are those that stand after the round.
	Alarms []apply.EditAlarmed
}

// Apply takes the round to its end:
//
//  1. lock the memory against other writers,
//  2. settle what an earlier run left open: find out what became of it, and take back
//     edits of schedules that it left half done,
//  3. plan, and have the plan approved,
//  4. carry it out, recording each intent and result,
//  5. remember names, policies and the state that the round leaves.
//
// An error beside a non-nil Applied ended the round after the plan was begun.
func (r *Round) Apply(ctx context.Context, x Execution) (done *Applied, err error) {
	unlock, err := x.Record.Lock(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()

	done = &Applied{}
	defer func() {
		if done != nil {
			var unread error
			done.Alarms, unread = x.Record.Alarms(context.WithoutCancel(ctx), false)
			err = errors.Join(err, unread)
		}
	}()
	if done.Recovered, done.Completed, err = r.recover(ctx, x); err != nil {
		return nil, err
	}
	if x.Completed != nil {
		x.Completed(done.Completed)
	}
	if done.Result, err = r.Plan(ctx); err != nil {
		return nil, err
	}
	approved, err := x.Approve(done.Result)
	if err != nil || approved == nil {
		return done, err
	}
	memory, err := x.Record.Memory(ctx, r.Now())
	if err != nil {
		return done, err
	}
	x.Options.Overlay = memory.Overlay
	round, err := x.Record.Begin(ctx, approved)
	if err != nil {
		return done, err
	}
	if done.Report, err = apply.Run(ctx, approved, x.Account, x.Record.Recorder(round), x.Options); err != nil {
		return done, err
	}
	return done, r.remember(context.WithoutCancel(ctx), x.Record, round, done)
}

// recover settles what an earlier run left open. What can't be settled now keeps nothing
// else from being done: whatever is due is looked at before it is written (S8).
func (r *Round) recover(ctx context.Context, x Execution) (settled []apply.Outcome, said []string, err error) {
	open, err := x.Record.Pending(ctx)
	if err != nil || len(open) == 0 {
		return nil, nil, err
	}
	memory, err := x.Record.Memory(ctx, r.Now())
	if err != nil {
		return nil, nil, err
	}
	x.Options.Overlay = memory.Overlay
	done, err := apply.Recover(ctx, open, x.Account, x.Record.Recorder(0), x.Options)
	var unsettled *apply.UnsettledError
	if errors.As(err, &unsettled) && ctx.Err() == nil {
		return done.Outcomes, append(done.Said, strings.Split(err.Error(), "\n")...), nil
	}
	return done.Outcomes, done.Said, err
}

// remember records what the round leaves for the next one.
func (r *Round) remember(ctx context.Context, record Record, round int64, done *Applied) error {
	if err := record.Pin(ctx, done.Pinned()); err != nil {
		return err
	}
	source, err := r.Policies.Source()
	if err != nil {
		return err
	}
	if err := record.Adopt(ctx, done.Adopted); err != nil {
		return err
	}
	if err := record.SavePolicies(ctx, r.Policies.Revision(), source); err != nil {
		return err
	}
	if err := r.settle(ctx, done, source); err != nil {
		return err
	}
	made, refused := map[string]bool{}, map[string]string{}
	for _, o := range done.Report.Outcomes {
		made[o.Change.ID] = o.Status.Succeeded()
		if o.Waits && o.Status == apply.Failed {
			refused[o.Change.ID] = o.Cause()
		}
	}
	state := diff.RoundOf(&done.Result.Result, done.Statements, done.After(), made)
	state.Refused = done.Refusals(refused, made)
	state.Risks = r.risksSeen(done.Result)
	return record.Finish(ctx, round, state, done.Report)
}

// risksSeen are the findings of a round. Where something kept them from being whole, what
// is not among them may be there still.
func (r *Round) risksSeen(result *Result) *plan.RisksSeen {
	return &plan.RisksSeen{
		Whole: result.Snapshot.Account.Complete && len(result.Risk.Failures)+len(result.Plan.Errors) == 0,
		Packs: r.Risks != nil, List: risk.Seen(result.Plan),
	}
}

// After is the account as the round left it.
func (a *Applied) After() *inventory.Snapshot {
	edit := inventory.NewEdit(a.Snapshot)
	for _, o := range a.Report.Outcomes {
		if o.Status.Succeeded() {
			diff.Suppose(edit, o.Change)
		}
	}
	return edit.Snapshot()
}

// Saved approves a plan that was made earlier: each of its changes must still
// be due, under the same policies, and nothing else is carried out. What moved
// since is detected, not overwritten (S18).
func Saved(saved *plan.Plan) func(*Result) (*plan.Plan, error) {
	return func(fresh *Result) (*plan.Plan, error) {
		if saved.Account != fresh.Plan.Account {
			return nil, fmt.Errorf("the plan was made for account %q, and this is %q", saved.Account, fresh.Plan.Account)
		}
		if saved.Expires != nil && !fresh.Plan.Now.Before(*saved.Expires) {
			return nil, fmt.Errorf("the plan ended %s, when access changed on its own: make a new one", saved.Expires.Format("2006-01-02 15:04:05 UTC"))
		}
		if saved.Revision != fresh.Plan.Revision {
			return nil, fmt.Errorf("the policies changed since the plan was made (%s then, %s now): make a new one", short(saved.Revision), short(fresh.Plan.Revision))
		}
		due := map[string]plan.Change{}
		for _, c := range fresh.Plan.Changes {
			due[c.ID] = c
		}
		var gone []string
		approved := *fresh.Plan
		approved.Changes = nil
		for _, c := range saved.Changes {
			now, ok := due[c.ID]
			if !ok {
				gone = append(gone, inWords(saved, c))
				continue
			}
			approved.Changes = append(approved.Changes, now)
		}
		var moved []string
		approved.Edits, moved = savedEdits(saved, fresh.Plan, approved.Changes)
		gone = append(gone, moved...)
		if len(gone) > 0 {
			return nil, fmt.Errorf("%d of %d changes of the plan are not due any more, since the account moved; nothing was done, make a new plan:\n  %s",
				len(gone), len(saved.Changes), strings.Join(gone, "\n  "))
		}
		if missing := unmet(approved.Changes); missing != "" {
			return nil, fmt.Errorf("the plan can't be carried out as it is: %s is needed now and not part of it; make a new one", missing)
		}
		approved.Count()
		return &approved, nil
	}
}

// savedEdits are the edits of the approved changes. One that is not what the
// saved plan showed has moved.
func savedEdits(saved, fresh *plan.Plan, approved []plan.Change) (edits []plan.Edit, moved []string) {
	edits = []plan.Edit{}
	for _, e := range fresh.Edits {
		concerned := slices.ContainsFunc(approved, func(c plan.Change) bool { return slices.Contains(e.Changes, c.ID) })
		if !concerned {
			continue
		}
		i := slices.IndexFunc(saved.Edits, func(s plan.Edit) bool { return s.Schedule == e.Schedule })
		if i < 0 || !slices.Equal(saved.Edits[i].Changes, e.Changes) || !sameParts(saved.Edits[i].Parts, e.Parts) {
			moved = append(moved, fmt.Sprintf("the turns on %s would become others than the plan showed", Name(saved, e.Schedule.String())))
			continue
		}
		edits = append(edits, e)
	}
	return edits, moved
}

func sameParts(a, b []oncall.PartChange) bool {
	return slices.EqualFunc(a, b, func(x, y oncall.PartChange) bool {
		return x.Part == y.Part && x.Effective.Equal(y.Effective) && slices.Equal(x.Before, y.Before) && slices.Equal(x.After, y.After)
	})
}

// unmet is a change that one of the changes requires and that is not among
// them; empty if there is none.
func unmet(changes []plan.Change) string {
	chosen := map[string]bool{}
	for _, c := range changes {
		chosen[c.ID] = true
	}
	for _, c := range changes {
		for _, id := range c.Requires {
			if !chosen[id] {
				return id
			}
		}
	}
	return ""
}

// Name is what a plan calls a reference by id; the reference itself where it has no name for it.
func Name(p *plan.Plan, ref string) string {
	if n, ok := p.Names[ref]; ok {
		return n
	}
	return ref
}

func short(revision string) string {
	_, digest, found := strings.Cut(revision, ":")
	if !found {
		digest = revision
	}
	return digest[:min(len(digest), 12)]
}
