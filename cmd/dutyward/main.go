// Command dutyward keeps who has what in PagerDuty equal to what Rego policies
// say.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/cmd/internal/supervise"
	"github.com/dutyward/dutyward/policies/guard"
	"github.com/dutyward/dutyward/policies/worker"
	"github.com/dutyward/dutyward/reconcile/report"
)

func main() {
	worker.Main(os.Args)
	program := supervise.Program{
		Run:   func(ctx context.Context, p *session.Process, args []string) int { return (&app{p}).run(ctx, args) },
		Stays: isRun,
	}
	code, done := program.Main(os.Args, os.Environ())
	if !done {
		code = run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ())
	}
	os.Exit(code)
}

// isRun says that arguments ask for `run`.
func isRun(args []string) bool {
	cmd, _, err := newRoot(newApp(nil, nil, nil, nil)).Find(args)
	return err == nil && cmd.Name() == "run"
}

// run is the program: what main does, in terms of its arguments. It returns
// the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer, env []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once

	a := newApp(stdin, stdout, stderr, env)
	return a.run(guard.With(ctx, a.Guarded()), args)
}

// app is what the commands have.
type app struct{ *session.Process }

func newApp(stdin io.Reader, stdout, stderr io.Writer, env []string) *app {
	return &app{session.NewProcess(stdin, stdout, stderr, env)}
}

// run runs a command. A panic is reported like other errors, but for its trace: the
// runtime would tell it past what takes the token out, with an exit code that says
// that there are changes.
func (a *app) run(ctx context.Context, args []string) (code int) {
	defer func() {
		_ = errors.Join(session.Flush(a.Stdout), session.Flush(a.Stderr)) // who reads it is gone
	}()
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(a.Stderr, "dutyward: internal error, please report it: %v\n%s", p, debug.Stack())
			code = exit.Error
		}
	}()
	root := newRoot(a)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exit.OK
	}
	code = exit.Error
	var e exit.Status
	if errors.As(err, &e) {
		code, err = e.Code, e.Err
	}
	if err != nil {
		fmt.Fprintf(a.Stderr, "dutyward: %s\n", report.Text(err.Error()))
	}
	return code
}

// newRoot is the command tree.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "dutyward",
		Short: "Keep who has what in PagerDuty equal to what Rego policies say",
		Long: "Dutyward takes a snapshot of a PagerDuty account, evaluates Rego policies into desired access,\n" +
			"and makes the difference: as a plan to read, and as changes to apply.",
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          knownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentPreRun = func(cmd *cobra.Command, _ []string) { a.Command = cmd.CommandPath() }
	root.SetIn(a.Stdin)
	root.SetOut(a.Stdout)
	root.SetErr(a.Stderr)
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(flagFault)
	root.PersistentFlags().StringVar(&a.ConfigFile, "config", "", "the configuration `file` (default ./dutyward.yaml, if it is there)")
	root.PersistentFlags().BoolVar(&a.NoColour, "no-color", false, "print without color, as it is without a terminal or with NO_COLOR set")
	root.AddCommand(
		newSnapshot(a), newCheck(a), newLSP(a), newTest(a), newPlan(a), newForecast(a), newApply(a),
		newGroups(a), newExplain(a), newWho(a), newWhat(a), newOnCall(a), newPaging(a), newRisk(a), newConfirm(a),
		newHolds(a), newRelease(a), newHistory(a), newRevert(a), newEvents(a), newJournal(a),
		newRun(a), newPause(a), newResume(a),
		newLibrary(a), newSim(a), newDemo(a), newVersion(a),
	)
	root.AddCommand(newInit(a), newDoctor(a))
	root.AddCommand(newTopics()...)
	root.SetHelpCommand(newHelp(a))
	a.completions(root)
	return root
}
