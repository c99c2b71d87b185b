package inventory

import (
	"fmt"
	"strings"
	"unicode"
)

// OddLetter says which character of a name can't be told from another by its look: one
// that can't be seen, or a letter of another alphabet among Latin ones. It is empty if
// there is none.
func OddLetter(name string) string {
	n, latin := 0, hasLatin(name)
	for _, r := range name {
		n++
		if why := oddity(r, latin); why != "" {
			return fmt.Sprintf("its character %d is %U, %s", n, r, why)
		}
	}
	return ""
}

// Escaped is a name in which each such character is shown by its number: \u00a0.
func Escaped(name string) string {
	if OddLetter(name) == "" {
		return name
	}
	latin := hasLatin(name)
	var b strings.Builder
	for _, r := range name {
		switch {
		case oddity(r, latin) == "":
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func hasLatin(name string) bool {
	return strings.ContainsFunc(name, func(r rune) bool { return unicode.Is(unicode.Latin, r) })
}

// oddity is why a character can't be told by its look; empty if it can.
func oddity(r rune, amongLatin bool) string {
	switch {
	case r != ' ' && unicode.IsSpace(r), unicode.Is(unicode.Cf, r):
		return "which can't be seen"
	case amongLatin && unicode.Is(unicode.Cyrillic, r):
		return "a Cyrillic letter"
	case amongLatin && unicode.Is(unicode.Greek, r):
		return "a Greek letter"
	}
	return ""
}
