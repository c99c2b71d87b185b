package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/cmd/internal/notify"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/lookup"
	"github.com/dutyward/dutyward/reconcile/outbox"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newEvents(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Show events and how their deliveries stand, and send them again",
		Long: "Events say what happened: access that was changed or held, people who came into groups, findings, conditions.\n" +
			"They wait in the state file and are sent to the receivers of `notify` in the configuration by `dutyward run`.",
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newEventsList(a), newEventsRedeliver(a), newEventsTest(a))
	return cmd
}

func newEventsList(a *app) *cobra.Command {
	var asJSON, pending, dead bool
	var most int
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the latest events with how their deliveries stand",
		Long:    "List the latest events, the oldest of them first, each with how its deliveries stand. PagerDuty is not asked.",
		Example: "  dutyward events list\n  dutyward events list --dead --json",
		Args:    arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.ForState(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			var states []outbox.State
			if pending {
				states = append(states, outbox.Pending)
			}
			if dead {
				states = append(states, outbox.Dead)
			}
			stored, err := s.Journal.Stored(cmd.Context(), most, states...)
			if err != nil {
				return err
			}
			if asJSON {
				return report.JSON(a.Stdout, stored)
			}
			return report.EventsText(a.Stdout, stored, a.Style(a.Stdout))
		},
	}
	cmd.Flags().BoolVar(&pending, "pending", false, "only events that wait to be delivered")
	cmd.Flags().BoolVar(&dead, "dead", false, "only events that were given up")
	cmd.Flags().IntVar(&most, "limit", 50, "list so many `events` at most")
	addFormat(cmd, &asJSON, "print JSON, each event as it is sent")
	return cmd
}

func newEventsRedeliver(a *app) *cobra.Command {
	var receiver string
	var dead bool
	cmd := &cobra.Command{
		Use:   "redeliver [ID...]",
		Short: "Have events sent again",
		Long: "Have events sent again, by their ids or with --dead all that were given up. `dutyward run` sends them. The id of an\n" +
			"event stays the same, so that receivers which took it already can tell.",
		Example: "  dutyward events redeliver evt_3Q7K5Z2M4N6P8R9S2T4V6W8X2Y\n  dutyward events redeliver --dead --receiver ops",
		RunE: func(cmd *cobra.Command, ids []string) error {
			if dead == (len(ids) > 0) {
				return errors.New("which events? Expected ids, as `dutyward events list` shows them, or --dead")
			}
			s, err := a.ForState(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			return a.redeliver(cmd, s, ids, receiver)
		},
	}
	cmd.Flags().StringVar(&receiver, "receiver", "", "only to the receiver of this `name`, also if it did not get them before")
	cmd.Flags().BoolVar(&dead, "dead", false, "all events that were given up")
	return cmd
}

// redeliver has events sent again: those of the ids, or all that were given up.
func (a *app) redeliver(cmd *cobra.Command, s *session.Session, ids []string, receiver string) error {
	if _, err := webhook(s.Config, receiver); receiver != "" && err != nil {
		return err
	}
	stored, err := s.Journal.Stored(cmd.Context(), 1<<31)
	if err != nil {
		return err
	}
	found, again := map[string]bool{}, 0
	for _, e := range stored {
		if len(ids) > 0 && !slices.Contains(ids, e.ID) {
			continue
		}
		found[e.ID] = true
		to := []string{receiver}
		if receiver == "" || len(ids) == 0 {
			to = nil
			for _, d := range e.Deliveries {
				if (len(ids) > 0 || d.State == outbox.Dead) && (receiver == "" || d.Receiver == receiver) {
					to = append(to, d.Receiver)
				}
			}
		}
		for _, name := range to {
			if err := s.Journal.Redeliver(cmd.Context(), e.ID, name); err != nil {
				return err
			}
			again++
		}
	}
	for _, id := range ids {
		if !found[id] {
			return fmt.Errorf("%w as %s: `dutyward events list` shows them; events that were delivered are kept for 30 days", journal.ErrNoEvent, id)
		}
	}
	if again == 0 {
		fmt.Fprintln(a.Stdout, "Nothing to send again.")
		return nil
	}
	fmt.Fprintf(a.Stdout, "`dutyward run` sends %s again.\n", report.Counted(again, "event"))
	return nil
}

func newEventsTest(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "test RECEIVER",
		Short:   "Send a test event to a receiver and show what it answers",
		Long:    "Send an event of type dutyward.test to a receiver of the configuration, signed as all are, and show what it answers.",
		Example: "  dutyward events test ops",
		Args:    arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.Config()
			if err != nil {
				return err
			}
			w, err := webhook(c, args[0])
			if err != nil {
				return err
			}
			e := session.Publisher(c).For(events.Trying(a.Now(), w.Name), []string{w.Name})
			began := time.Now()
			answer := notify.NewWebhook(w, a.Now, version()).Bring(cmd.Context(), e)
			if answer.Verdict() != outbox.Took {
				return fmt.Errorf("%s did not take the event: %s", w.Name, answer.Why)
			}
			fmt.Fprintf(a.Stdout, "%s took the event %s within %s: it answered %d.\n", w.Name, e.ID, time.Since(began).Round(time.Millisecond), answer.Status)
			return nil
		},
	}
}

// webhook is a receiver of the configuration.
func webhook(c *config.Config, name string) (config.Webhook, error) {
	var names []string
	for _, w := range c.Webhooks() {
		if w.Name == name {
			return w, nil
		}
		names = append(names, w.Name)
	}
	if len(names) == 0 {
		return config.Webhook{}, errors.New("the configuration has no receivers: add them under notify.webhooks")
	}
	return config.Webhook{}, fmt.Errorf("the configuration has no receiver %q%s", name, lookup.DidYouMean(name, names))
}
