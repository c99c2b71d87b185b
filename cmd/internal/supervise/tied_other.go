//go:build unix && !linux

package supervise

import "syscall"

// tied does nothing: the command ends once its lifeline does.
func tied() *syscall.SysProcAttr { return nil }
