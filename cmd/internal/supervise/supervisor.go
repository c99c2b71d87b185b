//go:build unix

package supervise

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/inventory/secret"
	"github.com/dutyward/dutyward/policies/guard"
	"github.com/dutyward/dutyward/reconcile/report"
)

// supervisor runs the command as a process of its own, and says how that ended where
// it could not say so itself. The Go runtime ends a process that panics where nobody
// recovers, or has no memory left, with a trace in which the token may stand, and
// with the exit code that is for changes.
type supervisor struct {
	secrets *secret.Keeper
	out     *secret.Writer
	child   *os.Process
	// asked is the signal that ended it at the second time of asking.
	asked syscall.Signal

	// What follows is what was heard of it: the sections and rules that policies are
	// in, the bound on memory, and the beginning of what the Go runtime said at its end.
	sections, rules []string
	memory          int64
	trace           []byte
}

func newSupervisor(env []string) *supervisor {
	s := &supervisor{secrets: session.SecretsOf(env)}
	s.out = s.secrets.Writer(os.Stderr)
	return s
}

// supervise is the exit code of the command as a process of its own; ok is false
// where none can be started.
func supervise(args, env []string) (code int, ok bool) {
	s := newSupervisor(env)
	from, to, err := os.Pipe()
	if err != nil {
		return 0, false
	}
	lifeline, hold, err := os.Pipe()
	if err != nil {
		return 0, false
	}
	defer hold.Close()
	path, err := os.Executable()
	if err != nil {
		return 0, false
	}
	runtime.LockOSThread() // with whose end Linux would take the parent for gone
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGTSTP)
	s.child, err = os.StartProcess(path, append([]string{args[0], CommandArgument}, args[1:]...), &os.ProcAttr{
		Files: []*os.File{os.Stdin, os.Stdout, to, os.Stderr, lifeline}, Sys: tied(),
	})
	to.Close()
	lifeline.Close()
	if err != nil {
		signal.Reset()
		return 0, false
	}
	signal.Notify(signals, syscall.SIGHUP) // not before, for nohup is the command's too
	return s.wait(signals, from), true
}

// wait passes signals on until the command ended, and returns its exit code.
func (s *supervisor) wait(signals <-chan os.Signal, from *os.File) int {
	listened := make(chan struct{})
	go func() {
		defer close(listened)
		s.listen(from)
	}()
	states := make(chan syscall.WaitStatus)
	go func() {
		for {
			var state syscall.WaitStatus
			_, err := syscall.Wait4(s.child.Pid, &state, syscall.WUNTRACED, nil)
			if !errors.Is(err, syscall.EINTR) {
				states <- state
			}
		}
	}()
	for asked := 0; ; {
		select {
		case sig := <-signals:
			if sig == syscall.SIGINT || sig == syscall.SIGTERM {
				asked++
			}
			s.pass(sig.(syscall.Signal), asked)
		case state := <-states:
			if state.Stopped() {
				s.stop()
				continue
			}
			_ = from.SetReadDeadline(time.Now().Add(2 * time.Second)) // others may hold the pipe
			<-listened
			return s.outcome(state)
		}
	}
}

// pass passes a signal on, which the command may have got from the terminal already.
// Asked a second time to end, it is ended.
func (s *supervisor) pass(sig syscall.Signal, asked int) {
	switch {
	case sig == syscall.SIGTSTP:
		return // if it stops, stop follows
	case asked > 1:
		s.asked = sig
		sig = syscall.SIGKILL
	}
	_ = syscall.Kill(s.child.Pid, sig) // it ended, perhaps
}

// stop stops this process too, for the shell to see, until both go on.
func (s *supervisor) stop() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	_ = syscall.Kill(s.child.Pid, syscall.SIGCONT)
}

// fatal is the exit code by which the Go runtime ends a process.
const fatal = 2

// outcome says how the command ended if it did not do so itself, and returns the exit
// code.
func (s *supervisor) outcome(state syscall.WaitStatus) int {
	code, sig := state.ExitStatus(), state.Signal()
	switch {
	case state.Exited() && code == codeChanges:
		return exit.Changes
	case state.Exited() && code != fatal:
		return code
	case s.asked != 0:
		return died(s.asked)
	case sig == syscall.SIGINT, sig == syscall.SIGTERM, sig == syscall.SIGHUP, sig == syscall.SIGPIPE, sig == syscall.SIGQUIT:
		return died(sig)
	}
	ended := fmt.Sprintf("exit status %d", code)
	if state.Signaled() {
		ended = "signal: " + sig.String()
	}
	s.say(ended)
	return exit.Error
}

// say says how the command ended.
func (s *supervisor) say(ended string) {
	defer func() { _ = s.out.Flush() }() // nobody reads it
	text := "dutyward: " + s.why(ended)
	if bytes.HasPrefix(s.trace, []byte("SIGQUIT")) { // which asks for the trace
		text = string(s.trace)
	}
	fmt.Fprintln(s.out, strings.TrimSuffix(report.Text(text), "\n"))
}

// why says why the command ended, with the trace if that is a fault of the program.
func (s *supervisor) why(ended string) string {
	death := &guard.Death{Said: string(s.trace), State: ended, Memory: s.memory, Rules: s.rules}
	switch first := strings.TrimPrefix(strings.TrimSpace(death.Said), "panic: "); {
	case len(s.sections) > 0 && death.ByPolicies():
		return s.sections[0] + ": " + death.Error()
	case first != "":
		return "internal error, please report it: " + first
	case ended == "signal: killed":
		return "the system ended this command (" + ended + guard.Still(s.rules) + "), as it does where memory runs out: give it more, or lower evaluation.memory_limit"
	}
	return "this command ended unexpectedly (" + ended + guard.Still(s.rules) + "), which is internal error: please report it"
}

// died ends this process as the command was ended, for those who look at how.
func died(sig syscall.Signal) int {
	signal.Reset(sig)
	_ = syscall.Kill(os.Getpid(), sig)
	return 128 + int(sig)
}
