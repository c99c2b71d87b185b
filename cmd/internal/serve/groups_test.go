package serve

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/feed"
)

// asking is a handler with groups that the test exchanges.
type asking struct {
	now   daemon.Groups
	token string
	fault error
	// before is called when the groups are asked for.
	before func()
}

func (a *asking) ask(t *testing.T, path, remote, host string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	h := groupsHandler{
		groups: func() daemon.Groups {
			if a.before != nil {
				a.before()
			}
			return a.now
		},
		token: func(*http.Request) (string, error) { return a.token, a.fault },
	}
	mux := http.NewServeMux()
	mux.Handle("GET /groups", h)
	mux.Handle("GET /groups/{name}", h)
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.RemoteAddr, r.Host = remote, host
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	redacting(mux, func(text string) string { return text }).ServeHTTP(w, r)
	return w
}

const here, thisHost = "127.0.0.1:40000", "127.0.0.1:9465"

func with(members ...string) daemon.Groups {
	g := feed.Group{Name: "oncall", Unknown: []string{}, Members: []feed.Member{}}
	for _, m := range members {
		g.Members = append(g.Members, feed.Member{Email: m})
	}
	return daemon.Groups{At: time.Unix(1, 0), All: []feed.Group{g}, Changed: make(chan struct{})}
}

func TestGroupsAreForThisMachineOrForWhoeverHasTheToken(t *testing.T) {
	for name, c := range map[string]struct {
		token, remote, host, sent string
		want                      int
	}{
		"here":                     {"", here, thisHost, "", 200},
		"here by name":             {"", "[::1]:40000", "localhost", "", 200},
		"elsewhere":                {"", "10.0.0.7:40000", thisHost, "", 403},
		"a page that rebinds":      {"", here, "evil.test:9465", "", 403},
		"with the token":           {"s3cret", "10.0.0.7:40000", "dutyward:9465", "Bearer s3cret", 200},
		"with another":             {"s3cret", here, thisHost, "Bearer other", 401},
		"without":                  {"s3cret", here, thisHost, "", 401},
		"with nothing behind it":   {"s3cret", here, thisHost, "Bearer ", 401},
		"with the token as a word": {"s3cret", here, thisHost, "s3cret2", 401},
	} {
		a := &asking{now: with("ann@acme.com"), token: c.token}
		w := a.ask(t, "/groups", c.remote, c.host, "Authorization", c.sent)
		if w.Code != c.want || strings.Contains(w.Body.String(), "ann@acme.com") != (c.want == 200) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	a := &asking{now: with("ann@acme.com"), fault: errors.New("no such file")}
	if w := a.ask(t, "/groups", here, thisHost); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a token that can't be had: %d", w.Code)
	}
}

func TestGroupsAreAnsweredOnceTheyDiffer(t *testing.T) {
	a := &asking{now: with("ann@acme.com")}
	first := a.ask(t, "/groups/oncall", here, thisHost)
	tag := first.Header().Get("ETag")
	if first.Code != 200 || tag == "" {
		t.Fatalf("%d %q", first.Code, tag)
	}
	if w := a.ask(t, "/groups/oncall", here, thisHost, "If-None-Match", `"x", W/`+tag); w.Code != http.StatusNotModified || w.Body.Len() > 0 {
		t.Errorf("nothing is different: %d %s", w.Code, w.Body)
	}
	// A round that finds the same members is waited past; one that finds others is the answer.
	rounds := [][]string{{"ann@acme.com"}, {"ann@acme.com"}, {"bob@acme.com"}}
	a.before = func() {
		if len(rounds) > 0 {
			a.now = with(rounds[0]...)
			changed := make(chan struct{})
			close(changed)
			a.now.Changed = changed
			rounds = rounds[1:]
		}
	}
	if w := a.ask(t, "/groups/oncall?wait=20s", here, thisHost, "If-None-Match", tag); w.Code != 200 || !strings.Contains(w.Body.String(), "bob@acme.com") {
		t.Errorf("a handoff: %d %s", w.Code, w.Body)
	}
}

func TestGroupsThatAreNotThere(t *testing.T) {
	a := &asking{now: with()}
	for path, want := range map[string]int{"/groups/nobody": 404, "/groups?wait=soon": 400, "/groups?format=csv": 200} {
		if w := a.ask(t, path, here, thisHost); w.Code != want {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	a.now = daemon.Groups{}
	if w := a.ask(t, "/groups", here, thisHost); w.Code != http.StatusServiceUnavailable {
		t.Errorf("before the first round: %d", w.Code)
	}
}
