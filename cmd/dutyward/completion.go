package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/journal"
)

// completions lets the shell complete keys, rounds and names from the last
// recorded round. Nothing is asked of PagerDuty, and where there is no state
// nothing is completed.
func (a *app) completions(root *cobra.Command) {
	for name, complete := range map[string]func(*cobra.Command, *journal.Journal) []string{
		"release": completeHeld, "history": completeRounds, "revert": completeRounds,
		"who": completeNames, "what": completeNames, "explain": completeNames, "confirm": completeNames,
	} {
		cmd, _, err := root.Find([]string{name})
		if err != nil || cmd.ValidArgsFunction != nil {
			continue
		}
		cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
			s, err := a.Configured(session.Options{})
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			j, err := a.ReadState(cmd.Context(), s)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			defer j.Close()
			fits := slices.DeleteFunc(complete(cmd, j), func(text string) bool {
				return !strings.HasPrefix(text, begun) || slices.Contains(args, text)
			})
			return fits, cobra.ShellCompDirectiveNoFileComp
		}
	}
}

func completeHeld(cmd *cobra.Command, j *journal.Journal) []string {
	last, err := j.LastRound(cmd.Context())
	if err != nil || last == nil {
		return nil
	}
	var keys []string
	for _, h := range last.Plan.Held {
		if h.Releasable {
			keys = append(keys, h.ID+"\t"+h.Why)
		}
	}
	return keys
}

func completeRounds(cmd *cobra.Command, j *journal.Journal) []string {
	past, err := j.Past(cmd.Context(), 20)
	if err != nil {
		return nil
	}
	var rounds []string
	for _, p := range past {
		rounds = append(rounds, fmt.Sprintf("%d\t%s UTC, %d added, %d changed, %d removed", p.Round, p.Began.UTC().Format("2006-01-02 15:04"), p.Added, p.Changed, p.Removed))
	}
	return rounds
}

// completeNames are the names that the last round's plan and policies knew.
func completeNames(cmd *cobra.Command, j *journal.Journal) []string {
	names := map[string]bool{string(inventory.KindAccount): true}
	if last, err := j.LastRound(cmd.Context()); err == nil && last != nil {
		for ref, name := range last.Plan.Names {
			if strings.HasPrefix(ref, "user:") {
				name = "user:" + name
			}
			names[name] = true
		}
	}
	if memory, err := j.Memory(cmd.Context(), time.Now()); err == nil {
		for ref := range memory.Pinned {
			names[ref] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
