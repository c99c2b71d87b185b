// Package config is dutyward.yaml: its keys, how it is read and checked, and what
// the other packages need of it as typed values.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/regular"
	"github.com/dutyward/dutyward/inventory/secret"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Config is dutyward.yaml. Keys documents every key.
type Config struct {
	Account   accountConfig     `yaml:"account"`
	Policies  []string          `yaml:"policies"`
	State     string            `yaml:"state"`
	Postgres  postgresConfig    `yaml:"state.postgres"`
	History   historyConfig     `yaml:"history"`
	Operators []string          `yaml:"operators"`
	Manage    manageConfig      `yaml:"manage"`
	Schemas   map[string]string `yaml:"schemas"`
	Access    accessConfig      `yaml:"access"`
	Edits     editsConfig       `yaml:"edits"`
	Limits    limitConfigs      `yaml:"limits"`
	Freezes   freezeConfigs     `yaml:"freezes"`
	Risk      riskConfig        `yaml:"risk"`
	Window    windowConfig      `yaml:"window"`
	// Evaluation bounds the evaluation of policies.
	Evaluation evaluationConfig `yaml:"evaluation"`
	Check      checkConfig      `yaml:"check"`
	Run        runConfig        `yaml:"run"`
	Notify     notifyConfig     `yaml:"notify"`

	// File is the file that was read; empty if there is none.
	File string
	env  map[string]string
	// kept are what a former configuration keeps in force; see KeepGuards.
	kept plan.KeptGuards
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
	// RequestShare is a percentage.
	RequestShare int `yaml:"request_share"`
}

// tokenConfig says where the token is. Exactly one field is set.
type tokenConfig struct {
	Env     string   `yaml:"env"`
	File    string   `yaml:"file"`
	Command []string `yaml:"command"`
}

// postgresConfig says where the state is if it is not a file: below state, in place of
// the file's name.
type postgresConfig struct {
	// Env is the variable that holds the database's address; empty for a file.
	Env    string `yaml:"env"`
	Schema string `yaml:"schema"`
}

type manageConfig struct {
	Default   string            `yaml:"default"`
	Account   accountModeConfig `yaml:"account"`
	Teams     kindConfig        `yaml:"teams"`
	Schedules kindConfig        `yaml:"schedules"`
}

// managedKind is a kind of resource of which single ones may be managed by themselves.
type managedKind struct {
	// name is what the configuration calls its resources: the key below manage.
	name string
	kind inventory.Kind
	of   func(manageConfig) kindConfig
}

// managedKinds are all of them. A new one needs its field in manageConfig, too.
var managedKinds = []managedKind{
	{"teams", inventory.KindTeam, func(m manageConfig) kindConfig { return m.Teams }},
	{"schedules", inventory.KindSchedule, func(m manageConfig) kindConfig { return m.Schedules }},
}

type accountModeConfig struct {
	Mode string `yaml:"mode"`
}

type kindConfig struct {
	Mode string `yaml:"mode"`
	// Include is nil where everything is managed.
	Include   []string      `yaml:"include"`
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

// checkConfig is what checking the policies passes over.
type checkConfig struct {
	Ignore ignoredCodes `yaml:"ignore"`
}

// ignoredCodes are codes of warnings with the paths where they are ignored.
type ignoredCodes []policies.Ignore

type historyConfig struct {
	Keep string `yaml:"keep"`
}

// accessConfig is about access that policies give for a while.
type accessConfig struct {
	// Longest is empty where any length will do.
	Longest    string `yaml:"longest"`
	WarnBefore string `yaml:"warn_before"`
}

// editsConfig bounds what one edit of a schedule may do to others.
type editsConfig struct {
	DisplacedTurns int `yaml:"displaced_turns"`
	Joins          int `yaml:"joins"`
}

type runConfig struct {
	Schedule       string `yaml:"schedule"`
	OnCallInterval string `yaml:"oncall_interval"`
	Audit          bool   `yaml:"audit"`
	MaxAge         string `yaml:"max_age"`
	Settle         string `yaml:"settle"`
	Listen         string `yaml:"listen"`
	// GroupsToken says where the token is that whoever asks for groups must have.
	GroupsToken tokenConfig `yaml:"groups_token"`
}

// defaultConfig is the configuration where nothing else is said.
func defaultConfig() *Config {
	return &Config{
		Account:    accountConfig{Name: "pagerduty", Region: "us", Auth: "token", RequestShare: 50},
		State:      defaultState,
		History:    historyConfig{Keep: "400d"},
		Manage:     manageConfig{Default: string(plan.Observe)},
		Access:     accessConfig{WarnBefore: "24h"},
		Edits:      editsConfig{DisplacedTurns: plan.DefaultDisplacedTurns, Joins: plan.DefaultJoins},
		Risk:       defaultRisk(),
		Window:     windowConfig{BackDays: 7, AheadDays: 35},
		Evaluation: evaluationConfig{TimeLimit: "30s", MemoryLimit: "2GiB", MaxElements: 1_000_000},
		Run:        runConfig{Schedule: "*/5 * * * *", OnCallInterval: "1m", Audit: true, MaxAge: "15m", Settle: "1m", Listen: "127.0.0.1:9465"},
		Notify:     notifyConfig{KeepTrying: "7d"},
	}
}

// What holds where nothing else is said.
const (
	DefaultFile     = "dutyward.yaml"
	DefaultPolicies = "policies"
	DefaultTokenEnv = "PAGERDUTY_TOKEN"
)

// Error is everything that is wrong with a configuration.
type Error []string

// Error tells all faults, one a line.
func (e Error) Error() string {
	if len(e) == 1 {
		return "the configuration is not valid: " + e[0]
	}
	return fmt.Sprintf("the configuration has %d errors:\n  %s", len(e), strings.Join(e, "\n  "))
}

// Load loads the configuration: the file of that name or the one that
// DUTYWARD_CONFIG names, or ./dutyward.yaml if it is there; over it DUTYWARD_*
// variables of env. Flags are over both and are the commands' own. The token is
// added to secrets. A configError holds all faults at once.
func Load(file string, env map[string]string, secrets *secret.Keeper) (*Config, error) {
	named := file != ""
	if !named {
		file, named = env["DUTYWARD_CONFIG"], env["DUTYWARD_CONFIG"] != ""
	}
	if !named {
		file = DefaultFile
	}
	l := &loader{config: defaultConfig(), origin: map[string]place{}}
	l.config.env, l.config.secrets = env, secrets
	data, err := regular.ReadFile(file, maxConfig)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !named:
	case err != nil:
		return nil, fmt.Errorf("read the configuration: open %s: %w%s", file, err, regular.Near(file, err))
	default:
		l.config.File = file
		l.read(data)
		l.config.relativeTo(filepath.Dir(file))
	}
	l.environment(env)
	l.config.fillIn()
	l.config.learn()
	l.check()
	return l.config, l.err()
}

// defaultState is the file of the state, relative to the configuration.
const defaultState = "dutyward.db"

// NoPolicies says that this is the wrong directory: there is neither a configuration
// nor anything where its policies would be.
func (c *Config) NoPolicies() error {
	if len(c.Policies) != 1 || c.Policies[0] != DefaultPolicies {
		return nil
	}
	return c.nothing(DefaultPolicies, "no directory "+DefaultPolicies)
}

// NoState says that this is the wrong directory: there is neither a configuration
// nor the state that a run without one keeps here.
func (c *Config) NoState() error {
	if c.State != defaultState || c.Postgres.Env != "" {
		return nil
	}
	return c.nothing(defaultState, "no state ("+defaultState+")")
}

// nothing says that neither a configuration is here nor the path, if so it is.
func (c *Config) nothing(path, no string) error {
	if c.File != "" {
		return nil
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	here, err := os.Getwd()
	if err != nil {
		here = "this directory"
	}
	return fmt.Errorf("there is no %s and %s in %s: go to the directory of your configuration, name the file with --config, or begin with `dutyward init`",
		DefaultFile, no, filepath.ToSlash(here))
}

// maxConfig bounds the configuration's file.
const maxConfig = 4 << 20

// relativeTo makes the paths of a file relative to where the file is.
func (c *Config) relativeTo(dir string) {
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
		c.Policies = []string{from(DefaultPolicies)}
	}
	for k, p := range c.Schemas {
		c.Schemas[k] = from(p)
	}
	for _, ignored := range c.Check.Ignore {
		for i, p := range ignored.Paths {
			ignored.Paths[i] = filepath.ToSlash(from(p))
		}
	}
	c.State = from(c.State)
	c.Account.Token.File = from(c.Account.Token.File)
	c.Run.GroupsToken.File = from(c.Run.GroupsToken.File)
	for i := range c.Notify.Webhooks {
		w := &c.Notify.Webhooks[i]
		w.URL.File = from(w.URL.File)
		for k := range w.Keys {
			w.Keys[k].File = from(w.Keys[k].File)
		}
	}
}

// fillIn sets the defaults that depend on other values.
func (c *Config) fillIn() {
	if c.Policies == nil {
		c.Policies = []string{DefaultPolicies}
	}
	t := &c.Account.Token
	if t.Env == "" && t.File == "" && len(t.Command) == 0 {
		t.Env = DefaultTokenEnv
	}
	if c.Postgres.Env != "" && c.Postgres.Schema == "" {
		c.Postgres.Schema = schemaOf(c.Account.Name)
	}
}
