package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/regular"
	"github.com/dutyward/dutyward/inventory/secret"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// config is dutyward.yaml. configKeys documents every key.
type config struct {
	Account   accountConfig     `yaml:"account"`
	Policies  []string          `yaml:"policies"`
	State     string            `yaml:"state"`
	History   historyConfig     `yaml:"history"`
	Operators []string          `yaml:"operators"`
	Manage    manageConfig      `yaml:"manage"`
	Schemas   map[string]string `yaml:"schemas"`
	Access    accessConfig      `yaml:"access"`
	Window    windowConfig      `yaml:"window"`
	// Evaluation bounds the evaluation of policies.
	Evaluation evaluationConfig `yaml:"evaluation"`
	Run        runConfig        `yaml:"run"`

	// file is the file that was read; empty if there is none.
	file string
	env  map[string]string
	// secrets learn the token; nil where nothing does.
	secrets *secret.Keeper
}

type accountConfig struct {
	Name       string      `yaml:"name"`
	Region     string      `yaml:"region"`
	BaseURL    string      `yaml:"base_url"`
	Token      tokenConfig `yaml:"token"`
	Auth       string      `yaml:"auth"`
	ActingUser string      `yaml:"acting_user"`
}

// tokenConfig says where the token is. Exactly one field is set.
type tokenConfig struct {
	Env     string   `yaml:"env"`
	File    string   `yaml:"file"`
	Command []string `yaml:"command"`
}

type manageConfig struct {
	Default   string            `yaml:"default"`
	Account   accountModeConfig `yaml:"account"`
	Teams     kindConfig        `yaml:"teams"`
	Schedules kindConfig        `yaml:"schedules"`
}

type accountModeConfig struct {
	Mode string `yaml:"mode"`
}

type kindConfig struct {
	Mode string `yaml:"mode"`
	// Import is nil where everything is managed.
	Import    []string      `yaml:"import"`
	Resources resourceModes `yaml:"resources"`
}

// resourceModes keeps the order of the file: the last that matches wins.
type resourceModes []resourceMode

type resourceMode struct {
	Name, Mode string
}

type windowConfig struct {
	BackDays  int `yaml:"back_days"`
	AheadDays int `yaml:"ahead_days"`
}

// evaluationConfig is what policies may use.
type evaluationConfig struct {
	TimeLimit     string   `yaml:"time_limit"`
	MemoryLimit   string   `yaml:"memory_limit"`
	MaxElements   int      `yaml:"max_elements"`
	AllowBuiltins []string `yaml:"allow_builtins"`
}

type historyConfig struct {
	Keep string `yaml:"keep"`
}

// accessConfig is about access that policies give for a while.
type accessConfig struct {
	// Longest is empty where any length will do.
	Longest    string `yaml:"longest"`
	WarnBefore string `yaml:"warn_before"`
}

type runConfig struct {
	Schedule       string `yaml:"schedule"`
	OnCallInterval string `yaml:"oncall_interval"`
	MaxAge         string `yaml:"max_age"`
	Settle         string `yaml:"settle"`
	Listen         string `yaml:"listen"`
}

// defaultConfig is the configuration where nothing else is said.
func defaultConfig() *config {
	return &config{
		Account:    accountConfig{Name: "pagerduty", Region: "us", Auth: "token"},
		State:      "dutyward.db",
		History:    historyConfig{Keep: "400d"},
		Manage:     manageConfig{Default: string(plan.Observe)},
		Access:     accessConfig{WarnBefore: "24h"},
		Window:     windowConfig{BackDays: 7, AheadDays: 35},
		Evaluation: evaluationConfig{TimeLimit: "30s", MemoryLimit: "2GiB", MaxElements: 1_000_000},
		Run:        runConfig{Schedule: "*/5 * * * *", OnCallInterval: "1m", MaxAge: "15m", Settle: "1m", Listen: "127.0.0.1:9465"},
	}
}

const (
	defaultFile     = "dutyward.yaml"
	defaultPolicies = "policies"
	defaultTokenEnv = "PAGERDUTY_TOKEN"
)

// configError is everything that is wrong with a configuration.
type configError []string

func (e configError) Error() string {
	if len(e) == 1 {
		return "the configuration is at fault: " + e[0]
	}
	return fmt.Sprintf("the configuration has %d faults:\n  %s", len(e), strings.Join(e, "\n  "))
}

// config loads the configuration: the file that --config or DUTYWARD_CONFIG
// names, or ./dutyward.yaml if it is there; over it DUTYWARD_* variables.
// Flags are over both and are the commands' own. A configError holds all
// faults at once.
func (a *app) config() (*config, error) {
	file, named := a.configFile, a.configFile != ""
	if !named {
		file, named = a.env["DUTYWARD_CONFIG"], a.env["DUTYWARD_CONFIG"] != ""
	}
	if !named {
		file = defaultFile
	}
	l := &loader{config: defaultConfig(), origin: map[string]place{}}
	l.config.env, l.config.secrets = a.env, a.secrets
	data, err := regular.ReadFile(file, maxConfig)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !named:
	case err != nil:
		return nil, fmt.Errorf("read the configuration: open %s: %w", file, err)
	default:
		l.config.file = file
		l.read(data)
		l.config.relativeTo(filepath.Dir(file))
	}
	l.environment(a.env)
	l.config.fillIn()
	l.config.learn()
	l.check()
	if a.guard != nil {
		a.guard.Memory = l.config.memoryLimit()
	}
	return l.config, l.err()
}

// maxConfig bounds the configuration's file.
const maxConfig = 4 << 20

// relativeTo makes the paths of a file relative to where the file is.
func (c *config) relativeTo(dir string) {
	from := func(path string) string {
		if path == "" || filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(dir, path)
	}
	for i, p := range c.Policies {
		c.Policies[i] = from(p)
	}
	if c.Policies == nil {
		c.Policies = []string{from(defaultPolicies)}
	}
	for k, p := range c.Schemas {
		c.Schemas[k] = from(p)
	}
	c.State = from(c.State)
	c.Account.Token.File = from(c.Account.Token.File)
}

// fillIn sets the defaults that depend on other values.
func (c *config) fillIn() {
	if c.Policies == nil {
		c.Policies = []string{defaultPolicies}
	}
	t := &c.Account.Token
	if t.Env == "" && t.File == "" && len(t.Command) == 0 {
		t.Env = defaultTokenEnv
	}
}

// policyOptions say where the policies are, or that they are in other roots,
// and within what bounds they run.
func (c *config) policyOptions(roots []string) eval.Options {
	if len(roots) == 0 {
		roots = c.Policies
	}
	return eval.Options{
		Roots: roots, AskGit: true, Schemas: c.Schemas,
		TimeLimit: c.timeLimit(), MaxElements: c.Evaluation.MaxElements, AllowBuiltins: c.Evaluation.AllowBuiltins,
		Secrets: c.secrets,
	}
}

// timeLimit bounds loading policies, and evaluating those of a phase.
func (c *config) timeLimit() time.Duration {
	limit, _ := time.ParseDuration(c.Evaluation.TimeLimit) // checked when it was read
	return limit
}

// memoryLimit bounds what policies may take, in bytes.
func (c *config) memoryLimit() int64 {
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

// settings are what a plan needs of the configuration.
func (c *config) settings() plan.Settings {
	m := c.Manage
	s := plan.Settings{
		Default:   plan.Mode(m.Default),
		Kinds:     map[inventory.Kind]plan.Mode{},
		Import:    map[inventory.Kind][]string{},
		Operators: slices.Clone(c.Operators),
	}
	s.Longest, _ = parseSpan(c.Access.Longest) // checked when they were read
	s.WarnBefore, _ = parseSpan(c.Access.WarnBefore)
	if c.Account.ActingUser != "" && !slices.Contains(s.Operators, c.Account.ActingUser) {
		s.Operators = append(s.Operators, c.Account.ActingUser)
	}
	if m.Account.Mode != "" {
		s.Kinds[inventory.KindAccount] = plan.Mode(m.Account.Mode)
	}
	for kind, k := range map[inventory.Kind]kindConfig{inventory.KindTeam: m.Teams, inventory.KindSchedule: m.Schedules} {
		if k.Mode != "" {
			s.Kinds[kind] = plan.Mode(k.Mode)
		}
		if k.Import != nil {
			s.Import[kind] = k.Import
		}
	}
	for _, r := range m.Teams.Resources {
		s.Resources = append(s.Resources, plan.ResourceMode{Resource: "team:" + r.Name, Mode: plan.Mode(r.Mode)})
	}
	for _, r := range m.Schedules.Resources {
		s.Resources = append(s.Resources, plan.ResourceMode{Resource: "schedule:" + r.Name, Mode: plan.Mode(r.Mode)})
	}
	return s
}

// pagerduty is how to speak to the account.
func (c *config) pagerduty() pagerduty.Options {
	return pagerduty.Options{
		Account: c.Account.Name,
		Region:  c.Account.Region,
		BaseURL: c.Account.BaseURL,
		Token:   c.token,
		Secrets: c.secrets,
		Bearer:  c.Account.Auth == "oauth",
		From:    c.Account.ActingUser,
		Back:    c.Window.BackDays,
		Ahead:   c.Window.AheadDays,
	}
}

// settle is how long an edit must hold still. It was checked when it was read.
func (c *config) settle() time.Duration {
	settle, _ := time.ParseDuration(c.Run.Settle)
	return settle
}

// watching is how often on-calls are looked at, and how old a whole reading may
// be. They were checked when they were read.
func (c *config) watching() (interval, age time.Duration) {
	interval, _ = time.ParseDuration(c.Run.OnCallInterval)
	age, _ = time.ParseDuration(c.Run.MaxAge)
	return interval, age
}
