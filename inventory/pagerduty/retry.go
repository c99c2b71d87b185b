package pagerduty

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/dutyward/dutyward/inventory/pagerduty/pace"
)

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
