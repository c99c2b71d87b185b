package main

import (
	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/reconcile"
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
		Args:    arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.planned(cmd.Context(), f, func(_ *session.Session, r *reconcile.Result) error {
				person, err := findPerson(r.Snapshot, r.Access.Absent, args[0])
				if err != nil {
					return err
				}
				holdings := report.NewStandings(r.Snapshot, r.Access, r.Plan).About(person.ID)
				if asJSON {
					return report.JSON(a.Stdout, holdings)
				}
				return report.WhatText(a.Stdout, holdings, a.Style(a.Stdout))
			})
		},
	}
	f.add(cmd)
	f.addAt(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the person's access and groups as JSON")
	return cmd
}
