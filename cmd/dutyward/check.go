package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newCheck(a *app) *cobra.Command {
	var asJSON bool
	var snapshot string
	cmd := &cobra.Command{
		Use:   "check [DIRECTORY...]",
		Short: "Say everything that is wrong with the policies",
		Long: "Load the configured policies, or those of the directories given, and say everything that is wrong with\n" +
			"them, each with file, line, what was found and what was expected. With a snapshot they are evaluated on it\n" +
			"too, so that rules that fail and references that name nothing are told.",
		RunE: func(cmd *cobra.Command, roots []string) error {
			problems, err := a.check(cmd, roots, snapshot)
			if err != nil {
				return err
			}
			if asJSON {
				err = report.JSON(a.stdout, append(policies.Problems{}, problems...))
			} else {
				err = problemText(a.stdout, problems)
			}
			if err == nil && len(problems.Errors()) > 0 {
				return exit{code: exitError}
			}
			return err
		},
	}
	cmd.Flags().StringVar(&snapshot, "snapshot", "", "evaluate the policies on this saved snapshot; \"-\" is standard input")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the problems as JSON")
	return cmd
}

// check finds the problems of policies by loading and, on a snapshot,
// evaluating them.
func (a *app) check(cmd *cobra.Command, roots []string, snapshot string) (policies.Problems, error) {
	var problems policies.Problems
	if snapshot == "" {
		c, err := a.config()
		if err != nil {
			return nil, err
		}
		set, err := c.loadPolicies(cmd.Context(), roots)
		switch {
		case errors.As(err, &problems):
			return problems, nil
		case err != nil:
			return nil, err
		}
		return set.Warnings(), nil
	}
	s, err := a.forReading(cmd.Context(), roundFlags{policies: roots, snapshot: snapshot})
	switch {
	case errors.As(err, &problems):
		return problems, nil
	case err != nil:
		return nil, err
	}
	defer s.close()
	problems = append(problems, s.Policies.Warnings()...)
	result, err := s.Plan(cmd.Context())
	if err != nil {
		return nil, err
	}
	for _, n := range result.Plan.Errors {
		problems = append(problems, policies.Problem{File: n.Origin.File, Line: n.Origin.Line, Message: n.Message})
	}
	for _, n := range result.Plan.Warnings {
		problems = append(problems, policies.Problem{File: n.Origin.File, Line: n.Origin.Line, Message: n.Message, Warning: true})
	}
	return problems, nil
}

// problemText writes problems for people, and their number.
func problemText(w io.Writer, problems policies.Problems) error {
	for _, p := range problems {
		if _, err := fmt.Fprintf(w, "%s\n\n", p); err != nil {
			return err
		}
	}
	failed, warned := len(problems.Errors()), len(problems.Warnings())
	text := "The policies have no problems."
	if failed+warned > 0 {
		text = fmt.Sprintf("%s, %s.", counted(failed, "error"), counted(warned, "warning"))
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

// policyFault tells the problems of policies as the error of another command.
func policyFault(err error) error {
	var problems policies.Problems
	if errors.As(err, &problems) {
		return fmt.Errorf("the policies have %s:\n%w", counted(len(problems.Errors()), "error"), err)
	}
	return err
}
