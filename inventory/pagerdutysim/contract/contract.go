// Package contract judges HTTP traffic by PagerDuty's own OpenAPI description,
// in both directions: what a client sends and what a server answers. Only tests
// import it.
//
// The project keeps no copy of the description. A test names the file in the
// environment variable PAGERDUTY_OPENAPI, and is skipped without it.
package contract

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3filter"
)

// Judge validates the requests and responses that pass through its transports.
// It may be used by several goroutines at once.
type Judge struct {
	description *description
	exceptions  []Exception

	mu         sync.Mutex
	violations []Violation
	covered    map[string]map[int]int
	used       map[string]int
}

// New returns a judge by the description that PAGERDUTY_OPENAPI names. It skips
// the test, saying why, where the variable is empty, and fails it where the
// file can't be read.
func New(t testing.TB) *Judge {
	t.Helper()
	path := descriptionPath(t)
	d, err := load(path)
	if err != nil {
		t.Fatalf("load PagerDuty's OpenAPI description: %v", err)
	}
	return &Judge{
		description: d,
		exceptions:  Exceptions(),
		covered:     map[string]map[int]int{},
		used:        map[string]int{},
	}
}

// Wrap returns a transport that sends requests through next and judges each of
// them and its response. Bodies reach next and the caller unchanged.
func (j *Judge) Wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		body, err := drain(req.Body)
		if err != nil {
			return nil, fmt.Errorf("read request body to judge it: %w", err)
		}
		judged := req.Clone(req.Context())
		judged.Body = io.NopCloser(bytes.NewReader(body))
		forward := req.Clone(req.Context())
		if req.Body != nil {
			forward.Body = io.NopCloser(bytes.NewReader(body))
		}
		resp, err := next.RoundTrip(forward)
		if err != nil {
			return resp, err
		}
		answer, err := drain(resp.Body)
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(answer), failing{err}))
		if err == nil { // half an answer has no form to judge
			j.judge(judged, resp, answer)
		}
		return resp, nil
	})
}

// Violations are the violations that no exception excuses, in the order seen.
func (j *Judge) Violations() []Violation {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.violations)
}

// Covered lists the operations that answered at least once with success, such
// as "GET /users/{id}", sorted.
func (j *Judge) Covered() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var operations []string
	for _, operation := range slices.Sorted(maps.Keys(j.covered)) {
		for status := range j.covered[operation] {
			if status < 300 {
				operations = append(operations, operation)
				break
			}
		}
	}
	return operations
}

// Used counts for each exception, by name, the violations that it excused.
func (j *Judge) Used() map[string]int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return maps.Clone(j.used)
}

// Unused are the names of the exceptions that nothing needed, sorted.
func (j *Judge) Unused() []string {
	used := j.Used()
	var names []string
	for _, e := range j.exceptions {
		if used[e.Name] == 0 {
			names = append(names, e.Name)
		}
	}
	slices.Sort(names)
	return names
}

// Operations are all operations of the parts of the description that are judged,
// sorted.
func (j *Judge) Operations() []string { return slices.Clone(j.description.operations) }

// Operation names the operation that a request is, such as "GET /users/{id}".
func (j *Judge) Operation(req *http.Request) (string, error) {
	route, _, err := j.description.router.FindRoute(req)
	if err != nil {
		return "", fmt.Errorf("%s %s is no operation of the description: %w", req.Method, req.URL.Path, err)
	}
	return route.Method + " " + route.Path, nil
}

type deliberate struct{}

// Deliberate marks the requests made with ctx as wrong on purpose: they are not
// judged, only their responses are.
func Deliberate(ctx context.Context) context.Context {
	return context.WithValue(ctx, deliberate{}, true)
}

func (j *Judge) judge(req *http.Request, resp *http.Response, answer []byte) {
	operation, err := j.Operation(req)
	if err != nil {
		j.add(Violation{Operation: req.Method + " " + req.URL.Path, Direction: Request, Status: resp.StatusCode, Reason: err.Error()})
		return
	}
	j.mu.Lock()
	if j.covered[operation] == nil {
		j.covered[operation] = map[int]int{}
	}
	j.covered[operation][resp.StatusCode]++
	j.mu.Unlock()

	route, params, _ := j.description.router.FindRoute(req)
	input := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route, Options: options()}
	if req.Context().Value(deliberate{}) == nil {
		for _, v := range j.description.request(input) {
			v.Operation, v.Direction, v.Status = operation, Request, resp.StatusCode
			j.add(v)
		}
	}
	j.response(operation, input, resp, answer)
}

// response judges an answer as its own status or, where an exception says so,
// as that of another operation that documents it.
func (j *Judge) response(operation string, input *openapi3filter.RequestValidationInput, resp *http.Response, answer []byte) {
	status := resp.StatusCode
	if input.Route.Operation.Responses.Status(status) == nil {
		v := Violation{Operation: operation, Direction: Response, Status: status, Reason: undocumented}
		e := j.add(v)
		if e == nil || e.JudgedAs == "" {
			return
		}
		method, rest, _ := strings.Cut(e.JudgedAs, " ")
		path, _, _ := strings.Cut(rest, " ")
		other := *input.Route
		other.Path, other.Method = path, method
		other.PathItem = other.Spec.Paths.Value(path)
		other.Operation = other.PathItem.GetOperation(method)
		if _, err := fmt.Sscanf(e.JudgedAs, method+" "+path+" %d", &status); err != nil {
			panic(fmt.Sprintf("exception %q: JudgedAs %q is not METHOD PATH STATUS", e.Name, e.JudgedAs))
		}
		input = &openapi3filter.RequestValidationInput{Request: input.Request, Route: &other, Options: input.Options}
	}
	for _, v := range respond(input, status, resp.Header, answer) {
		v.Operation, v.Direction, v.Status = operation, Response, resp.StatusCode
		j.add(v)
	}
}

// add records v unless an exception excuses it, and returns that exception.
func (j *Judge) add(v Violation) *Exception {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, e := range j.exceptions {
		if e.Matches(v) {
			j.used[e.Name]++
			return &j.exceptions[i]
		}
	}
	j.violations = append(j.violations, v)
	return nil
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func drain(body io.ReadCloser) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	data, err := io.ReadAll(body)
	_ = body.Close()
	return data, err
}

// failing ends a body the way the original ended.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}
