package main

import (
	"errors"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"dutyward": main})
}

const (
	goodToken     = "u+good-token-0123456789"
	readOnlyToken = "u+read-only-0123456789"
)

// TestScripts runs real invocations. Scripts find a small account in
// account.json and know these commands besides testscript's own:
//
//	account SEED         serves the seed as PagerDuty, at $DUTYWARD_ACCOUNT_BASE_URL
//	fault FAULT          orders a fault from it, as `dutyward sim --fault`
//	exits CODE ARGS...   runs dutyward, which must exit with CODE
//	answers URL REGEXP   asks the address until its answer matches
//	watches ARGS...      runs dutyward until the script says `ends`
//	sees REGEXP          waits until it prints what matches, behind what was seen before
//	ends                 interrupts it, which must be no error
func TestScripts(t *testing.T) {
	s := &scripts{simulators: map[*testscript.TestScript]*pagerdutysim.Server{}, watched: map[*testscript.TestScript]*watched{}}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup:         s.setUp,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"account": s.account,
			"fault":   s.fault,
			"exits":   exits,
			"answers": answers,
			"watches": s.watches,
			"sees":    s.sees,
			"ends":    s.ends,
		},
	})
}

// scripts are the simulators of the scripts that run.
type scripts struct {
	mu         sync.Mutex
	simulators map[*testscript.TestScript]*pagerdutysim.Server
	watched    map[*testscript.TestScript]*watched
}

func (s *scripts) setUp(env *testscript.Env) error {
	seed, err := os.ReadFile("testdata/account.json")
	if err != nil {
		return err
	}
	env.Setenv("PAGERDUTY_TOKEN", goodToken)
	env.Setenv("READ_ONLY_TOKEN", readOnlyToken)
	port, err := freePort()
	if err != nil {
		return err
	}
	env.Setenv("PORT", port)
	return os.WriteFile(filepath.Join(env.WorkDir, "account.json"), seed, 0o600)
}

// freePort is a port that nobody listens on at the moment.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

func (s *scripts) account(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: account SEED")
	}
	f, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	seed, err := inventory.Decode(f)
	ts.Check(err)
	sim, err := pagerdutysim.New(pagerdutysim.Options{
		Seed: seed, Token: goodToken, ReadOnlyToken: readOnlyToken,
		Clock: func() time.Time { return seed.Account.TakenAt },
	})
	ts.Check(err)
	server := httptest.NewServer(sim)
	ts.Defer(server.Close)
	ts.Setenv("DUTYWARD_ACCOUNT_BASE_URL", server.URL)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.simulators[ts] = sim
}

func (s *scripts) fault(ts *testscript.TestScript, neg bool, args []string) {
	s.mu.Lock()
	sim := s.simulators[ts]
	s.mu.Unlock()
	if neg || len(args) != 1 || sim == nil {
		ts.Fatalf("usage: fault FAULT, after account")
	}
	f, err := pagerdutysim.ParseFault(args[0])
	ts.Check(err)
	sim.Inject(f)
}

// exits runs dutyward and demands an exit code, which testscript's own exec
// does not tell apart.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec("dutyward", args[1:]...); err != nil {
		var coded interface{ ExitCode() int }
		if !errors.As(err, &coded) {
			ts.Check(err)
		}
		got = coded.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
