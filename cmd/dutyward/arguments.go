package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/inventory"
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
	if name, unknown := strings.CutPrefix(text, "unknown flag: --"); unknown {
		text += nearestFlag(cmd, name)
	}
	return fmt.Errorf("%s\nrun `%s --help` for the flags", text, cmd.CommandPath())
}

// nearestFlag suggests a flag of the command.
func nearestFlag(cmd *cobra.Command, name string) string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	if near, ok := inventory.Nearest(name, names); ok {
		return "; did you mean --" + near + "?"
	}
	return ""
}

// knownCommand refuses what is left for the root: the name of no command.
func knownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	help := "dutyward help"
	if root.HasParent() {
		help += " " + root.Name()
	}
	return fmt.Errorf("there is no command %q%s\n`%s` lists the commands", args[0], nearestCommand(root, args[0]), help)
}

// nearestCommand suggests a command or a topic of the help.
func nearestCommand(root *cobra.Command, name string) string {
	var names []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() || c.IsAdditionalHelpTopicCommand() {
			names = append(names, c.Name())
		}
	}
	if near, ok := inventory.Nearest(name, names); ok {
		return "; did you mean " + near + "?"
	}
	return ""
}

// roundFlags are the flags of the commands that take a round.
type roundFlags struct{ session.Options }

func (f *roundFlags) add(cmd *cobra.Command) {
	f.addPolicies(cmd)
	f.addSnapshot(cmd)
}

func (f *roundFlags) addSnapshot(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.Snapshot, "snapshot", "", "read a saved snapshot from this `file` instead of the account; \"-\" is standard input")
}

func (f *roundFlags) addPolicies(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.Policies, "policies", nil, "a `directory` of policies instead of the configured ones; may be repeated")
}

func (f *roundFlags) addTarget(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.Targets, "target", nil, "only changes of this `reference` (user:…, team:…, account), with the raises that they need; may be repeated")
}

func (f *roundFlags) addAt(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.At, "at", "", "answer for this `time` instead of the snapshot's, within the window of shifts that it holds: "+session.MomentForms)
}

// addFormat lets a command print JSON: as a format, and by the shorter --json.
func addFormat(cmd *cobra.Command, asJSON *bool, what string) {
	cmd.Flags().Var((*jsonFormat)(asJSON), "format", "text or json")
	cmd.Flags().BoolVar(asJSON, "json", false, what+"; the same as --format json")
	cmd.MarkFlagsMutuallyExclusive("format", "json")
}

// jsonFormat is the value of --format where it is text or JSON.
type jsonFormat bool

// String is the format.
func (f *jsonFormat) String() string {
	if *f {
		return "json"
	}
	return "text"
}

// Set takes a format.
func (f *jsonFormat) Set(text string) error {
	if text != "text" && text != "json" {
		return errors.New("expected text or json")
	}
	*f = text == "json"
	return nil
}

// Type is what the help calls a value.
func (*jsonFormat) Type() string { return "string" }

// renamed keeps an old name of a flag working, and says the new one. The flag library
// would say it on standard output, among the answer.
func renamed(cmd *cobra.Command, before, now string) {
	flag := *cmd.Flags().Lookup(now)
	flag.Name, flag.Hidden = before, true
	flag.Value = renamedValue{flag.Value, func() {
		fmt.Fprintf(cmd.ErrOrStderr(), "note: --%s is deprecated: use --%s instead\n", before, now)
	}}
	cmd.Flags().AddFlag(&flag)
}

// renamedValue is the value of a flag by its old name.
type renamedValue struct {
	pflag.Value
	say func()
}

// Set says the new name, and sets the value.
func (v renamedValue) Set(text string) error {
	v.say()
	return v.Value.Set(text)
}
