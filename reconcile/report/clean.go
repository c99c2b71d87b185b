package report

import (
	"crypto/rand"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean is a text without what makes a terminal, or an eye, take it for something
// else: names come from the account, where many people can set them, and none may
// move the cursor, hide what follows, turn its order round or look like another.
// Such characters are written as Go quotes them; line breaks, tabs and the colours
// of reports stay.
func Clean(text string) string { return clean(text, true) }

// Text is Clean for what has no colours of ours.
func Text(text string) string { return clean(text, false) }

// Line is Text for what has to be one line.
func Line(text string) string { return strings.ReplaceAll(Text(text), "\n", `\n`) }

func clean(text string, coloured bool) string {
	if utf8.ValidString(text) && !strings.ContainsFunc(text, disturbing) {
		return text
	}
	var b strings.Builder
	before := rune(0)
	for i := 0; i < len(text); {
		if painted := colours.FindString(text[i:]); coloured && painted != "" {
			b.WriteString(painted)
			i += len(painted)
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		after, _ := utf8.DecodeRuneInString(text[i+size:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case disturbing(r) && !joins(before, r, after):
			b.WriteString(strings.Trim(strconv.QuoteToASCII(string(r)), `"`))
		default:
			b.WriteRune(r)
		}
		before = r
		i += size
	}
	return b.String()
}

// colours are the sequences that paint writes.
var colours = regexp.MustCompile(`^\x1b\[(0|1|2|22|31|32|33)m`)

// disturbing says of a character that it is not simply shown: controls, what sets
// the direction of text, and what has no width.
func disturbing(r rune) bool {
	switch {
	case r < 0x7f:
		return r < ' ' && r != '\n' && r != '\t'
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false
	}
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Variation_Selector) || slices.Contains(blanks, r)
}

// blanks are letters and marks that nobody sees. Source: Unicode's property
// Default_Ignorable_Code_Point, and the empty pattern of Braille.
var blanks = []rune{'\u034f', '\u115f', '\u1160', '\u17b4', '\u17b5', '\u2800', '\u3164', '\uffa0'}

// joins says that a character without a width makes one emoji of its neighbours.
func joins(before, r, after rune) bool {
	emoji := func(r rune) bool { return unicode.In(r, unicode.So, unicode.Sk) || r == '\ufe0f' }
	switch r {
	case '\u200d':
		return emoji(before) && emoji(after)
	case '\ufe0e', '\ufe0f':
		return unicode.Is(unicode.So, before) || unicode.Is(unicode.Sm, before)
	}
	return false
}

// seal stands before each colour that paint writes until a line is printed: no
// text knows it, so that none colours itself.
var seal = "\x1b" + rand.Text()

// sealed is a text with colours under the seal.
func sealed(painted string) string { return strings.ReplaceAll(painted, "\x1b", seal) }

// unsealed is a line with the colours that paint wrote, and no others.
func unsealed(line string) string {
	parts := strings.Split(line, seal)
	for i, part := range parts {
		colour := ""
		if i > 0 {
			colour = colours.FindString("\x1b" + part)
			part = part[max(0, len(colour)-1):]
		}
		parts[i] = colour + Line(part)
	}
	return strings.Join(parts, "")
}
