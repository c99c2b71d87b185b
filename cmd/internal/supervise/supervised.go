//go:build unix

package supervise

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
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/policies/guard"
)

// Possible says that a command can be a process of its own, with files besides
// the three that every process has.
const Possible = true

// reporterArgument is that of the process that tells of the end of one that has no
// supervisor.
const reporterArgument = "report-end"

// Main is what the program's main begins with. The code is that of the command that
// the arguments ask for; done is false where it has to run in this process alone.
func (p Program) Main(args, env []string) (code int, done bool) {
	if reportEnd(args, env) {
		return exit.OK, true
	}
	if code, done = p.runSupervised(args); done {
		return code, true
	}
	if code, done = p.runReported(args); done {
		return code, true
	}
	return supervise(args, env)
}

// codeChanges stands for exit.Changes in what a supervisor sees: the Go runtime ends
// a process with that.
const codeChanges = 42

// mostStack bounds what one goroutine may nest, which policies and data can.
const mostStack = 256 << 20

// runSupervised is run for a process that a supervisor started; ok is false for others.
func (p Program) runSupervised(args []string) (code int, ok bool) {
	if len(args) < 2 || args[1] != CommandArgument {
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
	if code = p.runTelling(ctx, args[2:], stderr); code == exit.Changes {
		code = codeChanges
	}
	return code, true
}

// runTelling runs the command in a process whose standard error another reads.
func (p Program) runTelling(ctx context.Context, args []string, stderr *os.File) int {
	debug.SetMaxStack(mostStack)
	process := session.NewProcess(os.Stdin, os.Stdout, stderr, os.Environ())
	ctx = guard.With(ctx, process.Guarded())
	tellSupervisor(process)
	return p.Run(ctx, process, args)
}

// tellSupervisor tells the supervisor what it needs to say how this process ended:
// the secrets that may not be said, and what policies were at.
func tellSupervisor(p *session.Process) {
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
	p.Secrets.Follow(func(secret string) { tell(tellSecret, secret) })
	rule, section := either(tellRuleBegan, tellRuleEnded), either(tellEntered, tellLeft)
	p.Guard.Running = rule
	p.Guard.Within = func(what string, began bool) {
		if began {
			tell(tellMemory, strconv.FormatInt(p.Guard.Memory.Load(), 10))
		}
		section(what, began)
	}
}
