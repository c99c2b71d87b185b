package pagerduty

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Error is a request that did not succeed: an answer of PagerDuty's with an
// error status, or no usable answer at all (Status 0, or a 2xx whose body could
// not be read). It never contains the token.
type Error struct {
	// Status is the HTTP status; 0 where there was no answer.
	Status int
	// Code is PagerDuty's error code, such as 2001; 0 where it gave none.
	Code int
	// Message is PagerDuty's sentence, or what happened to the connection.
	Message string
	// Errors are PagerDuty's details.
	Errors []string
	Method string
	// Endpoint is the path asked, without the query.
	Endpoint string
	// Hint says what to do about it; empty where nothing general can be said.
	Hint string

	cause error
	// ambiguous says that an earlier attempt may have been carried out unseen.
	ambiguous bool
}

// Refused says that PagerDuty answered and did not carry the request out, no
// attempt of it; otherwise a write may have taken effect all the same.
func (e *Error) Refused() bool {
	return e.Status >= 400 && e.Status < 500 && e.Status != http.StatusRequestTimeout && !e.ambiguous
}

// Unwritten says that the request changed nothing: it was one to read, or was refused.
func (e *Error) Unwritten() bool { return e.Method == http.MethodGet || e.Refused() }

// cutShort is a request that was ended while under way, by what it was made for.
type cutShort struct {
	request request
	cause   error
}

func (e *cutShort) Error() string {
	return fmt.Sprintf("%s %s: %v", e.request.method, e.request.path(), e.cause)
}
func (e *cutShort) Unwrap() error { return e.cause }

// Unwritten is that of an Error.
func (e *cutShort) Unwritten() bool { return e.request.method == http.MethodGet }

// Unaccepted says that the token was not accepted at all.
func (e *Error) Unaccepted() bool { return e.Status == http.StatusUnauthorized }

// Final says that PagerDuty answered and will not answer otherwise: what was asked
// for is not there, or not for this token. A token that is not accepted, a rate
// limit and an outage pass.
func (e *Error) Final() bool {
	return e.Refused() && e.Status != http.StatusUnauthorized && e.Status != http.StatusTooManyRequests
}

// Gone says that what was asked for is not there.
func (e *Error) Gone() bool {
	return e.Status == http.StatusNotFound || e.Status == http.StatusGone
}

// Forbidden says that the token was accepted, and may not do this.
func (e *Error) Forbidden() bool { return e.Status == http.StatusForbidden }

// lost says that a write may have been carried out although its answer did not
// come, or was not PagerDuty's.
func lost(err error) bool {
	var e *Error
	return errors.As(err, &e) && !e.Refused()
}

// refusedRepetition says that the last attempt was refused, and that an earlier
// one may have been carried out.
func refusedRepetition(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusBadRequest && e.ambiguous
}

// unexpected is the error for an answer of success that does not say what it
// should.
func unexpected(r request) *Error {
	return &Error{Status: http.StatusOK, Method: r.method, Endpoint: r.path(),
		Message: "the answer is not in the form that PagerDuty documents"}
}

// misshapen is unexpected with what is wrong in the answer.
func misshapen(r request, err error) *Error {
	e := unexpected(r)
	e.cause = err
	e.Message += ": " + err.Error()
	return e
}

// Error is one line: what was asked, what the answer was, and the hint.
func (e *Error) Error() string {
	return fmt.Sprintf("%s %s: %s", e.Method, e.Endpoint, e.Answer())
}

// Answer is the error without what was asked: two requests that were refused for the
// same reason have the same.
func (e *Error) Answer() string {
	var b strings.Builder
	if e.Status != 0 {
		fmt.Fprintf(&b, "%d %s: ", e.Status, http.StatusText(e.Status))
	}
	b.WriteString(e.Message)
	if e.Code != 0 {
		fmt.Fprintf(&b, " (%d)", e.Code)
	}
	if len(e.Errors) > 0 {
		b.WriteString(": " + strings.Join(e.Errors, "; "))
	}
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

// Unwrap is the error of the connection, where that is what failed.
func (e *Error) Unwrap() error { return e.cause }

// status returns the HTTP status that err carries, 0 if none.
func status(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// answerError is the error that an answer with an error status stands for.
func (c *Client) answerError(r request, status int, body []byte) *Error {
	e := &Error{Status: status, Method: r.method, Endpoint: r.path(), Hint: hint(r.method, status)}
	e.Code, e.Message, e.Errors = decodeError(body)
	e.Message = brief(c.token.redact(cmp.Or(e.Message, "no explanation was given")))
	if more := len(e.Errors) - maxDetails; more > 0 {
		e.Errors = append(e.Errors[:maxDetails:maxDetails], fmt.Sprintf("and %d more", more))
	}
	for i := range e.Errors {
		e.Errors[i] = brief(c.token.redact(e.Errors[i]))
	}
	return e
}

// connectionError is the error for a request that got no usable answer.
func (c *Client) connectionError(r request, err error) *Error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	e := &Error{
		Method: r.method, Endpoint: r.path(), cause: redacted{err, c.token.redact},
		Message: c.token.redact(Unreached(err)),
		Hint:    unreachedHint(c.base, err),
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		e.Message = "the answer broke off: " + e.Message
		e.Hint = "something between this machine and " + c.base + " cuts connections: check the network and the proxy"
	}
	return e
}

// redacted is an error whose text has lost the token.
type redacted struct {
	error
	redact func(string) string
}

func (r redacted) Error() string { return r.redact(r.error.Error()) }
func (r redacted) Unwrap() error { return r.error }

func hint(method string, status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "the token is not accepted: check that it is the right one for this account and region, that it was not revoked, and whether it is an API key or a scoped OAuth token"
	case status == http.StatusPaymentRequired:
		return "the account's plan does not include this"
	case status == http.StatusForbidden && method != http.MethodGet:
		return "the token may not write here: it is read-only, or belongs to somebody whose role does not suffice"
	case status == http.StatusForbidden:
		return "the token may not read this: it lacks the scope, or belongs to somebody whose role does not suffice"
	case status >= 300 && status < 400:
		return "redirects are not followed, for they would take the token elsewhere: correct the region and the address in the configuration, and see what proxy stands between"
	case status == http.StatusProxyAuthRequired:
		return proxyWantsLogin
	case status == http.StatusTooManyRequests:
		return "the token's rate limit stayed exhausted: check what else uses this token, and try again later"
	case status >= 500:
		return "PagerDuty has problems: see status.pagerduty.com, and try again later"
	}
	return ""
}

// decodeError reads an error body in any of the shapes that were seen: error
// an object, a string or a list; errors absent, null, a string, a list or a
// map. Source: go-pagerduty client.go, python-pagerduty, V3ErrorResponse.
func decodeError(body []byte) (code int, message string, details []string) {
	var outer struct {
		Error   json.RawMessage `json:"error"`
		Errors  json.RawMessage `json:"errors"`
		Message string          `json:"message"`
	}
	if json.Unmarshal(body, &outer) != nil {
		return 0, "", nil
	}
	var inner struct {
		Code    json.Number     `json:"code"`
		Message json.RawMessage `json:"message"`
		Errors  json.RawMessage `json:"errors"`
	}
	if json.Unmarshal(outer.Error, &inner) == nil && (inner.Message != nil || inner.Errors != nil || inner.Code != "") {
		n, _ := inner.Code.Int64()
		return int(n), strings.Join(sentences(inner.Message), "; "), sentences(inner.Errors)
	}
	switch said := sentences(outer.Error); len(said) {
	case 0:
	case 1:
		return 0, said[0], nil
	default:
		return 0, said[0], said[1:]
	}
	return 0, outer.Message, sentences(outer.Errors)
}

// sentences are the strings in any JSON value, each behind its field's name
// where it has one.
func sentences(raw json.RawMessage) []string {
	var v any
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil {
		return nil
	}
	return flatten("", v)
}

func flatten(field string, v any) []string {
	var out []string
	switch v := v.(type) {
	case nil:
	case []any:
		for _, x := range v {
			out = append(out, flatten(field, x)...)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(out, flatten(k, v[k])...)
		}
	default:
		if field != "" {
			return []string{fmt.Sprintf("%s: %v", field, v)}
		}
		return []string{fmt.Sprint(v)}
	}
	return out
}
