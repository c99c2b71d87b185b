package plan

import (
	"fmt"
	"strings"

	"github.com/dutyward/dutyward/policies/desired"
)

// Key is the identity of a change across rounds: what, user, resource, before
// and after, without times and line numbers (S15).
func Key(pair desired.Pair, before, after string) string {
	return strings.Join([]string{Subject(pair), before, after}, "/")
}

// Subject is the part of a key that says which pair it is about.
func Subject(pair desired.Pair) string {
	parts := []string{string(pair.Resource.Kind)}
	if pair.Resource.ID != "" {
		parts = append(parts, pair.Resource.ID)
	}
	if pair.Layer != "" {
		parts = append(parts, pair.Layer)
	}
	return strings.Join(append(parts, pair.User), "/")
}

// CutKey takes the subject and the role before a change from its key; both are
// empty if it is none.
func CutKey(key string) (subject, before string) {
	parts := strings.Split(key, "/")
	if len(parts) < 4 {
		return "", ""
	}
	return strings.Join(parts[:len(parts)-2], "/"), parts[len(parts)-2]
}

// ByRule names the rule that gives After, with its title, where it stands, and the row of
// data that it names as its source: a sentence's worth of why.
func (c Change) ByRule() string {
	if len(c.By) == 0 || c.By[0].File == "" {
		return "policies give " + c.After
	}
	by := c.By[0]
	text := fmt.Sprintf("rule %s:%d gives %s", by.File, by.Line, c.After)
	if by.Title != "" {
		text = fmt.Sprintf("%s (%s:%d)", by.Title, by.File, by.Line)
	}
	if by.Source != "" {
		text += ", from " + by.Source
	}
	return text
}
