// Package pagerduty is the only code that speaks to PagerDuty, through
// go-pagerduty: it reads a snapshot of an account and writes base roles, team
// members, schedules and overrides in PagerDuty's own words. It paces itself on
// the rate-limit headers, repeats what may be repeated, and counts what it costs.
package pagerduty

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	pd "github.com/PagerDuty/go-pagerduty"

	"github.com/dutyward/dutyward/inventory/secret"
)

// Regions are PagerDuty's service regions and their API addresses.
var regions = map[string]string{
	"us": "https://api.pagerduty.com",
	"eu": "https://api.eu.pagerduty.com",
}

// Options say which account to speak to, as whom, and how.
type Options struct {
	// Account is the account's name in the configuration.
	Account string
	// Region is "us" (also when empty) or "eu".
	Region string
	// BaseURL overrides the region's address, e.g. with a simulator's.
	BaseURL string
	// Token supplies the API token. It is asked when first needed and again
	// after a 401, so that a rotated token is picked up.
	Token func(context.Context) (string, error)
	// Secrets learn each token that is used; nil for secrets of the client's own.
	Secrets *secret.Keeper
	// Bearer says that the token is a scoped OAuth token, not an API key.
	Bearer bool
	// From is the e-mail address of the acting user, which PagerDuty wants on
	// writes with an account API key.
	From string
	// Transport carries the requests; nil is an ordinary HTTP transport.
	Transport http.RoundTripper
	// Back and Ahead are the days that Account.Window reaches from the UTC
	// midnight before TakenAt; 7 and 35 where zero.
	Back, Ahead int
	// Now is the local clock, time.Now where nil. It measures waiting and cost
	// only; the snapshot has PagerDuty's clock.
	Now func() time.Time
	// Wait sleeps for d unless ctx ends first; nil is a timer.
	Wait func(ctx context.Context, d time.Duration) error
	// Progress is called with how far reading is; never by two goroutines at once.
	Progress func(Progress)
	// Share is the part of PagerDuty's limit of requests that is used beside others, of
	// whom the answers tell; half where it is not between 0 and 1.
	Share float64
	// Concurrency is how many reads may be under way at once, and as many writes, and as
	// many reads before these, besides; 8 where zero.
	Concurrency int
}

// Progress says how much of one part of the account has been read.
type Progress struct {
	// What names the part: "users", "members of teams".
	What string
	Done int
	// Of is how many there are; 0 where that is not known.
	Of int
}

// Client speaks to one account. It is safe for concurrent use.
type Client struct {
	o        Options
	base     string
	pd       *pd.Client
	token    *token
	meter    *meter
	progress func(Progress)
	// userWrites serializes writes to users: parallel ones are refused now and
	// then with "account could not be locked" (Terraform provider PR 1117).
	userWrites sync.Mutex
	// underWay is how the account's events start, as far as its schedules show.
	underWay atomic.Bool
}

// New makes a client. It sends nothing; an error means that the options can't
// work.
func New(o Options) (*Client, error) {
	if o.Region == "" {
		o.Region = "us"
	}
	base, err := address(o.Region, o.BaseURL)
	if err != nil {
		return nil, err
	}
	if o.Token == nil {
		return nil, fmt.Errorf("no source for the PagerDuty token is set")
	}
	if o.Back < 0 || o.Ahead < 0 {
		return nil, fmt.Errorf("the window of shifts can't reach %d days back and %d ahead: expected numbers from 0", o.Back, o.Ahead)
	}
	withDefaults(&o)

	c := &Client{o: o, base: base, token: newToken(o.Token, o.Secrets), meter: newMeter(o.Now), progress: inTurn(o.Progress)}
	c.pd = pd.NewClient("", pd.WithAPIEndpoint(base))
	c.pd.HTTPClient = newRetrying(c)
	return c, nil
}

func address(region, override string) (string, error) {
	base, known := regions[region]
	if !known {
		return "", fmt.Errorf("region %q is not one of PagerDuty's: expected us or eu", region)
	}
	if override == "" {
		return base, nil
	}
	u, err := url.Parse(override)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return "", fmt.Errorf("the address of PagerDuty's API is not an http or https URL: expected something like %s", base)
	case u.User != nil:
		return "", fmt.Errorf("the address of PagerDuty's API contains credentials: leave them out, the token is enough")
	}
	return strings.TrimRight(override, "/"), nil
}

func withDefaults(o *Options) {
	if o.Back == 0 {
		o.Back = 7
	}
	if o.Ahead == 0 {
		o.Ahead = 35
	}
	if o.Secrets == nil {
		o.Secrets = new(secret.Keeper)
	}
	if o.Concurrency <= 0 {
		o.Concurrency = 8
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	if o.Transport == nil {
		o.Transport = NewTransport(o.Concurrency)
	}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func inTurn(f func(Progress)) func(Progress) {
	if f == nil {
		return func(Progress) {}
	}
	var mu sync.Mutex
	return func(p Progress) {
		mu.Lock()
		defer mu.Unlock()
		f(p)
	}
}

// token keeps the API token in closures, where no formatting verb, encoder or
// debugger dump of the client finds it.
type token struct {
	// get returns the token, reading it the first time.
	get func(context.Context) (string, error)
	// renew reads the token again and says whether it is another than rejected.
	renew func(ctx context.Context, rejected string) bool
	// redact blacks out every token that was ever used.
	redact func(string) string
}

func newToken(source func(context.Context) (string, error), secrets *secret.Keeper) *token {
	var mu sync.Mutex
	var current string
	var used []string
	read := func(ctx context.Context) error {
		text, err := source(ctx)
		if err != nil {
			return fmt.Errorf("read the PagerDuty token: %w", err)
		}
		text = strings.TrimSpace(text)
		if text == "" {
			return errors.New("read the PagerDuty token: it is empty")
		}
		if text != current {
			secrets.Add(text)
			current, used = text, append(used, text)
		}
		return nil
	}
	return &token{
		get: func(ctx context.Context) (string, error) {
			mu.Lock()
			defer mu.Unlock()
			if current != "" {
				return current, nil
			}
			err := read(ctx)
			return current, err
		},
		renew: func(ctx context.Context, rejected string) bool {
			mu.Lock()
			defer mu.Unlock()
			if current != rejected {
				return true
			}
			return read(ctx) == nil && current != rejected
		},
		redact: func(s string) string {
			mu.Lock()
			defer mu.Unlock()
			s = secrets.Redact(s)
			for _, token := range used { // one may be too short to be a secret anywhere
				s = strings.ReplaceAll(s, token, secret.Mark)
			}
			return s
		},
	}
}

// Redact blacks out every token that the client ever used, encoded ones
// included, in what is about to be shown. What a panic or a library says may
// hold one.
func (c *Client) Redact(text string) string { return c.token.redact(text) }

// TokenUser is the id of the user to whom the token belongs; empty where
// PagerDuty says that it is nobody's, as it does in a 400 of an account's API
// key. Any other answer than the user is an error: whoever it is must not be
// touched (S20). Source: OpenAPI, getCurrentUser.
func (c *Client) TokenUser(ctx context.Context) (string, error) {
	var user struct {
		ID string `json:"id"`
	}
	const pattern = "/users/me"
	_, err := c.getKey(ctx, pattern, nil, nil, "user", &user)
	switch {
	case saysNobodys(err):
		return "", nil
	case err != nil:
		return "", err
	case user.ID == "":
		return "", misshapen(request{method: http.MethodGet, pattern: pattern}, errors.New("the user has no id"))
	}
	return user.ID, nil
}

// saysNobodys matches the 400 that an account's API key gets. PagerDuty's own
// says "account-level access token"; the sentence is not documented, so that it
// is enough that there is one, and that it does not speak of something else.
// Source: python-pagerduty tests.
func saysNobodys(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Status != http.StatusBadRequest {
		return false
	}
	said := strings.ToLower(e.Message + " " + strings.Join(e.Errors, " "))
	return strings.Contains(said, "account") || strings.Contains(said, "user")
}

// Address is the address of the API that the client speaks to.
func (c *Client) Address() string { return c.base }
