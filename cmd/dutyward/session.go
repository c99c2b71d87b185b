package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/journal"
)

// session is what a command that takes a round works with.
type session struct {
	*reconcile.Round
	config *config.Config
	// client is nil where the snapshot is a saved one.
	client  *pagerduty.Client
	clock   *pagerduty.Clock
	journal *journal.Journal
	// local is the clock of this machine.
	local func() time.Time
}

// options say what a session works on.
type options struct {
	// policies are the directories of policies; none for the configured ones.
	policies []string
	// snapshot is the file of a saved snapshot to read instead of the account.
	snapshot string
	// targets narrow the plan to changes of these references.
	targets []string
	// at is the moment to answer for, as a person writes it.
	at string
	// tellsWarnings says that the command itself tells the policies' warnings.
	tellsWarnings bool
}

// moment is what --at asks for; zero without it.
func (o options) moment() (when, error) {
	if o.at == "" {
		return when{}, nil
	}
	return parseMoment("--at", o.at)
}

// forReading opens a session that changes nothing, neither in PagerDuty nor in
// the state.
func (a *process) forReading(ctx context.Context, o options) (*session, error) {
	a.collectRarely()
	snapshot := a.beginReading(o.snapshot)
	s, err := a.open(ctx, o)
	if err != nil {
		return nil, err
	}
	return s, a.read(ctx, s, snapshot)
}

// read gives a session that changes nothing what it reads: the account or the
// saved snapshot, and the state.
func (a *process) read(ctx context.Context, s *session, snapshot func() (*inventory.Snapshot, error)) error {
	saved, err := snapshot()
	if err != nil {
		return err
	}
	if saved != nil {
		s.Reader = savedReader{saved}
		if saved.Account.Name != s.config.Account.Name {
			// The state is another account's: plan as if for the first time.
			s.Memory = (*journal.Journal)(nil)
			return nil
		}
	} else if s.Reader, err = a.connect(ctx, s); err != nil {
		return err
	}
	if s.journal, err = journal.OpenReadOnly(ctx, s.config.State, a.journalOptions(s)); err != nil {
		return err
	}
	s.Memory = s.journal
	return nil
}

// forWriting opens a session that may change the account and the state.
func (a *process) forWriting(ctx context.Context, o options) (*session, error) {
	s, err := a.open(ctx, o)
	if err != nil {
		return nil, err
	}
	if s.Reader, err = a.connect(ctx, s); err != nil {
		return nil, err
	}
	s.journal, err = journal.Open(ctx, s.config.State, a.journalOptions(s))
	if err != nil {
		return nil, err
	}
	for _, n := range s.journal.Notices() {
		a.note("%s", n)
	}
	s.Memory = s.journal
	return s, nil
}

// open loads configuration and policies, so that their faults show before
// anything is sent.
func (a *process) open(ctx context.Context, o options) (*session, error) {
	s, err := a.configured(o)
	if err != nil {
		return nil, err
	}
	set, err := loadPolicies(ctx, s.config, o.policies)
	if err != nil {
		return nil, err
	}
	s.Policies = set
	if n := len(set.Warnings()); n > 0 && !o.tellsWarnings {
		a.note("the policies have %s: `dutyward check` shows them", counted(n, "warning"))
	}
	return s, nil
}

// configured is a session that has its configuration and nothing else yet.
func (a *process) configured(o options) (*session, error) {
	at, err := o.moment()
	if err != nil {
		return nil, err
	}
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	settings := c.Settings()
	settings.Targets = o.targets
	return &session{config: c, Round: &reconcile.Round{Settings: settings, Now: a.now, At: at.at, After: at.after}}, nil
}

// connect makes the client, and lets the session's clock follow the account's.
func (a *process) connect(ctx context.Context, s *session) (reconcile.Reader, error) {
	o := s.config.PagerDuty()
	if s.clock == nil {
		s.clock = pagerduty.NewClock(a.now, a.transport, pagerdutysim.Header)
	}
	o.Transport = s.clock
	progress, stop := a.readingProgress()
	o.Progress = progress
	client, err := pagerduty.New(o)
	if err != nil {
		return nil, err
	}
	if o.BaseURL != "" {
		s.clock.Learn(ctx, o.BaseURL)
	}
	s.client, s.Now, s.ClockDoubt, s.Self = client, s.clock.Now, s.clock.Doubt, client.TokenUser
	return accountReader{client, stop}, nil
}

func (a *process) journalOptions(s *session) journal.Options {
	keep, _ := config.ParseSpan(s.config.History.Keep) // checked when it was read
	return journal.Options{Now: s.Now, Account: s.config.Account.Name, Command: cmp.Or(a.command, "dutyward"), Keep: keep, Redact: a.redact}
}

func (s *session) close() error {
	if s.journal == nil {
		return nil
	}
	return s.journal.Close()
}

// loadPolicies loads the configured policies, or those of other roots.
func loadPolicies(ctx context.Context, c *config.Config, roots []string) (*eval.Set, error) {
	return loadPoliciesWith(ctx, c, &eval.Loader{}, roots)
}

// loadPoliciesWith is loadPolicies with a loader that is kept.
func loadPoliciesWith(ctx context.Context, c *config.Config, l *eval.Loader, roots []string) (*eval.Set, error) {
	set, err := l.Load(ctx, c.PolicyOptions(roots))
	if err != nil {
		return nil, policyFault(err)
	}
	return set, nil
}

// policyFault tells the problems of policies as the error of another command.
func policyFault(err error) error {
	var problems policies.Problems
	if errors.As(err, &problems) {
		return fmt.Errorf("the policies have %s:\n%w", counted(len(problems.Errors()), "error"), err)
	}
	return err
}

// accountReader reads snapshots from the account.
type accountReader struct {
	client *pagerduty.Client
	stop   func()
}

func (r accountReader) Snapshot(ctx context.Context, schedules []string) (*inventory.Snapshot, error) {
	defer r.stop()
	return r.client.Snapshot(ctx, pagerduty.SnapshotOptions{Schedules: schedules})
}

// saved reads a snapshot that was taken earlier.
func saved(snapshot *inventory.Snapshot) reconcile.Reader { return savedReader{snapshot} }

// savedReader is a snapshot that was taken earlier.
type savedReader struct{ snapshot *inventory.Snapshot }

func (r savedReader) Snapshot(context.Context, []string) (*inventory.Snapshot, error) {
	return r.snapshot, nil
}

// beginReading reads a saved snapshot while other things are done, and returns
// what waits for it. An empty file is none to read.
func (a *process) beginReading(file string) func() (*inventory.Snapshot, error) {
	var saved *inventory.Snapshot
	var group errgroup.Group
	if file != "" {
		group.Go(func() (err error) {
			saved, err = a.savedSnapshot(file)
			return err
		})
	}
	return func() (*inventory.Snapshot, error) {
		err := group.Wait()
		return saved, err
	}
}

func (a *process) savedSnapshot(file string) (*inventory.Snapshot, error) {
	in := a.stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("read the snapshot: %w", err)
		}
		defer f.Close()
		in = f
	}
	s, err := inventory.Decode(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.ToSlash(file), err)
	}
	return s, nil
}
