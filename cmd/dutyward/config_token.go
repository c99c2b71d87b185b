package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// token fetches the token from where the configuration says it is. No error
// holds any part of it.
func (c *config) token(ctx context.Context) (string, error) {
	t := c.Account.Token
	switch {
	case t.File != "":
		data, err := os.ReadFile(t.File)
		if err != nil {
			return "", fmt.Errorf("read the PagerDuty token: %w", err)
		}
		return present(string(data), "the file "+t.File+" is empty: write the PagerDuty token into it")
	case len(t.Command) > 0:
		return tokenOf(ctx, t.Command)
	}
	return present(c.env[t.Env], "there is no PagerDuty token: set the environment variable "+t.Env+
		", or say in the configuration, under account.token, where the token is")
}

func present(token, otherwise string) (string, error) {
	token = strings.TrimSpace(token)
	if token == "" {
		return "", errors.New(otherwise)
	}
	return token, nil
}

// tokenOf runs a command that prints the token. What it prints is not repeated
// when it fails, for it could be the token.
func tokenOf(ctx context.Context, command []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, command[0], command[1:]...).Output()
	if err != nil {
		return "", fmt.Errorf("the command that prints the PagerDuty token (%s) failed: %w", command[0], err)
	}
	return present(string(out), "the command that prints the PagerDuty token ("+command[0]+") printed nothing")
}
