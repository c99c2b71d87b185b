package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Stillness says how an edit of policies or configuration is waited for (S37).
type Stillness struct {
	// Settle is how long it must hold still for each thing that it newly lowers;
	// zero for not at all.
	Settle time.Duration
	// Now is the clock where the files are; nil for the Round's.
	Now func() time.Time
	// Decided says that a person looked at what will be lowered: nothing waits then,
	// and what they decided counts as having held still.
	Decided bool
	// Look looks at the files of policies, and of the configuration if that changed
	// too; nil if there is nothing to see.
	Look func(ctx context.Context, set Policies, configuration bool) Sight
	// Superseded says that the policies are not those that stand in the files.
	Superseded bool
	Record     StillRecord
}

// Sight is what the files look like.
type Sight struct {
	// Committed says that they are exactly what a commit holds.
	Committed bool
	// Unrest is why somebody seems to be amid an edit; empty if nobody does.
	Unrest string
}

// StillRecord remembers the policies and settings that held still last;
// reconcile/journal keeps them.
type StillRecord interface {
	Settled(ctx context.Context) (revision string, source, settings []byte, err error)
	SaveSettled(ctx context.Context, revision string, source, settings []byte) error
}

// held are settings that held still, as they are recorded.
type heldSettings struct {
	Settings plan.Settings `json:"settings"`
	Settle   time.Duration `json:"settle"`
}

func (r *Round) heldSettings() ([]byte, error) {
	return json.Marshal(heldSettings{r.Settings, r.Stillness.Settle})
}

// stillness is what is known of an edit that has yet to hold still; nil if a
// person decides.
func (r *Round) stillness(ctx context.Context, in *diff.Input, input *eval.Input) (*diff.Stillness, error) {
	if r.Stillness == nil || r.Stillness.Decided {
		return nil, nil
	}
	settings, err := r.heldSettings()
	if err != nil {
		return nil, err
	}
	revision, source, before, err := r.Stillness.Record.Settled(ctx)
	if err != nil {
		return nil, err
	}
	same := revision == in.Revision
	now := digest(in.Revision, settings)
	if same && string(before) == string(settings) && !wasEdited(in.Memory.Last, now) {
		return &diff.Stillness{Still: true}, nil
	}
	s := &diff.Stillness{Settle: r.Stillness.Settle, Now: r.stillNow(), Digest: now, Superseded: r.Stillness.Superseded}
	if revision != "" {
		var held heldSettings
		if err := json.Unmarshal(before, &held); err != nil {
			return nil, fmt.Errorf("the settings that held still last can't be read: %w", err)
		}
		s.Settle = max(s.Settle, held.Settle) // for that it is shorter now is an edit too
		s.Settled = &plan.Settled{Settings: held.Settings}
		switch {
		case same:
			s.Settled.Statements = in.Statements
		default:
			if s.Settled.Statements, err = r.settledStatements(ctx, source, input, in.Snapshot); err != nil {
				return nil, err
			}
		}
	}
	if s.Settle == 0 {
		return &diff.Stillness{Still: true}, nil
	}
	if look := r.Stillness.Look; look != nil && !s.Superseded {
		sight := look(ctx, r.Policies, revision != "" && string(before) != string(settings))
		s.Committed, s.Unrest = sight.Committed, sight.Unrest
	}
	return s, nil
}

// wasEdited says that the last round saw other policies or settings than those of
// the digest, so that going back to these is an edit as well, or that such an edit
// has yet to hold still.
func wasEdited(last *plan.Round, now string) bool {
	if last == nil || last.Still.Digest == "" {
		return false
	}
	return last.Still.Digest != now || len(last.Still.Waiting) > 0
}

func (r *Round) stillNow() time.Time {
	if r.Stillness.Now == nil {
		return r.Now()
	}
	return r.Stillness.Now()
}

// settledStatements are what policies that held still say of this snapshot; nil
// where they can't be evaluated any more.
func (r *Round) settledStatements(ctx context.Context, source []byte, input *eval.Input, s *inventory.Snapshot) (*policies.Statements, error) {
	set, err := r.Kept(ctx, source)
	if err == nil {
		var statements *policies.Statements
		if statements, err = r.run(ctx, set, false, policies.PhaseAccess, input, s.Now); err == nil {
			return statements, nil
		}
	}
	return nil, ctx.Err()
}

// settle remembers policies and settings that held still, or that a person
// decided on.
func (r *Round) settle(ctx context.Context, done *Applied, source []byte) error {
	s := r.Stillness
	if s == nil || s.Superseded || len(r.Settings.Targets) > 0 || !done.Settled() {
		return nil
	}
	settings, err := r.heldSettings()
	if err != nil {
		return err
	}
	return s.Record.SaveSettled(ctx, r.Policies.Revision(), source, settings)
}

func digest(revision string, settings []byte) string {
	sum := sha256.Sum256(append([]byte(revision+"\n"), settings...))
	return hex.EncodeToString(sum[:])
}
