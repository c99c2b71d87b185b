package session

import (
	"fmt"
	"io"
	"net/http"

	"github.com/dutyward/dutyward/inventory/pagerduty"
)

// fence lets a write to PagerDuty out as long as this process holds the writer's lock, and
// ends it with the lock: several instances may share a state. It stands behind all that
// a request may wait for.
type fence struct {
	http.RoundTripper
	session *Session
}

// RoundTrip implements http.RoundTripper.
func (f fence) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return f.RoundTripper.RoundTrip(r)
	}
	ctx, done, err := f.session.Journal.Fenced(r.Context())
	if err != nil {
		return nil, &pagerduty.Error{Method: r.Method, Endpoint: r.URL.Path, Message: fmt.Sprintf("it was not sent: %v", err)}
	}
	resp, err := f.RoundTripper.RoundTrip(r.WithContext(ctx))
	if err != nil {
		done()
		return nil, err
	}
	resp.Body = closing{resp.Body, done}
	return resp, nil
}

// closing is a body that ends something when it is closed.
type closing struct {
	io.ReadCloser
	done func()
}

// Close implements io.Closer.
func (c closing) Close() error {
	defer c.done()
	return c.ReadCloser.Close()
}
