package pagerduty_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
)

const (
	anUser    = `{"user":{"id":"PU1","name":"Ann","email":"ann@acme.com","role":"user"}}`
	lockedOut = `{"error":{"message":"Invalid Input Provided","code":2001,"errors":["License error: Unable to perform request at this time. account could not be locked"]}}`
)

var (
	ann     = inventory.User{ID: "PU1", Name: "Ann", Email: "ann@acme.com"}
	readAnn = func(t *testing.T, c *pagerduty.Client) error { _, err := c.User(t.Context(), "PU1"); return err }
	setRole = func(t *testing.T, c *pagerduty.Client) error { return c.SetBaseRole(t.Context(), ann, "admin") }
	put     = func(t *testing.T, c *pagerduty.Client) error {
		return c.PutTeamMember(t.Context(), "PT1", "PU1", "responder")
	}
	remove = func(t *testing.T, c *pagerduty.Client) error { return c.RemoveTeamMember(t.Context(), "PT1", "PU1") }
)

func TestRequestsAreRepeatedOnlyWhereThatHelpsAndDoesNoHarm(t *testing.T) {
	cut := func() *http.Response { return nil }
	status := func(code int, body string, headers ...string) func() *http.Response {
		return func() *http.Response { return answer(code, body, headers...) }
	}
	truncated := func() *http.Response {
		r := answer(200, "")
		r.Body = io.NopCloser(io.MultiReader(io.LimitReader(zeros{}, 3), broken{}))
		return r
	}
	for _, c := range []struct {
		name     string
		do       func(*testing.T, *pagerduty.Client) error
		answers  []func() *http.Response
		requests int
		failure  int // the status of the error, -1 for another error, 0 for none
		atLeast  time.Duration
	}{
		{"a 429 waits for the window's end", put,
			[]func() *http.Response{status(429, "{}", "ratelimit-limit", "960", "ratelimit-remaining", "0", "ratelimit-reset", "40"), status(204, "")}, 2, 0, 41 * time.Second},
		{"a 429 without headers waits too", put, []func() *http.Response{status(429, "{}"), status(204, "")}, 2, 0, 2 * time.Second},
		{"a write that met the license lock is sent again", setRole, []func() *http.Response{status(400, lockedOut), status(200, anUser)}, 2, 0, 0},
		{"any other 400 is final", put, []func() *http.Response{status(400, `{"error":{"message":"no"}}`)}, 1, 400, 0},
		{"a read that was cut is made again", readAnn, []func() *http.Response{cut, status(200, anUser)}, 2, 0, 0},
		{"a read cut in the body is made again", readAnn, []func() *http.Response{truncated, status(200, anUser)}, 2, 0, 0},
		{"a read that is not JSON is made again", readAnn, []func() *http.Response{status(200, `{"user": oops`), status(200, anUser)}, 2, 0, 0},
		{"a time-out is repeated", readAnn, []func() *http.Response{status(408, ""), status(200, anUser)}, 2, 0, 0},
		{"a put that was cut is sent again", put, []func() *http.Response{cut, status(204, "")}, 2, 0, 0},
		{"a removal carried out unseen is done", remove, []func() *http.Response{cut, status(404, "{}")}, 2, 0, 0},
		{"a removal of nobody is an error", remove, []func() *http.Response{status(404, "{}")}, 1, 404, 0},
		{"a removal after a 429 may still find nobody", remove, []func() *http.Response{status(429, "{}"), status(404, "{}")}, 2, 404, 0},
		{"what stays down is given up", readAnn, []func() *http.Response{status(503, "<html>")}, 6, 503, 7 * time.Second},
		{"what stays cut is given up", readAnn, []func() *http.Response{cut}, 6, -1, 7 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				requests := 0
				began := time.Now()
				err := c.do(t, client(t, answers(func(r *http.Request) *http.Response {
					requests++
					return c.answers[min(requests, len(c.answers))-1]()
				})))
				var e *pagerduty.Error
				got := 0
				if errors.As(err, &e) {
					got = e.Status
				}
				if got == 0 && err != nil {
					got = -1
				}
				if got != c.failure || requests != c.requests {
					t.Errorf("%d requests, then %v; expected %d and status %d", requests, err, c.requests, c.failure)
				}
				if waited := time.Since(began); waited < c.atLeast || waited > c.atLeast+time.Minute {
					t.Errorf("waited %v, expected %v or somewhat more", waited, c.atLeast)
				}
			})
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return copy(p, "   "), nil }

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestARepeatedWriteHasTheSameBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var bodies []string
		err := setRole(t, client(t, answers(func(r *http.Request) *http.Response {
			b, _ := io.ReadAll(r.Body)
			bodies = append(bodies, string(b))
			if len(bodies) == 1 {
				return answer(429, "{}")
			}
			return answer(200, anUser)
		})))
		const body = `{"user":{"type":"user","name":"Ann","email":"ann@acme.com","role":"admin"}}`
		if want := []string{body, body}; err != nil || !slices.Equal(bodies, want) {
			t.Errorf("%v: %q, expected %q", err, bodies, want)
		}
	})
}

func TestAReadThatIsCancelledStopsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := contextWithin(t, 3*time.Second)
		defer cancel()
		_, err := client(t, answers(func(*http.Request) *http.Response {
			return answer(429, "{}", "ratelimit-limit", "960", "ratelimit-remaining", "0", "ratelimit-reset", "60")
		})).User(ctx, "PU1")
		if !errors.Is(err, ctx.Err()) {
			t.Errorf("got %v, expected the context's error", err)
		}
	})
}
