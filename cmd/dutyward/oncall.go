package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/lookup"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newOnCall(a *app) *cobra.Command {
	var f roundFlags
	var compare string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "oncall [SCHEDULE]",
		Short: "Show who is on call, until when, and who is next",
		Long: "Show who is on call on every schedule of both kinds and on every level of every escalation policy, until\n" +
			"when, and who is next; where nobody is, it says so. With a schedule (its name, or '#' and its id) only that\n" +
			"one and the levels that it is on. No policies are needed: any schedule can be a group's member as oncall:NAME,\n" +
			"any escalation policy as escalation:NAME.\n\n" +
			"With --compare and a plan that `plan --out` saved: who is on call in the weeks to come as things are, and as\n" +
			"they will be once the plan is carried out, side by side, on the schedules that it touches.",
		Example: "  dutyward oncall\n  dutyward oncall 'Payments Primary' --at 2026-03-02T17:00:00Z\n  dutyward oncall --compare plan.json",
		Args:    arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if compare != "" {
				return a.compareOnCall(compare, args, asJSON)
			}
			snapshot, err := a.SnapshotFor(cmd.Context(), f.Options)
			if err != nil {
				return err
			}
			schedule := inventory.Ref{}
			if len(args) == 1 {
				if schedule, err = lookup.Schedule(inventory.NewIndex(snapshot), args[0]); err != nil {
					return err
				}
			}
			duty := report.NewOnCall(snapshot, schedule.ID)
			if asJSON {
				err = report.JSON(a.Stdout, duty)
			} else {
				err = report.OnCallText(a.Stdout, duty, a.Style(a.Stdout))
			}
			if err != nil {
				return err
			}
			return incomplete(snapshot)
		},
	}
	f.addSnapshot(cmd)
	f.addAt(cmd)
	cmd.Flags().StringVar(&compare, "compare", "", "show the calendar before and after the plan in this `file`, and read nothing else")
	addFormat(cmd, &asJSON, "print who is on call as JSON")
	return cmd
}

// compareOnCall shows the calendars of a saved plan, or of one of its schedules.
func (a *app) compareOnCall(file string, args []string, asJSON bool) error {
	p, err := readPlan(file)
	if err != nil {
		return err
	}
	if len(args) == 1 {
		name := args[0]
		for _, kind := range []inventory.Kind{inventory.KindSchedule, inventory.KindOnCall} {
			name = strings.TrimPrefix(name, string(kind)+":")
		}
		other := func(e plan.Edit) bool {
			return name != "#"+e.Schedule.ID && p.Names[e.Schedule.String()] != "schedule:"+name
		}
		p.Edits, p.WouldEdit = slices.DeleteFunc(p.Edits, other), slices.DeleteFunc(p.WouldEdit, other)
		if len(p.Edits)+len(p.WouldEdit) == 0 {
			return fmt.Errorf("the plan touches no schedule %q", name)
		}
	}
	if asJSON {
		return report.JSON(a.Stdout, report.Calendars(p))
	}
	return report.CompareText(a.Stdout, p, a.Style(a.Stdout))
}
