// Package supervise runs commands where their end is reported, whatever ends them: as a
// process of their own, or with one beside them that listens.
package supervise

import (
	"context"

	"github.com/dutyward/dutyward/cmd/internal/session"
)

// Program is what is supervised.
type Program struct {
	// Run runs a command in a process that has these surroundings, and returns the exit
	// code.
	Run func(ctx context.Context, p *session.Process, args []string) int
	// Stays says that arguments ask for a command that stays the process that was
	// started: people look at it, stop and limit it by its number.
	Stays func(args []string) bool
}

// CommandArgument is the first argument of a process that a supervisor started.
const CommandArgument = "supervised-command"
