package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/decide"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newHolds(a *app) *cobra.Command {
	var f roundFlags
	var fresh, asJSON bool
	cmd := &cobra.Command{
		Use:   "holds",
		Short: "List the changes that need a person's decision",
		Long: "List the changes that the last recorded round held, that of `dutyward run` or an apply, with the reason, its figures\n" +
			"and what lets each through, the names that wait for `dutyward confirm`, and alarms about schedules. PagerDuty is not asked. During a pause no round is recorded: --live plans now instead.",
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
			if err := a.noteStale(cmd.Context(), fresh); err != nil {
				return err
			}
			return report.HoldsText(a.Stdout, h, a.Style(a.Stdout))
		},
	}
	f.addPolicies(cmd)
	cmd.Flags().BoolVar(&fresh, "live", false, "plan now, with the account as it is, instead of reading the last round")
	renamed(cmd, "fresh", "live")
	addFormat(cmd, &asJSON, "print the list as JSON")
	return cmd
}

// noteStale says that what is held may be another matter by now.
func (a *app) noteStale(ctx context.Context, fresh bool) error {
	if fresh {
		return nil
	}
	stop, done, err := a.stop(ctx)
	if err != nil {
		return err
	}
	defer done()
	if p := stop.Paused(); p != nil {
		a.Note("this is as it was before `dutyward run` was paused, %s; --live plans now", p.By())
	}
	return nil
}

// holds are the changes that wait, of the last recorded round or of a plan that
// is made now.
func (a *app) holds(ctx context.Context, f roundFlags, fresh bool) (*decide.Holds, error) {
	if !fresh {
		s, err := a.ForState(ctx)
		if err != nil {
			return nil, err
		}
		defer s.Close()
		h, err := decide.Held(ctx, s.Journal, s.Now())
		if err == nil && h == nil {
			err = errors.New("no round was recorded yet: run `dutyward holds --live` to plan now")
		}
		return h, err
	}
	var h *decide.Holds
	err := a.planned(ctx, f, func(s *session.Session, r *reconcile.Result) (err error) {
		h, err = decide.HeldNow(ctx, s.Journal, s.Now(), r.Plan)
		return err
	})
	if h != nil && errors.As(err, &exit.Status{}) {
		err = nil // an incomplete round holds more, and says why
	}
	return h, err
}

func newRelease(a *app) *cobra.Command {
	var f roundFlags
	var reason string
	cmd := &cobra.Command{
		Use:   "release KEY... --reason WHY",
		Short: "Let held changes through",
		Long: "Let changes through that are held, by the keys that `dutyward holds` and the plan show. In a key `*` stands for\n" +
			"anything between two slashes, and at the end for all that follows; what it matched is printed. A key that nothing\n" +
			"holds is refused: where the last recorded round does not hold it, the account is read and planned again to check.\n\n" +
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
			held, err := decide.Release(cmd.Context(), s.Journal, s.Now(), decide.Releasing{
				Keys: keys, Reason: reason,
				Plan: func(ctx context.Context) (*decide.Holds, error) { return a.holds(ctx, f, true) },
			})
			for _, h := range held {
				fmt.Fprintf(a.Stdout, "Released for 24 hours: %s\n", report.Line(h.ID))
			}
			if err != nil {
				return err
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

func newConfirm(a *app) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "confirm REFERENCE --reason WHY",
		Short: "Say that a name means what it means in PagerDuty now",
		Long: "A name that meant one thing in earlier rounds and means another now (a team deleted and created again, two that\n" +
			"swapped their names) steers no access until a person confirms that the new one is meant. The account is read to\n" +
			"find it. Who confirmed what is recorded with the reason.",
		Example: "  dutyward confirm team:Payments --reason 'recreated after the merger'",
		Args:    arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ref, unclear := decide.Confirmable(args[0])
			s, err := a.ForState(cmd.Context())
			if err != nil {
				if unclear != nil {
					return unclear
				}
				return err
			}
			defer s.Close()
			if unclear != nil {
				return fmt.Errorf("%w%s", unclear, decide.Meant(cmd.Context(), s.Journal, a.Now(), args[0]))
			}
			if s.Reader, err = a.Connect(cmd.Context(), s); err != nil {
				return err
			}
			confirmed, err := decide.Confirm(cmd.Context(), s.Journal, s.Reader, ref, reason)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.Stdout, "From now on %s means #%s.\n", report.Line(confirmed.Name.String()), report.Line(confirmed.ID))
			return err
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}
