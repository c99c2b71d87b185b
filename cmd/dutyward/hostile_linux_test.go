package main

import "syscall"

// largest is the most memory that the daemon, or a process that it started, ever
// held, in bytes; zero where that can't be known.
func (b *besieged) largest() int64 {
	if usage, ok := b.cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		return usage.Maxrss * 1024
	}
	return 0
}
