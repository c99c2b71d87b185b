package pagerduty

import (
	"context"
	"errors"
	"fmt"
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
