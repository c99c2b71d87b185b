package pagerduty_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dutyward/dutyward/inventory/pagerduty"
)

// against is a client of a server that answers so.
func against(t *testing.T, h http.HandlerFunc) *pagerduty.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return client(t, nil, withoutWaiting, func(o *pagerduty.Options) { o.BaseURL = server.URL })
}

// TestAnAnswerWithoutAnEndIsCutOff has answers that would fill the memory.
func TestAnAnswerWithoutAnEndIsCutOff(t *testing.T) {
	chunk := []byte(strings.Repeat(" ", 1<<20))
	for name, answer := range map[string]http.HandlerFunc{
		"a body": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		},
		"an error": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			for r.Context().Err() == nil {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		},
		"a body that unpacks to gigabytes": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			zip := gzip.NewWriter(w)
			for range 4 << 10 {
				if _, err := zip.Write(chunk); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			c := against(t, func(w http.ResponseWriter, r *http.Request) { asked.Add(1); answer(w, r) })
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := readAnn(t, c)
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), "larger than 32 MiB") {
				t.Errorf("%.300v", err)
			}
			if asked.Load() != 1 {
				t.Errorf("asked %d times", asked.Load())
			}
			if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 512 {
				t.Errorf("it took %d MiB", used)
			}
		})
	}
}

func TestAHeaderWithoutAnEndIsAnError(t *testing.T) {
	c := against(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
	})
	if err := readAnn(t, c); err == nil || len(err.Error()) > 1000 {
		t.Errorf("%.300v", err)
	}
}

func TestAnAnswerThatIsNestedWithoutAnEndIsAnError(t *testing.T) {
	for _, status := range []int{200, 400} {
		c := against(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"user":`+strings.Repeat(`[`, 1<<20)+strings.Repeat(`]`, 1<<20)+`,"error":{"message":`+strings.Repeat(`{"a":`, 1<<20)+`1`+strings.Repeat(`}`, 1<<20)+`}}`)
		})
		if err := readAnn(t, c); err == nil {
			t.Errorf("%d: no error", status)
		}
	}
}

func TestALongExplanationIsCut(t *testing.T) {
	c := against(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":{"message":%q,"errors":[%s"x"]}}`, strings.Repeat("long ", 1<<20), strings.Repeat(`"why",`, 1<<20))
	})
	if err := readAnn(t, c); err == nil || len(err.Error()) > 4000 || !strings.Contains(err.Error(), "and 1048557 more") {
		t.Errorf("%.5000v", err)
	}
}

func TestTheTokenFollowsNoRedirect(t *testing.T) {
	var thief atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		thief.Add(1)
	}))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		c := against(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL+"/users/PANN", status) })
		if err := readAnn(t, c); err == nil || !strings.Contains(err.Error(), "redirects are not followed") {
			t.Errorf("%d: %v", status, err)
		}
	}
	if n := thief.Load(); n > 0 {
		t.Errorf("%d requests went elsewhere", n)
	}
}
