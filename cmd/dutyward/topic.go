package main

import (
	"fmt"
	"strings"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/report"
)

// newTopics are the pages that `dutyward help` has besides the commands; they
// are the same text as in docs/reference.
func newTopics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "configuration", Short: "The configuration and its keys", Long: config.Reference()},
		{Use: "exit-codes", Short: "What the exit codes mean", Long: exitCodeReference()},
		{Use: "codes", Short: "The codes of problems, notices and unknowns", Long: codesIntroduction + report.CodeList(reconcile.Pages())},
	}
}

// exitCodeReference is the reference of the exit codes in Markdown.
func exitCodeReference() string {
	var b strings.Builder
	b.WriteString("# Exit codes\n\n| code | meaning |\n| --- | --- |\n")
	for code, text := range exitCodes() {
		fmt.Fprintf(&b, "| %d | %s |\n", code, text)
	}
	return b.String()
}
