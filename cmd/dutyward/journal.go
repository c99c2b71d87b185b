package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/inventory/regular"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/journal/chain"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newJournal(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "journal",
		Short: "Verify, export, back up and restore what was recorded",
		Long: "Rounds, decisions and changes are recorded in the state as a chain of entries, each with the hash of the one before\n" +
			"it: what was altered, removed or reordered later is found.",
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newJournalVerify(a), newJournalExport(a), newJournalBackup(a), newJournalRestore(a))
	return cmd
}

func newJournalVerify(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify [FILE]",
		Short: "Check that nothing recorded was altered, removed or reordered",
		Long: "Check the chain of entries of the state, and that the rounds, decisions and changes recorded are those of the chain; or\n" +
			"check entries that `dutyward journal export` wrote to a file (- for standard input), for which the state is not needed.\n" +
			"The first entry where something is wrong is an error. Whoever can write to the state can forge a whole chain:\n" +
			"keep the head that is printed, or exports, where others can't write.",
		Example: "  dutyward journal verify\n  dutyward journal verify journal.jsonl",
		Args:    arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := a.verified(cmd.Context(), args)
			if err != nil {
				return err
			}
			if asJSON {
				return report.JSON(a.Stdout, v)
			}
			fmt.Fprintf(a.Stdout, "The journal is whole: entries %d to %d, the last one at %s\nHead: %s\n", v.First, v.Last, v.At.UTC().Format("2006-01-02 15:04:05 UTC"), v.Head)
			if v.Note != "" {
				a.Note("%s", v.Note)
			}
			return nil
		},
	}
	addFormat(cmd, &asJSON, "print JSON")
	return cmd
}

// verified checks the state, or a file of entries.
func (a *app) verified(ctx context.Context, args []string) (*journal.Verified, error) {
	if len(args) > 0 {
		return a.verifiedFile(args[0])
	}
	s, err := a.ForState(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	v, err := s.Journal.Verify(ctx)
	var fault *chain.FaultError
	if errors.As(err, &fault) {
		return nil, fmt.Errorf("the journal is not what was recorded: %w; compare it with a backup or an export from before", err)
	}
	return v, err
}

func (a *app) verifiedFile(name string) (*journal.Verified, error) {
	in := a.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read the entries: %w%s", err, regular.Near(name, err))
		}
		defer f.Close()
		in = f
	}
	d, n := json.NewDecoder(in), 0
	v, err := journal.VerifyEntries(func() (e chain.Entry, ok bool, err error) {
		n++
		switch err := d.Decode(&e); {
		case errors.Is(err, io.EOF):
			return e, false, nil
		case err != nil:
			return e, false, fmt.Errorf("line %d is not an entry of `dutyward journal export`: %w", n, err)
		}
		return e, true, nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return v, nil
}

func newJournalExport(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "export",
		Short:   "Print what was recorded, an entry a line",
		Long:    "Print the chain of entries as JSON lines, oldest first. `dutyward journal verify FILE` checks them.",
		Example: "  dutyward journal export > journal.jsonl",
		Args:    arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.ForState(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			e := json.NewEncoder(a.Stdout)
			e.SetEscapeHTML(false)
			return s.Journal.Entries(cmd.Context(), func(entry chain.Entry) error { return e.Encode(entry) })
		},
	}
}

func newJournalBackup(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a copy of the state to a file",
		Long: "Write a copy of the state, as it is at one moment, to a file that is not there yet, also while `dutyward run` works.\n" +
			"A state in PostgreSQL is backed up with pg_dump.",
		Example: "  dutyward journal backup /backup/dutyward-$(date +%F).db",
		Args:    arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.ForState(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			if err := s.Journal.Backup(cmd.Context(), args[0]); err != nil {
				return err
			}
			fmt.Fprintf(a.Stdout, "The state is in %s, which is yours alone (mode 0600).\n", args[0])
			return nil
		},
	}
}

func newJournalRestore(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "restore [FILE]",
		Short: "Put a backup of the state in its place",
		Long: "Put a backup in the place of the state, which is kept beside it. Stop `dutyward run` first. Without a file, say that the\n" +
			"state was put back already, by pg_restore or with a disk.\n" +
			"What happened since the backup is not known any more, and nothing is lowered for it: writes that were open are\n" +
			"closed, releases end, and raises that the backup remembers wait for a decision until a round has ended.",
		Example: "  dutyward journal restore /backup/dutyward-2026-05-03.db",
		Args:    arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			kept, err := a.Restore(cmd.Context(), args)
			if err != nil {
				return err
			}
			if kept != "" {
				a.Note("the state that was there is kept as %s", kept)
			}
			fmt.Fprintln(a.Stdout, "The state is restored: look at `dutyward plan` before anything is applied.")
			return nil
		},
	}
}
