package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// slowly lets each write take a while, before and after it takes effect, and
// tells of each.
func slowly(h http.Handler, writes chan<- struct{}) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			writes <- struct{}{}
			time.Sleep(time.Duration(rand.IntN(15)) * time.Millisecond)
			defer time.Sleep(time.Duration(rand.IntN(15)) * time.Millisecond)
		}
		h.ServeHTTP(w, r)
	})
}

// killing is an account of 25 people, and the program that moves 26 of their roles,
// as a process of its own.
type killing struct {
	t   *testing.T
	dir string
	sim *pagerdutysim.Server
	env []string
	// address is that of the account.
	address string
	// writes tells of each write that is sent.
	writes chan struct{}
}

func newKilling(t *testing.T) *killing {
	t.Helper()
	f, err := os.Open("testdata/account.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seed, err := inventory.Decode(f)
	if err == nil {
		err = enlarge(seed, "crowd=20")
	}
	if err != nil {
		t.Fatal(err)
	}
	k := &killing{t: t, dir: t.TempDir(), writes: make(chan struct{}, 1000)}
	began := time.Now()
	clock := func() time.Time { return seed.Now.Add(time.Since(began)) }
	if k.sim, err = pagerdutysim.New(pagerdutysim.Options{Seed: seed, Token: goodToken, Clock: clock, RateLimit: -1}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(slowly(k.sim, k.writes))
	t.Cleanup(server.Close)
	k.address = server.URL
	k.write("dutyward.yaml", "account: {name: acme, acting_user: ops@acme.com, base_url: "+server.URL+"}\nmanage: {default: sync}\n")
	var rego strings.Builder
	rego.WriteString("package access.a\n\ngrant contains {\"principal\": \"user:ann@acme.com\", \"resource\": \"team:Payments\", \"role\": \"manager\"}\n")
	for i := range 20 {
		fmt.Fprintf(&rego, "\ngrant contains {\"principal\": \"user:x%02d@acme.com\", \"resource\": \"team:Payments\", \"role\": \"responder\"}\n", i)
		if i < 16 {
			fmt.Fprintf(&rego, "\ngrant contains {\"principal\": \"user:x%02d@acme.com\", \"resource\": \"team:Search\", \"role\": \"responder\"}\n", i)
		}
	}
	k.write("policies/a.rego", rego.String())
	// The program takes what begins like that for settings, DUTYWARD_LONG too.
	ours := func(kv string) bool { return strings.HasPrefix(kv, "DUTYWARD_") }
	k.env = append(slices.DeleteFunc(os.Environ(), ours), "PAGERDUTY_TOKEN="+goodToken)
	return k
}

func (k *killing) write(name, text string) {
	k.t.Helper()
	path := filepath.Join(k.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		k.t.Fatal(err)
	}
}

// start starts the program.
func (k *killing) start(args ...string) (*exec.Cmd, *strings.Builder) {
	k.t.Helper()
	var said strings.Builder
	cmd := exec.Command("dutyward", args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = k.dir, k.env, &said, &said
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	return cmd, &said
}

// finish runs the program to its end, and demands an exit code.
func (k *killing) finish(code int, args ...string) {
	k.t.Helper()
	cmd, said := k.start(args...)
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != code {
		k.t.Fatalf("dutyward %v: exit code %d, want %d:\n%s", args, got, code, said)
	}
}

func (k *killing) state() map[string]map[string]string {
	return map[string]map[string]string{"TPAY": k.sim.Members("TPAY"), "TSEA": k.sim.Members("TSEA")}
}

// Promise: killed at any instant, the next run ends at the same state. Here the
// process is a real one, and so is the signal.
func TestAProcessThatIsKilledIsCompletedByTheNext(t *testing.T) {
	times := 3
	if os.Getenv("DUTYWARD_LONG") != "" {
		times = 150
	}
	whole := newKilling(t)
	whole.finish(exit.OK, "apply", "--yes")
	want := whole.state()
	midway := 0
	for range times {
		k := newKilling(t)
		before := k.state()
		cmd, _ := k.start("apply", "--yes")
		for range 1 + rand.IntN(len(whole.writes)) {
			<-k.writes
		}
		time.Sleep(rand.N(20 * time.Millisecond))
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if now := k.state(); !cmp.Equal(now, before) && !cmp.Equal(now, want) {
			midway++
		}
		k.finish(exit.OK, "apply", "--yes")
		if d := cmp.Diff(want, k.state()); d != "" {
			t.Fatalf("the next run ends elsewhere (-undisturbed +killed):\n%s", d)
		}
		k.finish(exit.OK, "plan", "--detailed-exitcode")
	}
	t.Logf("killed %d times, %d of them with some changes made and others not", times, midway)
}
