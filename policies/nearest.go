package policies

import "github.com/dutyward/dutyward/inventory"

// Nearest is inventory.Nearest, and also knows letters in the wrong order, which
// come first.
func Nearest(name string, candidates []string) (string, bool) {
	for _, c := range candidates {
		if len(c) > 2 && SameLetters(name, c) {
			return c, true
		}
	}
	return inventory.Nearest(name, candidates)
}
