package reconcile_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/url"
	"os"
	"strings"
)

func (c *chaos) ctx() context.Context { return context.Background() }

// echoForms are the ways in which something between the program and PagerDuty says
// what it was sent.
var echoForms = []string{"answer", "error"}

// canaryForms are how the token may look.
var canaryForms = formsOf(canary)

func formsOf(token string) []string {
	quoted, _ := json.Marshal(token)
	all := []string{
		token, url.QueryEscape(token), url.PathEscape(token), html.EscapeString(token), strings.Trim(string(quoted), `"`),
		hex.EncodeToString([]byte(token)), strings.ToUpper(hex.EncodeToString([]byte(token))),
	}
	for before := range 3 {
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + token + "xx"))
		all = append(all, text[4:len(text)-4])
	}
	return all
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
	for _, form := range canaryForms {
		if i := strings.Index(said, form); i >= 0 {
			c.fail("the token is in what the round leaves, as %s: %.300s", form, said[max(0, i-100):])
		}
	}
}

// mended are the faults that are; what they are about is tried only then.
var mended = map[string]bool{
	"empty layers":       true,
	"operators":          true,
	"drafts":             false,
	"old journals":       false,
	"half edits":         false,
	"releases of S23":    false,
	"weak configuration": false,
}

// coversKept says that no edit makes a person's cover void.
const coversKept = false
