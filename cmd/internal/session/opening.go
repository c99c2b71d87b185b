package session

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/journal"
)

// ForState opens the state alone, for a person's word.
func (p *Process) ForState(ctx context.Context) (*Session, error) {
	c, err := p.Config()
	if err != nil {
		return nil, err
	}
	if err := c.NoState(); err != nil {
		return nil, err
	}
	s := &Session{Config: c, Round: &reconcile.Round{Now: p.Now}}
	if c.Account.BaseURL != "" {
		clock := pagerduty.NewClock(p.Now, p.Transport, pagerdutysim.Header)
		clock.Learn(ctx, c.Account.BaseURL, nil)
		s.Now = clock.Now
	}
	s.Journal, err = journal.Open(ctx, c.State, p.JournalOptions(s))
	return s, err
}

// Restore puts a backup in the place of the state, and returns where what was there is
// kept; without a backup it notes that one was put back.
func (p *Process) Restore(ctx context.Context, backup []string) (kept string, err error) {
	c, err := p.Config()
	if err != nil {
		return "", err
	}
	s := &Session{Config: c, Round: &reconcile.Round{Now: p.Now}}
	if len(backup) > 0 {
		return journal.Restore(ctx, c.State, backup[0], p.JournalOptions(s))
	}
	if s, err = p.ForState(ctx); err != nil {
		return "", err
	}
	return "", errors.Join(s.Journal.Restored(ctx), s.Close())
}

// SnapshotFor is a snapshot for the moment asked for, without policies or state.
func (p *Process) SnapshotFor(ctx context.Context, o Options) (*inventory.Snapshot, error) {
	at, err := o.moment()
	if err != nil {
		return nil, err
	}
	c, err := p.Config()
	if err != nil {
		return nil, err
	}
	s := &Session{Config: c, Round: &reconcile.Round{Now: p.Now, At: at.at, After: at.After}}
	if o.Snapshot != "" {
		saved, err := p.SavedSnapshot(o.Snapshot)
		if err != nil {
			return nil, err
		}
		s.Reader = savedReader{saved}
	} else if s.Reader, err = p.Connect(ctx, s); err != nil {
		return nil, err
	}
	return s.Snapshot(ctx, nil)
}

// ReadAccount is a snapshot of the account as it is now, and what reading it cost.
func (p *Process) ReadAccount(ctx context.Context) (*inventory.Snapshot, pagerduty.Cost, error) {
	c, err := p.Config()
	if err != nil {
		return nil, pagerduty.Cost{}, err
	}
	o := c.PagerDuty()
	o.Transport = p.Transport
	progress, stop := p.ReadingProgress()
	defer stop()
	o.Progress = progress
	client, err := pagerduty.New(o)
	if err != nil {
		return nil, pagerduty.Cost{}, err
	}
	s, err := client.Snapshot(ctx, pagerduty.SnapshotOptions{})
	return s, client.Cost(), err
}

// ForReverting opens a session that may change the account, with the last good
// policies where those that stand are broken: it is they that are in force.
func (p *Process) ForReverting(ctx context.Context, o Options) (*Session, error) {
	s, err := p.ForWriting(ctx, o)
	var broken policies.Problems
	if err == nil || !errors.As(err, &broken) {
		return s, err
	}
	c, configErr := p.Config()
	if configErr != nil {
		return nil, configErr
	}
	s = &Session{Config: c, Round: &reconcile.Round{Settings: c.Settings(), Risks: c.RisksInPlan(), Now: p.Now, Good: true}}
	if s.Reader, configErr = p.Connect(ctx, s); configErr != nil {
		return nil, configErr
	}
	if s.Journal, configErr = journal.Open(ctx, c.State, p.JournalOptions(s)); configErr != nil {
		return nil, configErr
	}
	s.Memory = s.Journal
	revision, source, configErr := s.Journal.GoodPolicies(ctx)
	if configErr != nil || revision == "" {
		return nil, errors.Join(err, configErr, s.Close())
	}
	fmt.Fprintln(p.Stderr, "note: the policies are broken; the last good ones are in force")
	s.Policies, configErr = eval.LoadSource(ctx, source)
	return s, configErr
}

// Unattended opens a session that may write, and whose policies are loaded by
// each round.
func (p *Process) Unattended(ctx context.Context, c *config.Config, sink events.Sink) (*Session, error) {
	s := &Session{Config: c, Local: p.Now, Round: &reconcile.Round{Settings: c.Settings(), Risks: c.RisksInPlan(), Now: p.Now}}
	var err error
	if s.Reader, err = p.Quietly().Connect(ctx, s); err != nil {
		return nil, err
	}
	options := p.JournalOptions(s)
	options.Actor = "" // nobody asks for each round
	if s.Journal, err = journal.Open(ctx, c.State, options); err != nil {
		return nil, err
	}
	for _, n := range s.Journal.Notices() {
		sink.Tell(events.StateNotice(p.Now(), n))
	}
	return s, nil
}

// Quietly is the process without a terminal: no progress among the log.
func (p *Process) Quietly() *Process {
	quiet := *p
	quiet.Stderr = struct{ io.Writer }{p.Stderr}
	return &quiet
}
