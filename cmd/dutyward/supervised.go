//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"sync"
	"syscall"

	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/policies/guard"
)

// supervisable says that a command can be a process of its own, with files besides
// the three that every process has.
const supervisable = true

// The first arguments of processes that this program starts for itself: the command
// of a supervisor, and what tells of the end of a process that has none.
const (
	commandArgument  = "supervised-command"
	reporterArgument = "report-end"
)

// codeChanges stands for exitChanges in what a supervisor sees: the Go runtime ends
// a process with that.
const codeChanges = 42

// mostStack bounds what one goroutine may nest, which policies and data can.
const mostStack = 256 << 20

// runSupervised is run for a process that a supervisor started; ok is false for others.
func runSupervised(args []string) (code int, ok bool) {
	if len(args) < 2 || args[1] != commandArgument {
		return 0, false
	}
	stderr, lifeline := os.NewFile(3, "/dev/stderr"), os.NewFile(4, "lifeline")
	if _, err := lifeline.Stat(); err != nil {
		fmt.Fprintln(os.Stderr, "dutyward: this command is for the program itself")
		return exit.Error, true
	}
	syscall.CloseOnExec(3)
	syscall.CloseOnExec(4)
	go func() {
		_, _ = lifeline.Read(make([]byte, 1)) // which ends with the supervisor
		os.Exit(exit.Error)
	}()
	// A second signal is the supervisor's to heed: a terminal sends each to both.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	_ = stop // as long as it lives
	if code = runTelling(ctx, args[2:], stderr); code == exit.Changes {
		code = codeChanges
	}
	return code, true
}

// runTelling runs the command in a process whose standard error another reads.
func runTelling(ctx context.Context, args []string, stderr *os.File) int {
	debug.SetMaxStack(mostStack)
	a := newApp(os.Stdin, os.Stdout, stderr, os.Environ())
	ctx = guard.With(ctx, a.Guarded())
	a.tellSupervisor()
	return a.run(ctx, args)
}

// tellSupervisor tells the supervisor what it needs to say how this process ended:
// the secrets that may not be said, and what policies were at.
func (a *app) tellSupervisor() {
	var mu sync.Mutex
	tell := func(what byte, text string) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = os.Stderr.WriteString(mark + string(what) + strconv.Quote(text) + "\n") // it ended: so will this
	}
	either := func(first, second byte) func(string, bool) {
		return func(text string, began bool) {
			if began {
				tell(first, text)
			} else {
				tell(second, text)
			}
		}
	}
	a.Secrets.Follow(func(secret string) { tell(tellSecret, secret) })
	rule, section := either(tellRuleBegan, tellRuleEnded), either(tellEntered, tellLeft)
	a.Guard.Running = rule
	a.Guard.Within = func(what string, began bool) {
		if began {
			tell(tellMemory, strconv.FormatInt(a.Guard.Memory, 10))
		}
		section(what, began)
	}
}
