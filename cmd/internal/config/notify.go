package config

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory/regular"
	"github.com/dutyward/dutyward/reconcile/lookup"
	"github.com/dutyward/dutyward/reconcile/outbox"
)

// notifyConfig is who gets events.
type notifyConfig struct {
	KeepTrying string         `yaml:"keep_trying"`
	Webhooks   webhookConfigs `yaml:"webhooks"`
}

// webhookConfigs are receivers of events over HTTP, by name.
type webhookConfigs []webhookConfig

type webhookConfig struct {
	URL          tokenConfig  `yaml:"url"`
	Keys         tokenConfigs `yaml:"keys"`
	Types        []string     `yaml:"types"`
	Resources    []string     `yaml:"resources"`
	Owners       []string     `yaml:"owners"`
	AllowPrivate bool         `yaml:"allow_private"`
	Name         string
}

// tokenConfigs say where several secrets are.
type tokenConfigs []tokenConfig

// Webhook is a receiver of events over HTTP.
type Webhook struct {
	outbox.Receiver
	// URL and Keys fetch what the configuration says where it is.
	URL          func(ctx context.Context) (string, error)
	Keys         func(ctx context.Context) ([]string, error)
	AllowPrivate bool
}

// Webhooks are the receivers of events over HTTP.
func (c *Config) Webhooks() []Webhook {
	var all []Webhook
	for _, w := range c.Notify.Webhooks {
		all = append(all, Webhook{
			Receiver:     outbox.Receiver{Name: w.Name, Types: w.Types, Resources: w.Resources, Owners: w.Owners},
			AllowPrivate: w.AllowPrivate,
			URL: func(ctx context.Context) (string, error) {
				return c.secret(ctx, w.URL, "the url of "+w.Name)
			},
			Keys: func(ctx context.Context) ([]string, error) {
				var keys []string
				for i, k := range w.Keys {
					key, err := c.secret(ctx, k, fmt.Sprintf("key %d of %s", i+1, w.Name))
					if err != nil {
						return nil, err
					}
					keys = append(keys, key)
				}
				return keys, nil
			},
		})
	}
	return all
}

// Receivers are those of events.
func (c *Config) Receivers() []outbox.Receiver {
	var all []outbox.Receiver
	for _, w := range c.Webhooks() {
		all = append(all, w.Receiver)
	}
	return all
}

// KeepTrying is how long an event is tried to be delivered.
func (c *Config) KeepTrying() time.Duration {
	d, _ := ParseSpan(c.Notify.KeepTrying) // checked when it was read
	return d
}

// secret fetches a secret from where the configuration says it is; from then on it is
// taken out of what is printed. No error holds any part of it.
func (c *Config) secret(ctx context.Context, t tokenConfig, what string) (text string, err error) {
	switch {
	case t.File != "":
		data, err := regular.ReadFile(t.File, maxToken)
		if err != nil {
			return "", fmt.Errorf("read %s: open %s: %w", what, t.File, err)
		}
		text, err = present(string(data), "the file "+t.File+" is empty: write "+what+" into it")
		if err != nil {
			return "", err
		}
	case len(t.Command) > 0:
		if text, err = printed(ctx, t.Command, what); err != nil {
			return "", err
		}
	default:
		text, err = present(c.env[t.Env], "there is nothing in the environment variable "+t.Env+": set it to "+what)
		if err != nil {
			return "", err
		}
	}
	c.secrets.Add(text)
	return text, nil
}

// GroupsToken is what whoever asks for groups must have; empty if there is none.
func (c *Config) GroupsToken(ctx context.Context) (string, error) {
	if c.Run.GroupsToken.isZero() {
		return "", nil
	}
	return c.secret(ctx, c.Run.GroupsToken, "the token of run.groups_token")
}

// secretEnvs are the environment variables that hold secrets by the configuration.
func (c *Config) secretEnvs() []string {
	all := []string{c.Account.Token.Env, c.Run.GroupsToken.Env}
	for _, w := range c.Notify.Webhooks {
		all = append(all, w.URL.Env)
		for _, k := range w.Keys {
			all = append(all, k.Env)
		}
	}
	return slices.DeleteFunc(all, func(name string) bool { return name == "" })
}

func (l *loader) checkNotify(n notifyConfig) {
	if d, ok := ParseSpan(n.KeepTrying); !ok || d < time.Hour || d > 30*24*time.Hour {
		l.fault(l.where("notify.keep_trying"), "notify.keep_trying: %q is not valid; expected from 1h to 30d, such as 7d", n.KeepTrying)
	}
	if l.config.Run.GroupsToken.several() {
		l.fault(l.where("run.groups_token"), "run.groups_token: expected one of env, file and command, not several")
	}
	types := outbox.Types()
	for _, w := range n.Webhooks {
		fault := l.faultsOf("notify.webhooks." + w.Name)
		if strings.ContainsAny(w.Name, " \t\n") || w.Name == "" {
			fault("", "expected a name without spaces")
		}
		if _, said := l.origin["notify.webhooks."+w.Name+".url"]; w.URL.isZero() && !said {
			fault("url", "expected where its address is: {env: NAME}, {file: PATH} or {command: [PROGRAM, ARGUMENT, …]}")
		}
		if len(w.Keys) == 0 {
			fault("keys", "expected at least one key to sign with, such as [{env: NAME}]; receivers can't tell who sent an unsigned event")
		}
		for i, t := range append(tokenConfigs{w.URL}, w.Keys...) {
			if t.several() || i > 0 && t.isZero() {
				fault([]string{"url", "keys"}[min(i, 1)], "expected one of env, file and command")
			}
		}
		for _, pattern := range w.Types {
			matched := slices.ContainsFunc(types, func(t string) bool { ok, _ := path.Match(pattern, t); return ok })
			if _, err := path.Match(pattern, ""); err != nil || !matched {
				fault("types", "%q matches no type of event%s; docs/reference/events.md lists them", pattern, lookup.DidYouMean(pattern, types))
			}
		}
		for _, pattern := range w.Resources {
			if _, err := path.Match(pattern, ""); err != nil || pattern != "account" && !strings.Contains(pattern, ":") {
				fault("resources", "%q is not valid; expected account, or a kind with a name or glob such as team:Payments* or group:*", pattern)
			}
		}
	}
}

func (t tokenConfig) isZero() bool { return t.Env == "" && t.File == "" && len(t.Command) == 0 }

// several says that it names more than one place.
func (t tokenConfig) several() bool {
	n := 0
	for _, set := range []bool{t.Env != "", t.File != "", len(t.Command) > 0} {
		if set {
			n++
		}
	}
	return n > 1
}
