package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/lookup"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newExplain(a *app) *cobra.Command {
	var f roundFlags
	var layer string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain PERSON RESOURCE",
		Short: "Say why a person has, will have or does not have access to a resource",
		Long: "Say what PagerDuty holds and what policies say for one person (an e-mail address, or '#' and an id) and one\n" +
			"resource (account, team:NAME, schedule:NAME): the rules and groups behind it, what limits it, and what is in the\n" +
			"way. Of what they do not have, it says which rules could give it, through which groups and when, and at which\n" +
			"condition a rule ends for them, where that is known.",
		Example: "  dutyward explain ann@acme.com team:Payments\n  dutyward explain ann@acme.com account",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return fmt.Errorf("RESOURCE is missing, such as account or team:NAME; `dutyward what %s` shows all that a person has", args[0])
			}
			return arguments(2, 2)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.planned(cmd.Context(), f, func(s *session.Session, r *reconcile.Result) error {
				index := inventory.NewIndex(r.Snapshot)
				person, err := lookup.Person(r.Snapshot, r.Access.Absent, args[0])
				if err != nil {
					return err
				}
				resource, err := lookup.Resource(index, args[1])
				if err != nil {
					return err
				}
				standings := report.NewStandings(r.Snapshot, r.Access, r.Plan)
				pair, err := pairOn(standings, person, resource, layer)
				if err != nil {
					return err
				}
				why, err := s.Explain(cmd.Context(), r, pair)
				if err != nil {
					return err
				}
				x := report.Explain(standings.Of(pair), why.NotInForce, why.Misses, why.Stops)
				if asJSON {
					return report.JSON(a.Stdout, x)
				}
				return report.ExplainText(a.Stdout, x, a.Style(a.Stdout))
			})
		},
	}
	f.add(cmd)
	f.addAt(cmd)
	cmd.Flags().StringVar(&layer, "layer", "", "of a schedule, the `layer` or event that is meant, by name or '#' and id, or \"overrides\"")
	addFormat(cmd, &asJSON, "print the explanation as JSON")
	return cmd
}

// pairOn is the pair of a person and a resource that is meant: on a schedule, of
// the layer or event that is named, or the only one that there is anything to
// say of.
func pairOn(s *report.Standings, person, resource inventory.Ref, layer string) (desired.Pair, error) {
	if resource.Kind != inventory.KindSchedule {
		return desired.Pair{User: person.ID, Resource: resource}, nil
	}
	var found []desired.Pair
	var places []string
	for _, pair := range s.TurnsOf(person.ID, resource) {
		place := s.Of(pair).Name
		if layer == "" || layer == "#"+pair.Layer || strings.HasSuffix(place, " "+layer) {
			found = append(found, pair)
		}
		places = append(places, place)
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(places) == 0:
		return desired.Pair{}, fmt.Errorf("%s has no layer or event that has not ended", resource)
	}
	return desired.Pair{}, fmt.Errorf("say with --layer which is meant: %s", strings.Join(places, ", "))
}

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
				resource, err := lookup.Resource(index, args[0])
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
	addFormat(cmd, &asJSON, "print a list of standings as JSON")
	return cmd
}

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
				person, err := lookup.Person(r.Snapshot, r.Access.Absent, args[0])
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
	addFormat(cmd, &asJSON, "print the person's access and groups as JSON")
	return cmd
}
