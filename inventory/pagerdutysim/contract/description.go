package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// variable names the environment variable with the path of the description;
// a relative path is relative to the module's root.
const variable = "PAGERDUTY_OPENAPI"

// parts are the beginnings of the paths that are judged. The rest of the
// description is not loaded: it takes long, and has references that do not
// resolve.
var parts = []string{
	"/abilities", "/analytics/raw", "/audit", "/business_services", "/escalation_policies", "/extension_schemas", "/extensions",
	"/incidents", "/license", "/log_entries", "/maintenance_windows", "/notifications", "/oauth_delegations", "/oncalls", "/priorities",
	"/schedules", "/services", "/tags", "/teams", "/users", "/v3/schedules", "/vendors", "/webhook_subscriptions", "/{entity_type}",
}

type description struct {
	router routers.Router
	// operations are sorted: "GET /users/{id}".
	operations []string
}

// loaded keeps a description once read: reading takes a good part of a second,
// and nothing changes it afterwards.
var loaded sync.Map // path to func() (*description, error)

func load(path string) (*description, error) {
	once, _ := loaded.LoadOrStore(path, sync.OnceValues(func() (*description, error) { return read(path) }))
	return once.(func() (*description, error))()
}

func descriptionPath(t testing.TB) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Skipf("%s is empty: it names the file with PagerDuty's OpenAPI description (openapi-rest.json), without which the contract can't be judged", variable)
	}
	if filepath.IsAbs(path) {
		return path
	}
	root, err := moduleRoot()
	if err != nil {
		t.Fatalf("resolve %s=%s: %v", variable, path, err)
	}
	return filepath.Join(root, path)
}

func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no go.mod above the working directory")
		}
		dir = parent
	}
}

func read(path string) (*description, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var whole map[string]any
	if err := json.Unmarshal(data, &whole); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	paths, _ := whole["paths"].(map[string]any)
	for p := range paths {
		if !judged(p) {
			delete(paths, p)
		}
	}
	if data, err = json.Marshal(whole); err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	doc.Servers = nil // any host serves
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	d := &description{router: router}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			d.operations = append(d.operations, method+" "+path)
		}
	}
	slices.Sort(d.operations)
	return d, nil
}

func judged(path string) bool {
	for _, p := range parts {
		if strings.HasPrefix(path, p) {
			return true
		}
	}
	return false
}

func options() *openapi3filter.Options {
	return &openapi3filter.Options{
		MultiError:                        true,
		IncludeResponseStatus:             true,
		RejectWhenRequestBodyNotSpecified: true,
		SkipSettingDefaults:               true,
		AuthenticationFunc:                authenticated,
	}
}

// authenticated accepts the two forms of token that PagerDuty documents.
func authenticated(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	auth := in.RequestValidationInput.Request.Header.Get("Authorization")
	if strings.HasPrefix(auth, "Token token=") || strings.HasPrefix(auth, "Bearer ") {
		return nil
	}
	return in.NewError(fmt.Errorf("the Authorization header is neither Token token=… nor Bearer …"))
}

// request validates twice: a read-only property inside a composed schema hides
// what else is wrong there.
func (d *description) request(input *openapi3filter.RequestValidationInput) []Violation {
	body, _ := drain(input.Request.Body)
	check := func(ignoreReadOnly bool) []Violation {
		input.Request.Body = io.NopCloser(bytes.NewReader(body))
		in := *input
		in.Options = options()
		in.Options.ExcludeReadOnlyValidations = ignoreReadOnly
		return violations(openapi3filter.ValidateRequest(context.Background(), &in), "", Violation{})
	}
	found := check(true)
	for _, v := range check(false) {
		if v.readOnly() {
			found = append(found, v)
		}
	}
	return found
}

func respond(input *openapi3filter.RequestValidationInput, status int, header http.Header, body []byte) []Violation {
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input,
		Status:                 status,
		Header:                 header,
		Options:                input.Options,
	}
	in.SetBodyBytes(body)
	return violations(openapi3filter.ValidateResponse(context.Background(), in), "", Violation{})
}
