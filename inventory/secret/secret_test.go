package secret_test

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory/secret"
)

// token has what encodings change.
const token = `u+c4nary/t<k"=en_0123`

func quoted(text string) string {
	out, _ := json.Marshal(text)
	return string(out)
}

// encodings are what programs do to texts.
var encodings = map[string]func(string) string{
	"as it is":                   func(s string) string { return s },
	"in JSON":                    quoted,
	"in Go":                      strconv.Quote,
	"in a query":                 url.QueryEscape,
	"in a path":                  url.PathEscape,
	"in HTML":                    template.HTMLEscapeString,
	"in hex":                     func(s string) string { return hex.EncodeToString([]byte(s)) },
	"in HEX":                     func(s string) string { return fmt.Sprintf("%X", s) },
	"as bytes":                   func(s string) string { return fmt.Sprint([]byte(s)) },
	"as Go's bytes":              func(s string) string { return fmt.Sprintf("%#v", []byte(s)) },
	"in base64":                  func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"in base64's other alphabet": func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	"in base32":                  func(s string) string { return base32.StdEncoding.EncodeToString([]byte(s)) },
}

func keeper(secrets ...string) *secret.Keeper {
	k := new(secret.Keeper)
	k.Add(secrets...)
	return k
}

// What stands between the program and PagerDuty may escape a text that was escaped
// already.
func TestASecretIsBlackedOutHoweverOftenItWasEscaped(t *testing.T) {
	const token = "u+/<c4nary-0123_45=%7e&"
	k := keeper(token)
	for outer, second := range encodings {
		for inner, first := range encodings {
			if !strings.HasPrefix(inner, "in base") && !strings.HasPrefix(inner, "in h") && !strings.HasPrefix(inner, "in H") && !strings.Contains(inner, "bytes") {
				if text := "it said " + second("Token token="+first(token)); !k.Holds([]byte(text)) || strings.Contains(k.Redact(text), "c4nary-0123_45") {
					t.Errorf("%s, then %s: %s", inner, outer, k.Redact(text))
				}
			}
		}
	}
}

func TestASecretIsBlackedOutInEveryForm(t *testing.T) {
	k := keeper(token + "\n")
	for name, encode := range encodings {
		for _, around := range [][2]string{{"", ""}, {"Token token=", ""}, {"a", "z"}, {"ab", "yz"}, {"user:", " and more"}} {
			text := "it said " + encode(around[0]+token+around[1]) + "."
			if got := k.Redact(text); !strings.Contains(got, secret.Mark) || !k.Holds([]byte(text)) {
				t.Errorf("%s, within %q: %s", name, around, got)
			}
		}
	}
}

func TestASecretThatIsWrappedIsBlackedOut(t *testing.T) {
	k := keeper(token)
	for name, encode := range encodings {
		text := encode("PATH=/bin\x00" + token + "\x00HOME=/")
		for _, wrap := range []string{"\n", "\r\n", "\n\t    ", `\n`, "\x1b[0m\n\x1b[2m"} {
			for width := 4; width < 20; width++ {
				var lines []string
				for chunk := range slices.Chunk([]byte(text), width) {
					lines = append(lines, string(chunk))
				}
				if got := k.Redact(strings.Join(lines, wrap)); !strings.Contains(got, secret.Mark) {
					t.Errorf("%s, wrapped by %q at %d: %s", name, wrap, width, got)
				}
			}
		}
	}
}

func TestNoFormattingShowsTheSecretsThemselves(t *testing.T) {
	k := keeper(token)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if text := fmt.Sprintf(verb, k); k.Holds([]byte(text)) {
			t.Errorf("%s: %s", verb, text)
		}
	}
}

func TestAWriterLosesNothingButSecrets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOf(rapid.SampledFrom([]string{token, "Token token=", "u", "u+c4", "\n", " ", "x", "hello", token[:12], token[12:]})).Draw(t, "words")
		text := strings.Join(words, "")
		var out bytes.Buffer
		k := keeper(token)
		w := k.Writer(&out)
		for rest := []byte(text); len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "cut")
			if _, err := w.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if k.Holds(out.Bytes()) {
			t.Fatalf("%q came out of %q", out.String(), text)
		}
		if !k.Holds([]byte(text)) && out.String() != text {
			t.Fatalf("%q came out of %q", out.String(), text)
		}
	})
}

func TestAWriterDoesNotKeepPeopleWaiting(t *testing.T) {
	var out bytes.Buffer
	w := keeper(token).Writer(&out)
	for _, text := range []string{"a line that ends in u\n", "Make these changes? ", "12 of 50\r"} {
		out.Reset()
		fmt.Fprint(w, text)
		if out.String() != text {
			t.Errorf("%q came out of %q", out.String(), text)
		}
	}
}

func TestWhatIsTooShortToBeASecretStays(t *testing.T) {
	k := keeper("demo", "")
	if got := k.Redact("the demo"); got != "the demo" {
		t.Error(got)
	}
	if got := (*secret.Keeper)(nil).Redact("x"); got != "x" {
		t.Error(got)
	}
}

func TestAChildsEnvironmentHasNoSecrets(t *testing.T) {
	environ := []string{"PATH=/bin", "PAGERDUTY_TOKEN=short", "OTHER=x" + token, "GITHUB_TOKEN=ghs_0123456789abcdef", "TOKENS=3", "DB_PASSWORD=/run/secret"}
	if got := keeper(token).Environ(environ); !slices.Equal(got, []string{"PATH=/bin", "TOKENS=3"}) {
		t.Error(got)
	}
	if got := secret.InEnvironment(environ); !slices.Equal(got, []string{"ghs_0123456789abcdef"}) {
		t.Error(got)
	}
}
