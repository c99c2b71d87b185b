package pagerduty

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"

	keeper "github.com/dutyward/dutyward/inventory/secret"
)

func TestATokenIsBlackedOutInEveryForm(t *testing.T) {
	const secret = "u+c4nary/tok=en_0123"
	token := newToken(func(context.Context) (string, error) { return secret, nil }, new(keeper.Keeper))
	if _, err := token.get(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, encode := range map[string]func(string) string{
		"as it is":                   func(s string) string { return s },
		"in a query":                 url.QueryEscape,
		"in a path":                  url.PathEscape,
		"in hex":                     func(s string) string { return hex.EncodeToString([]byte(s)) },
		"in base64":                  func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		"in base64's other alphabet": func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) },
	} {
		for _, around := range [][2]string{{"", ""}, {"Token token=", ""}, {"a", "z"}, {"ab", "yz"}, {"user:", " and more"}} {
			text := "it said " + encode(around[0]+secret+around[1]) + "."
			got := token.redact(text)
			if !strings.Contains(got, "[token]") {
				t.Errorf("%s, within %q: %s", name, around, got)
			}
		}
	}
}
