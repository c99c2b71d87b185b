package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/journal"
)

// forState opens the state alone, for a person's word.
func (a *process) forState(ctx context.Context) (*session, error) {
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	s := &session{config: c, Round: &reconcile.Round{Now: a.now}}
	if c.Account.BaseURL != "" {
		clock := pagerduty.NewClock(a.now, a.transport, pagerdutysim.Header)
		clock.Learn(ctx, c.Account.BaseURL)
		s.Now = clock.Now
	}
	s.journal, err = journal.Open(ctx, c.State, a.journalOptions(s))
	return s, err
}

// snapshotFor is a snapshot for the moment asked for, without policies or state.
func (a *process) snapshotFor(ctx context.Context, o options) (*inventory.Snapshot, error) {
	at, err := o.moment()
	if err != nil {
		return nil, err
	}
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	s := &session{config: c, Round: &reconcile.Round{Now: a.now, At: at.at, After: at.after}}
	if o.snapshot != "" {
		saved, err := a.savedSnapshot(o.snapshot)
		if err != nil {
			return nil, err
		}
		s.Reader = savedReader{saved}
	} else if s.Reader, err = a.connect(ctx, s); err != nil {
		return nil, err
	}
	return s.Snapshot(ctx, nil)
}

// forReverting opens a session that may change the account, with the last good
// policies where those that stand are broken: it is they that are in force.
func (a *process) forReverting(ctx context.Context, o options) (*session, error) {
	s, err := a.forWriting(ctx, o)
	var broken policies.Problems
	if err == nil || !errors.As(err, &broken) {
		return s, err
	}
	c, configErr := a.config()
	if configErr != nil {
		return nil, configErr
	}
	s = &session{config: c, Round: &reconcile.Round{Settings: c.Settings(), Now: a.now, Good: true}}
	if s.Reader, configErr = a.connect(ctx, s); configErr != nil {
		return nil, configErr
	}
	if s.journal, configErr = journal.Open(ctx, c.State, a.journalOptions(s)); configErr != nil {
		return nil, configErr
	}
	s.Memory = s.journal
	revision, source, configErr := s.journal.GoodPolicies(ctx)
	if configErr != nil || revision == "" {
		return nil, errors.Join(err, configErr, s.close())
	}
	fmt.Fprintln(a.stderr, "note: the policies are broken; the last good ones are in force")
	s.Policies, configErr = eval.LoadSource(ctx, source)
	return s, configErr
}

// unattended opens a session that may write, and whose policies are loaded by
// each round.
func (a *process) unattended(ctx context.Context, c *config.Config, log *slog.Logger) (*session, error) {
	s := &session{config: c, local: a.now, Round: &reconcile.Round{Settings: c.Settings(), Now: a.now}}
	var err error
	if s.Reader, err = a.quietly().connect(ctx, s); err != nil {
		return nil, err
	}
	if s.journal, err = journal.Open(ctx, c.State, a.journalOptions(s)); err != nil {
		return nil, err
	}
	for _, n := range s.journal.Notices() {
		log.Warn(n)
	}
	return s, nil
}

// quietly is the process without a terminal: no progress among the log.
func (a *process) quietly() *process {
	quiet := *a
	quiet.stderr = struct{ io.Writer }{a.stderr}
	return &quiet
}
