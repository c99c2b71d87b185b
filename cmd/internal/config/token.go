package config

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory/regular"
	"github.com/dutyward/dutyward/inventory/secret"
)

// Token fetches the token from where the configuration says it is. No error
// holds any part of it.
func (c *Config) Token(ctx context.Context) (string, error) {
	token, err := c.fetch(ctx)
	switch {
	case err != nil:
		return "", err
	case len(strings.Fields(token)) > 1:
		return "", errors.New("the PagerDuty token has spaces or several lines in it: leave there the token and nothing else")
	case len(token) < secret.Shortest && !c.local():
		// It could not be told from other text, to be taken out of what is printed.
		return "", fmt.Errorf("the PagerDuty token is too short to be one: it has %d characters, and those of PagerDuty have 20; it was cut off, perhaps", len(token))
	}
	return token, nil
}

// local says that it is a simulator on this machine that takes the token.
func (c *Config) local() bool {
	address, err := url.Parse(c.Account.BaseURL)
	if err != nil {
		return false
	}
	ip := net.ParseIP(address.Hostname())
	return address.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

func (c *Config) fetch(ctx context.Context) (string, error) {
	t := c.Account.Token
	switch {
	case t.File != "":
		data, err := regular.ReadFile(t.File, maxToken)
		if err != nil {
			return "", fmt.Errorf("read the PagerDuty token: open %s: %w", t.File, err)
		}
		return present(string(data), "the file "+t.File+" is empty: write the PagerDuty token into it")
	case len(t.Command) > 0:
		return printed(ctx, t.Command, "the PagerDuty token")
	}
	return present(c.env[t.Env], "there is no PagerDuty token: set the environment variable "+t.Env+
		", or say in the configuration, under account.token, where the token is")
}

// maxToken bounds what may be a token.
const maxToken = 64 << 10

// first keeps the beginning of what is written to it, and refuses what is too long.
type first struct {
	bytes.Buffer
	most int
}

// Write writes p if it still fits.
func (f *first) Write(p []byte) (int, error) {
	if f.Len()+len(p) > f.most {
		return 0, fmt.Errorf("it printed more than %d KiB, which is no token", f.most>>10)
	}
	return f.Buffer.Write(p)
}

// learn lets the secrets know the token, so far as nothing has to be run for it:
// it must not be said before it is used either.
func (c *Config) learn() {
	for _, name := range c.secretEnvs() {
		c.secrets.Add(c.env[name])
	}
	if c.Postgres.Env != "" {
		for _, p := range passwords(c.env[c.Postgres.Env]) {
			c.secrets.Add(p)
		}
	}
	files := []string{c.Account.Token.File, c.Run.GroupsToken.File}
	for _, w := range c.Notify.Webhooks {
		files = append(files, w.URL.File)
		for _, k := range w.Keys {
			files = append(files, k.File)
		}
	}
	for _, file := range files {
		if data, err := regular.ReadFile(file, maxToken); file != "" && err == nil {
			c.secrets.Add(string(data))
		}
	}
}

func present(token, otherwise string) (string, error) {
	token = strings.TrimSpace(token)
	if token == "" {
		return "", errors.New(otherwise)
	}
	return token, nil
}

// printed runs a command that prints a secret. What it prints is not repeated
// when it fails, for it could be the token.
func printed(ctx context.Context, command []string, what string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.WaitDelay = time.Second
	out := &first{most: maxToken}
	cmd.Stdout = out
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("the command that prints %s (%s) failed: %w", what, command[0], err)
	}
	return present(out.String(), "the command that prints "+what+" ("+command[0]+") printed nothing")
}

// Where says where the token is, for a person.
func (t tokenConfig) Where() string {
	switch {
	case t.File != "":
		return "in the file " + t.File
	case len(t.Command) > 0:
		return "by the command " + t.Command[0]
	}
	return "in the environment variable " + t.Env
}
