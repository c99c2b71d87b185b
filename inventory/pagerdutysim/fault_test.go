package pagerdutysim_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// statuses makes the same request several times.
func statuses(t *testing.T, a *api, n int, method, path string) []int {
	t.Helper()
	var list []int
	for range n {
		resp, _, err := exchange(a, request(method, path, `{"role":"observer"}`))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, resp.StatusCode)
	}
	return list
}

func TestFaultsBefallWhatTheyNameAsOftenAsOrdered(t *testing.T) {
	for _, c := range []struct {
		fault, method, path string
		want                []int
	}{
		{"500", "GET", "/users", []int{500, 200, 200}},
		{"503:GET /users:2", "GET", "/users", []int{503, 503, 200}},
		{"502:GET /users:1@1", "GET", "/users", []int{200, 502, 200}},
		{"408:GET:*", "GET", "/users", []int{408, 408, 408}},
		{"504:/teams*", "GET", "/users", []int{200}},
		{"504:GET /teams*", "GET", "/teams/PTEAM01/members", []int{504, 200}},
		{"429:PUT /teams/{id}/users/{id}", "PUT", "/teams/PTEAM01/users/PCAT001", []int{429, 204}},
		{"500:/users/PANN001", "GET", "/users/PANN001", []int{500, 200}},
		{"500:/users/PANN001", "GET", "/users/PBEN001", []int{200}},
		{"revoked:GET:@2", "GET", "/users", []int{200, 200, 401, 401, 401}},
	} {
		t.Run(c.fault+" on "+c.path, func(t *testing.T) {
			a := newAPI(t, inject(t, c.fault))
			if diff := cmp.Diff(c.want, statuses(t, a, len(c.want), c.method, c.path)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestA429SaysWhenTheWindowEndsOrNothing(t *testing.T) {
	for fault, reset := range map[string]string{"429": "1", "429=7s": "7", "429-bare": ""} {
		resp, text, err := exchange(newAPI(t, inject(t, fault)), request("GET", "/users", ""))
		if err != nil || resp.Header.Get("ratelimit-reset") != reset || !strings.Contains(text, "Rate Limit Exceeded") {
			t.Errorf("%s: %v %v %s", fault, err, resp.Header, text)
		}
	}
}

func TestLateFaultsCarryTheWriteOutAndLoseItsAnswer(t *testing.T) {
	for fault, want := range map[string]string{
		"500": "", "500-late": "observer", "cut": "", "cut-late": "observer", "truncate": "observer", "429": "",
	} {
		a := newAPI(t, inject(t, fault+":PUT"))
		resp, _, err := exchange(a, request("PUT", "/teams/PTEAM01/users/PCAT001", `{"role":"observer"}`))
		if err == nil && strings.HasPrefix(fault, "cut") {
			t.Errorf("%s: %v", fault, resp.Status)
		}
		if got := a.server.Members("PTEAM01")["PCAT001"]; got != want {
			t.Errorf("%s: Cat is %q, want %q", fault, got, want)
		}
	}
}

func TestTruncatedAndMalformedBodiesLookAsTheyDoOverANetwork(t *testing.T) {
	for _, where := range []string{"in process", "over a socket"} {
		t.Run(where, func(t *testing.T) {
			a := newAPI(t, inject(t, "truncate", "cut:GET:1@1", "malformed:GET:1@2"))
			via, base := a.server.Transport(), "https://pagerduty.test"
			if where != "in process" {
				served := httptest.NewServer(a.server)
				t.Cleanup(served.Close)
				via, base = &http.Transport{DisableKeepAlives: true}, served.URL
			}
			get := func() (string, error) {
				r, err := http.NewRequestWithContext(t.Context(), "GET", base+"/users", nil)
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Authorization", "Bearer X")
				resp, err := via.RoundTrip(r)
				if err != nil {
					return "", err
				}
				data, err := io.ReadAll(resp.Body)
				return string(data), errors.Join(err, resp.Body.Close())
			}
			if text, err := get(); !errors.Is(err, io.ErrUnexpectedEOF) || text == "" {
				t.Errorf("truncated: %v %q", err, text)
			}
			if _, err := get(); err == nil {
				t.Error("the cut connection answered")
			}
			if text, err := get(); err != nil || !strings.HasPrefix(text, `{"error": oops`) {
				t.Errorf("malformed: %v %q", err, text)
			}
			if _, err := get(); err != nil {
				t.Errorf("after the faults: %v", err)
			}
		})
	}
}

func TestLatencyEndsWithTheRequestsContext(t *testing.T) {
	a := newAPI(t, inject(t, "latency=1h"))
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	time.AfterFunc(time.Millisecond, func() { cancel(why) })
	if _, _, err := exchange(a, request("GET", "/users", "").WithContext(ctx)); !errors.Is(err, why) {
		t.Errorf("the request ended with %v", err)
	}
}

func TestWritesReadBackOldForATimeOrANumberOfReads(t *testing.T) {
	role := func(a *api) string {
		got := a.must(http.StatusOK, "GET", "/teams/PTEAM01/members", nil)
		return got.text("members", 1, "role")
	}
	put := func(a *api, role string) {
		a.must(http.StatusNoContent, "PUT", "/teams/PTEAM01/users/PBEN001", fields{"role": role})
	}
	t.Run("a time of the simulator's clock", func(t *testing.T) {
		a := newAPI(t, inject(t, "stale=30s:PUT /teams/{id}/users/{id}:2"))
		put(a, "observer")
		a.now = a.now.Add(20 * time.Second)
		put(a, "manager")
		seen := []string{role(a)}
		for range 3 {
			a.now = a.now.Add(10 * time.Second)
			seen = append(seen, role(a))
		}
		if diff := cmp.Diff([]string{"responder", "observer", "observer", "manager"}, seen); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a number of reads", func(t *testing.T) {
		a := newAPI(t, inject(t, "stale=2"))
		put(a, "observer")
		if diff := cmp.Diff([]string{"responder", "responder", "observer"}, []string{role(a), role(a), role(a)}); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("while the write itself sees the truth", func(t *testing.T) {
		a := newAPI(t, inject(t, "stale=1h:POST"))
		a.must(http.StatusCreated, "POST", "/users", person(nil))
		a.refused(http.StatusBadRequest, 2001, taken, "POST", "/users", person(nil))
	})
}

func TestRecordsShiftBetweenPages(t *testing.T) {
	a := newAPI(t, edit(crowd(10)), inject(t, "shift:GET /users"))
	var seen []string
	for offset := 0; offset < 10; offset += 5 {
		got := a.must(http.StatusOK, "GET", "/users?limit=5&total=true&offset="+strconv.Itoa(offset), nil)
		seen = append(seen, got.each("id", "users")...)
	}
	slices.Sort(seen)
	if distinct := slices.Compact(slices.Clone(seen)); len(seen) != 10 || len(distinct) != 9 {
		t.Errorf("%d records, %d distinct: %v", len(seen), len(distinct), seen)
	}
}

func TestATotalMayDisagree(t *testing.T) {
	a := newAPI(t, inject(t, "total=-1:GET /users"))
	for _, c := range []struct {
		query string
		want  any
	}{{"", nil}, {"?total=true", 3.0}, {"?total=true", 4.0}} {
		if got := a.must(http.StatusOK, "GET", "/users"+c.query, nil).at("total"); got != c.want {
			t.Errorf("%q: the total is %v, want %v", c.query, got, c.want)
		}
	}
}

func TestTheLicenseLockPassesByItself(t *testing.T) {
	a := newAPI(t, inject(t, "lock"))
	a.must(http.StatusNoContent, "PUT", "/teams/PTEAM01/users/PBEN001", nil) // no such write
	a.refused(http.StatusBadRequest, 2001, "License error: Unable to perform request at this time. account could not be locked", "POST", "/users", person(nil))
	a.must(http.StatusCreated, "POST", "/users", person(nil))
}

func TestFaultsCanBeTakenBack(t *testing.T) {
	a := newAPI(t, inject(t, "500::*"))
	a.must(http.StatusInternalServerError, "GET", "/users", nil)
	a.server.ClearFaults()
	a.must(http.StatusOK, "GET", "/users", nil)
}

func TestFaultsAreReadFromText(t *testing.T) {
	for text, want := range map[string]pagerdutysim.Fault{
		"429:GET /users:2":                      {Kind: "status", Status: 429, Method: "GET", Path: "/users", Times: 2},
		"429-bare":                              {Kind: "status", Status: 429, Bare: true},
		"503-late:PUT:*@4":                      {Kind: "status", Status: 503, Late: true, Method: "PUT", Times: -1, After: 4},
		"latency=1.5s:/oncalls":                 {Kind: "latency", Duration: 1500 * time.Millisecond, Path: "/oncalls"},
		"stale=30s:PUT /teams/{id}/users/{id}":  {Kind: "stale", Duration: 30 * time.Second, Method: "PUT", Path: "/teams/{id}/users/{id}"},
		"stale=3":                               {Kind: "stale", Reads: 3},
		"total=-2:GET /teams":                   {Kind: "total", Delta: -2, Method: "GET", Path: "/teams"},
		"revoked::@20":                          {Kind: "revoked", Times: -1, After: 20},
		"rendering:GET /schedules/PLAYER1:*":    {Kind: "rendering", Method: "GET", Path: "/schedules/PLAYER1", Times: -1},
		" cut-late : DELETE /users/{id} : 1@0 ": {Kind: "cut", Late: true, Method: "DELETE", Path: "/users/{id}", Times: 1},
	} {
		got, err := pagerdutysim.ParseFault(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", text, err, diff)
		}
	}
}

func TestTextThatIsNoFaultIsRefusedWithTheReason(t *testing.T) {
	for text, reason := range map[string]string{
		"":                  `there is no fault ""`,
		"500s":              `there is no fault "500s"`,
		"404":               "404 can't be ordered",
		"status":            `there is no fault`,
		"500=3":             "500 takes no value",
		"latency":           `"" is not a value for latency`,
		"latency=-1s":       `"-1s" is not a value for latency`,
		"stale=soon":        `"soon" is not a value for stale`,
		"shift-late":        "shift can't be late",
		"500-bare":          "only 429 can be bare",
		"500:FETCH":         `"FETCH" is not a method`,
		"500:GET users":     `the path "users" does not begin with '/'`,
		"500:GET /users:no": `"no" is not a number of times`,
		"500:GET /users:0":  `"0" is not a number of times`,
		"500:GET:1@x":       `"x" is not a number of requests`,
		"500:GET:1:1":       "more than three parts",
	} {
		if _, err := pagerdutysim.ParseFault(text); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%q: %v, want %q", text, err, reason)
		}
	}
}

func FuzzParseFault(f *testing.F) {
	for _, text := range []string{"429:GET /users:2", "stale=3", "latency=1s:/x*:*@1", "500-late", "::"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := pagerdutysim.ParseFault(text)
		if err == nil && (got.Kind == "" || got.Times < -1 || got.After < 0 || got.Duration < 0) {
			t.Errorf("%q is %+v", text, got)
		}
	})
}
