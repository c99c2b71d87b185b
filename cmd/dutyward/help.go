package main

import (
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/report"
)

// newHelp is cobra's own help, and the pages of codes.
func newHelp(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND | TOPIC | CODE]",
		Short:   "Show the help of a command, or explain a code",
		Long:    "Show the help of a command or topic, or the page of a code such as policy/unknown-field. `dutyward help codes` lists\nall codes.",
		Example: "  dutyward help plan\n  dutyward help policy/unknown-field",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && strings.Contains(args[0], "/") {
				return a.explainCode(args[0])
			}
			about, _, err := cmd.Root().Find(args)
			if err != nil || len(args) > 0 && about == cmd.Root() {
				return noHelp(cmd.Root(), args)
			}
			about.InitDefaultHelpFlag()
			about.InitDefaultVersionFlag()
			return about.Help()
		},
		ValidArgsFunction: completeHelp,
	}
}

// semanticsRule is what messages name as the reason for a hold: S26.
var semanticsRule = regexp.MustCompile(`^[Ss][1-9][0-9]?$`)

// noHelp says that there is no help on something, and what may have been meant.
func noHelp(root *cobra.Command, args []string) error {
	near := ""
	if len(args) == 1 {
		if semanticsRule.MatchString(args[0]) {
			return fmt.Errorf("%s is a rule of the semantics: see docs/semantics.md; `dutyward help codes` lists the codes that name it", strings.ToUpper(args[0]))
		}
		if near = nearestCommand(root, args[0]); near == "" {
			near = nearestCode("/"+args[0], reconcile.Pages())
		}
	}
	return fmt.Errorf("no help on %q%s\n`dutyward help` lists the commands and topics, `dutyward help codes` the codes", strings.Join(args, " "), near)
}

// explainCode writes the page of a code.
func (a *app) explainCode(text string) error {
	pages := reconcile.Pages()
	page, ok := pages.Of(code.Code(text))
	if !ok {
		return fmt.Errorf("there is no code %q%s\n`dutyward help codes` lists them", text, nearestCode(text, pages))
	}
	return report.CodePage(a.Stdout, page)
}

// nearestCode suggests a code: one like it, or the same name in another category.
func nearestCode(text string, pages code.Pages) string {
	_, name, _ := strings.Cut(text, "/")
	i := slices.IndexFunc(pages, func(p code.Page) bool { return strings.HasSuffix(string(p.Code), "/"+name) })
	if i >= 0 {
		return fmt.Sprintf("; did you mean %s?", pages[i].Code)
	}
	if text == "/"+name { // a name alone
		var names []string
		for _, c := range pages.Codes() {
			_, name, _ := strings.Cut(c, "/")
			names = append(names, name)
		}
		if near, ok := inventory.Nearest(name, names); ok {
			return fmt.Sprintf("; did you mean %s?", pages[slices.Index(names, near)].Code)
		}
	}
	if near, ok := inventory.Nearest(text, pages.Codes()); ok {
		return fmt.Sprintf("; did you mean %s?", near)
	}
	return ""
}

// completeHelp completes commands, topics and codes.
func completeHelp(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	var out []string
	about, _, err := cmd.Root().Find(args)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	for _, sub := range about.Commands() {
		if (sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand()) && strings.HasPrefix(sub.Name(), begun) {
			out = append(out, sub.Name()+"\t"+sub.Short)
		}
	}
	for _, p := range reconcile.Pages() {
		if len(args) == 0 && begun != "" && strings.HasPrefix(string(p.Code), begun) {
			out = append(out, string(p.Code)+"\t"+p.Title)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// codesIntroduction says what codes are.
const codesIntroduction = "Each problem, notice and unknown has a code. It stays the same when its text is reworded;\n" +
	"`dutyward help CODE` explains it.\n\n"

// codesReference is the reference of the codes in Markdown.
func codesReference() string {
	return "# Codes\n\n" + codesIntroduction + report.CodesMarkdown(reconcile.Pages())
}

// newTopics are the pages that `dutyward help` has besides the commands; they
// are the same text as in docs/reference.
func newTopics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "configuration", Short: "The configuration and its keys", Long: config.Reference()},
		{Use: "exit-codes", Short: "What the exit codes mean", Long: exit.Reference()},
		{Use: "codes", Short: "The codes of problems, notices and unknowns", Long: codesIntroduction + report.CodeList(reconcile.Pages())},
	}
}

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version and how it was built",
		Args:  arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.Stdout, version())
			return err
		},
	}
}

// version is the module's version or the commit, and what built it.
func version() string {
	v, commit, changed := "devel", "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" && info.Main.Version != "(devel)" {
			v = info.Main.Version
		}
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = " commit " + s.Value[:min(12, len(s.Value))]
			case s.Key == "vcs.modified" && s.Value == "true":
				changed = " with local changes"
			}
		}
	}
	return fmt.Sprintf("dutyward %s%s%s (%s, %s/%s)", v, commit, changed, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
