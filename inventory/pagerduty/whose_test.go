package pagerduty_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

func TestATokenSaysWhoseItIsAndAnAccountsKeyNobodys(t *testing.T) {
	sim, err := pagerdutysim.New(pagerdutysim.Options{
		Seed: account(3, 1, 0), Clock: func() time.Time { return at }, Token: "accounts-key-0123456789",
		UserTokens: map[string]string{"users-token-0123456789": "PU00001"},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	defer server.Close()
	for token, want := range map[string]string{"accounts-key-0123456789": "", "users-token-0123456789": "PU00001"} {
		c, err := pagerduty.New(pagerduty.Options{BaseURL: server.URL, Token: func(context.Context) (string, error) { return token, nil }})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.TokenUser(context.Background()); err != nil || got != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
	refused, err := pagerduty.New(pagerduty.Options{BaseURL: server.URL, Token: func(context.Context) (string, error) { return "revoked-token-0123456789", nil }})
	if err != nil {
		t.Fatal(err)
	}
	var e *pagerduty.Error
	if _, err := refused.TokenUser(context.Background()); !errors.As(err, &e) || e.Status != http.StatusUnauthorized {
		t.Errorf("a refused token gives %v", err)
	}
}
