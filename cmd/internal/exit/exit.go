// Package exit holds the exit codes, and the errors that choose one.
package exit

import (
	"fmt"
	"strings"
)

// The exit codes. docs/reference/exit-codes.md is made of their descriptions.
const (
	OK      = 0
	Error   = 1
	Changes = 2
	Partial = 3
)

// Codes describes the exit codes, in their order.
func Codes() []string {
	return []string{
		OK: "The command did what it was asked to.",
		Error: "It did not: the command line or the configuration is not valid, the policies have problems or a test of theirs fails, " +
			"PagerDuty could not be reached or refused the token, an apply was declined, or `doctor` found what keeps the program from its work. Nothing was changed, unless the message says otherwise.",
		Changes: "Only with `--detailed-exitcode`. For `plan`: there are changes that `apply` would make. With `--base`, for `plan` and `forecast`: there is a difference. " +
			"What is not enforced, blocked, held or unknown does not count. `run` also ends with it if it crashes.",
		Partial: "It did so in part, and says what is missing: the snapshot is incomplete, the policies name what does not exist or is ambiguous, " +
			"a rule failed, or not every change of an apply came about. `apply` and `revert` also end with it where they changed nothing " +
			"because all of it is held or blocked (or, for `revert`, not enforced). It takes precedence over 2.",
	}
}

// Status is an error that chooses the exit code. Its err, if any, is printed.
type Status struct {
	Code int
	Err  error
}

// With is an error that is printed, and chooses the exit code.
func With(code int, err error) error { return Status{Code: code, Err: err} }

// Error is what is printed.
func (e Status) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit code %d", e.Code)
	}
	return e.Err.Error()
}

// Unwrap is the error that is printed; nil where none is.
func (e Status) Unwrap() error { return e.Err }

// Reference is the reference of the exit codes in Markdown.
func Reference() string {
	var b strings.Builder
	b.WriteString("# Exit codes\n\n| code | meaning |\n| --- | --- |\n")
	for code, text := range Codes() {
		fmt.Fprintf(&b, "| %d | %s |\n", code, text)
	}
	return b.String()
}
