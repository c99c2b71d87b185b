package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newConfirm(a *app) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "confirm REFERENCE --reason WHY",
		Short: "Say that a name means what it means in PagerDuty now",
		Long: "A name that meant one thing in earlier rounds and means another now (a team deleted and made anew, two that\n" +
			"swapped their names) steers no access until a person confirms that the new one is meant. The account is read to\n" +
			"find it. Who confirmed what is recorded with the reason.",
		Example: "  dutyward confirm team:Payments --reason 'recreated after the merger'",
		Args:    arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ref, err := inventory.ParseRef(args[0])
			if err != nil {
				return err
			}
			if ref.ID != "" || ref.Kind == inventory.KindAccount || ref.Kind == inventory.KindGroup {
				return fmt.Errorf("%s needs no confirmation: only names of people and things in PagerDuty can come to mean something else", ref)
			}
			s, err := a.ForState(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			if s.Reader, err = a.Connect(cmd.Context(), s); err != nil {
				return err
			}
			snapshot, err := s.Reader.Snapshot(cmd.Context(), nil)
			if err != nil {
				return err
			}
			found, err := find(inventory.NewIndex(snapshot), ref)
			if err != nil {
				return err
			}
			ref.Kind = ref.Kind.Thing()
			if err := s.Journal.Confirm(cmd.Context(), ref.Key(), found.ID, reason); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.Stdout, "From now on %s means #%s.\n", report.Line(ref.String()), report.Line(found.ID))
			return err
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}
