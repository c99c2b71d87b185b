package pagerdutysim_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// Whatever stands in place of a member of a body is answered: it neither ends the
// simulator nor is a fault of its own, then and when things are read.
func TestNoBodyIsTooHostileToAnswer(t *testing.T) {
	asked := asks(t)
	seen := map[string]bool{}
	for i, w := range asked {
		kind := w.method + " " + shape(w.path)
		if w.method == http.MethodGet || w.method == http.MethodDelete || seen[kind] {
			continue
		}
		seen[kind] = true
		a := newAPI(t, askedByAnn)
		for _, before := range asked[:i] {
			a.call(before.method, before.path, before.body)
		}
		for _, text := range append(mutants(t, w.body), bodies...) {
			answered(a, ask{w.method, w.path, text})
		}
		path, _, _ := strings.Cut(w.path, "?")
		for _, path := range append(lists, path, path[:strings.LastIndex(path, "/")]) {
			answered(a, ask{http.MethodGet, path, ""})
		}
	}
	if len(seen) < 50 {
		t.Errorf("only %d kinds of writes were tried", len(seen))
	}
}

// hostile is what is put in place of each member.
var hostile = []any{nil, "", "\x00", " x ", true, -1, 1e300, []any{}, []any{nil}, []any{[]any{}}, []any{"x"}, map[string]any{}, map[string]any{"id": nil},
	[]any{map[string]any{"id": "PNOBODY"}}, "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", strings.Repeat("é", 3_000)}

// bodies are hostile as a whole.
var bodies = []string{"", "null", "[]", "7", `"x"`, "{", "\xff\xfe", strings.Repeat("[", 20_000)}

// lists are read after what was written.
var lists = []string{"/users?include[]=contact_methods&include[]=notification_rules&limit=100", "/teams", "/schedules?include[]=schedule_layers", "/v3/schedules",
	"/escalation_policies", "/services?include[]=integrations", "/oncalls?until=2026-02-14T00:00:00Z", "/incidents?date_range=all&include[]=services", "/log_entries", "/tags",
	"/maintenance_windows?filter=ongoing", "/webhook_subscriptions", "/extensions", "/business_services", "/audit/records", "/licenses", "/license_allocations",
	"/schedules/PLAYER1?since=2026-01-10T00:00:00Z&until=2026-02-10T00:00:00Z", "/v3/schedules/PSHIFT1?since=2026-01-10T00:00:00Z&until=2026-02-10T00:00:00Z&include[]=final_schedule"}

// ask is a request.
type ask struct{ method, path, body string }

func answered(a *api, w ask) {
	a.t.Helper()
	defer func() {
		if r := recover(); r != nil {
			a.t.Errorf("%s %s with %.300s panics: %v", w.method, w.path, w.body, r)
		}
	}()
	if got := a.call(w.method, w.path, w.body); got.status >= 500 {
		a.t.Errorf("%s %s with %.300s answers %d: %s", w.method, w.path, w.body, got.status, got.json())
	}
}

var ids = regexp.MustCompile(`/[A-Z][A-Z0-9]{5,}`)

// shape is a path with its ids alike.
func shape(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return ids.ReplaceAllString(path, "/{}")
}

// asks are the requests that the contract is judged by.
func asks(t *testing.T) []ask {
	t.Helper()
	var list []ask
	a := newAPI(t, askedByAnn)
	next := a.transport
	a.transport = tripper(func(r *http.Request) (*http.Response, error) {
		var body []byte
		if r.Body != nil {
			body, _ = io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		list = append(list, ask{r.Method, r.URL.RequestURI(), string(body)})
		return next.RoundTrip(r)
	})
	tr := traffic{api: a}
	for _, part := range []func(){tr.people, tr.teams, tr.layerSchedules, tr.shiftSchedules, tr.shiftParts, tr.policiesAndServices, tr.reads, tr.catalogue, tr.incidents} {
		part()
	}
	return list
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// mutants are a body with each of its members replaced in turn.
func mutants(t *testing.T, text string) []string {
	t.Helper()
	var body any
	if json.Unmarshal([]byte(text), &body) != nil {
		return nil
	}
	var list []string
	each := func(v any, put func(any)) {
		for _, h := range hostile {
			put(h)
			data, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, string(data))
		}
		put(v)
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, inner := range v {
				each(inner, func(h any) { v[key] = h })
				walk(inner)
			}
		case []any:
			for i, inner := range v {
				each(inner, func(h any) { v[i] = h })
				walk(inner)
			}
		}
	}
	walk(body)
	return list
}
