package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newHolds(a *app) *cobra.Command {
	var f roundFlags
	var fresh, asJSON bool
	cmd := &cobra.Command{
		Use:   "holds",
		Short: "List the changes that wait for a person's word",
		Long: "List the changes that the last recorded round held, that of `dutyward run` or an apply, with the reason, its figures\n" +
			"and what lets each through, the names that wait for `dutyward confirm`, and alarms about schedules. PagerDuty is not asked. During a pause no round is recorded: --fresh plans now instead.",
		Example: "  dutyward holds\n  dutyward release 'team/PABC123/*' --reason 'the team moves to the new roster'",
		Args:    arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, err := a.holds(cmd.Context(), f, fresh)
			if err != nil {
				return err
			}
			if asJSON {
				return report.JSON(a.Stdout, h)
			}
			if err := a.noteStale(fresh); err != nil {
				return err
			}
			return report.HoldsText(a.Stdout, h, a.Style(a.Stdout))
		},
	}
	f.addPolicies(cmd)
	cmd.Flags().BoolVar(&fresh, "fresh", false, "plan now, with the account as it is, instead of reading the last round")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the list as JSON")
	return cmd
}

// noteStale says that what is held may be another matter by now.
func (a *app) noteStale(fresh bool) error {
	c, err := a.Config()
	if err != nil || fresh {
		return err
	}
	if p := c.StopFile().Paused(); p != nil {
		a.Note("this is as it was before `dutyward run` was paused, %s; --fresh plans now", pauseText(p))
	}
	return nil
}

// holds are the changes that wait, of the last recorded round or of a plan that
// is made now.
func (a *app) holds(ctx context.Context, f roundFlags, fresh bool) (*report.Holds, error) {
	if !fresh {
		s, err := a.ForState(ctx)
		if err != nil {
			return nil, err
		}
		defer s.Close()
		h, err := recordedHolds(ctx, s)
		if err == nil && h == nil {
			err = errors.New("no round was recorded yet: run `dutyward holds --fresh` to plan now")
		}
		return h, err
	}
	var h *report.Holds
	err := a.planned(ctx, f, func(s *session.Session, r *reconcile.Result) error {
		memory, err := s.Journal.Memory(ctx, s.Now())
		if err != nil {
			return err
		}
		alarms, err := s.Journal.Alarms(ctx, false)
		h = report.NewHolds(r.Plan, 0, r.Plan.Now, memory.Released, alarms)
		return err
	})
	if h != nil && errors.As(err, &exit.Status{}) {
		err = nil // an incomplete round holds more, and says why
	}
	return h, err
}

// recordedHolds are those of the last recorded round; nil if there was none.
func recordedHolds(ctx context.Context, s *session.Session) (*report.Holds, error) {
	last, err := s.Journal.LastRound(ctx)
	if err != nil || last == nil {
		return nil, err
	}
	memory, err := s.Journal.Memory(ctx, s.Now())
	if err != nil {
		return nil, err
	}
	alarms, err := s.Journal.Alarms(ctx, false)
	if err != nil {
		return nil, err
	}
	return report.NewHolds(last.Plan, last.Round, last.Began, memory.Released, alarms), nil
}

func newRelease(a *app) *cobra.Command {
	var f roundFlags
	var reason string
	cmd := &cobra.Command{
		Use:   "release KEY... --reason WHY",
		Short: "Let held changes through",
		Long: "Let changes through that are held, by the keys that `dutyward holds` and the plan show. In a key `*` stands for\n" +
			"anything between two slashes, and at the end for all that follows; what it matched is printed. A key that nothing\n" +
			"holds is refused: where the last recorded round does not hold it, the account is read and planned anew to see.\n\n" +
			"A release ends after 24 hours, and as soon as the person holds another role there than the key says. Who released\n" +
			"what is recorded with the reason. The next round makes the changes.",
		Example: "  dutyward release team/PABC123/PUSER12/responder/none --reason 'the team is wound up'\n" +
			"  dutyward release 'team/PABC123/*' --reason 'they moved to another team'",
		Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, keys []string) error {
			s, err := a.ForState(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			held, err := a.matching(cmd.Context(), s, f, keys)
			if err != nil {
				return err
			}
			for _, h := range held {
				if err := s.Journal.Release(cmd.Context(), h.ID, reason); err != nil {
					return err
				}
				fmt.Fprintf(a.Stdout, "Released for 24 hours: %s\n", report.Line(h.ID))
			}
			fmt.Fprintf(a.Stdout, "The next round makes %s: `dutyward apply`, or that of `dutyward run`, which SIGHUP makes now.\n",
				map[bool]string{true: "it", false: "them"}[len(held) == 1])
			return nil
		},
	}
	f.addPolicies(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}

// matching are the held changes that the keys name, each of which must name one:
// of the last recorded round or, where one names none there, of a plan that is
// made now.
func (a *app) matching(ctx context.Context, s *session.Session, f roundFlags, keys []string) ([]plan.Held, error) {
	h, err := recordedHolds(ctx, s)
	if err != nil {
		return nil, err
	}
	if h != nil {
		if held, err := match(h, keys); err == nil {
			return held, nil
		}
	}
	fresh, err := a.holds(ctx, f, true)
	if err != nil {
		return nil, fmt.Errorf("the last recorded round does not hold this, and a plan can't be made to see whether it is held now: %w", err)
	}
	return match(fresh, keys)
}

// match are the changes that the keys name. All that is wrong is told at once.
func match(h *report.Holds, keys []string) ([]plan.Held, error) {
	named := map[string]plan.Held{}
	var wrong []string
	for _, key := range keys {
		found := false
		for _, held := range h.Held {
			if !keyMatches(key, held.ID) {
				continue
			}
			found = true
			if !held.Releasable() {
				wrong = append(wrong, fmt.Sprintf("%s is held by %s, which no release of it ends: %s; the way on: %s", held.ID, held.Rule, held.Why, held.Release))
				continue
			}
			named[held.ID] = held.Held
		}
		if !found {
			wrong = append(wrong, fmt.Sprintf("nothing holds %s%s", key, nearKey(h, key)))
		}
	}
	if len(wrong) > 0 {
		return nil, errors.New(strings.Join(wrong, "\n") + "\nnothing was released; `dutyward holds --fresh` lists what is held now")
	}
	held := slices.Collect(maps.Values(named))
	slices.SortFunc(held, func(x, y plan.Held) int { return strings.Compare(x.ID, y.ID) })
	return held, nil
}

// nearKey suggests what was meant.
func nearKey(h *report.Holds, key string) string {
	var keys []string
	for _, held := range h.Held {
		keys = append(keys, held.ID)
	}
	if near, ok := inventory.Nearest(key, keys); ok {
		return "; did you mean " + near + "?"
	}
	return ""
}

// keyMatches says whether a key is the one that is meant, or one of those: `*`
// stands for anything between two slashes, at the end for all that follows.
func keyMatches(pattern, key string) bool {
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
