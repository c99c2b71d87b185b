package main

import (
	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newExplain(a *app) *cobra.Command {
	var f roundFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain PERSON RESOURCE",
		Short: "Say why a person has, will have or does not have access to a resource",
		Long: "Say what PagerDuty holds and what policies say for one person (an e-mail address, or '#' and an id) and one\n" +
			"resource (account, team:NAME, schedule:NAME): the rules and groups behind it, what limits it, and what is in the way.",
		Example: "  dutyward explain ann@acme.com team:Payments\n  dutyward explain ann@acme.com account",
		Args:    cobra.ExactArgs(2),
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
			person, err := findPerson(index, args[0])
			if err != nil {
				return err
			}
			resource, err := findResource(index, args[1])
			if err != nil {
				return err
			}
			st := report.NewStandings(result.Snapshot, result.Access, result.Plan).Of(desired.Pair{User: person.ID, Resource: resource})
			if asJSON {
				err = report.JSON(a.stdout, st)
			} else {
				err = report.ExplainText(a.stdout, st, a.style(a.stdout))
			}
			if err != nil {
				return err
			}
			return partial(result)
		},
	}
	f.add(cmd)
	f.addAt(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the explanation as JSON")
	return cmd
}
