package scaffold

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// plain are texts that every reader of YAML takes for a string as they stand.
var plain = regexp.MustCompile(`^\p{L}[\p{L}\p{N}_.+@-]*( [\p{L}\p{N}_.+@&/()-]+)*$`)

// words are not strings to some reader of YAML, in any case of letters.
var words = map[string]bool{
	"y": true, "n": true, "yes": true, "no": true, "on": true, "off": true,
	"true": true, "false": true, "null": true, "nan": true, "inf": true,
}

// scalar writes a string as a YAML scalar in one line. Go's escapes in double
// quotes are YAML's too.
func scalar(text string) string {
	if plain.MatchString(text) && !words[strings.ToLower(text)] {
		return text
	}
	return strconv.Quote(text)
}

// comment is text as it may stand in a comment: in one line, nothing in it that
// does not show.
func comment(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text))
}

// remark is a comment behind a value; empty if there is nothing to say.
func remark(text string) string {
	if text = comment(text); text == "" {
		return ""
	}
	return " # " + text
}
