package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// commandsOf are a command and all below it.
func commandsOf(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, sub := range cmd.Commands() {
		all = append(all, commandsOf(sub)...)
	}
	return all
}

// The flag library takes the first words in backquotes for the name of a value.
func TestTheHelpOfEachFlagNamesItsValueInOneWordAndASwitchNone(t *testing.T) {
	word := regexp.MustCompile("^[a-z]+$")
	for _, cmd := range commandsOf(newRoot(newApp(nil, nil, nil, nil))) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			name, _ := pflag.UnquoteUsage(f)
			if f.Value.Type() == "bool" && name != "" {
				t.Errorf("%s --%s takes no value, and its help names %q", cmd.CommandPath(), f.Name, name)
			}
			if f.Value.Type() != "bool" && !word.MatchString(name) {
				t.Errorf("%s --%s: its help calls the value %q", cmd.CommandPath(), f.Name, name)
			}
		})
	}
}

func TestACommandThatPrintsJSONHasItAsAFormatToo(t *testing.T) {
	for _, cmd := range commandsOf(newRoot(newApp(nil, nil, nil, nil))) {
		short, format := cmd.Flags().Lookup("json"), cmd.Flags().Lookup("format")
		if (short == nil) != (format == nil) {
			t.Errorf("%s has one of --json and --format", cmd.CommandPath())
		}
		if format != nil && !strings.Contains(format.Usage, "json") {
			t.Errorf("%s --format: %s", cmd.CommandPath(), format.Usage)
		}
	}
}
