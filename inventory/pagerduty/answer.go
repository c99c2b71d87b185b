package pagerduty

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Bounds of an answer. PagerDuty's largest have a few megabytes; what is larger is
// somebody else's, or would have no end.
const (
	maxAnswer  = 32 << 20
	maxHeader  = 64 << 10
	maxSaid    = 1000 // characters of a sentence
	maxDetails = 20
)

// newTransport carries requests over ordinary connections, of which there are no
// more than requests under way.
func newTransport(most int) *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost, t.MaxConnsPerHost = most, 2*most
	t.MaxResponseHeaderBytes = maxHeader
	t.ResponseHeaderTimeout = attemptTimeout
	t.IdleConnTimeout = time.Minute
	return t
}

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
