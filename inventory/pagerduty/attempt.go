package pagerduty

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"
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

// attempter sends one attempt: it waits for its turn, signs, counts, and reads
// the answer to its end, so that a cut answer is an error of the attempt.
type attempter struct {
	c     *Client
	turns chan struct{}
	pace  *pacers
}

func newAttempter(c *Client) *attempter {
	return &attempter{
		c: c, turns: make(chan struct{}, c.o.Concurrency),
		pace: newPacers(c.o.Now, func(ctx context.Context, d time.Duration) error {
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
	select {
	case a.turns <- struct{}{}:
		defer func() { <-a.turns }()
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	secret, err := a.c.token.get(req.Context())
	if err != nil {
		return nil, &Error{Method: req.Method, Endpoint: req.URL.Path, Message: err.Error(), cause: err}
	}
	x.sentToken = func() string { return secret }
	done, err := a.pace.acquire(req.Context(), x.endpoint)
	if err != nil {
		return nil, err
	}

	ctx, cancel := context.WithTimeout(req.Context(), attemptTimeout)
	defer cancel()
	signed := req.Clone(ctx)
	signed.Header.Set("User-Agent", "dutyward "+req.Header.Get("User-Agent"))
	signed.Header.Set("Authorization", "Token token="+secret)
	if a.c.o.Bearer {
		signed.Header.Set("Authorization", "Bearer "+secret)
	}
	return a.send(x, signed, done)
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
	if b, ok := budgetOf(resp); ok && !ownLimit[x.endpoint] {
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
