package report

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// Clean is a text without what makes a terminal do other things than show it:
// names come from the account, where many people can set them, and none may move
// the cursor, hide what follows or turn its order round. Such characters are
// written as Go quotes them; line breaks, tabs and the colours of reports stay.
func Clean(text string) string {
	if !strings.ContainsFunc(text, disturbing) {
		return text
	}
	return disturbances.ReplaceAllStringFunc(text, func(found string) string {
		if colours.MatchString(found) {
			return found
		}
		return quoted(found)
	})
}

// cleanLine is Clean for what has to be one line.
func cleanLine(text string) string { return strings.ReplaceAll(Clean(text), "\n", `\n`) }

func quoted(text string) string { return strings.Trim(strconv.QuoteToASCII(text), `"`) }

var (
	// disturbances are controls and what sets the direction of text, each by
	// itself, but for a whole sequence of colour.
	disturbances = regexp.MustCompile("\x1b\\[[0-9;]*m|[\x00-\x08\x0b-\x1f\x7f-\u009f\u2028-\u202e\u2066-\u2069]")
	// colours are the sequences that paint writes.
	colours = regexp.MustCompile(`^\x1b\[(0|1|2|22|31|32|33)m$`)
)

func disturbing(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || r >= '\u2028' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}
