package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/inventory/secret"
	"github.com/dutyward/dutyward/policies/guard"
	"github.com/dutyward/dutyward/reconcile/report"
)

// The exit codes. docs/reference/exit-codes.md is made of their descriptions.
const (
	exitOK      = 0
	exitError   = 1
	exitChanges = 2
	exitPartial = 3
)

// exitCodes describes the exit codes, in their order.
func exitCodes() []string {
	return []string{
		exitOK: "The command did what it was asked to.",
		exitError: "It did not: the command line or the configuration is at fault, the policies have problems or a test of theirs fails, " +
			"PagerDuty could not be reached or refused the token, an apply was declined, or `doctor` found what keeps the program from its work. Nothing was changed, unless the message says otherwise.",
		exitChanges: "Only with `--detailed-exitcode`, for `plan`: there are changes that `apply` would make. " +
			"What is only observed, blocked, held or unknown does not count.",
		exitPartial: "It did so in part, and says what is missing: the snapshot is incomplete, the policies name what does not exist or can't be told apart, " +
			"a rule failed, or not every change of an apply came about. It takes precedence over 2.",
	}
}

// exit is an error that chooses the exit code. Its err, if any, is printed.
type exit struct {
	code int
	err  error
}

func (e exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e exit) Unwrap() error { return e.err }

// run is the program: what main does, in terms of its arguments. It returns
// the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer, env []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once

	a := newApp(stdin, stdout, stderr, env)
	return a.run(guard.With(ctx, a.guarded()), args)
}

// newApp is what the commands have, with everything that is written going through
// what takes the secrets out.
func newApp(stdin io.Reader, stdout, stderr io.Writer, env []string) *app {
	a := &app{stdin: stdin, env: environment(env), now: time.Now, secrets: secretsOf(env), locked: new(atomic.Bool)}
	a.stdout, a.stderr = a.secrets.Writer(stdout), a.secrets.Writer(stderr)
	return a
}

// secretsOf are the secrets of an environment, so far as it says that they are some.
func secretsOf(env []string) *secret.Keeper {
	k := new(secret.Keeper)
	k.Add(environment(env)[config.DefaultTokenEnv])
	k.Add(secret.InEnvironment(env)...)
	return k
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

// app is what every command has: the process's surroundings and the flags that
// all commands share.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            map[string]string
	now            func() time.Time
	// secrets are those of the process, which nothing that leaves it may hold; nil
	// where nothing does.
	secrets *secret.Keeper
	// transport carries what is sent to PagerDuty; nil is an ordinary one.
	transport http.RoundTripper

	// command is what the process was asked for, such as "dutyward apply".
	command string
	// guard ends the process where policies do not end.
	guard *guard.Guard

	configFile string
	noColour   bool
	// locked says that others wait for what this process does.
	locked *atomic.Bool
}

// flush writes what waits to be written.
func flush(w io.Writer) error {
	if w, ok := w.(*secret.Writer); ok {
		return w.Flush()
	}
	return nil
}

func (a *app) redact(text string) string { return a.secrets.Redact(text) }

// guarded makes the guard, which knows the bound on memory once there is a
// configuration.
func (a *app) guarded() *guard.Guard {
	a.guard = &guard.Guard{Beyond: 512 << 20, End: func(err error) {
		fmt.Fprintf(a.stderr, "dutyward: %s\n", report.Clean(err.Error()))
		_ = errors.Join(flush(a.stdout), flush(a.stderr)) // who reads it is gone
		os.Exit(exitError)
	}}
	return a.guard
}

func environment(list []string) map[string]string {
	env := make(map[string]string, len(list))
	for _, kv := range list {
		if k, v, ok := strings.Cut(kv, "="); ok {
			env[k] = v
		}
	}
	return env
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
