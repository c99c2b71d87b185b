package config

import (
	"slices"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// PolicyOptions say where the policies are, or that they are in other roots,
// and within what bounds they run.
func (c *Config) PolicyOptions(roots []string) eval.Options {
	elsewhere := len(roots) > 0
	if !elsewhere {
		roots = c.Policies
	}
	return eval.Options{
		Roots: roots, AskGit: true, Schemas: c.Schemas,
		TimeLimit: c.TimeLimit(), MaxElements: c.Evaluation.MaxElements, AllowBuiltins: c.Evaluation.AllowBuiltins,
		Ignore:  c.ignores(elsewhere),
		Secrets: c.secrets,
	}
}

// ignores are the codes of warnings to ignore, also in other policies than those that
// the configuration is for.
func (c *Config) ignores(elsewhere bool) policies.Ignores {
	out := make(policies.Ignores, len(c.Check.Ignore))
	for i, ignored := range c.Check.Ignore {
		ignored.Elsewhere = elsewhere
		out[i] = ignored
	}
	return out
}

// TimeLimit bounds loading policies, and evaluating those of a phase.
func (c *Config) TimeLimit() time.Duration {
	limit, _ := time.ParseDuration(c.Evaluation.TimeLimit) // checked when it was read
	return limit
}

// MemoryLimit bounds what policies may take, in bytes.
func (c *Config) MemoryLimit() int64 {
	limit, _ := parseMemory(c.Evaluation.MemoryLimit) // checked when it was read
	return limit
}

// parseMemory reads an amount of memory.
func parseMemory(text string) (bytes int64, ok bool) {
	n, err := humanize.ParseBytes(text)
	return int64(min(n, 1<<50)), err == nil && n >= leastMemory
}

// leastMemory is what policies that say little need, with room to spare.
const leastMemory = 128 << 20

// Settings are what a plan needs of the configuration.
func (c *Config) Settings() plan.Settings {
	m := c.Manage
	s := plan.Settings{
		Default:   plan.Mode(m.Default),
		Kinds:     map[inventory.Kind]plan.Mode{},
		Include:   map[inventory.Kind][]string{},
		Operators: slices.Clone(c.Operators),
	}
	s.Longest, _ = ParseSpan(c.Access.Longest) // checked when they were read
	s.WarnBefore, _ = ParseSpan(c.Access.WarnBefore)
	if n := c.Edits.DisplacedTurns; n != plan.DefaultDisplacedTurns {
		s.Edits.DisplacedTurns = &n
	}
	if n := c.Edits.Joins; n != plan.DefaultJoins {
		s.Edits.Joins = &n
	}
	s.Bounds, s.Freezes, s.Kept = c.bounds(), c.freezes(), c.kept
	if c.Account.ActingUser != "" && !slices.Contains(s.Operators, c.Account.ActingUser) {
		s.Operators = append(s.Operators, c.Account.ActingUser)
	}
	if m.Account.Mode != "" {
		s.Kinds[inventory.KindAccount] = plan.Mode(m.Account.Mode)
	}
	for _, managed := range managedKinds {
		k := managed.of(m)
		if k.Mode != "" {
			s.Kinds[managed.kind] = plan.Mode(k.Mode)
		}
		if k.Include != nil {
			s.Include[managed.kind] = k.Include
		}
		for _, r := range k.Resources {
			s.Resources = append(s.Resources, plan.ResourceMode{Resource: string(managed.kind) + ":" + r.Name, Mode: plan.Mode(r.Mode)})
		}
	}
	return s
}

// PagerDuty is how to speak to the account.
func (c *Config) PagerDuty() pagerduty.Options {
	return pagerduty.Options{
		Account: c.Account.Name,
		Region:  c.Account.Region,
		BaseURL: c.Account.BaseURL,
		Token:   c.Token,
		Secrets: c.secrets,
		Bearer:  c.Account.Auth == "oauth",
		From:    c.Account.ActingUser,
		Back:    c.Window.BackDays,
		Ahead:   c.Window.AheadDays,
		Share:   float64(c.Account.RequestShare) / 100,
	}
}

// Settle is how long an edit must hold still. It was checked when it was read.
func (c *Config) Settle() time.Duration {
	settle, _ := time.ParseDuration(c.Run.Settle)
	return settle
}

// Watching is how often on-calls are looked at, and how old a full refresh may
// be. They were checked when they were read.
func (c *Config) Watching() (interval, age time.Duration) {
	interval, _ = time.ParseDuration(c.Run.OnCallInterval)
	age, _ = time.ParseDuration(c.Run.MaxAge)
	return interval, age
}

// StopFile is the file beside the state that stops all changes.
func (c *Config) StopFile() reconcile.StopFile { return reconcile.StopFile(c.State + ".paused") }
