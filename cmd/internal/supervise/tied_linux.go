package supervise

import "syscall"

// tied ends the command with its supervisor, whatever ends that.
func tied() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
