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
	"github.com/dutyward/dutyward/reconcile/report"
)

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
