package policies

import "github.com/dutyward/dutyward/inventory"

// nearest is inventory.Nearest, and also knows letters in the wrong order, which
// come first.
func nearest(name string, candidates []string) (string, bool) {
	for _, c := range candidates {
		if len(c) > 2 && sameLetters(name, c) {
			return c, true
		}
	}
	return inventory.Nearest(name, candidates)
}
