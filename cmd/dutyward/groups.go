package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newGroups(a *app) *cobra.Command {
	var f roundFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "groups [NAME...]",
		Short: "Show groups with their members and how each came to be in",
		RunE: func(cmd *cobra.Command, names []string) error {
			return a.planned(cmd.Context(), f, func(_ *session, r *reconcile.Result) error {
				names, err := chosenGroups(r.Access, names)
				if err != nil {
					return err
				}
				if !asJSON {
					return report.GroupsText(a.stdout, r.Access, inventory.NewIndex(r.Snapshot), names, a.style(a.stdout))
				}
				all, chosen := r.Access.GroupDocuments(), map[string]desired.GroupDocument{}
				for _, n := range names {
					chosen[n] = all[n]
				}
				return report.JSON(a.stdout, chosen)
			})
		},
	}
	f.add(cmd)
	f.addAt(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the groups as JSON, as policies of the risk phase see them under input.groups")
	return cmd
}

// chosenGroups are the names given, or all groups.
func chosenGroups(access *desired.Access, names []string) ([]string, error) {
	all := slices.Sorted(maps.Keys(access.Groups))
	if len(names) == 0 {
		return all, nil
	}
	for i, n := range names {
		if r, err := inventory.ParseRef(n); err == nil && r.Kind == inventory.KindGroup {
			names[i] = r.Name
		}
		if _, ok := access.Groups[names[i]]; !ok {
			return nil, fmt.Errorf("no policy declares a group %q%s", names[i], nearest(names[i], all))
		}
	}
	return names, nil
}

// nearest suggests what was meant, if anything is near.
func nearest(name string, candidates []string) string {
	if n, ok := inventory.Nearest(name, candidates); ok {
		return fmt.Sprintf("; did you mean %q?", n)
	}
	return ""
}
