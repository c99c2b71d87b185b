package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// arguments takes so many arguments, and says of others what is missing or too
// much, by the names in the command's usage.
func arguments(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		names := strings.Fields(cmd.Use)[1:]
		switch {
		case len(args) < least:
			missing, are := names[len(args):least], "is"
			if len(missing) > 1 {
				are = "are"
			}
			return fmt.Errorf("%s %s missing: %s\nrun `%s --help` for examples", strings.Join(missing, " and "), are, cmd.UseLine(), cmd.CommandPath())
		case most >= 0 && len(args) > most:
			text := fmt.Sprintf("one argument too many: %q", args[most])
			if cmd.Flags().Lookup("policies") != nil {
				text += "; a directory of policies is given with --policies"
			}
			return errors.New(text)
		}
		return nil
	}
}

// parseErrors are how the flag library tells numbers and times that do not parse.
var parseErrors = regexp.MustCompile(`(?:strconv\.Parse(\w+): parsing|time: (?:invalid|missing unit in|unknown unit "[^"]*" in) (duration)) "[^"]*"(?:: .*)?$`)

// flagFault is the error of a flag in the user's words.
func flagFault(cmd *cobra.Command, err error) error {
	text := err.Error()
	if m := parseErrors.FindStringSubmatch(text); m != nil {
		expected := map[string]string{
			"Int": "a whole number", "Uint": "a whole number, not negative", "Float": "a number", "Bool": "true or false",
			"duration": `a length of time such as "15m" or "1h30m"`,
		}[m[1]+m[2]]
		text = strings.TrimSuffix(text, m[0]) + "expected " + expected
	}
	return fmt.Errorf("%s\nrun `%s --help` for the flags", text, cmd.CommandPath())
}
