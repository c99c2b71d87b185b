package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/scaffold"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newInit(a *app) *cobra.Command {
	var snapshot string
	var force bool
	cmd := &cobra.Command{
		Use:   "init [DIRECTORY]",
		Short: "Write a first configuration and first policies, which change nothing",
		Long: "Write dutyward.yaml and policies that say what the account, or a saved snapshot, holds already: a few rules\n" +
			"over data files of people and teams. Their plan is empty, and everything is in observe; the configuration\n" +
			"says how to go on from there. No file is overwritten without --force, and PagerDuty is only read.",
		Args: arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) > 0 {
				dir = args[0]
			}
			return a.init(cmd.Context(), dir, snapshot, force)
		},
	}
	cmd.Flags().StringVar(&snapshot, "snapshot", "", "draft from a saved snapshot in this `file` instead of the account; \"-\" is standard input")
	cmd.Flags().BoolVar(&force, "force", false, "overwrite files that are there")
	return cmd
}

func (a *app) init(ctx context.Context, dir, snapshot string, force bool) error {
	c, err := a.Config()
	if err != nil {
		return err
	}
	if there := existing(dir, scaffold.Paths()); len(there) > 0 && !force {
		return fmt.Errorf("nothing was written, since these files are there already:\n  %s\nname another directory, or overwrite them with --force", strings.Join(there, "\n  "))
	}
	s, err := a.accountOrFile(ctx, snapshot)
	if err != nil {
		return err
	}
	account, err := scaffolded(c, s, dir)
	if err != nil {
		return err
	}
	d, err := scaffold.Make(s, account)
	if err != nil {
		return err
	}
	if err := a.writeDraft(d, dir); err != nil {
		return err
	}
	return a.printDraft(d, dir)
}

// accountOrFile is a saved snapshot, or that of the account.
func (a *app) accountOrFile(ctx context.Context, file string) (*inventory.Snapshot, error) {
	if file != "" {
		return a.SavedSnapshot(file)
	}
	s, _, err := a.ReadAccount(ctx)
	return s, err
}

// scaffolded is how a draft in dir reaches the account of a snapshot: as this
// configuration does.
func scaffolded(c *config.Config, s *inventory.Snapshot, dir string) (scaffold.Account, error) {
	t := c.Account.Token
	account := scaffold.Account{
		Name: s.Account.Name, Region: s.Account.Region, BaseURL: c.Account.BaseURL,
		TokenEnv: t.Env, TokenFile: t.File, TokenCommand: t.Command,
		OAuth: c.Account.Auth == "oauth", ActingUser: c.Account.ActingUser,
	}
	if t.File == "" || filepath.IsAbs(t.File) {
		return account, nil
	}
	file, err := filepath.Abs(t.File)
	if err != nil {
		return account, fmt.Errorf("find the token's file from %s: %w", dir, err)
	}
	account.TokenFile = filepath.ToSlash(file)
	return account, nil
}

// existing are those of some files in dir that are there.
func existing(dir string, paths []string) []string {
	var there []string
	for _, p := range paths {
		path := filepath.Join(dir, filepath.FromSlash(p))
		if _, err := os.Lstat(path); err == nil {
			there = append(there, filepath.ToSlash(path))
		}
	}
	return there
}

// writeDraft writes the files of a draft.
func (a *app) writeDraft(d *scaffold.Draft, dir string) error {
	for _, f := range d.Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("write the draft: %w", err)
		}
		content := func(w io.Writer) error {
			_, err := w.Write(f.Content)
			return err
		}
		if err := a.WriteFile(path, 0o644, content); err != nil {
			return err
		}
	}
	return nil
}

// printDraft says what was written and what to do next.
func (a *app) printDraft(d *scaffold.Draft, dir string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Wrote a first configuration and policies for %s and %s with %s:\n",
		numbered(d.People, "person", "people"), report.Counted(d.Teams, "team"), report.Counted(d.Members, "membership"))
	for _, f := range d.Files {
		fmt.Fprintf(&b, "  %s\n", filepath.ToSlash(filepath.Join(dir, filepath.FromSlash(f.Path))))
	}
	for _, n := range append(d.Notes, strangers(dir, scaffold.Paths())...) {
		fmt.Fprintf(&b, "note: %s\n", report.Text(n))
	}
	b.WriteString("\nEverything is in observe: nothing will be changed in PagerDuty. Next:\n")
	if filepath.Clean(dir) != "." {
		fmt.Fprintf(&b, "  cd %s\n", dir)
	}
	b.WriteString("  dutyward doctor   # says whether everything is in order, and what to do where it is not\n" +
		"  dutyward plan     # is empty now: the policies say what is there\n" +
		"dutyward.yaml says, under manage, how one team goes from observe to sync.\n")
	_, err := io.WriteString(a.Stdout, b.String())
	return err
}

// strangers notes the policies in dir that are not among some files: they are
// united with these.
func strangers(dir string, paths []string) []string {
	var notes []string
	// What can't be read here is reported when the policies are loaded.
	_ = filepath.WalkDir(filepath.Join(dir, config.DefaultPolicies), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil
		}
		own, err := filepath.Rel(dir, path)
		if err != nil || slices.Contains(paths, filepath.ToSlash(own)) {
			return nil
		}
		switch filepath.Ext(path) {
		case ".rego", ".yaml", ".yml", ".json":
			notes = append(notes, filepath.ToSlash(path)+" was there already and counts too: the plan may not be empty")
		}
		return nil
	})
	return notes
}

// numbered is a number with its noun, of which the plural is not with an s.
func numbered(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
