package pagerduty

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
)

// Redact blacks out every token that the client ever used, encoded ones
// included, in what is about to be shown. What a panic or a library says may
// hold one.
func (c *Client) Redact(text string) string { return c.token.redact(text) }

// blackout replaces a token in all its forms.
func blackout(token string) *strings.Replacer {
	var pairs []string
	seen := map[string]bool{}
	for _, form := range forms(token) {
		if !seen[form] {
			seen[form] = true
			pairs = append(pairs, form, "[token]")
		}
	}
	return strings.NewReplacer(pairs...)
}

// forms are how a token may look: as it is, escaped in an address, in hex, and in
// base64 at each of the three places where it may begin within what was encoded.
func forms(token string) []string {
	all := []string{token}
	if len(token) < 8 { // too short for its encodings not to be found by chance
		return all
	}
	all = append(all, url.QueryEscape(token), url.PathEscape(token), hex.EncodeToString([]byte(token)))
	for _, alphabet := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before, begin := range []int{0, 2, 3} {
			text := alphabet.EncodeToString([]byte(strings.Repeat("x", before) + token))
			if (before+len(token))%3 != 0 {
				text = text[:len(text)-1] // the last sign depends on what follows
			}
			all = append(all, text[begin:])
		}
	}
	return all
}
