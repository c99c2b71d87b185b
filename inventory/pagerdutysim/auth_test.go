package pagerdutysim_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

func TestTokensAreAcceptedInBothForms(t *testing.T) {
	a := newAPI(t, func(o *pagerdutysim.Options) { o.Token, o.ReadOnlyToken = "RIGHT", "READER" })
	for _, c := range []struct {
		method, header string
		status         int
		text           string
	}{
		{"GET", "Token token=RIGHT", 200, ""},
		{"GET", "Bearer RIGHT", 200, ""},
		{"GET", "Token token=WRONG", 401, `"code":2006`},
		{"GET", "Bearer WRONG", 401, `"code":2006`},
		{"GET", "Basic RIGHT", 401, `"code":2006`},
		{"GET", "", 401, `"code":2006`},
		{"GET", "Token token=READER", 200, ""},
		{"POST", "Token token=READER", 403, `"message":"Access Denied"`},
	} {
		resp, text, err := exchange(a, request(c.method, "/teams", `{"team":{"name":"x"}}`, "Authorization", c.header))
		if err != nil || resp.StatusCode != c.status || !strings.Contains(text, c.text) {
			t.Errorf("%s %q: %v %v %s, want %d", c.method, c.header, err, resp.StatusCode, text, c.status)
		}
	}
}

func TestAnObserversOwnTokenWritesNothing(t *testing.T) {
	for role, want := range map[string]int{"observer": 403, "restricted_access": 403, "read_only_user": 403, "limited_user": 201, "admin": 201} {
		a := newAPI(t, func(o *pagerdutysim.Options) {
			o.UserTokens = map[string]string{"T0KEN": "PSTA001"}
			stan := o.Seed.Users["PSTA001"]
			stan.BaseRole = role
			o.Seed.Users["PSTA001"] = stan
		})
		if got := a.call("POST", "/schedules", newSchedule(nil, layer(nil))); got.status != want {
			t.Errorf("%s: %d %s, want %d", role, got.status, got.json(), want)
		}
	}
}

func TestUnknownPathsAndMethodsAreAnsweredAsErrors(t *testing.T) {
	a := newAPI(t)
	a.refused(http.StatusNotFound, 2100, "Not Found", "GET", "/nothing/here", nil)
	a.refused(http.StatusMethodNotAllowed, 2015, "Method Not Allowed", "PATCH", "/users/PANN001", nil)
	want := map[string]int{"GET unknown": 1, "PATCH unknown": 1}
	if diff := cmp.Diff(want, a.server.Requests()); diff != "" {
		t.Error(diff)
	}
}

func TestTheDateIsTheSimulatorsClock(t *testing.T) {
	a := newAPI(t)
	a.now = at("2026-02-03T04:05:06Z")
	resp, _, err := exchange(a, request("GET", "/abilities", ""))
	if err != nil || resp.Header.Get("Date") != "Tue, 03 Feb 2026 04:05:06 GMT" {
		t.Errorf("%v %v", err, resp.Header)
	}
}

func TestRequestsAreCountedByEndpoint(t *testing.T) {
	a := newAPI(t)
	a.call("GET", "/teams/PTEAM01/members", nil)
	a.call("GET", "/teams/PNOBODY/members", nil)
	a.call("PUT", "/teams/PTEAM01/users/PANN001", nil)
	a.call("GET", "/users/me", nil)
	want := map[string]int{"GET /teams/{id}/members": 2, "PUT /teams/{id}/users/{id}": 1, "GET /users/me": 1}
	if diff := cmp.Diff(want, a.server.Requests()); diff != "" {
		t.Error(diff)
	}
}

// limits are the rate limit headers and the status.
func limits(t *testing.T, a *api, path, token string) []string {
	t.Helper()
	resp, text, err := exchange(a, request("GET", path, "", "Authorization", "Token token="+token))
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode == http.StatusTooManyRequests && !strings.Contains(text, `"code":2020`) {
		t.Errorf("429 says %s", text)
	}
	h := resp.Header
	return []string{resp.Status, h.Get("ratelimit-limit"), h.Get("ratelimit-remaining"), h.Get("ratelimit-reset")}
}

func TestRequestsAreLimitedByTheMinuteOfWallTimeForEachToken(t *testing.T) {
	wall := at("2030-01-01T00:00:00Z")
	a := newAPI(t, func(o *pagerdutysim.Options) {
		o.RateLimit, o.Wall = 2, func() time.Time { return wall }
		o.EndpointLimits = map[string]int{"GET /oncalls": 1}
	})
	for _, c := range []struct {
		name, path, token string
		after             time.Duration
		want              []string
	}{
		{"first", "/abilities", "A", 0, []string{"200 OK", "2", "1", "60"}},
		{"last", "/abilities", "A", 20500 * time.Millisecond, []string{"200 OK", "2", "0", "40"}},
		{"too many", "/abilities", "A", time.Second, []string{"429 Too Many Requests", "2", "0", "39"}},
		{"another token", "/abilities", "B", 0, []string{"200 OK", "2", "1", "60"}},
		{"the next minute", "/abilities", "A", 39 * time.Second, []string{"200 OK", "2", "1", "60"}},
		{"the nearest limit shows", "/oncalls", "A", 0, []string{"200 OK", "2", "0", "60"}},
		{"an endpoint's own limit", "/oncalls", "B", 30 * time.Second, []string{"200 OK", "1", "0", "60"}},
		{"is its own", "/abilities", "B", 0, []string{"200 OK", "2", "0", "60"}},
	} {
		wall = wall.Add(c.after)
		a.now = a.now.Add(time.Hour) // does not matter
		if diff := cmp.Diff(c.want, limits(t, a, c.path, c.token)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestTheLimitIsPagerDutysByDefault(t *testing.T) {
	a := newAPI(t, func(o *pagerdutysim.Options) { o.RateLimit = 0 })
	if got := limits(t, a, "/abilities", "A"); got[1] != "960" || got[2] != "959" {
		t.Errorf("%v", got)
	}
}

func TestALimitMayCountTheSixtySecondsBeforeEachRequest(t *testing.T) {
	wall := at("2030-01-01T00:00:00Z")
	a := newAPI(t, func(o *pagerdutysim.Options) {
		o.RateLimit, o.Wall, o.SlidingWindows = 2, func() time.Time { return wall }, true
	})
	for _, c := range []struct {
		name  string
		after time.Duration
		want  []string
	}{
		{"first", 0, []string{"200 OK", "2", "1", "60"}},
		{"second", 40 * time.Second, []string{"200 OK", "2", "0", "20"}},
		{"too many", time.Second, []string{"429 Too Many Requests", "2", "0", "19"}},
		{"the first is a minute ago", 19 * time.Second, []string{"200 OK", "2", "0", "40"}},
		{"the second is not", time.Second, []string{"429 Too Many Requests", "2", "0", "39"}},
	} {
		wall = wall.Add(c.after)
		if diff := cmp.Diff(c.want, limits(t, a, "/abilities", "A")); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}
