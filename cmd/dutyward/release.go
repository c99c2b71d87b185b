package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/journal"
)

func newRelease(a *app) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "release KEY... --reason WHY",
		Short: "Let held changes through",
		Long: "Let changes through that the plan shows as held, by the keys that it shows. A release ends after 24 hours.\n" +
			"Who released what is recorded with the reason.",
		Example: "  dutyward release team/PABC123/PUSER12/responder/none --reason 'the team is wound up'",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, keys []string) error {
			s, err := a.forState(cmd.Context())
			if err != nil {
				return err
			}
			defer s.close()
			for _, key := range keys {
				if err := s.journal.Release(cmd.Context(), key, reason); err != nil {
					return err
				}
				fmt.Fprintf(a.stdout, "Released for 24 hours: %s\n", key)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}

// forState opens the state alone, for a person's word.
func (a *app) forState(ctx context.Context) (*session, error) {
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	s := &session{config: c, Round: &reconcile.Round{Now: a.now}}
	if c.Account.BaseURL != "" {
		clock := newAccountClock(a.now, a.transport)
		clock.learn(ctx, c.Account.BaseURL)
		s.Now = clock.now
	}
	s.journal, err = journal.Open(ctx, c.State, a.journalOptions(s))
	return s, err
}
