package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/inventory/secret"
	"github.com/dutyward/dutyward/policies/guard"
	"github.com/dutyward/dutyward/reconcile/report"
)

// process is what surrounds a command: its streams, its environment and clock, and the
// flags that all commands share.
type process struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            map[string]string
	now            func() time.Time
	// secrets are those of the process, which nothing that leaves it may hold; nil
	// where nothing does.
	secrets *secret.Keeper
	// transport carries what is sent to PagerDuty; nil is an ordinary one.
	transport http.RoundTripper

	// command is what the process was asked for, such as "dutyward apply".
	command string
	// guard ends the process where policies do not end.
	guard *guard.Guard

	configFile string
	noColour   bool
	// locked says that others wait for what this process does.
	locked *atomic.Bool
}

// newProcess is what surrounds a process, with everything that is written going
// through what takes the secrets out.
func newProcess(stdin io.Reader, stdout, stderr io.Writer, env []string) *process {
	p := &process{stdin: stdin, env: environment(env), now: time.Now, secrets: secretsOf(env), locked: new(atomic.Bool)}
	p.stdout, p.stderr = p.secrets.Writer(stdout), p.secrets.Writer(stderr)
	return p
}

// secretsOf are the secrets of an environment, so far as it says that they are some.
func secretsOf(env []string) *secret.Keeper {
	k := new(secret.Keeper)
	k.Add(environment(env)[config.DefaultTokenEnv])
	k.Add(secret.InEnvironment(env)...)
	return k
}

// flush writes what waits to be written.
func flush(w io.Writer) error {
	if w, ok := w.(*secret.Writer); ok {
		return w.Flush()
	}
	return nil
}

func (a *process) redact(text string) string { return a.secrets.Redact(text) }

// guarded makes the guard, which knows the bound on memory once there is a
// configuration.
func (a *process) guarded() *guard.Guard {
	a.guard = &guard.Guard{Beyond: 512 << 20, End: func(err error) {
		fmt.Fprintf(a.stderr, "dutyward: %s\n", report.Clean(err.Error()))
		_ = errors.Join(flush(a.stdout), flush(a.stderr)) // who reads it is gone
		os.Exit(exitError)
	}}
	return a.guard
}

func environment(list []string) map[string]string {
	env := make(map[string]string, len(list))
	for _, kv := range list {
		if k, v, ok := strings.Cut(kv, "="); ok {
			env[k] = v
		}
	}
	return env
}

// config is the configuration, whose bounds hold from now on.
func (a *process) config() (*config.Config, error) {
	c, err := config.Load(a.configFile, a.env, a.secrets)
	if err != nil {
		return nil, err
	}
	if a.guard != nil {
		a.guard.Memory = c.MemoryLimit()
	}
	return c, nil
}
