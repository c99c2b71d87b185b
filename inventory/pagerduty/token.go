package pagerduty

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/dutyward/dutyward/inventory/secret"
)

// token keeps the API token in closures, where no formatting verb, encoder or
// debugger dump of the client finds it.
type token struct {
	// get returns the token, reading it the first time.
	get func(context.Context) (string, error)
	// renew reads the token again and says whether it is another than rejected.
	renew func(ctx context.Context, rejected string) bool
	// redact blacks out every token that was ever used.
	redact func(string) string
}

func newToken(source func(context.Context) (string, error), secrets *secret.Keeper) *token {
	var mu sync.Mutex
	var current string
	var used []string
	read := func(ctx context.Context) error {
		text, err := source(ctx)
		if err != nil {
			return fmt.Errorf("read the PagerDuty token: %w", err)
		}
		text = strings.TrimSpace(text)
		if text == "" {
			return errors.New("read the PagerDuty token: it is empty")
		}
		if text != current {
			secrets.Add(text)
			current, used = text, append(used, text)
		}
		return nil
	}
	return &token{
		get: func(ctx context.Context) (string, error) {
			mu.Lock()
			defer mu.Unlock()
			if current != "" {
				return current, nil
			}
			err := read(ctx)
			return current, err
		},
		renew: func(ctx context.Context, rejected string) bool {
			mu.Lock()
			defer mu.Unlock()
			if current != rejected {
				return true
			}
			return read(ctx) == nil && current != rejected
		},
		redact: func(s string) string {
			mu.Lock()
			defer mu.Unlock()
			s = secrets.Redact(s)
			for _, token := range used { // one may be too short to be a secret anywhere
				s = strings.ReplaceAll(s, token, secret.Mark)
			}
			return s
		},
	}
}

// Redact blacks out every token that the client ever used, encoded ones
// included, in what is about to be shown. What a panic or a library says may
// hold one.
func (c *Client) Redact(text string) string { return c.token.redact(text) }

// TokenUser is the id of the user to whom the token belongs; empty where
// PagerDuty says that it is nobody's, as it does in a 400 of an account's API
// key. Any other answer than the user is an error: whoever it is must not be
// touched (S20). Source: OpenAPI, getCurrentUser.
func (c *Client) TokenUser(ctx context.Context) (string, error) {
	var user struct {
		ID string `json:"id"`
	}
	const pattern = "/users/me"
	_, err := c.getKey(ctx, pattern, nil, nil, "user", &user)
	switch {
	case saysNobodys(err):
		return "", nil
	case err != nil:
		return "", err
	case user.ID == "":
		return "", misshapen(request{method: http.MethodGet, pattern: pattern}, errors.New("the user has no id"))
	}
	return user.ID, nil
}

// saysNobodys matches the 400 that an account's API key gets. PagerDuty's own
// says "account-level access token"; the sentence is not documented, so that it
// is enough that there is one, and that it does not speak of something else.
// Source: python-pagerduty tests.
func saysNobodys(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Status != http.StatusBadRequest {
		return false
	}
	said := strings.ToLower(e.Message + " " + strings.Join(e.Errors, " "))
	return strings.Contains(said, "account") || strings.Contains(said, "user")
}

// Address is the address of the API that the client speaks to.
func (c *Client) Address() string { return c.base }
