// Package session is one installation of Dutyward at work: what surrounds the process,
// and the sessions that are opened on it with a configuration, a client, a state and
// policies. Commands and services are built on it; it knows of neither.
package session

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/inventory/secret"
	"github.com/dutyward/dutyward/policies/guard"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/outbox"
	"github.com/dutyward/dutyward/reconcile/report"
)

// Process is what surrounds a command: its streams, its environment and clock, and the
// flags that all commands share.
type Process struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Env            map[string]string
	Now            func() time.Time
	// Secrets are those of the process, which nothing that leaves it may hold; nil
	// where nothing does.
	Secrets *secret.Keeper
	// Transport carries what is sent to PagerDuty; nil is an ordinary one.
	Transport http.RoundTripper

	// Command is what the process was asked for, such as "dutyward apply".
	Command string
	// Actor is the person who asked for it, as the operating system knows them: "kai";
	// "kai, as root" where sudo says so. Empty where no person did.
	Actor string
	// Reason is why they did, for the history; may be empty.
	Reason string
	// Guard ends the process where policies do not end.
	Guard *guard.Guard

	// ConfigFile is the configuration; empty for the usual one, if it is there.
	ConfigFile string
	// NoColour asks for text without color.
	NoColour bool
	// Locked says that others wait for what this process does.
	Locked *atomic.Bool
	// publishes is who gets which events, by the configuration; it holds nil before there
	// is one. Nil where nothing is published.
	publishes *atomic.Pointer[outbox.Maker]
}

// NewProcess is what surrounds a process, with everything that is written going
// through what takes the secrets out.
func NewProcess(stdin io.Reader, stdout, stderr io.Writer, env []string) *Process {
	p := &Process{Stdin: stdin, Env: Environment(env), Now: time.Now, Secrets: SecretsOf(env), Locked: new(atomic.Bool), publishes: new(atomic.Pointer[outbox.Maker])}
	p.Actor = actor(p.Env)
	p.Stdout, p.Stderr = p.Secrets.Writer(stdout), p.Secrets.Writer(stderr)
	return p
}

// actor is who runs this process.
func actor(env map[string]string) string {
	name := "uid " + strconv.Itoa(os.Getuid())
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	if by := env["SUDO_USER"]; by != "" && by != name {
		return by + ", as " + name
	}
	return name
}

// SecretsOf are the secrets of an environment, so far as it says that they are some.
func SecretsOf(env []string) *secret.Keeper {
	k := new(secret.Keeper)
	k.Add(Environment(env)[config.DefaultTokenEnv])
	k.Add(secret.InEnvironment(env)...)
	return k
}

// Flush writes what waits to be written.
func Flush(w io.Writer) error {
	if w, ok := w.(*secret.Writer); ok {
		return w.Flush()
	}
	return nil
}

// Redact is a text without the secrets of the process.
func (p *Process) Redact(text string) string { return p.Secrets.Redact(text) }

// Guarded makes the guard, which knows the bound on memory once there is a
// configuration.
func (p *Process) Guarded() *guard.Guard {
	p.Guard = &guard.Guard{Beyond: 512 << 20, End: func(err error) {
		fmt.Fprintf(p.Stderr, "dutyward: %s\n", report.Clean(err.Error()))
		_ = errors.Join(Flush(p.Stdout), Flush(p.Stderr)) // who reads it is gone
		os.Exit(exit.Error)
	}}
	return p.Guard
}

// Environment is a list of NAME=VALUE by name.
func Environment(list []string) map[string]string {
	env := make(map[string]string, len(list))
	for _, kv := range list {
		if k, v, ok := strings.Cut(kv, "="); ok {
			env[k] = v
		}
	}
	return env
}

// Config is the configuration, whose bounds hold from now on.
func (p *Process) Config() (*config.Config, error) {
	c, err := p.ReadConfig()
	if err != nil {
		return nil, err
	}
	p.Bind(c)
	return c, nil
}

// ReadConfig is the configuration as its file has it now. It may be called beside
// whatever runs.
func (p *Process) ReadConfig() (*config.Config, error) {
	return config.Load(p.ConfigFile, p.Env, p.Secrets)
}

// Bind makes a configuration's bounds those of the process.
func (p *Process) Bind(c *config.Config) {
	if p.publishes != nil {
		m := Publisher(c)
		p.publishes.Store(&m)
	}
	if p.Guard != nil {
		p.Guard.Memory.Store(c.MemoryLimit())
	}
}

// Publisher makes of events what a configuration's receivers get.
func Publisher(c *config.Config) outbox.Maker {
	return outbox.Maker{Source: "dutyward/" + url.PathEscape(c.Account.Name), Receivers: c.Receivers(), NewID: func() string { return "evt_" + rand.Text() }}
}

// Publish makes of an event what the receivers of the configuration in force get.
func (p *Process) Publish(e events.Event) (outbox.Entry, bool) {
	if p.publishes != nil {
		if m := p.publishes.Load(); m != nil {
			return m.Make(e)
		}
	}
	return outbox.Entry{}, false
}
