package inventory

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest is the candidate that somebody who wrote name may have meant: equal
// but for case, or few edits away. Of several the first wins.
func Nearest(name string, candidates []string) (string, bool) {
	best, distance := "", 1+max(1, len([]rune(name))/4)
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
