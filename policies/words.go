package policies

import (
	"slices"
	"strings"
)

// Article is the indefinite article of a word.
func Article(word string) string {
	if word != "" && strings.Contains("aeiou", strings.ToLower(word[:1])) {
		return "an"
	}
	return "a"
}

// List joins words: "a, b or c".
func List(words []string, last string) string {
	n := len(words)
	if n < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n-1], ", ") + " " + last + " " + words[n-1]
}

// SameLetters says that two names differ in the order of letters only.
func SameLetters(a, b string) bool {
	x, y := []rune(strings.ToLower(a)), []rune(strings.ToLower(b))
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}
