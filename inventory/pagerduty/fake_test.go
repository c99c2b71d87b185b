package pagerduty_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory/pagerduty"
)

const canary = "y_NbAkKc66ryYTWUXYEu"

// answers is a transport that answers out of a function, without a network. A
// nil answer is a connection that was cut.
type answers func(r *http.Request) *http.Response

func (f answers) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	resp := f(r)
	if resp == nil {
		return nil, fmt.Errorf("read: %w", io.ErrUnexpectedEOF)
	}
	resp.Request = r
	return resp, nil
}

func answer(status int, body string, headers ...string) *http.Response {
	h := http.Header{"Date": {"Mon, 02 Mar 2026 10:00:00 GMT"}}
	for i := 0; i < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(bytes.NewReader([]byte(body))), ContentLength: int64(len(body))}
}

func answerJSON(v any) *http.Response {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return answer(200, string(b))
}

func client(t *testing.T, transport http.RoundTripper, change ...func(*pagerduty.Options)) *pagerduty.Client {
	t.Helper()
	o := pagerduty.Options{
		Account: "acme", Region: "us", From: "admin@acme.com", Transport: transport,
		Token: func(context.Context) (string, error) { return canary, nil },
	}
	for _, f := range change {
		f(&o)
	}
	c, err := pagerduty.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// withoutWaiting makes waits pass at once.
func withoutWaiting(o *pagerduty.Options) {
	o.Wait = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
}
