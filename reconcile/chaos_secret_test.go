package reconcile_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
)

func (c *chaos) ctx() context.Context { return context.Background() }

// oddCanary is a token that looks otherwise wherever something is encoded.
const oddCanary = canary + "/+&<='%7e"

// encodings are the ways in which what stands between the program and PagerDuty may
// say what it was sent.
var encodings = map[string]func(string) string{
	"as it is":         func(s string) string { return s },
	"in a query":       url.QueryEscape,
	"in a path":        url.PathEscape,
	"in a query twice": func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"in small letters": func(s string) string { return strings.ToLower(url.QueryEscape(s)) },
	"in JSON":          func(s string) string { text, _ := json.Marshal(s); return string(text) },
	"in JSON twice": func(s string) string {
		text, _ := json.Marshal(s)
		text, _ = json.Marshal(string(text))
		return string(text)
	},
	"in HTML":          html.EscapeString,
	"quoted":           strconv.QuoteToASCII,
	"in hex":           func(s string) string { return hex.EncodeToString([]byte(s)) },
	"in capital hex":   func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
	"in base64":        func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"in base64 of one": func(s string) string { return base64.StdEncoding.EncodeToString([]byte("x" + s)) },
	"in base64 of two": func(s string) string { return base64.URLEncoding.EncodeToString([]byte("xy" + s)) },
}

// traces are what of the token must not be found.
var traces = tracesOf(canary)

func tracesOf(token string) []string {
	all := []string{token, hex.EncodeToString([]byte(token)), strings.ToUpper(hex.EncodeToString([]byte(token)))}
	for before := range 3 {
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + token + "xx"))
		all = append(all, text[4:len(text)-4])
	}
	return all
}

// echo is an answer, or a failure, that says what was sent; neither if nothing is
// to be echoed.
func (c *chaos) echo(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	how := c.echoes[c.requests]
	c.mu.Unlock()
	encode, known := encodings[strings.TrimPrefix(how, "failure ")]
	if !known {
		return nil, nil
	}
	c.harm++
	c.counts["echoes: "+how]++
	sent := encode(r.Header.Get("Authorization"))
	token := encode(strings.TrimPrefix(r.Header.Get("Authorization"), "Token token="))
	if strings.HasPrefix(how, "failure") {
		return nil, fmt.Errorf("proxy: can't send %s (%q, %s)", sent, sent, token)
	}
	body, err := json.Marshal(map[string]any{"error": map[string]any{"message": "don't know " + sent, "code": 2001, "errors": []string{token, r.Header.Get("Authorization")}}})
	if err != nil {
		c.fail("%v", err)
	}
	return &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{"X-Sent": {sent}}, Request: r,
		Body: io.NopCloser(bytes.NewReader(body))}, nil
}

// keepsQuiet checks that the token is in nothing that the round leaves.
func (c *chaos) keepsQuiet(err error) {
	c.Helper()
	said := c.log.String() + c.status()
	if err != nil {
		said += fmt.Sprintf("%v %+v %#v", err, err, err)
	}
	last, readErr := c.journal.LastRound(context.Background())
	if readErr != nil {
		c.fail("%v", readErr)
	}
	report, jsonErr := json.Marshal(last)
	if jsonErr != nil {
		c.fail("%v", jsonErr)
	}
	said += string(report)
	for _, path := range []string{c.path, c.path + "-wal"} {
		data, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			c.fail("%v", err)
		}
		said += string(data)
	}
	for _, form := range traces {
		if i := strings.Index(said, form); i >= 0 {
			c.fail("the token is in what the round leaves, as %s: %.300s", form, said[max(0, i-100):])
		}
	}
}
