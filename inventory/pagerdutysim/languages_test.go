package pagerdutysim_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/contract"
)

// PagerDuty's JavaScript client, unmodified, takes the simulator for PagerDuty.
func TestJavaScriptClientReadsAndWrites(t *testing.T) {
	// Go runs a test anew when a variable that it read is another.
	_ = os.Getenv("NODE_PATH")
	if exec.Command("node", "-e", "require('@pagerduty/pdjs')").Run() != nil {
		t.Skip("node with @pagerduty/pdjs is needed: NODE_PATH names the directory that npm installed it to")
	}
	onCompany(t, "node", "testdata/clients/client.js")
}

// PagerDuty's Python client, unmodified, does too.
func TestPythonClientReadsAndWrites(t *testing.T) {
	_ = os.Getenv("PYTHONPATH")
	if exec.Command("python3", "-c", "import pagerduty").Run() != nil {
		t.Skip("python3 with the package pagerduty is needed, which PYTHONPATH may name the directory of")
	}
	onCompany(t, "python3", "testdata/clients/client.py")
}

// onCompany runs a program that is given the address of the example company, and
// judges what it asks and is answered where PagerDuty's description is there.
func onCompany(t *testing.T, program, script string) {
	t.Helper()
	f, err := os.Open("../../examples/company/seed.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seed, err := inventory.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	dan := ""
	for id, u := range seed.Users {
		if u.Email == "dan.weber@acme.test" {
			dan = id
		}
	}
	sim, err := pagerdutysim.New(pagerdutysim.Options{Seed: seed, Clock: time.Now, TokenUser: dan, HostLinks: true, RateLimit: -1})
	if err != nil {
		t.Fatal(err)
	}
	var handler http.Handler = sim
	if os.Getenv("PAGERDUTY_OPENAPI") != "" {
		judge := contract.New(t)
		handler = judged{judge.Wrap(sim.Transport())}
		defer func() {
			for _, v := range judge.Violations() {
				// What PagerDuty's own clients ask is what PagerDuty takes.
				if v.Direction == contract.Response {
					t.Errorf("violation: %s", v)
				}
			}
		}()
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	out, err := exec.CommandContext(t.Context(), program, script, server.URL).CombinedOutput()
	if err != nil {
		t.Fatalf("%s ends with %v:\n%s", script, err, out)
	}
}

// judged serves what a transport answers.
type judged struct{ transport http.RoundTripper }

func (j judged) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked := r.Clone(r.Context())
	asked.RequestURI, asked.URL.Scheme, asked.URL.Host = "", "http", r.Host
	resp, err := j.transport.RoundTrip(asked)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer resp.Body.Close()
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body)
}
