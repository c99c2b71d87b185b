//go:build unix

package supervise

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// runReported is run beside a process that tells of its end; ok is false where none
// can be started. That process is its child, and not its parent, so that it would be
// lost with the first process of a container.
func (p Program) runReported(args []string) (code int, ok bool) {
	if os.Getpid() == 1 || !p.Stays(args[1:]) {
		return 0, false
	}
	stderr, err := beside(args[0])
	if err != nil {
		return 0, false
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	return p.runTelling(ctx, args[1:], stderr), true
}

// beside starts the process that reads what this one writes to its standard error
// from now on, and returns what that was.
func beside(name string) (stderr *os.File, err error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	from, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer to.Close()
	defer from.Close()
	fd, err := unix.FcntlInt(os.Stderr.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, err
	}
	stderr = os.NewFile(uintptr(fd), "/dev/stderr")
	child, err := os.StartProcess(path, []string{name, reporterArgument}, &os.ProcAttr{
		Files: []*os.File{from, nil, stderr}, Sys: &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return nil, err
	}
	go func() { _, _ = child.Wait() }() // if it ends first, nothing is reported
	return stderr, unix.Dup2(int(to.Fd()), int(os.Stderr.Fd()))
}

// reportEnd is what that process does; ok is false for others.
func reportEnd(args, env []string) (ok bool) {
	if len(args) != 2 || args[1] != reporterArgument {
		return false
	}
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGTTOU)
	s := newSupervisor(env)
	s.listen(os.Stdin)
	if len(s.trace) > 0 {
		s.say("exit status 2")
	}
	return true
}
