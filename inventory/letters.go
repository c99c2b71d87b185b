package inventory

import (
	"fmt"
	"unicode"
)

// OddLetter says which character of a name can't be told from another by its look: one
// that can't be seen, or a letter of another alphabet among Latin ones. It is empty if
// there is none.
func OddLetter(name string) string {
	latin := false
	for _, r := range name {
		latin = latin || unicode.Is(unicode.Latin, r)
	}
	n := 0
	for _, r := range name {
		n++
		switch {
		case r != ' ' && unicode.IsSpace(r), unicode.Is(unicode.Cf, r):
			return fmt.Sprintf("its character %d is %U, which can't be seen", n, r)
		case latin && unicode.Is(unicode.Cyrillic, r):
			return fmt.Sprintf("its character %d is %U, a Cyrillic letter", n, r)
		case latin && unicode.Is(unicode.Greek, r):
			return fmt.Sprintf("its character %d is %U, a Greek letter", n, r)
		}
	}
	return ""
}
