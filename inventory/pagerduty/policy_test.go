package pagerduty

import (
	"errors"
	"net"
	"net/http"
	"testing"
)

func TestPostsAreNotRepeatedIfTheyMayHaveBeenCarriedOut(t *testing.T) {
	answered := func(status int) *http.Response { return &http.Response{StatusCode: status} }
	for _, c := range []struct {
		name string
		resp *http.Response
		err  error
		post verdict
		put  verdict
	}{
		{"rate limited", answered(429), nil, throttled, throttled},
		{"server error", answered(502), nil, settled, failed},
		{"time-out", answered(408), nil, settled, failed},
		{"cut after sending", nil, errors.New("connection reset"), settled, failed},
		{"never connected", nil, &net.OpError{Op: "dial", Err: errors.New("refused")}, failed, failed},
		{"host unknown", nil, &net.DNSError{IsNotFound: true}, settled, settled},
		{"refused", answered(403), nil, settled, settled},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := policy(http.MethodPost, request{method: http.MethodPost}.repeatable(), c.resp, nil, c.err); got != c.post {
				t.Errorf("POST: got %v, expected %v", got, c.post)
			}
			if got := policy(http.MethodPut, request{method: http.MethodPut}.repeatable(), c.resp, nil, c.err); got != c.put {
				t.Errorf("PUT: got %v, expected %v", got, c.put)
			}
		})
	}
}
