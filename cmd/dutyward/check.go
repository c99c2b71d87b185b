package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/cmd/internal/lsp"
	"github.com/dutyward/dutyward/cmd/internal/lsp/checker"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/cmd/internal/terminal"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/report"
)

// checkFlags are check's own flags.
type checkFlags struct {
	snapshot, format string
	live, strict     bool
	json             bool
}

func newCheck(a *app) *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check [DIRECTORY...]",
		Short: "Say everything that is wrong with the policies",
		Long: "Load the configured policies, or those of the directories given, and say everything that is wrong with\n" +
			"them, each with file, line, what was found and what was expected. Rules that follow from data alone are\n" +
			"evaluated too, and with a snapshot all of them, so that rules that fail, references that name nothing, and\n" +
			"groups, limits and waivers that do nothing are reported.\n\n" +
			"Warnings do not fail the command, except with --strict. --format github makes annotations of a pull request\n" +
			"in GitHub Actions.",
		Example: "  dutyward check\n  dutyward check policies --snapshot account.json\n  dutyward check --strict --format github",
		RunE: func(cmd *cobra.Command, roots []string) error {
			write, err := a.problemWriter(f)
			if err != nil {
				return err
			}
			problems, partly, err := a.check(cmd, roots, f)
			if err != nil {
				return err
			}
			if err := write(problems); err != nil {
				return err
			}
			if len(problems.Errors()) > 0 || f.strict && len(problems) > len(problems.Notes()) {
				return exit.Status{Code: exit.Error}
			}
			return partly
		},
	}
	cmd.Flags().StringVar(&f.snapshot, "snapshot", "", "evaluate the policies on the saved snapshot in this `file`; \"-\" is standard input")
	cmd.Flags().BoolVar(&f.live, "live", false, "evaluate the policies on the account as it is now")
	cmd.Flags().BoolVar(&f.strict, "strict", false, "treat warnings as errors")
	cmd.Flags().StringVar(&f.format, "format", "text", "text, json or github")
	cmd.Flags().BoolVar(&f.json, "json", false, "the same as --format json")
	cmd.MarkFlagsMutuallyExclusive("snapshot", "live")
	cmd.MarkFlagsMutuallyExclusive("json", "format")
	return cmd
}

// check finds the problems of policies by loading and, on a snapshot,
// evaluating them. What keeps a snapshot from being whole is partly.
func (a *app) check(cmd *cobra.Command, roots []string, f checkFlags) (problems policies.Problems, partly, err error) {
	if f.snapshot == "" && !f.live {
		c, err := a.Config()
		if err != nil {
			return nil, nil, err
		}
		set, err := session.LoadPolicies(cmd.Context(), c, roots)
		switch {
		case errors.As(err, &problems):
			return problems, nil, nil
		case err != nil:
			return nil, nil, err
		}
		problems, err = set.Check(cmd.Context(), a.Now(), reconcile.Pages())
		return problems, nil, err
	}
	s, err := a.ForReading(cmd.Context(), session.Options{Policies: roots, Snapshot: f.snapshot, TellsWarnings: true})
	switch {
	case errors.As(err, &problems):
		return problems, nil, nil
	case err != nil:
		return nil, nil, err
	}
	defer s.Close()
	problems, result, err := s.Check(cmd.Context())
	if err == nil && result != nil {
		partly = incomplete(result.Snapshot)
	}
	return problems, partly, err
}

// problemWriter is how problems are written in a format.
func (a *app) problemWriter(f checkFlags) (func(policies.Problems) error, error) {
	if f.json {
		f.format = "json"
	}
	switch f.format {
	case "text":
		return func(ps policies.Problems) error { return report.ProblemsText(a.Stdout, ps) }, nil
	case "json":
		return func(ps policies.Problems) error { return report.JSON(a.Stdout, append(policies.Problems{}, ps...)) }, nil
	case "github":
		return func(ps policies.Problems) error { return report.ProblemsGitHub(a.Stdout, ps, a.nameInRepository) }, nil
	}
	return nil, fmt.Errorf("--format %s: expected text, json or github", f.format)
}

// nameInRepository is a file's name as GitHub knows it: from the root of the
// checkout, which need not be the working directory.
func (a *app) nameInRepository(file string) string {
	root := a.Env["GITHUB_WORKSPACE"]
	path, err := filepath.Abs(file)
	if root == "" || err != nil {
		return file
	}
	inside, err := filepath.Rel(root, path)
	if err != nil || strings.HasPrefix(inside, "..") {
		return file
	}
	return filepath.ToSlash(inside)
}

func newLSP(a *app) *cobra.Command {
	var snapshot string
	var roots []string
	var checks bool
	cmd := &cobra.Command{
		Use:   "lsp",
		Short: "Check policies in an editor while they are written",
		Long: "Speak the Language Server Protocol on standard input and output, as editors start it: what `check` finds as you\n" +
			"type, completion of fields, roles and names, what a name or rule comes to now, and the way to a row of data.\n\n" +
			"Names and what rules give come from the snapshot; the account itself is never read. Take one now and then\n" +
			"with `dutyward snapshot --out FILE`: the file is read again when it is another.",
		Example: "  dutyward lsp --snapshot account.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, out := rawStreams(a)
			if checks {
				c := &checker.Checker{Process: a.Process, Roots: roots, Snapshot: snapshot}
				return c.Serve(cmd.Context(), in, out, func() { os.Exit(exit.OK) })
			}
			s := &lsp.Server{Version: version(), Checker: func(dir string) *exec.Cmd { return a.checking(dir, roots, snapshot) }}
			return s.Serve(cmd.Context(), io.NopCloser(in), out, a.Stderr)
		},
	}
	cmd.Flags().StringVar(&snapshot, "snapshot", "", "the saved snapshot in this `file`; without it names are not known, and only rules that follow from data are evaluated")
	cmd.Flags().StringArrayVar(&roots, "policies", nil, "the policies in this `directory` instead of the configured ones; may be repeated")
	cmd.Flags().BoolVar(&checks, "checks", false, "")
	_ = cmd.Flags().MarkHidden("checks") // it is there
	return cmd
}

// rawStreams are standard input and output without what takes secrets out, which would
// change the length of what is framed: the process that checks takes them out.
func rawStreams(a *app) (io.Reader, io.Writer) {
	if f, ok := terminal.FileOf(a.Stdout); ok {
		return a.Stdin, f
	}
	return a.Stdin, a.Stdout
}

// checking is the command of the process that checks for a language server.
func (a *app) checking(dir string, roots []string, snapshot string) *exec.Cmd {
	path, err := os.Executable()
	args := []string{"dutyward", "lsp", "--checks", "--snapshot", snapshot}
	if a.ConfigFile != "" {
		args = append(args, "--config", a.ConfigFile)
	}
	for _, root := range roots {
		args = append(args, "--policies", root)
	}
	return &exec.Cmd{Path: path, Args: args, Dir: dir, Err: err}
}
