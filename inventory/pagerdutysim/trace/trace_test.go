package trace_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/trace"
)

func account(t *testing.T) *pagerdutysim.Server {
	t.Helper()
	at := time.Date(2026, 1, 14, 12, 0, 0, 0, time.UTC)
	s := &inventory.Snapshot{
		Account: inventory.Account{Name: "new", Region: "us", TakenAt: at, Complete: true},
		Users:   map[string]inventory.User{"PANN001": {ID: "PANN001", Name: "Ann Adams", Email: "ann@acme.com", BaseRole: "admin"}},
	}
	s.Normalize()
	sim, err := pagerdutysim.New(pagerdutysim.Options{Seed: s, Clock: func() time.Time { return at }, TokenUser: "PANN001"})
	if err != nil {
		t.Fatal(err)
	}
	return sim
}

// recorded is the trace of somebody who hires Ben and looks for him.
func recorded(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	r := trace.NewRecorder(account(t), &out)
	for _, req := range []*http.Request{
		httptest.NewRequest("POST", "/users", strings.NewReader(`{"user":{"name":"Ben Brown","email":"ben@acme.com"}}`)),
		httptest.NewRequest("GET", "/users?query=brown", http.NoBody),
		httptest.NewRequest("GET", "/users/PANN001?include[]=contact_methods", http.NoBody),
		httptest.NewRequest("GET", "/nothing/here", http.NoBody),
		// What people put in other places: a header's value, an error's text, an audit record.
		httptest.NewRequest("POST", "/webhook_subscriptions", strings.NewReader(`{"webhook_subscription":{"type":"webhook_subscription","delivery_method":{"type":"http_delivery_method",
			"url":"https://brown.acme.com","custom_headers":[{"name":"X-Who","value":"ann"}]},"events":["incident.triggered"],"filter":{"type":"account_reference"},"note":"For Ben"}}`)),
		httptest.NewRequest("PUT", "/users/PANN001", strings.NewReader(`{"user":{"name":"Ann Brown","email":"ben@acme.com"}}`)),
		httptest.NewRequest("GET", "/audit/records", http.NoBody),
	} {
		req.Header.Set("Authorization", "Token token=CANARY")
		req.Header.Set("From", "ann@acme.com")
		r.ServeHTTP(httptest.NewRecorder(), req)
	}
	return out.String()
}

func TestATraceNamesNobodyAndNoToken(t *testing.T) {
	text := recorded(t)
	for _, word := range []string{"Ben", "Brown", "ben@", "Ann", "ann@", "acme", "CANARY", "NARY", "brown", `"ann"`} {
		if strings.Contains(text, word) {
			t.Errorf("the trace has %q:\n%s", word, text)
		}
	}
	if n := strings.Count(text, "\n"); n != 7 {
		t.Errorf("%d lines, want 7", n)
	}
}

func TestATraceIsReplayedAndDifferencesAreNamed(t *testing.T) {
	text := recorded(t)
	// What is searched for was made up, so that the search finds another number.
	found, n, err := trace.Replay(strings.NewReader(text), account(t), "x")
	if err != nil || n != 7 {
		t.Fatalf("%d lines: %v", n, err)
	}
	for _, d := range found {
		if !strings.Contains(d.Request, "query=") {
			t.Errorf("a difference from itself: %s", d)
		}
	}
	for _, tt := range []struct{ old, now, says string }{
		{`"status":404`, `"status":403`, "answered 404, the trace says 403"},
		{`"role":"admin"`, `"role":"owner"`, "user.role is admin, the trace says owner"},
		{`"billed":true`, `"billed":true,"locale":"en"`, "user.locale is missing"},
	} {
		found, _, err := trace.Replay(strings.NewReader(strings.ReplaceAll(text, tt.old, tt.now)), account(t), "x")
		said := ""
		for _, d := range found {
			said += d.String() + "\n"
		}
		if err != nil || !strings.Contains(said, tt.says) {
			t.Errorf("%v, differences:\n%s\nwant %q", err, said, tt.says)
		}
	}
	for _, no := range []string{"not a trace", `{}`, `{"method":"GET","path":"users"}`, `{"method":"G ET","path":"/users"}`, `{"method":"GET","path":"/users\u0001"}`, `{"method":"GET","path":"/%zz"}`, `[1]`} {
		if _, _, err := trace.Replay(strings.NewReader(no), account(t), "x"); err == nil || strings.Contains(err.Error(), "%!") {
			t.Errorf("%s: the error is %v", no, err)
		}
	}
}
