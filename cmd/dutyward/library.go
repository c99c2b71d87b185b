package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/policies"
)

func newLibrary(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "library",
		Short: "The Rego library that policies use as data.dutyward",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "export DIRECTORY",
		Short: "Write the library's files to a directory, for stock OPA and for editors",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := policies.ExportLibrary(args[0]); err != nil {
				return err
			}
			_, err := fmt.Fprintf(a.stdout, "Wrote the library to %s. With stock OPA: opa eval --strict-builtin-errors -i input.json -d policies -d %s …\n", args[0], args[0])
			return err
		},
	})
	return cmd
}
