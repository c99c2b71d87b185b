package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/paging"
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

// pagingFlags are the flags of paging.
type pagingFlags struct {
	snapshot, at, urgency string
	days                  int
	within                time.Duration
	asJSON                bool
}

// maxPagingDays is how far ahead paging looks at most.
const maxPagingDays = 366

func newPaging(a *app) *cobra.Command {
	var f pagingFlags
	cmd := &cobra.Command{
		Use:   "paging [SERVICE]",
		Short: "Prove who incidents page, and find when they would reach nobody in time",
		Long: "Follow an incident of a service from its beginning until its escalation policy ends: who is reached, after how\n" +
			"long, by which channel. Then find the holes of the weeks to come, without leaving out a minute: times at which\n" +
			"nobody is on call on any level, so that PagerDuty makes no incident; nobody is notified; people get e-mail alone;\n" +
			"no device rings within --within; a level pages the same person again; or low urgency never escalates. Of a round\n" +
			"robin, whose next member is not known, what holds for each member counts. Without SERVICE (its name, or '#' and\n" +
			"its id) the holes of all services are listed. No policies are needed.",
		Example: "  dutyward paging\n  dutyward paging Checkout --at '2026-12-24 18:00 Europe/Berlin'\n  dutyward paging Checkout --urgency low --days 30 --json",
		Args:    arguments(0, 1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.paging(cmd, f, args) },
	}
	cmd.Flags().StringVar(&f.snapshot, "snapshot", "", "read the account from this `file` instead of PagerDuty")
	cmd.Flags().StringVar(&f.at, "at", "", "begin at this `time` instead of now: "+session.MomentForms)
	cmd.Flags().IntVar(&f.days, "days", 90, "look for holes this many `days` ahead")
	cmd.Flags().DurationVar(&f.within, "within", paging.DefaultBound, "how `long` the first notice that makes a device ring may take")
	cmd.Flags().StringVar(&f.urgency, "urgency", "", "only incidents of this `urgency`: high or low")
	addFormat(cmd, &f.asJSON, "print who is paged as JSON")
	return cmd
}

// paging does what the flags of paging ask for.
func (a *app) paging(cmd *cobra.Command, f pagingFlags, args []string) error {
	if err := f.check(); err != nil {
		return err
	}
	snapshot, err := a.SnapshotFor(cmd.Context(), session.Options{Snapshot: f.snapshot})
	if err != nil {
		return err
	}
	r := report.PagingRequest{At: snapshot.Now, Bound: f.within, Urgency: f.urgency}
	if f.at != "" {
		at, err := session.ParseMoment("--at", f.at)
		if err != nil {
			return err
		}
		r.At = at.From(snapshot.Now)
	}
	if r.At.Before(snapshot.Account.Window.Since) || r.At.After(snapshot.Now.AddDate(1, 0, 0)) {
		return fmt.Errorf("--at %s: expected a moment from %s, where the snapshot begins, until a year after it was taken", f.at, snapshot.Account.Window.Since.Format(time.RFC3339))
	}
	r.Until = r.At.AddDate(0, 0, f.days)
	if len(args) == 1 {
		if r.Service, err = serviceCalled(snapshot, args[0]); err != nil {
			return err
		}
	}
	g := report.NewPaging(snapshot, r)
	if f.asJSON {
		err = report.JSON(a.Stdout, g)
	} else {
		err = report.PagingText(a.Stdout, g, a.Style(a.Stdout))
	}
	if err != nil {
		return err
	}
	return incomplete(snapshot)
}

func (f pagingFlags) check() error {
	switch {
	case f.days < 1 || f.days > maxPagingDays:
		return fmt.Errorf("--days %d: expected 1 to %d", f.days, maxPagingDays)
	case f.urgency != "" && f.urgency != inventory.UrgencyHigh && f.urgency != inventory.UrgencyLow:
		return fmt.Errorf("--urgency %s: expected high or low", f.urgency)
	case f.within <= 0:
		return fmt.Errorf("--within %s: expected a length of time, such as 15m", f.within)
	}
	return nil
}

// serviceCalled is the id of the service that somebody names.
func serviceCalled(s *inventory.Snapshot, text string) (string, error) {
	name := trimKind(text)
	var names, found []string
	for id, v := range s.Services {
		names = append(names, v.Name)
		if "#"+id == name || v.Name == name {
			found = append(found, id)
		}
	}
	slices.Sort(names)
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", fmt.Errorf("%d services are called %q; name one by '#' and its id", len(found), name)
	case slices.Contains(s.Account.Unavailable, "services"):
		return "", fmt.Errorf("services could not be read: give the token the scope services.read, then try again")
	}
	return "", fmt.Errorf("there is no service %q%s", name, lookup.DidYouMean(name, names))
}

// trimKind takes the kind off a service's name.
func trimKind(text string) string {
	return strings.TrimPrefix(text, string(inventory.KindService)+":")
}
