package pagerduty

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty/pace"
)

// attemptTimeout bounds one attempt, from the moment it may be sent to the last
// byte of its answer.
const attemptTimeout = 60 * time.Second

// exchange is what the attempts of one request share.
type exchange struct {
	method, endpoint string
	// repeatable says that doing it twice does no harm.
	repeatable bool
	attempts   int
	// body is the last answer's, whole.
	body []byte
	// sentToken is the token of the last attempt.
	sentToken func() string
	renewed   bool
	// ambiguous says that an attempt may have been carried out unseen.
	ambiguous bool
	delay     time.Duration
	waited    time.Duration
}

type exchangeKey struct{}

func withExchange(ctx context.Context, x *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

func exchangeOf(ctx context.Context) *exchange {
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return x
	}
	return &exchange{}
}

// ownLimit are the endpoints with a lower limit of their own beside the
// general one. Source: OpenAPI, listOnCalls; PagerDuty's rate limits page.
var ownLimit = map[string]bool{"GET /oncalls": true}

// attempter sends one attempt: it waits for its turn, signs, counts, and reads
// the answer to its end, so that a cut answer is an error of the attempt.
type attempter struct {
	c *Client
	// turns are of reads that can wait, and urgent and writes of what does not wait for
	// these, nor one for the other.
	turns, urgent, writes chan struct{}
	pace                  *pace.Limits
}

func newAttempter(c *Client) *attempter {
	return &attempter{
		c: c, turns: make(chan struct{}, c.o.Concurrency), urgent: make(chan struct{}, c.o.Concurrency),
		writes: make(chan struct{}, c.o.Concurrency),
		pace: pace.NewLimits(c.o.Share, ownLimit, c.o.Now, func(ctx context.Context, d time.Duration) error {
			c.meter.waited(d)
			return c.o.Wait(ctx, d)
		}),
	}
}

// RoundTrip implements http.RoundTripper.
func (a *attempter) RoundTrip(req *http.Request) (*http.Response, error) {
	x := exchangeOf(req.Context())
	x.attempts++
	x.body = nil
	urgent := req.Method != http.MethodGet || inventory.IsUrgent(req.Context())
	turns := a.turns
	switch {
	case req.Method != http.MethodGet:
		turns = a.writes
	case urgent:
		turns = a.urgent
	}
	select {
	case turns <- struct{}{}:
		defer func() { <-turns }()
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	secret, err := a.c.token.get(req.Context())
	if err != nil {
		return nil, &Error{Method: req.Method, Endpoint: req.URL.Path, Message: err.Error(), cause: err}
	}
	x.sentToken = func() string { return secret }
	done, err := a.pace.Acquire(req.Context(), x.endpoint, urgent)
	if err != nil {
		return nil, err
	}

	ctx, cancel := context.WithTimeout(req.Context(), attemptTimeout)
	defer cancel()
	signed := req.Clone(ctx)
	signed.Header.Set("User-Agent", "dutyward "+req.Header.Get("User-Agent"))
	a.c.authorize(signed, secret)
	return a.send(x, signed, done)
}

func (c *Client) authorize(r *http.Request, token string) {
	r.Header.Set("Authorization", "Token token="+token)
	if c.o.Bearer {
		r.Header.Set("Authorization", "Bearer "+token)
	}
}

// Sign puts the client's token on a request that others send, if it has one.
func (c *Client) Sign(r *http.Request) {
	if token, err := c.token.get(r.Context()); err == nil {
		c.authorize(r, token)
	}
}

func (a *attempter) send(x *exchange, req *http.Request, done func(*http.Response)) (*http.Response, error) {
	a.c.meter.sent()
	resp, err := a.c.o.Transport.RoundTrip(req)
	if err != nil {
		done(nil)
		a.c.meter.answered(x.endpoint, max(req.ContentLength, 0), 0)
		return nil, err
	}
	defer resp.Body.Close()
	body, err := readAnswer(resp.Body)
	done(resp)
	if b, ok := pace.Said(resp); ok && !ownLimit[x.endpoint] {
		a.c.meter.budgeted(b)
	}
	a.c.meter.answered(x.endpoint, max(req.ContentLength, 0), int64(len(body)))
	if errors.Is(err, errTooLarge) {
		return nil, a.c.tooLarge(req, resp.StatusCode)
	}
	if err != nil {
		return nil, err
	}
	x.body = body
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.ContentLength = int64(len(body))
	return resp, nil
}

// Bounds of an answer. PagerDuty's largest have a few megabytes; what is larger is
// somebody else's, or would have no end.
const (
	maxAnswer  = 32 << 20
	maxHeader  = 64 << 10
	maxSaid    = 1000 // characters of a sentence
	maxDetails = 20
)

// errTooLarge is about an answer that is cut off by us.
var errTooLarge = errors.New("too large")

// readAnswer reads an answer's body, unpacked, to its end or to its bound.
func readAnswer(body io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(body, maxAnswer+1))
	if err == nil && len(content) > maxAnswer {
		return nil, errTooLarge
	}
	return content, err
}

// tooLarge is the error for an answer beyond its bound. A write that it answers may
// have been carried out.
func (c *Client) tooLarge(req *http.Request, status int) *Error {
	return &Error{Status: status, Method: req.Method, Endpoint: req.URL.Path, cause: errTooLarge,
		Message: fmt.Sprintf("the answer is larger than %d MiB, more than any of PagerDuty's", maxAnswer>>20),
		Hint:    "a proxy may stand between this machine and " + c.base}
}

// brief is a sentence of somebody else's, cut where it goes on and on.
func brief(text string) string {
	text = strings.ToValidUTF8(text, "�")
	if runes := []rune(text); len(runes) > maxSaid {
		return string(runes[:maxSaid]) + "…"
	}
	return text
}

// Bounds of repeating one request.
const (
	maxRetries   = 5
	maxWait      = 90 * time.Second
	maxTotalWait = 5 * time.Minute
)

// verdict is what to do after an attempt.
type verdict int

const (
	settled   verdict = iota // take the answer as it is
	throttled                // not carried out; repeat after the rate limit's window
	failed                   // perhaps carried out; repeat soon
)

// retrying is go-pagerduty's HTTP client.
type retrying struct{ client *retryablehttp.Client }

func newRetrying(c *Client) *retrying {
	r := retryablehttp.NewClient()
	r.Logger = nil
	r.HTTPClient = &http.Client{
		Transport: newAttempter(c),
		// A redirect would carry the token elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	r.RetryMax = maxRetries
	r.ErrorHandler = retryablehttp.PassthroughErrorHandler
	// The delay is computed in check, and waited for in PrepareRetry, which has
	// the context that Backoff lacks.
	r.Backoff = func(time.Duration, time.Duration, int, *http.Response) time.Duration { return 0 }
	r.CheckRetry = c.check
	r.PrepareRetry = func(req *http.Request) error {
		x := exchangeOf(req.Context())
		c.meter.retried()
		c.meter.waited(x.delay)
		return c.o.Wait(req.Context(), x.delay)
	}
	return &retrying{r}
}

// Do sends req and repeats it as the policy allows; the body is sent whole each
// time.
func (r *retrying) Do(req *http.Request) (*http.Response, error) {
	again, err := retryablehttp.FromRequest(req)
	if err != nil {
		return nil, err
	}
	return r.client.Do(again)
}

// check decides after an attempt whether another follows, and after what delay.
func (c *Client) check(ctx context.Context, resp *http.Response, err error) (bool, error) {
	x := exchangeOf(ctx)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if resp != nil && resp.StatusCode == http.StatusUnauthorized && !x.renewed {
		x.renewed = true
		x.delay = 0
		return c.token.renew(ctx, x.sentToken()), nil
	}
	v := policy(x.method, x.repeatable, resp, x.body, err)
	if v == settled {
		return false, nil
	}
	if v == failed {
		x.ambiguous = true
	}
	x.delay = backoff(v, x.attempts, resp, rand.Float64())
	x.waited += x.delay
	return x.waited <= maxTotalWait, nil
}

// policy says what an attempt came to. A request that PagerDuty did not carry
// out may be repeated whatever its method; one that it may have carried out
// only if repeating does no harm.
func policy(method string, repeatable bool, resp *http.Response, body []byte, err error) verdict {
	switch {
	case err != nil:
		return connectionPolicy(repeatable, err)
	case resp.StatusCode == http.StatusTooManyRequests:
		return throttled
	case resp.StatusCode == http.StatusBadRequest && bytes.Contains(body, []byte("account could not be locked")):
		return failed // carried out or not, PagerDuty says that it was not
	case resp.StatusCode == http.StatusRequestTimeout, resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented:
		if repeatable {
			return failed
		}
	case foreign(method, resp.StatusCode, body) && repeatable:
		return failed
	}
	return settled
}

// foreign says that an answer of success is not PagerDuty's, or not whole: it
// answers in JSON, or writes also with nothing. A proxy answers with a page.
func foreign(method string, status int, body []byte) bool {
	return status >= 200 && status < 300 && (method == http.MethodGet || len(body) > 0) && !json.Valid(body)
}

func connectionPolicy(repeatable bool, err error) verdict {
	var own *Error // the token could not be read
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.As(err, &own), errors.As(err, &cert), errors.As(err, &authority):
		return settled
	case errors.As(err, &dns) && dns.IsNotFound:
		return settled
	case repeatable || neverSent(err):
		return failed
	}
	return settled
}

// neverSent says that the connection was not even made.
func neverSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// backoff is how long to wait before the attempt after the given one (from 1).
// Jitter, from 0 to 1, keeps concurrent requests apart.
func backoff(v verdict, attempt int, resp *http.Response, jitter float64) time.Duration {
	if v == throttled {
		if b, ok := pace.Said(resp); ok {
			return min(b.Pause()+time.Duration(jitter*float64(time.Second)), maxWait)
		}
		return scaled(5*time.Second, attempt, jitter)
	}
	return scaled(500*time.Millisecond, attempt, jitter)
}

// scaled doubles base with every attempt and takes a half to all of it.
func scaled(base time.Duration, attempt int, jitter float64) time.Duration {
	d := min(base<<(attempt-1), maxWait)
	return d/2 + time.Duration(jitter*float64(d/2))
}
