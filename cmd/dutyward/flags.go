package main

import (
	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/session"
)

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
	cmd.Flags().StringVar(&f.At, "at", "", "answer for this `time` instead of that of the snapshot, within the window of shifts that it holds: "+session.MomentForms)
}
