package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/policies/worker"
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
	// reread reads the configuration as it stands in the file; nil where nobody asks
	// whether it is committed.
	reread func() (*config.Config, error)
	// worker holds the policies in a process of its own; nil where they are in this one.
	worker *worker.Worker
}

// roundFlags are the flags of the commands that take a round.
type roundFlags struct {
	policies []string
	snapshot string
	targets  []string
	at       string
	// tellsWarnings says that the command itself tells the policies' warnings.
	tellsWarnings bool
}

func (f *roundFlags) add(cmd *cobra.Command) {
	f.addPolicies(cmd)
	f.addSnapshot(cmd)
}

func (f *roundFlags) addSnapshot(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.snapshot, "snapshot", "", "read a saved snapshot from this `file` instead of the account; \"-\" is standard input")
}

func (f *roundFlags) addPolicies(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.policies, "policies", nil, "a `directory` of policies instead of the configured ones; may be repeated")
}

func (f *roundFlags) addTarget(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.targets, "target", nil, "only changes of this `reference` (user:…, team:…, account), with the raises that they need; may be repeated")
}

func (f *roundFlags) addAt(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.at, "at", "", "answer for this `time` instead of that of the snapshot, within the window of shifts that it holds: "+momentForms)
}

// moment is what --at asks for; zero without it.
func (f *roundFlags) moment() (when, error) {
	if f.at == "" {
		return when{}, nil
	}
	return parseMoment("--at", f.at)
}

// forReading opens a session that changes nothing, neither in PagerDuty nor in
// the state.
func (a *app) forReading(ctx context.Context, f roundFlags) (*session, error) {
	a.collectRarely()
	snapshot := a.beginReading(f.snapshot)
	s, err := a.open(ctx, f)
	if err != nil {
		return nil, err
	}
	return s, a.read(ctx, s, snapshot)
}

// read gives a session that changes nothing what it reads: the account or the
// saved snapshot, and the state.
func (a *app) read(ctx context.Context, s *session, snapshot func() (*inventory.Snapshot, error)) error {
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
func (a *app) forWriting(ctx context.Context, f roundFlags) (*session, error) {
	s, err := a.open(ctx, f)
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
func (a *app) open(ctx context.Context, f roundFlags) (*session, error) {
	s, err := a.configured(f)
	if err != nil {
		return nil, err
	}
	set, err := loadPolicies(ctx, s.config, f.policies)
	if err != nil {
		return nil, err
	}
	s.Policies = set
	if n := len(set.Warnings()); n > 0 && !f.tellsWarnings {
		a.note("the policies have %s: `dutyward check` shows them", counted(n, "warning"))
	}
	return s, nil
}

// configured is a session that has its configuration and nothing else yet.
func (a *app) configured(f roundFlags) (*session, error) {
	at, err := f.moment()
	if err != nil {
		return nil, err
	}
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	settings := c.Settings()
	settings.Targets = f.targets
	return &session{config: c, Round: &reconcile.Round{Settings: settings, Now: a.now, At: at.at, After: at.after}}, nil
}

// config is the configuration, whose bounds hold from now on.
func (a *app) config() (*config.Config, error) {
	c, err := config.Load(a.configFile, a.env, a.secrets)
	if err != nil {
		return nil, err
	}
	if a.guard != nil {
		a.guard.Memory = c.MemoryLimit()
	}
	return c, nil
}

// connect makes the client, and lets the session's clock follow the account's.
func (a *app) connect(ctx context.Context, s *session) (reconcile.Reader, error) {
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

func (a *app) journalOptions(s *session) journal.Options {
	keep, _ := config.ParseSpan(s.config.History.Keep) // checked when it was read
	return journal.Options{Now: s.Now, Account: s.config.Account.Name, Command: cmp.Or(a.command, "dutyward"), Keep: keep, Redact: a.redact}
}

// planned opens a session that changes nothing, plans, lets show tell what of it
// was asked for, and says if the round did not do all it was asked to.
func (a *app) planned(ctx context.Context, f roundFlags, show func(*session, *reconcile.Result) error) error {
	s, err := a.forReading(ctx, f)
	if err != nil {
		return err
	}
	defer s.close()
	result, err := s.Plan(ctx)
	if err != nil {
		return err
	}
	if err := show(s, result); err != nil {
		return err
	}
	return partial(result)
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

// accountReader reads snapshots from the account.
type accountReader struct {
	client *pagerduty.Client
	stop   func()
}

func (r accountReader) Snapshot(ctx context.Context, schedules []string) (*inventory.Snapshot, error) {
	defer r.stop()
	return r.client.Snapshot(ctx, pagerduty.SnapshotOptions{Schedules: schedules})
}

// savedReader is a snapshot that was taken earlier.
type savedReader struct{ snapshot *inventory.Snapshot }

func (r savedReader) Snapshot(context.Context, []string) (*inventory.Snapshot, error) {
	return r.snapshot, nil
}

// beginReading reads a saved snapshot while other things are done, and returns
// what waits for it. An empty file is none to read.
func (a *app) beginReading(file string) func() (*inventory.Snapshot, error) {
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

func (a *app) savedSnapshot(file string) (*inventory.Snapshot, error) {
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
