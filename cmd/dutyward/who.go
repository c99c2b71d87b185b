package main

import (
	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newWho(a *app) *cobra.Command {
	var f roundFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "who RESOURCE",
		Short:   "Show who has or is to have access to a resource, and why",
		Example: "  dutyward who team:Payments\n  dutyward who account",
		Args:    arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.planned(cmd.Context(), f, func(_ *session.Session, r *reconcile.Result) error {
				index := inventory.NewIndex(r.Snapshot)
				resource, err := findResource(index, args[0])
				if err != nil {
					return err
				}
				standings := report.NewStandings(r.Snapshot, r.Access, r.Plan).On(resource)
				if asJSON {
					return report.JSON(a.Stdout, standings)
				}
				return report.WhoText(a.Stdout, index.Named(resource), r.Access.At, standings, a.Style(a.Stdout))
			})
		},
	}
	f.add(cmd)
	f.addAt(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a list of standings as JSON")
	return cmd
}
