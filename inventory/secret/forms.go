package secret

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
)

// formsOf are how a secret may look: as it is, escaped for JSON, Go, HTML and
// addresses, in hex, and in base64 and base32 at each of the places where it may
// begin within what was encoded. Its core is looked for in the same forms: what was
// escaped twice, or escaped and then encoded, still has that.
func formsOf(secret string) []string {
	all := formsAlone(secret)
	if core := coreOf(secret); core != secret && len(core) >= shortestCore {
		all = append(all, formsAlone(core)...)
	}
	return all
}

// shortestCore is how long a part of a secret must be to stand for it.
const shortestCore = 12

// coreOf is the longest part of a secret that no escaping changes.
func coreOf(secret string) string {
	longest := ""
	for _, part := range strings.FieldsFunc(secret, func(r rune) bool {
		return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~", r)
	}) {
		if len(part) > len(longest) {
			longest = part
		}
	}
	return longest
}

func formsAlone(secret string) []string {
	all := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret),
		strings.Trim(strconv.Quote(secret), `"`), strings.Trim(strconv.QuoteToASCII(secret), `"`),
		strings.ReplaceAll(secret, "/", `\/`), strings.ReplaceAll(html.EscapeString(secret), "+", "&#43;"),
		strings.Trim(fmt.Sprint([]byte(secret)), "[]"), strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", []byte(secret)), "[]byte{"), "}"),
		hex.EncodeToString([]byte(secret)), fmt.Sprintf("%X", secret), fmt.Sprintf("% x", secret), percent(secret),
		strings.ToLower(percent(secret)), strings.ToLower(url.QueryEscape(secret)),
	}
	if text, err := json.Marshal(secret); err == nil {
		all = append(all, strings.Trim(string(text), `"`))
	}
	for _, alphabet := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		all = append(all, within(secret, 3, 4, alphabet.EncodeToString)...)
	}
	return append(all, within(secret, 5, 8, base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString)...)
}

// percent is a text with every byte escaped, as nobody has to.
func percent(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// within are the signs of an encoding, each group of bytes into one of signs, that
// depend on the secret alone, wherever it begins in a group.
func within(secret string, bytes, signs int, encode func([]byte) string) []string {
	var all []string
	for before := range bytes {
		text := encode([]byte(strings.Repeat("x", before) + secret))
		begin := (before*signs + bytes - 1) / bytes
		end := (before + len(secret)) * signs / bytes
		all = append(all, text[begin:end])
	}
	return all
}

// isBreak says whether a byte may stand within a secret where a line is wrapped.
func isBreak(c byte) bool { return c == '\n' || c == '\r' || c == '\t' || c == ' ' }

// unbroken is a text without white space, without line breaks that are written as
// \n, and without colours; and, if asked, the place of each byte in the text.
func unbroken(text []byte, placed bool) (compact []byte, places []int) {
	compact = make([]byte, 0, len(text))
	if placed {
		places = make([]int, 0, len(text))
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case isBreak(c):
			continue
		case c == '\\' && i+1 < len(text) && bytes.IndexByte([]byte("nrt"), text[i+1]) >= 0:
			i++
			continue
		case c == '\x1b' && i+1 < len(text) && text[i+1] == '[':
			if end := bytes.IndexByte(text[i:min(len(text), i+16)], 'm'); end > 0 {
				i += end
				continue
			}
		}
		compact = append(compact, text[i])
		if placed {
			places = append(places, i)
		}
	}
	return compact, places
}
