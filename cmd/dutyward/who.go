package main

import (
	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newWho(a *app) *cobra.Command {
	var f roundFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "who RESOURCE",
		Short:   "Show who has or is to have access to a resource, and why",
		Example: "  dutyward who team:Payments\n  dutyward who account",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.forReading(cmd.Context(), f)
			if err != nil {
				return err
			}
			defer s.close()
			result, err := s.Plan(cmd.Context())
			if err != nil {
				return err
			}
			index := inventory.NewIndex(result.Snapshot)
			resource, err := findResource(index, args[0])
			if err != nil {
				return err
			}
			standings := report.NewStandings(result.Snapshot, result.Access, result.Plan).On(resource)
			if asJSON {
				err = report.JSON(a.stdout, standings)
			} else {
				err = report.WhoText(a.stdout, index.Named(resource), result.Access.At, standings, a.style(a.stdout))
			}
			if err != nil {
				return err
			}
			return partial(result)
		},
	}
	f.add(cmd)
	f.addAt(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a list of standings as JSON")
	return cmd
}
