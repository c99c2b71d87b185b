package inventory

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest is the candidate that somebody who wrote name may have meant: equal
// but for case, or few edits away, of which a swap of two letters is two. Of
// several the first wins.
func Nearest(name string, candidates []string) (string, bool) {
	length := len([]rune(name))
	best, distance := "", 1+max(min(2, length/2), length/4)
	for _, c := range candidates {
		if strings.EqualFold(c, name) {
			return c, true
		}
		if d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(c)); d < distance {
			best, distance = c, d
		}
	}
	return best, best != ""
}
