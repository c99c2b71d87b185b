package policies

import "github.com/dutyward/dutyward/inventory"

// nearest is inventory.Nearest, and also knows letters in the wrong order.
func nearest(name string, candidates []string) (string, bool) {
	if near, ok := inventory.Nearest(name, candidates); ok {
		return near, true
	}
	for _, c := range candidates {
		if len(c) > 2 && sameLetters(name, c) {
			return c, true
		}
	}
	return "", false
}
