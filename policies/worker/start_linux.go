package worker

import (
	"os/exec"
	"syscall"
)

// self is this program as it was started, also once another was installed over it.
func self() (string, error) { return "/proc/self/exe", nil }

// tie gives the process a group of its own, which a terminal's Ctrl-C does not
// reach, and ends it with this one.
func tie(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

func kill(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // it is gone
