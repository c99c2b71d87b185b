package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/serve"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/daemon"
)

// canaryToken has what encodings change.
const canaryToken = "u+c4nary/t0k=en-5e11a9f2"

// canaryForms are what a token may look like in what is printed or kept.
func canaryForms() []string {
	forms := []string{canaryToken, url.QueryEscape(canaryToken), url.PathEscape(canaryToken), hex.EncodeToString([]byte(canaryToken))}
	for before := range 3 {
		// What surrounds a token changes the first and the last signs of its base64.
		for _, alphabet := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := alphabet.EncodeToString([]byte(strings.Repeat("x", before) + canaryToken))
			forms = append(forms, text[4:len(text)-4])
		}
	}
	return forms
}

// parrot is an account behind a proxy that, when told to, answers with what it was
// sent, in every form.
type parrot struct {
	http.Handler
	squawks atomic.Bool
}

func (p *parrot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !p.squawks.Load() {
		p.Handler.ServeHTTP(w, r)
		return
	}
	sent := r.Header.Get("Authorization")
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, `{"error":{"message":"can't read %s, that is %s or %s","code":2001,"errors":[%q]}}`,
		sent, base64.StdEncoding.EncodeToString([]byte(sent)), url.QueryEscape(sent), hex.EncodeToString([]byte(sent)))
}

// nest is a folder with a configuration, and the account that it is for.
type nest struct {
	t      *testing.T
	dir    string
	parrot *parrot
	sim    *pagerdutysim.Server
	env    []string
	said   shared
}

func newNest(t *testing.T, changes ...func(*inventory.Snapshot)) *nest {
	t.Helper()
	f, err := os.Open("testdata/account.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seed, err := inventory.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range changes {
		change(seed)
	}
	n := &nest{t: t, dir: t.TempDir()}
	if n.sim, err = pagerdutysim.New(pagerdutysim.Options{Seed: seed, Token: canaryToken, Clock: func() time.Time { return seed.Now }}); err != nil {
		t.Fatal(err)
	}
	n.parrot = &parrot{Handler: n.sim}
	server := httptest.NewServer(n.parrot)
	t.Cleanup(server.Close)
	n.write("dutyward.yaml", "account: {name: acme, acting_user: ops@acme.com, base_url: "+server.URL+"}\nmanage: {default: sync}\nrun: {listen: \"\"}\n")
	n.write("policies/a.rego", "package access.a\n\ngrant contains {\"principal\": \"user:cat@acme.com\", \"resource\": \"team:Payments\", \"role\": \"responder\"}\n")
	n.env = []string{"PAGERDUTY_TOKEN=" + canaryToken, "DUTYWARD_CONFIG=" + filepath.Join(n.dir, "dutyward.yaml")}
	return n
}

func (n *nest) write(name, text string) {
	n.t.Helper()
	path := filepath.Join(n.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		n.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		n.t.Fatal(err)
	}
}

// shared is a buffer that output and errors are written to at once, as a terminal is.
type shared struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.Write(p)
}

func (s *shared) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all.Reset()
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.String()
}

// run runs a command and keeps what it says.
func (n *nest) run(args ...string) {
	run(args, strings.NewReader(""), &n.said, &n.said, n.env)
}

func TestTheTokenIsInNothingThatIsPrintedOrKept(t *testing.T) {
	n := newNest(t)
	commands := [][]string{
		{"plan"}, {"plan", "--json"}, {"apply", "--yes"}, {"apply", "--yes", "--json"}, {"doctor"}, {"doctor", "--json"}, {"snapshot"},
		{"groups"}, {"who", "team:Payments"}, {"explain", "user:cat@acme.com", "team:Payments"}, {"holds"}, {"holds", "--live", "--json"},
		{"history"}, {"history", "1", "--json"}, {"revert", "--yes", "--pause"}, {"confirm", "team:Payments", "--reason", "x"},
		{"release", "nothing", "--reason", "x"}, {"resume"}, {"check"}, {"version"},
	}
	for _, args := range commands {
		n.run(args...)
	}
	if !strings.Contains(n.said.String(), "Applied: 1 added") {
		t.Fatalf("nothing was applied:\n%s", n.said.String())
	}
	n.parrot.squawks.Store(true)
	for _, args := range commands {
		n.run(args...)
	}
	if !strings.Contains(n.said.String(), "can't read Token token=[token]") {
		t.Errorf("the proxy was not heard:\n%s", n.said.String())
	}
	n.daemon()
	for _, name := range []string{"dutyward.db", "dutyward.db-wal", "dutyward.db.lock", "dutyward.db.paused"} {
		data, err := os.ReadFile(filepath.Join(n.dir, name))
		if err == nil {
			n.said.Write(data)
		}
	}
	for _, form := range canaryForms() {
		if at := strings.Index(n.said.String(), form); at >= 0 {
			t.Errorf("the token was said as %q: …%s…", form, n.said.String()[max(0, at-200):at+20])
		}
	}
}

// daemon lets `dutyward run` make a round that the proxy answers, one that panics
// with the token in its hands, and one that succeeds.
func (n *nest) daemon() {
	n.t.Helper()
	var mu sync.Mutex
	out := writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return n.said.Write(p)
	})
	a := &app{&session.Process{Stdin: strings.NewReader(""), Stdout: out, Stderr: out, Env: session.Environment(n.env), Now: time.Now}}
	ctx, cancel := context.WithCancel(n.t.Context())
	defer cancel()
	r := &serve.Service{Process: a.Process, Load: a.ReadConfig, Verbose: true}
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	heard := func(what string) {
		n.t.Helper()
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			mu.Lock()
			there := strings.Contains(n.said.String(), what)
			mu.Unlock()
			if there {
				return
			}
		}
		n.t.Fatalf("%q was not heard:\n%s", what, n.said.String())
	}
	heard("the round failed")
	r.Daemon.Change(func(d *daemon.Daemon) {
		load := d.Load
		d.Load = func(context.Context) (reconcile.Policies, error) {
			d.Load = load
			panic("while sending Authorization: Token token=" + canaryToken)
		}
	})
	n.parrot.squawks.Store(false)
	r.Loop.Trigger("test")
	heard("please report it: while sending Authorization: Token token=[token]")
	r.Loop.Trigger("test again")
	heard("rounds succeed again")
	cancel()
	if err := <-done; err != nil {
		n.t.Error(err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
