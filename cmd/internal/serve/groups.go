package serve

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/feed"
)

// groupsHandler serves who is in which group:
//
//	/groups       all groups as JSON, or with ?format=csv as CSV
//	/groups/NAME  one
//
// An answer has an ETag of what is in it; asked with If-None-Match it is 304 while
// nothing is different, and with ?wait=20s as well that is waited for. Whoever asks has the
// token, or if there is none asks from this machine.
type groupsHandler struct {
	groups func() daemon.Groups
	// token is what whoever asks must have; empty if there is none.
	token func(*http.Request) (string, error)
}

// heldToken is a secret that is fetched at most once in a while: whoever asks without it
// must not be able to have a program run each time.
type heldToken struct {
	fetch func() (of *config.Config, token string, err error)
	inUse func() *config.Config

	mu    sync.Mutex
	of    *config.Config
	at    time.Time
	token string
	err   error
}

// tokenAge is for how long it is used.
const tokenAge = 30 * time.Second

func (h *heldToken) get(*http.Request) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.of != h.inUse() || time.Since(h.at) > tokenAge {
		h.of, h.token, h.err = h.fetch()
		h.at = time.Now()
	}
	return h.token, h.err
}

// longestWait is below the time that an answer may take.
const longestWait = 25 * time.Second

func (h groupsHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "private, no-cache")
	if status, why := h.refuses(r); why != "" {
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Bearer realm="dutyward"`)
		}
		http.Error(w, why, status)
		return
	}
	var wait time.Duration
	if text := r.URL.Query().Get("wait"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			http.Error(w, fmt.Sprintf("wait: %q is not valid; expected a time such as 20s", text), http.StatusBadRequest)
			return
		}
		wait = min(d, longestWait)
	}
	body, kind, status := h.answer(w, r, wait)
	if status != http.StatusOK {
		if status != http.StatusNotModified {
			http.Error(w, string(body), status)
			return
		}
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(body) // whoever asked is gone
}

// answer is what there is to say, waiting for as long as nothing is different.
func (h groupsHandler) answer(w http.ResponseWriter, r *http.Request, wait time.Duration) (body []byte, kind string, status int) {
	limit := time.NewTimer(wait)
	defer limit.Stop()
	for {
		g := h.groups()
		if g.At.IsZero() {
			return []byte("no round has found the groups yet"), "", http.StatusServiceUnavailable
		}
		all, found := chosen(g.All, r.PathValue("name"))
		if !found {
			return fmt.Appendf(nil, "no policy declares a group %q", r.PathValue("name")), "", http.StatusNotFound
		}
		body, kind = render(all, r.URL.Query().Get("format") == "csv")
		sum := sha256.Sum256(body)
		tag := `"` + hex.EncodeToString(sum[:12]) + `"`
		w.Header().Set("ETag", tag)
		w.Header().Set("Last-Modified", g.At.UTC().Format(http.TimeFormat))
		if !matchesTag(r.Header.Get("If-None-Match"), tag) {
			return body, kind, http.StatusOK
		}
		if wait == 0 {
			return nil, "", http.StatusNotModified
		}
		select {
		case <-g.Changed:
		case <-limit.C:
			return nil, "", http.StatusNotModified
		case <-r.Context().Done():
			return nil, "", http.StatusNotModified
		}
	}
}

func chosen(all []feed.Group, name string) ([]feed.Group, bool) {
	if name == "" {
		return all, true
	}
	i := slices.IndexFunc(all, func(g feed.Group) bool { return g.Name == name })
	if i < 0 {
		return nil, false
	}
	return all[i : i+1], true
}

func render(all []feed.Group, asCSV bool) (body []byte, kind string) {
	var out bytes.Buffer
	if asCSV {
		_ = feed.CSV(&out, all) // a buffer takes all
		return out.Bytes(), "text/csv; charset=utf-8"
	}
	text := json.NewEncoder(&out)
	text.SetIndent("", "  ")
	_ = text.Encode(all)
	return out.Bytes(), "application/json"
}

// matchesTag says that one of the tags of If-None-Match is that one.
func matchesTag(header, tag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == tag || one == "*" {
			return true
		}
	}
	return false
}

// refuses says why whoever asks gets nothing.
func (h groupsHandler) refuses(r *http.Request) (status int, why string) {
	token, err := h.token(r)
	if err != nil {
		return http.StatusServiceUnavailable, "the token that run.groups_token names can't be read: see that key of the configuration"
	}
	if token != "" {
		given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
			return http.StatusUnauthorized, "the groups are for whoever has the token of run.groups_token: send it as Authorization: Bearer TOKEN"
		}
		return 0, ""
	}
	if !local(r.RemoteAddr) || !local(r.Host) {
		return http.StatusForbidden, "the groups have people's names and addresses: without run.groups_token in the configuration they are served to this machine alone, under localhost or 127.0.0.1"
	}
	return 0, ""
}

// local says that an address is this machine's own. A page in a browser that reaches it
// under another name is none of ours.
func local(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.Trim(address, "[]")
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}
