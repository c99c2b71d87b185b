package main

import (
	"fmt"
	"strings"
)

// The exit codes. docs/reference/exit-codes.md is made of their descriptions.
const (
	exitOK      = 0
	exitError   = 1
	exitChanges = 2
	exitPartial = 3
)

// exitCodes describes the exit codes, in their order.
func exitCodes() []string {
	return []string{
		exitOK: "The command did what it was asked to.",
		exitError: "It did not: the command line or the configuration is at fault, the policies have problems or a test of theirs fails, " +
			"PagerDuty could not be reached or refused the token, an apply was declined, or `doctor` found what keeps the program from its work. Nothing was changed, unless the message says otherwise.",
		exitChanges: "Only with `--detailed-exitcode`, for `plan`: there are changes that `apply` would make. " +
			"What is only observed, blocked, held or unknown does not count.",
		exitPartial: "It did so in part, and says what is missing: the snapshot is incomplete, the policies name what does not exist or can't be told apart, " +
			"a rule failed, or not every change of an apply came about. It takes precedence over 2.",
	}
}

// exit is an error that chooses the exit code. Its err, if any, is printed.
type exit struct {
	code int
	err  error
}

// exitWith is an error that is printed, and chooses the exit code.
func exitWith(code int, err error) error { return exit{code: code, err: err} }

func (e exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e exit) Unwrap() error { return e.err }

// exitCodeReference is the reference of the exit codes in Markdown.
func exitCodeReference() string {
	var b strings.Builder
	b.WriteString("# Exit codes\n\n| code | meaning |\n| --- | --- |\n")
	for code, text := range exitCodes() {
		fmt.Fprintf(&b, "| %d | %s |\n", code, text)
	}
	return b.String()
}
