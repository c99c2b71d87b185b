package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/policies/guard"
	"github.com/dutyward/dutyward/reconcile/report"
)

// run is the program: what main does, in terms of its arguments. It returns
// the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer, env []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once

	a := newApp(stdin, stdout, stderr, env)
	return a.run(guard.With(ctx, a.guarded()), args)
}

// app is what the commands have.
type app struct{ *process }

func newApp(stdin io.Reader, stdout, stderr io.Writer, env []string) *app {
	return &app{newProcess(stdin, stdout, stderr, env)}
}

// run runs a command. A panic is told like other errors, but for its trace: the
// runtime would tell it past what takes the token out, with an exit code that says
// that there are changes.
func (a *app) run(ctx context.Context, args []string) (code int) {
	defer func() {
		_ = errors.Join(flush(a.stdout), flush(a.stderr)) // who reads it is gone
	}()
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(a.stderr, "dutyward: a fault of this program, please report it: %v\n%s", p, debug.Stack())
			code = exitError
		}
	}()
	root := newRoot(a)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	code = exitError
	var e exit
	if errors.As(err, &e) {
		code, err = e.code, e.err
	}
	if err != nil {
		fmt.Fprintf(a.stderr, "dutyward: %s\n", report.Text(err.Error()))
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
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentPreRun = func(cmd *cobra.Command, _ []string) { a.command = cmd.CommandPath() }
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(flagFault)
	root.PersistentFlags().StringVar(&a.configFile, "config", "", "the configuration `file` (default ./dutyward.yaml, if it is there)")
	root.PersistentFlags().BoolVar(&a.noColour, "no-color", false, "print without colour, as it is without a terminal or with NO_COLOR set")
	root.AddCommand(
		newSnapshot(a), newCheck(a), newTest(a), newPlan(a), newForecast(a), newApply(a),
		newGroups(a), newExplain(a), newWho(a), newWhat(a), newOnCall(a), newConfirm(a),
		newHolds(a), newRelease(a), newHistory(a), newRevert(a),
		newRun(a), newPause(a), newResume(a),
		newLibrary(a), newSim(a), newDemo(a), newVersion(a),
	)
	root.AddCommand(newInit(a), newDoctor(a))
	root.AddCommand(newTopics()...)
	root.SetHelpCommand(newHelp(a))
	a.completions(root)
	return root
}
