package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/forecast"
	"github.com/dutyward/dutyward/reconcile/lookup"
	"github.com/dutyward/dutyward/reconcile/report"
)

// forecastFlags are the flags of a forecast.
type forecastFlags struct {
	days      int
	until     string
	people    []string
	resources []string
	groups    []string

	base, format     string
	asJSON, detailed bool
}

func newForecast(a *app) *cobra.Command {
	var f roundFlags
	var ff forecastFlags
	cmd := &cobra.Command{
		Use:   "forecast",
		Short: "Show who will gain and lose what, when and why, and which on-call groups will be empty",
		Long: "Show how access will change on its own, through handoffs and dates, as long as the policies and the account\n" +
			"stay as they are: the plan of now, and that of each moment at which access changes, each taking the changes of\n" +
			"those before it for made. What would be blocked, held or not enforced then says so. The snapshot holds shifts\n" +
			"for some weeks ahead (window.ahead_days); a forecast that needs more is an error. With --base it shows where\n" +
			"the forecast with the policies here differs from that with those of another revision.",
		Example: "  dutyward forecast\n  dutyward forecast --days 3 --group payments-oncall\n  dutyward forecast --until '2026-12-24 18:00 Europe/Berlin' --person ann@acme.com\n  dutyward forecast --base main --days 28",
		Args:    arguments(0, 0),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.forecast(cmd, f, ff) },
	}
	f.add(cmd)
	f.addAt(cmd)
	cmd.Flags().IntVar(&ff.days, "days", 14, "look this many `days` ahead")
	cmd.Flags().StringVar(&ff.until, "until", "", "look ahead until this `time` instead: "+session.MomentForms)
	cmd.Flags().StringArrayVar(&ff.people, "person", nil, "only what a `person` gains and loses (an e-mail address, or '#' and an id); may be repeated")
	cmd.Flags().StringArrayVar(&ff.resources, "resource", nil, "only changes on a `resource` (account, team:NAME, schedule:NAME); may be repeated")
	cmd.Flags().StringArrayVar(&ff.groups, "group", nil, "only this `group` and what comes through it; may be repeated")
	cmd.Flags().StringVar(&ff.base, "base", "", "show where the forecast differs from that with the policies at this git `revision`, or in this directory")
	cmd.Flags().BoolVar(&ff.detailed, "detailed-exitcode", false, "with --base, exit with 2 if the forecasts differ")
	cmd.Flags().StringVar(&ff.format, "format", "text", "text or json; with --base also markdown")
	cmd.Flags().BoolVar(&ff.asJSON, "json", false, "print the forecast as JSON; the same as --format json")
	cmd.MarkFlagsMutuallyExclusive("format", "json")
	return cmd
}

// forecast does what the flags of forecast ask for.
func (a *app) forecast(cmd *cobra.Command, f roundFlags, ff forecastFlags) error {
	days := cmd.Flags().Changed("days")
	until, err := ff.end(days)
	if err != nil {
		return err
	}
	if ff.asJSON {
		ff.format = "json"
	}
	asked := days || ff.until != ""
	switch {
	case ff.base != "":
		return a.forecastBase(cmd, f, ff, reconcile.Span{Until: until.From, Asked: asked})
	case ff.detailed:
		return errors.New("--detailed-exitcode goes with --base; `dutyward plan --detailed-exitcode` tells whether there is something to apply now")
	case ff.format == "markdown":
		return errors.New("--format markdown goes with --base; a forecast alone is text or json")
	case ff.format != "text" && ff.format != "json":
		return fmt.Errorf("--format %s: expected text or json, or markdown with --base", ff.format)
	}
	s, err := a.ForReading(cmd.Context(), f.Options)
	if err != nil {
		return err
	}
	defer s.Close()
	forecast, snapshot, err := s.Forecast(cmd.Context(), func(now, reach time.Time) time.Time {
		if end := until.From(now); asked || end.Before(reach) {
			return end
		}
		return reach // nobody asked for more than the snapshot holds
	})
	if err != nil {
		return err
	}
	narrowing, err := ff.narrowing(snapshot, forecast.Declared)
	if err != nil {
		return err
	}
	forecast.Narrow(narrowing)
	if ff.format == "json" {
		err = report.ForecastJSON(a.Stdout, forecast)
	} else {
		err = report.ForecastText(a.Stdout, forecast, a.Style(a.Stdout))
	}
	if err != nil {
		return err
	}
	if err := incomplete(snapshot); err != nil {
		return err
	}
	if n := len(forecast.Errors); n > 0 {
		return exit.With(exit.Partial, fmt.Errorf("%s kept the forecast from being whole; what it concerns is not foreseen", report.Counted(n, "error")))
	}
	return nil
}

// end is where the forecast ends.
func (f forecastFlags) end(days bool) (session.Moment, error) {
	switch {
	case f.until != "" && days:
		return session.Moment{}, errors.New("--days and --until don't go together: both say where the forecast ends")
	case f.until != "":
		return session.ParseMoment("--until", f.until)
	case f.days < 1:
		return session.Moment{}, fmt.Errorf("--days %d: expected 1 or more", f.days)
	}
	return session.Moment{After: time.Duration(f.days) * 24 * time.Hour}, nil
}

// narrowing resolves what the forecast is narrowed to; what names nothing is an
// error, for an empty forecast would read as if nothing happened.
func (f forecastFlags) narrowing(s *inventory.Snapshot, declared []string) (forecast.Narrowing, error) {
	var n forecast.Narrowing
	index := inventory.NewIndex(s)
	for _, text := range f.people {
		person, err := lookup.Person(s, nil, text)
		if err != nil {
			return n, err
		}
		n.People = append(n.People, person.ID)
	}
	for _, text := range f.resources {
		resource, err := lookup.Resource(index, text)
		if err != nil {
			return n, err
		}
		n.Resources = append(n.Resources, resource)
	}
	for _, text := range f.groups {
		name := strings.TrimPrefix(text, string(inventory.KindGroup)+":")
		if !slices.Contains(declared, name) {
			return n, fmt.Errorf("no policy declares a group %q%s", name, lookup.DidYouMean(name, declared))
		}
		n.Groups = append(n.Groups, name)
	}
	return n, nil
}
