//go:build !unix

package main

// Where a process can't be given files besides three, a command is one process.
const (
	supervisable    = false
	commandArgument = "supervised-command"
)

func supervise(_, _ []string) (code int, ok bool) { return 0, false }

func runSupervised([]string) (code int, ok bool) { return 0, false }

func runReported([]string) (code int, ok bool) { return 0, false }

func reportEnd(_, _ []string) bool { return false }
