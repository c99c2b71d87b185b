package decide

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Held is what the last recorded round held; nil if there was none.
func Held(ctx context.Context, j *journal.Journal, now time.Time) (*Holds, error) {
	last, err := j.LastRound(ctx)
	if err != nil || last == nil {
		return nil, err
	}
	memory, err := j.Memory(ctx, now)
	if err != nil {
		return nil, err
	}
	alarms, err := j.Alarms(ctx, false)
	if err != nil {
		return nil, err
	}
	return NewHolds(last.Plan, last.Round, last.Began, memory.Released, alarms), nil
}

// HeldNow is what a plan that was just made holds.
func HeldNow(ctx context.Context, j *journal.Journal, now time.Time, p *plan.Plan) (*Holds, error) {
	memory, err := j.Memory(ctx, now)
	if err != nil {
		return nil, err
	}
	alarms, err := j.Alarms(ctx, false)
	return NewHolds(p, 0, p.Now, memory.Released, alarms), err
}

// Releasing is a release, as a person asks for it.
type Releasing struct {
	// Keys name what is held. In each `*` stands for anything between two slashes, and
	// at the end for all that follows.
	Keys []string
	// Reason is why, for the record.
	Reason string
	// Plan is what a plan that is made now holds: it is asked where the last recorded
	// round does not hold what a key names.
	Plan func(ctx context.Context) (*Holds, error)
}

// Release lets held changes through, and returns those that the keys name. A key that
// names nothing releases nothing. After an error, what is returned was released.
func Release(ctx context.Context, j *journal.Journal, now time.Time, r Releasing) ([]plan.Held, error) {
	held, err := r.held(ctx, j, now)
	if err != nil {
		return nil, err
	}
	for i, h := range held {
		if err := j.Release(ctx, h.ID, r.Reason); err != nil {
			return held[:i], err
		}
	}
	return held, nil
}

// held are the held changes that the keys name, each of which must name one: of the
// last recorded round or, where one names none there, of a plan that is made now.
func (r Releasing) held(ctx context.Context, j *journal.Journal, now time.Time) ([]plan.Held, error) {
	recorded, err := Held(ctx, j, now)
	if err != nil {
		return nil, err
	}
	if recorded != nil {
		if held, err := match(recorded, r.Keys); err == nil {
			return held, nil
		}
	}
	fresh, err := r.Plan(ctx)
	if err != nil {
		return nil, fmt.Errorf("the last recorded round does not hold this, and a plan can't be made to see whether it is held now: %w", err)
	}
	return match(fresh, r.Keys)
}

// match are the changes that the keys name. All that is wrong is reported at once.
func match(h *Holds, keys []string) ([]plan.Held, error) {
	named := map[string]plan.Held{}
	var wrong []string
	for _, key := range keys {
		found := false
		for _, held := range h.Held {
			if !Matches(key, held.ID) {
				continue
			}
			found = true
			if !held.Releasable {
				wrong = append(wrong, fmt.Sprintf("%s is held by %s, which no release of it ends: %s; the next step: %s", held.ID, held.Rule, held.Why, held.Release))
				continue
			}
			named[held.ID] = held.Held
		}
		if !found {
			wrong = append(wrong, fmt.Sprintf("nothing holds %s%s", key, nearKey(h, key)))
		}
	}
	if len(wrong) > 0 {
		return nil, errors.New(strings.Join(wrong, "\n") + "\nnothing was released; `dutyward holds --live` lists what is held now")
	}
	held := slices.Collect(maps.Values(named))
	slices.SortFunc(held, func(x, y plan.Held) int { return strings.Compare(x.ID, y.ID) })
	return held, nil
}

// nearKey suggests what was meant.
func nearKey(h *Holds, key string) string {
	var keys []string
	for _, held := range h.Held {
		keys = append(keys, held.ID)
	}
	if near, ok := inventory.Nearest(key, keys); ok {
		return "; did you mean " + near + "?"
	}
	return ""
}

// Matches says whether a key is the one that is meant, or one of those: `*`
// stands for anything between two slashes, at the end for all that follows.
func Matches(pattern, key string) bool {
	if pattern == key {
		return true
	}
	if !strings.Contains(pattern, "*") {
		return false
	}
	if prefix, all := strings.CutSuffix(pattern, "/*"); all {
		n := strings.Count(prefix, "/") + 1
		parts := strings.SplitN(key, "/", n+1)
		if len(parts) == n+1 {
			ok, _ := path.Match(prefix, strings.Join(parts[:n], "/"))
			return ok
		}
		return false
	}
	ok, _ := path.Match(pattern, key)
	return ok
}
