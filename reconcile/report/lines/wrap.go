package lines

import (
	"strings"
	"unicode/utf8"
)

// Wrap breaks a line that is wider than so many columns at blanks, and begins what follows
// at the column hang. The sequences that colour text take up no columns. A word that is
// wider than what is left stands as it is, so that it can be copied.
func Wrap(line string, width, hang int) string {
	if width <= hang || Width(line) <= width {
		return line
	}
	var b strings.Builder
	begun := indent(line)
	b.WriteString(line[:begun])
	column, empty := begun, true
	for piece := range pieces(line[begun:]) {
		word := strings.TrimRight(piece, " ")
		if !empty && column+Width(word) > width {
			done := strings.TrimRight(b.String(), " ")
			b.Reset()
			b.WriteString(done + "\n" + strings.Repeat(" ", hang))
			column = hang
		}
		b.WriteString(piece)
		column += Width(piece)
		empty = false
	}
	return b.String()
}

// indent is how many blanks a line begins with.
func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// pieces are words, each with the blanks after it.
func pieces(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for text != "" {
			end := len(text)
			if i := strings.IndexByte(text, ' '); i >= 0 {
				end = i + indent(text[i:])
			}
			if !yield(text[:end]) {
				return
			}
			text = text[end:]
		}
	}
}

// Width is how many columns a line takes up.
func Width(line string) int {
	n := 0
	for line != "" {
		if strings.HasPrefix(line, "\x1b[") {
			if end := strings.IndexByte(line, 'm'); end > 0 {
				line = line[end+1:]
				continue
			}
		}
		_, size := utf8.DecodeRuneInString(line)
		line = line[size:]
		n++
	}
	return n
}
