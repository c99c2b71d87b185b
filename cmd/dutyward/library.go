package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/policies/check/typed"
	"github.com/dutyward/dutyward/policies/source"
	"github.com/dutyward/dutyward/reconcile/lookup"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newLibrary(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "library [FUNCTION]",
		Short: "Show the Rego library that policies use as data.dutyward",
		Long: "List the functions of the library that every policy can import as data.dutyward, or say all of one of them:\n" +
			"what it returns, and when it is undefined.",
		Example: "  dutyward library\n  dutyward library on_call_at",
		Args:    arguments(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			functions, err := source.LibraryFunctions()
			if err != nil {
				return err
			}
			if len(args) == 1 {
				if functions, err = functionNamed(functions, args[0]); err != nil {
					return err
				}
			}
			if asJSON {
				return report.JSON(a.Stdout, functions)
			}
			return report.LibraryText(a.Stdout, functions, len(args) == 1, a.Style(a.Stdout))
		},
	}
	addFormat(cmd, &asJSON, "print the functions as JSON")
	cmd.AddCommand(newLibraryExport(a), newLibrarySchemas(a))
	return cmd
}

// functionNamed is the function of a name, with or without its package.
func functionNamed(all []source.LibraryFunction, name string) ([]source.LibraryFunction, error) {
	var names []string
	for _, f := range all {
		names = append(names, f.Name)
	}
	for _, full := range []string{name, "dutyward." + name, "dutyward.fixture." + name} {
		if i := slices.Index(names, full); i >= 0 {
			return all[i : i+1], nil
		}
	}
	return nil, fmt.Errorf("`dutyward library` lists no function %q%s", name, lookup.DidYouMean("dutyward."+name, names))
}

func newLibraryExport(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "export DIRECTORY",
		Short: "Write the library's files to a directory, for stock OPA and for editors",
		Args:  arguments(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := source.ExportLibrary(args[0]); err != nil {
				return err
			}
			_, err := fmt.Fprintf(a.Stdout, "Wrote the library to %s. With stock OPA: opa eval --strict-builtin-errors -i input.json -d policies -d %s …\n", args[0], args[0])
			return err
		},
	}
}

func newLibrarySchemas(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "schemas DIRECTORY",
		Short: "Write JSON schemas of the input and of what rules give, for stock OPA and for editors",
		Long: "Write JSON schemas to a directory: input.json is the policies' input as `opa check --schema` and editors\n" +
			"understand it; grant.json, member.json and so on are for data that is written in the form of these elements.\n" +
			"Keep the directory outside of the policy directories, where JSON is data.",
		Example: "  dutyward library schemas schemas\n  opa check --schema schemas/input.json policies lib",
		Args:    arguments(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			names, err := typed.ExportSchemas(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.Stdout, "Wrote %s to %s. With stock OPA: opa check --schema %s/input.json policies …\n",
				report.Counted(len(names), "schema"), args[0], args[0])
			return err
		},
	}
}
