package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/feed"
	"github.com/dutyward/dutyward/reconcile/lookup"
	"github.com/dutyward/dutyward/reconcile/report"
	"github.com/dutyward/dutyward/reconcile/report/lines"
)

func newGroups(a *app) *cobra.Command {
	var f roundFlags
	var asJSON, asCSV, asFeed bool
	cmd := &cobra.Command{
		Use:   "groups [NAME...]",
		Short: "Show groups with their members and how each came to be in",
		Long: "Show the groups of the policies with their members and how each came to be in, and those that schedules and\n" +
			"escalation policies make by themselves: whoever is on call (oncall:NAME), takes turns (rotation:NAME) or is on\n" +
			"call on a policy (escalation:NAME), each of which one line puts into a group. With names only those.",
		Example: "  dutyward groups\n  dutyward groups payments-oncall 'oncall:Payments Primary' --at +8h\n  dutyward groups payments-oncall --csv",
		RunE: func(cmd *cobra.Command, names []string) error {
			return a.planned(cmd.Context(), f, func(_ *session.Session, r *reconcile.Result) error {
				implicit := desired.Implicit(r.Snapshot)
				chosen, err := chosenGroups(r.Access, implicit, names)
				if err != nil {
					return err
				}
				if asCSV || asFeed {
					all := feed.Of(only(r.Access.Groups, chosen), r.Snapshot)
					if asCSV {
						return feed.CSV(a.Stdout, all)
					}
					return report.JSON(a.Stdout, all)
				}
				if !asJSON {
					index, style := inventory.NewIndex(r.Snapshot), a.Style(a.Stdout)
					if err := report.GroupsText(a.Stdout, r.Access, index, chosen, style); err != nil || len(names) > 0 {
						return err
					}
					return report.ImplicitText(a.Stdout, implicit, index, style)
				}
				all, documents := r.Access.GroupDocuments(), map[string]desired.GroupDocument{}
				for _, n := range chosen {
					documents[n] = all[n]
				}
				return report.JSON(a.Stdout, documents)
			})
		},
	}
	f.add(cmd)
	f.addAt(cmd)
	addFormat(cmd, &asJSON, "print the groups as JSON, as policies of the risk phase see them under input.groups")
	cmd.Flags().BoolVar(&asCSV, "csv", false, "print CSV, a line for each member, with email, name, from and until")
	cmd.Flags().BoolVar(&asFeed, "feed", false, "print the groups as JSON with e-mail addresses, names and until when, as dutyward run serves them under /groups")
	cmd.MarkFlagsMutuallyExclusive("csv", "feed", "json")
	return cmd
}

// only are the groups of these names.
func only(groups map[string]desired.Group, names []string) map[string]desired.Group {
	out := map[string]desired.Group{}
	for _, n := range names {
		out[n] = groups[n]
	}
	return out
}

// chosenGroups are the names given, or all groups of the policies. Implicit
// groups that are named are added to those of the policies.
func chosenGroups(access *desired.Access, implicit []desired.Group, names []string) ([]string, error) {
	all := slices.SortedFunc(maps.Keys(access.Groups), lines.NewOrder().Compare)
	if len(names) == 0 {
		return all, nil
	}
	var made []string
	for _, g := range implicit {
		made = append(made, g.Name)
	}
	var chosen []string
	for _, n := range names {
		r, err := inventory.ParseRef(n)
		if err == nil && r.Kind == inventory.KindGroup {
			n = r.Name
		}
		_, declared := access.Groups[n]
		i := slices.IndexFunc(implicit, func(g desired.Group) bool { return g.Name == n })
		switch {
		case declared:
		case i >= 0:
			access.Groups[n] = implicit[i]
		case err == nil && r.Kind != inventory.KindGroup:
			return nil, fmt.Errorf("no schedule or escalation policy makes %s%s", n, lookup.DidYouMean(n, made))
		default:
			return nil, fmt.Errorf("no policy declares a group %q%s", n, lookup.DidYouMean(n, slices.Concat(all, made)))
		}
		chosen = append(chosen, n)
	}
	return chosen, nil
}
