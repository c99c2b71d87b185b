package inventory_test

import (
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
)

func TestLettersThatCannotBeToldByTheirLookAreNamed(t *testing.T) {
	for name, want := range map[string]string{
		"P\u0430yments":           "character 2 is U+0430, a Cyrillic letter",
		"dan@acme.com\u00a0":      "character 13 is U+00A0, which can't be seen",
		"Pay\u200bments":          "character 4 is U+200B, which can't be seen",
		"\u039fn call":            "character 1 is U+039F, a Greek letter",
		"Payments":                "",
		"Zürich Straße, 1. Etage": "",
		"Платежи":                 "",
		"Πληρωμές 2":              "",
	} {
		if got := inventory.OddLetter(name); !strings.HasSuffix(got, want) || want == "" && got != "" {
			t.Errorf("%+q: %q, want %q", name, got, want)
		}
	}
}

func TestWhatCannotBeToldByItsLookIsShownByItsNumber(t *testing.T) {
	for name, want := range map[string]string{
		"P\u0430yments":       `P\u0430yments`,
		"dan@acme.com\u00a0":  `dan@acme.com\u00a0`,
		"Platform \U0001f6a8": "Platform \U0001f6a8",
		"Платежи":             "Платежи",
		"a\U000e0020b":        `a\U000e0020b`,
	} {
		if got := inventory.Escaped(name); got != want {
			t.Errorf("%+q: %q, want %q", name, got, want)
		}
	}
}
