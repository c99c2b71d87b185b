package main

import (
	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newWhat(a *app) *cobra.Command {
	var f roundFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "what PERSON",
		Short: "Show all that a person has and is to have, and why",
		Long: "Show a person's base role, teams and groups (an e-mail address, or '#' and an id): what PagerDuty holds, what\n" +
			"it is to become, and the rule behind it. `dutyward explain PERSON RESOURCE` says more about one of them.",
		Example: "  dutyward what ann@acme.com",
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
			person, err := findPerson(inventory.NewIndex(result.Snapshot), args[0])
			if err != nil {
				return err
			}
			holdings := report.NewStandings(result.Snapshot, result.Access, result.Plan).About(person.ID)
			if asJSON {
				err = report.JSON(a.stdout, holdings)
			} else {
				err = report.WhatText(a.stdout, holdings, a.style(a.stdout))
			}
			if err != nil {
				return err
			}
			return partial(result)
		},
	}
	f.add(cmd)
	f.addAt(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the person's access and groups as JSON")
	return cmd
}
