// Package decide is what people decide: to release what is held, to confirm what a name
// means, to pause, to undo a round. Each takes what was said and returns what came of
// it; what is printed, asked or answered is up to who calls.
package decide

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/lookup"
)

// Confirmed is what a name means from now on.
type Confirmed struct {
	Name inventory.Ref
	ID   string
}

// Confirm records that a name means what it means in the account now. Who confirms
// gives a reason.
func Confirm(ctx context.Context, j *journal.Journal, account reconcile.Reader, name inventory.Ref, reason string) (Confirmed, error) {
	snapshot, err := account.Snapshot(ctx, nil)
	if err != nil {
		return Confirmed{}, err
	}
	found, err := lookup.One(inventory.NewIndex(snapshot), name)
	if err != nil {
		return Confirmed{}, err
	}
	name.Kind = name.Kind.Thing()
	return Confirmed{Name: name, ID: found.ID}, j.Confirm(ctx, name.Key(), found.ID, reason)
}

// Confirmable is a reference as a person writes it, if it may need to be confirmed.
func Confirmable(text string) (inventory.Ref, error) {
	ref, err := inventory.ParseRef(text)
	if err == nil && (ref.ID != "" || ref.Kind == inventory.KindAccount || ref.Kind == inventory.KindGroup) {
		err = fmt.Errorf("%s needs no confirmation: only names of people and things in PagerDuty can come to mean something else", ref)
	}
	return ref, err
}

// Meant suggests the names that earlier rounds remember for a text without a kind.
func Meant(ctx context.Context, j *journal.Journal, now time.Time, text string) string {
	memory, err := j.Memory(ctx, now)
	if err != nil {
		return ""
	}
	called := map[string][]string{}
	for key := range memory.Pinned {
		if ref, err := inventory.ParseRef(key); err == nil && ref.ID == "" {
			called[ref.Name] = append(called[ref.Name], key)
		}
	}
	name, ok := inventory.Nearest(text, slices.Sorted(maps.Keys(called)))
	if !ok {
		return ""
	}
	slices.Sort(called[name])
	return "; did you mean " + strings.Join(called[name], " or ") + "?"
}

// Pause stops all changes that the daemon makes. It returns the pause that stood
// before, which stays; nil if there was none.
func Pause(stop reconcile.Stop, now time.Time, actor, reason string) (before *reconcile.Pause, err error) {
	return stop.Pause(reconcile.Pause{Since: now.UTC().Truncate(time.Second), Actor: actor, Reason: reason})
}

// Resume lets changes go on. It returns the pause that ended; nil if there was none.
func Resume(stop reconcile.Stop) (*reconcile.Pause, error) { return stop.Resume() }

// latest says which round changed something last.
func latest(ctx context.Context, j *journal.Journal) string {
	past, err := j.Past(ctx, 1)
	if err != nil || len(past) == 0 {
		return ""
	}
	return fmt.Sprintf("; the last that did is round %d", past[0].Round)
}

// Round is a recorded round that changed something, by its number; 0 is the last.
func Round(ctx context.Context, j *journal.Journal, number int64) (*journal.Recorded, error) {
	if number == 0 {
		past, err := j.Past(ctx, 1)
		if err != nil {
			return nil, err
		}
		if len(past) == 0 {
			return nil, errors.New("no recorded round has changed anything yet")
		}
		number = past[0].Round
	}
	r, err := j.Round(ctx, number)
	if err != nil {
		return nil, err
	}
	if r == nil || len(r.Made) == 0 {
		return nil, fmt.Errorf("round %d is not recorded or changed nothing%s: `dutyward history` lists those that did", number, latest(ctx, j))
	}
	return r, nil
}
