package session

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
	"github.com/dutyward/dutyward/inventory/regular"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/report"
)

// Session is what a command that takes a round works with.
type Session struct {
	*reconcile.Round
	// Config is the configuration in force.
	Config *config.Config
	// Client is nil where the snapshot is a saved one.
	Client *pagerduty.Client
	// clock follows the account's.
	clock *pagerduty.Clock
	// Journal is the state; nil where it is another account's.
	Journal *journal.Journal
	// Local is the clock of this machine.
	Local func() time.Time
}

// OpenFor is how long what git or an editor left lying is taken for a sign that
// somebody is amid an edit.
const OpenFor = 10 * time.Minute

// Options say what a session works on.
type Options struct {
	// Policies are the directories of policies; none for the configured ones.
	Policies []string
	// Snapshot is the file of a saved snapshot to read instead of the account.
	Snapshot string
	// Targets narrow the plan to changes of these references.
	Targets []string
	// At is the moment to answer for, as a person writes it.
	At string
	// TellsWarnings says that the command itself tells the policies' warnings.
	TellsWarnings bool
}

// moment is what --at asks for; zero without it.
func (o Options) moment() (Moment, error) {
	if o.At == "" {
		return Moment{}, nil
	}
	return ParseMoment("--at", o.At)
}

// ForReading opens a session that changes nothing, neither in PagerDuty nor in
// the state.
func (p *Process) ForReading(ctx context.Context, o Options) (*Session, error) {
	p.CollectRarely()
	snapshot := p.BeginReading(o.Snapshot)
	s, err := p.open(ctx, o)
	if err != nil {
		return nil, err
	}
	return s, p.Read(ctx, s, snapshot)
}

// Read gives a session that changes nothing what it reads: the account or the
// saved snapshot, and the state.
func (p *Process) Read(ctx context.Context, s *Session, snapshot func() (*inventory.Snapshot, error)) error {
	saved, err := snapshot()
	if err != nil {
		return err
	}
	if saved != nil {
		s.Reader = savedReader{saved}
		if saved.Account.Name != s.Config.Account.Name {
			// The state is another account's: plan as if for the first time.
			s.Memory = (*journal.Journal)(nil)
			return nil
		}
	} else if s.Reader, err = p.Connect(ctx, s); err != nil {
		return err
	}
	if s.Journal, err = p.ReadState(ctx, s); err != nil {
		return err
	}
	s.Memory = s.Journal
	return nil
}

// ForWriting opens a session that may change the account and the state.
func (p *Process) ForWriting(ctx context.Context, o Options) (*Session, error) {
	s, err := p.open(ctx, o)
	if err != nil {
		return nil, err
	}
	if s.Reader, err = p.Connect(ctx, s); err != nil {
		return nil, err
	}
	s.Journal, err = journal.Open(ctx, s.Config.State, p.JournalOptions(s))
	if err != nil {
		return nil, err
	}
	for _, n := range s.Journal.Notices() {
		p.Note("%s", n)
	}
	s.Memory = s.Journal
	return s, nil
}

// open loads configuration and policies, so that their faults show before
// anything is sent.
func (p *Process) open(ctx context.Context, o Options) (*Session, error) {
	s, err := p.Configured(o)
	if err != nil {
		return nil, err
	}
	set, err := LoadPolicies(ctx, s.Config, o.Policies)
	if err != nil {
		return nil, err
	}
	s.Policies = set
	if n := len(set.Warnings()); n > 0 && !o.TellsWarnings {
		p.Note("the policies have %s: `dutyward check` shows them", report.Counted(n, "warning"))
	}
	return s, nil
}

// Configured is a session that has its configuration and nothing else yet.
func (p *Process) Configured(o Options) (*Session, error) {
	at, err := o.moment()
	if err != nil {
		return nil, err
	}
	c, err := p.Config()
	if err != nil {
		return nil, err
	}
	settings := c.Settings()
	settings.Targets = o.Targets
	return &Session{Config: c, Round: &reconcile.Round{Settings: settings, Risks: c.RisksInPlan(), Now: p.Now, At: at.at, After: at.After}}, nil
}

// Connect makes the client, and lets the session's clock follow the account's.
func (p *Process) Connect(ctx context.Context, s *Session) (reconcile.Reader, error) {
	o := s.Config.PagerDuty()
	if s.clock == nil {
		s.clock = pagerduty.NewClock(p.Now, p.Transport, pagerdutysim.Header)
	}
	o.Transport = fence{s.clock, s}
	progress, stop := p.ReadingProgress()
	o.Progress = progress
	client, err := pagerduty.New(o)
	if err != nil {
		return nil, err
	}
	if o.BaseURL != "" {
		s.clock.Learn(ctx, o.BaseURL, client.Sign)
	}
	s.Client, s.Now, s.ClockDoubt, s.Self = client, s.clock.Now, s.clock.Doubt, client.TokenUser
	return accountReader{client, stop}, nil
}

// ReadState opens the state of a session to be read.
func (p *Process) ReadState(ctx context.Context, s *Session) (*journal.Journal, error) {
	return journal.OpenReadOnly(ctx, s.Config.State, p.JournalOptions(s))
}

// JournalOptions are those that the state is opened with.
func (p *Process) JournalOptions(s *Session) journal.Options {
	keep, _ := config.ParseSpan(s.Config.History.Keep) // checked when it was read
	return journal.Options{Now: s.Now, Account: s.Config.Account.Name, Command: cmp.Or(p.Command, "dutyward"), Keep: keep, Redact: p.Redact, Actor: p.Actor, Reason: p.Redact(p.Reason), Outbox: p.Publish, Postgres: s.Config.Database()}
}

// Close closes the state.
func (s *Session) Close() error {
	if s.Journal == nil {
		return nil
	}
	return s.Journal.Close()
}

// LoadPolicies loads the configured policies, or those of other roots.
func LoadPolicies(ctx context.Context, c *config.Config, roots []string) (*eval.Set, error) {
	return LoadPoliciesWith(ctx, c, &eval.Loader{}, roots)
}

// LoadPoliciesWith is loadPolicies with a loader that is kept.
func LoadPoliciesWith(ctx context.Context, c *config.Config, l *eval.Loader, roots []string) (*eval.Set, error) {
	if len(roots) == 0 {
		if err := c.NoPolicies(); err != nil {
			return nil, err
		}
	}
	set, err := l.Load(ctx, c.PolicyOptions(roots))
	if err != nil {
		return nil, PolicyFault(err)
	}
	return set, nil
}

// PolicyFault tells the problems of policies as the error of another command.
func PolicyFault(err error) error {
	var problems policies.Problems
	if errors.As(err, &problems) {
		return fmt.Errorf("the policies have %s:\n%w", report.Counted(len(problems.Errors()), "error"), err)
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

// Saved reads a snapshot that was taken earlier.
func Saved(snapshot *inventory.Snapshot) reconcile.Reader { return savedReader{snapshot} }

// savedReader reads a snapshot that was taken earlier.
type savedReader struct{ snapshot *inventory.Snapshot }

func (r savedReader) Snapshot(context.Context, []string) (*inventory.Snapshot, error) {
	return r.snapshot, nil
}

// BeginReading reads a saved snapshot while other things are done, and returns
// what waits for it. An empty file is none to read.
func (p *Process) BeginReading(file string) func() (*inventory.Snapshot, error) {
	var saved *inventory.Snapshot
	var group errgroup.Group
	if file != "" {
		group.Go(func() (err error) {
			saved, err = p.SavedSnapshot(file)
			return err
		})
	}
	return func() (*inventory.Snapshot, error) {
		err := group.Wait()
		return saved, err
	}
}

// SavedSnapshot reads a snapshot from a file; "-" is standard input.
func (p *Process) SavedSnapshot(file string) (*inventory.Snapshot, error) {
	in := p.Stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("read the snapshot: %w%s", err, regular.Near(file, err))
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
