package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty/probe"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/doctor"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newDoctor(a *app) *cobra.Command {
	var f roundFlags
	var asJSON, probed bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say whether everything is in order, with a remedy where it is not",
		Long: "Check the configuration, the token and what it lets be read, the address, the clocks, the state, the policies\n" +
			"and what they name on a snapshot of the account, and what keeps access from being lowered: a line each, and\n" +
			"what to do below it. It takes a snapshot as plan does, and changes nothing. The exit code is 1 if a line says\n" +
			"fail; warn leaves it 0.",
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			e := examination{app: a, flags: f}
			if probed {
				return e.probe(cmd.Context(), asJSON)
			}
			e.all(cmd.Context())
			var err error
			if asJSON {
				err = report.JSON(a.Stdout, e.report)
			} else {
				var text strings.Builder
				_ = e.report.Text(&text) // which always takes it
				_, err = io.WriteString(a.Stdout, report.Text(text.String()))
			}
			if err == nil && e.report.Fail > 0 {
				return exit.Status{Code: exit.Error}
			}
			return err
		},
	}
	f.add(cmd)
	addFormat(cmd, &asJSON, "print the checks as JSON")
	cmd.Flags().BoolVar(&probed, "probe", false, "instead, look how PagerDuty answers on this account, and print what to report: reads alone, and nobody's data")
	return cmd
}

// examination collects the checks, in their order. What one finds is what the
// next works with.
type examination struct {
	*app
	flags   roundFlags
	report  doctor.Report
	config  *config.Config
	session *session.Session
	// foreign says that a saved snapshot is of another account than the state.
	foreign bool
}

// probe prints how PagerDuty answers on the account: what its documentation leaves
// open, for people to send.
func (e *examination) probe(ctx context.Context, asJSON bool) error {
	c, err := e.app.Config()
	if err != nil {
		return err
	}
	s := &session.Session{Config: c, Round: &reconcile.Round{Now: e.Now, Settings: c.Settings()}}
	if _, err := e.Connect(ctx, s); err != nil {
		return err
	}
	facts, err := probe.Facts(ctx, s.Client)
	switch {
	case err != nil:
		return fmt.Errorf("probe the account: %w", err)
	case asJSON:
		return report.JSON(e.Stdout, facts)
	}
	for _, f := range facts {
		fmt.Fprintf(e.Stdout, "%s: %s\n", report.Line(f.Name), report.Line(f.Found))
	}
	return nil
}

func (e *examination) all(ctx context.Context) {
	c, err := e.app.Config()
	file := ""
	if c != nil {
		file = c.File
	}
	e.report.Add(doctor.Configuration(file, err))
	if err != nil {
		e.report.Add(doctor.Skipped("the rest", "it needs the configuration"))
		return
	}
	e.config = c
	e.session = &session.Session{Config: c, Round: &reconcile.Round{Now: e.Now, Settings: c.Settings()}}
	set, err := session.LoadPolicies(ctx, c, e.flags.Policies)
	e.report.Add(doctor.Policies(set, err))
	stateOptions := e.JournalOptions(e.session)
	e.report.Add(doctor.State(ctx, c.State, stateOptions)...)
	if stop, done, err := e.app.stop(ctx); err == nil { // or the state's check says why
		e.report.Add(doctor.Pause(stop.Paused()))
		_ = done()
	}
	reader := e.reader(ctx)
	if reader == nil {
		for _, name := range []string{"account", "write", "references", "lowering", "limits"} {
			e.report.Add(doctor.Skipped(name, "the account can't be read"))
		}
		return
	}
	e.round(ctx, &remembering{Reader: reader}, set)
}

// reader checks the way to the account; nil if there is none.
func (e *examination) reader(ctx context.Context) reconcile.Reader {
	if e.flags.Snapshot != "" {
		for _, name := range []string{"token", "reachable", "clock"} {
			e.report.Add(doctor.Skipped(name, "a saved snapshot stands for the account"))
		}
		snapshot, err := e.SavedSnapshot(e.flags.Snapshot)
		if err != nil {
			e.report.Add(doctor.Account(nil, err)...)
			return nil
		}
		e.foreign = snapshot.Account.Name != e.config.Account.Name
		return session.Saved(snapshot)
	}
	_, err := e.config.Token(ctx)
	e.report.Add(doctor.Token(e.config.Account.Token.Where(), err))
	reader, failed := e.Connect(ctx, e.session)
	if failed != nil {
		e.report.Add(doctor.Account(nil, failed)...)
		return nil
	}
	reached := doctor.Reach(ctx, e.Transport, e.session.Client.Address(), e.Now)
	e.report.Add(reached...)
	if err != nil || reached[0].Status == doctor.Fail {
		return nil
	}
	return reader
}

// round checks what a round makes of the account.
func (e *examination) round(ctx context.Context, account *remembering, set *eval.Set) {
	j, err := e.memory(ctx)
	var checks []doctor.Check
	if err == nil && set != nil {
		e.session.Reader, e.session.Policies, e.session.Memory = account, set, j
		checks = e.planned(ctx, j)
		j.Close() // it was only read
	} else {
		_, _ = account.Snapshot(ctx, nil) // it remembers the error
		for _, name := range []string{"references", "lowering", "limits"} {
			checks = append(checks, doctor.Skipped(name, "it needs the policies and the state"))
		}
	}
	e.report.Add(doctor.Account(account.snapshot, account.err)...)
	if account.err != nil {
		for _, name := range []string{"write", "references", "lowering", "limits"} {
			e.report.Add(doctor.Skipped(name, "the account can't be read"))
		}
		return
	}
	e.report.Add(e.writing(ctx, account.snapshot))
	e.report.Add(checks...)
}

// memory is what earlier rounds recorded of the account; nil if they were of
// another, or it can't be read.
func (e *examination) memory(ctx context.Context) (*journal.Journal, error) {
	if e.foreign {
		return nil, nil
	}
	return e.ReadState(ctx, e.session)
}

func (e *examination) planned(ctx context.Context, j *journal.Journal) []doctor.Check {
	result, err := e.session.Plan(ctx)
	if err != nil {
		return doctor.Round(nil, nil, err)
	}
	memory, err := j.Memory(ctx, e.session.Now())
	return doctor.Round(result.Plan, memory.Recent, err)
}

// writing checks in whose name would be written.
func (e *examination) writing(ctx context.Context, s *inventory.Snapshot) doctor.Check {
	tokenUser := ""
	if e.session.Client != nil {
		var err error
		if tokenUser, err = e.session.Client.TokenUser(ctx); err != nil {
			return doctor.Skipped("write", fmt.Sprintf("could not determine who owns the API token: %v", err))
		}
	}
	return doctor.Writing(s, tokenUser, e.config.Account.ActingUser)
}

// remembering is a reader that keeps what it read last.
type remembering struct {
	reconcile.Reader
	snapshot *inventory.Snapshot
	err      error
}

func (r *remembering) Snapshot(ctx context.Context, schedules []string) (*inventory.Snapshot, error) {
	r.snapshot, r.err = r.Reader.Snapshot(ctx, schedules)
	return r.snapshot, r.err
}
