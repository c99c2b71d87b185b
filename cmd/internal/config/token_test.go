package config

import (
	"strings"
	"testing"
)

// What is shorter is not found in what is printed, so that it may not be used.
func TestATokenThatIsTooShortIsRefusedButByASimulatorHere(t *testing.T) {
	for _, c := range []struct{ token, base, wrong string }{
		{"u+12345", "", "too short"},
		{"u+12345", "https://proxy.acme.com", "too short"},
		{"any", "http://127.0.0.1:8080", ""},
		{"any", "http://localhost:8080", ""},
		{"any", "http://[::1]:8080", ""},
		{"two words", "http://127.0.0.1:8080", "spaces"},
		{"u+12345\nu+67890", "", "spaces"},
		{"y_NbAkKc66ryYTWUXYEu\n", "", ""},
	} {
		config := &Config{env: map[string]string{"T": c.token}}
		config.Account.Token.Env, config.Account.BaseURL = "T", c.base
		got, err := config.Token(t.Context())
		switch {
		case c.wrong == "" && (err != nil || got != strings.TrimSpace(c.token)):
			t.Errorf("%q for %q: %q, %v", c.token, c.base, got, err)
		case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong) || strings.Contains(err.Error(), c.token)):
			t.Errorf("%q for %q: %v, want that it is %s", c.token, c.base, err, c.wrong)
		}
	}
}
