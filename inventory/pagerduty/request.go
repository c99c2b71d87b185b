package pagerduty

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/dutyward/dutyward/inventory"
)

// request is one call of the API.
type request struct {
	method string
	// pattern is the path with {} in place of ids: "/teams/{}/members".
	pattern string
	ids     []string
	query   url.Values
	// body is encoded as JSON; nil sends none.
	body any
	// once says of a PUT that it makes something new each time; harmless of a
	// POST that it makes nothing.
	once, harmless bool
}

// repeatable says that sending r twice does no harm.
func (r request) repeatable() bool {
	if r.method == http.MethodPost {
		return r.harmless
	}
	return !r.once
}

func (r request) path() string {
	path := r.pattern
	for _, id := range r.ids {
		path = strings.Replace(path, "{}", url.PathEscape(id), 1)
	}
	return path
}

// endpoint is what requests are counted by.
func (r request) endpoint() string {
	return r.method + " " + strings.ReplaceAll(r.pattern, "{}", "{id}")
}

// get reads the answer to a GET into out. The header is the final answer's,
// also beside an error; nil if there was no answer.
func (c *Client) get(ctx context.Context, pattern string, ids []string, query url.Values, out any) (http.Header, error) {
	r := request{method: http.MethodGet, pattern: pattern, ids: ids, query: query}
	header, body, err := c.do(ctx, r)
	if err != nil {
		return header, err
	}
	if err := json.Unmarshal(body, out); err != nil {
		return header, misshapen(r, err)
	}
	return header, nil
}

// getKey is get for what stands under a key of the answer, where it must stand:
// an answer without it says nothing of what was asked, rather than that there is
// none.
func (c *Client) getKey(ctx context.Context, pattern string, ids []string, query url.Values, key string, out any) (http.Header, error) {
	r := request{method: http.MethodGet, pattern: pattern, ids: ids, query: query}
	var raw map[string]json.RawMessage
	header, err := c.get(ctx, pattern, ids, query, &raw)
	switch {
	case err != nil:
		return header, err
	case absent(raw[key]):
		return header, misshapen(r, fmt.Errorf("it has no %q", key))
	}
	if err := json.Unmarshal(raw[key], out); err != nil {
		return header, misshapen(r, fmt.Errorf("%q: %w", key, err))
	}
	return header, nil
}

// getOne is getKey for the thing that the last of ids is of.
func getOne[T interface{ id() string }](ctx context.Context, c *Client, pattern, id string, query url.Values, key string) (T, http.Header, error) {
	var one T
	header, err := c.getKey(ctx, pattern, []string{id}, query, key, &one)
	if err == nil && one.id() != id {
		r := request{method: http.MethodGet, pattern: pattern, ids: []string{id}, query: query}
		err = misshapen(r, fmt.Errorf("its %q has the id %q", key, one.id()))
	}
	return one, header, err
}

// absent says that a value is not there, or null.
func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// write sends a change. What it answers is of no interest beyond its status.
func (c *Client) write(ctx context.Context, method, pattern string, ids []string, body any) error {
	_, _, err := c.do(ctx, request{method: method, pattern: pattern, ids: ids, body: body})
	return err
}

// send sends r and reads the answer into out, unless that is nil. Where it was
// carried out but the answer can't be read, the error says that it may have been.
func (c *Client) send(ctx context.Context, r request, out any) error {
	_, body, err := c.do(ctx, r)
	if err != nil || out == nil {
		return err
	}
	if json.Unmarshal(body, out) != nil {
		return unexpected(r)
	}
	return nil
}

// do sends r, repeats it as the retry policy allows, and returns the body of a
// 2xx answer. Every error is an *Error, or the context's.
func (c *Client) do(ctx context.Context, r request) (http.Header, []byte, error) {
	x := &exchange{method: r.method, endpoint: r.endpoint(), repeatable: r.repeatable()}
	req, err := c.httpRequest(withExchange(ctx, x), r)
	if err != nil {
		return nil, nil, err
	}
	resp, err := c.pd.Do(req, false)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return nil, nil, &cutShort{r, cause}
		}
		var own *Error
		if errors.As(err, &own) {
			return nil, nil, own
		}
		return nil, nil, c.connectionError(r, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.Header, nil, c.connectionError(r, err)
	}
	switch {
	case r.method == http.MethodDelete && resp.StatusCode == http.StatusNotFound && x.ambiguous:
		return resp.Header, nil, nil // an earlier attempt got through, its answer did not
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		e := c.answerError(r, resp.StatusCode, body)
		e.ambiguous = x.ambiguous
		return resp.Header, nil, e
	case foreign(r.method, resp.StatusCode, body):
		return resp.Header, nil, &Error{Status: resp.StatusCode, Method: r.method, Endpoint: r.path(),
			Message: fmt.Sprintf("the answer is cut off or is not JSON, %d times in a row", x.attempts),
			Hint:    "a proxy may stand between this machine and " + c.base}
	}
	return resp.Header, body, nil
}

// Ask asks for a path, to see how PagerDuty answers: a refusal is an answer. The
// error is of a connection, a token that is not accepted, or the context.
func (c *Client) Ask(ctx context.Context, path string, query url.Values) (status int, header http.Header, body []byte, err error) {
	header, body, err = c.do(ctx, request{method: http.MethodGet, pattern: path, query: query})
	var refused *Error
	if errors.As(err, &refused) && refused.Final() {
		return refused.Status, header, nil, nil
	}
	return http.StatusOK, header, body, err
}

func (c *Client) httpRequest(ctx context.Context, r request) (*http.Request, error) {
	address := c.base + r.path()
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	var body io.Reader
	if r.body != nil {
		data, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("encode the body of %s: %w", r.endpoint(), err)
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return nil, c.connectionError(r, err)
	}
	if r.method != http.MethodGet && c.o.From != "" {
		req.Header.Set("From", c.o.From)
	}
	return req, nil
}

// SetBaseRole gives a user another role on the account. The user is as just
// read: PagerDuty demands name and e-mail beside the role. The license is left
// out on purpose, for with the old one attached PagerDuty refuses roles that it
// does not cover. Source: OpenAPI, updateUser; Terraform provider PR 745.
func (c *Client) SetBaseRole(ctx context.Context, user inventory.User, role string) error {
	c.userWrites.Lock()
	defer c.userWrites.Unlock()
	type fields struct {
		Type  string `json:"type"`
		Name  string `json:"name"`
		Email string `json:"email"`
		Role  string `json:"role"`
	}
	return c.write(ctx, http.MethodPut, "/users/{}", []string{user.ID}, map[string]fields{
		"user": {Type: "user", Name: user.Name, Email: user.Email, Role: role},
	})
}

// PutTeamMember adds a user to a team, or changes their team role there. The
// role is always sent: without it PagerDuty chooses one, which was "manager".
// Source: Terraform provider PR 151.
func (c *Client) PutTeamMember(ctx context.Context, teamID, userID, role string) error {
	return c.write(ctx, http.MethodPut, "/teams/{}/users/{}", []string{teamID, userID}, map[string]string{"role": role})
}

// RemoveTeamMember takes a user off a team. A 404 in answer to a repetition,
// after an attempt whose answer was lost, counts as done.
func (c *Client) RemoveTeamMember(ctx context.Context, teamID, userID string) error {
	return c.write(ctx, http.MethodDelete, "/teams/{}/users/{}", []string{teamID, userID}, nil)
}

// ConflictError says that something was not written, since it is no longer as it
// was when the write was planned: somebody else has changed it.
type ConflictError struct {
	// Schedule is the schedule's name, What the part of it that differs.
	Schedule, What string
}

// Error says what was left as it is, and what to do.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("schedule %q: %s changed since it was read, so that nothing was written: plan again", e.Schedule, e.What)
}

// Refused says that nothing was written.
func (e *ConflictError) Refused() bool { return true }
