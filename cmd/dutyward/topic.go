package main

import (
	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/report"
)

// newTopics are the pages that `dutyward help` has besides the commands; they
// are the same text as in docs/reference.
func newTopics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "configuration", Short: "The configuration and its keys", Long: config.Reference()},
		{Use: "exit-codes", Short: "What the exit codes mean", Long: exit.Reference()},
		{Use: "codes", Short: "The codes of problems, notices and unknowns", Long: codesIntroduction + report.CodeList(reconcile.Pages())},
	}
}
