package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/dutyward/dutyward/reconcile/journal/pgtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"dutyward": func() { misbehave(); main() }})
}

const (
	goodToken     = "u+good-token-0123456789"
	readOnlyToken = "u+read-only-0123456789"
)

// TestScripts runs real invocations. Scripts find a small account in
// account.json and know these commands besides testscript's own:
//
//	account SEED [MORE]  serves the seed as PagerDuty, at $DUTYWARD_ACCOUNT_BASE_URL;
//	                     crowd=N adds as many responders to Search, duty=USER,… the
//	                     schedule Primary with these people in turn
//	rename TEAM NAME     renames a team there
//	member TEAM USER ROLE  gives somebody a role on a team there, or takes it ("")
//	fault FAULT          orders a fault from it, as `dutyward sim --fault`
//	exits CODE ARGS...   runs dutyward, which must exit with CODE
//	postgres VARIABLE    sets it to the address of an empty database, where [postgres]
//	                     says that there is a server
//	answers URL REGEXP   asks the address until its answer matches
//	watches ARGS...      runs dutyward until the script says `ends`
//	sees REGEXP          waits until it prints what matches, behind what was seen before
//	ends                 interrupts it, which must be no error
//	receiver             serves a receiver of events at $RECEIVER_URL, with the key $RECEIVER_KEY
//	received REGEXP      waits until it got an event that matches, with a good signature
//	asks ARGS...         runs dutyward on a terminal (on Linux alone)
//	says TEXT            types a line there
//	exitsWith CODE       waits until it ends
func TestScripts(t *testing.T) {
	s := &scripts{simulators: map[*testscript.TestScript]*pagerdutysim.Server{}, watched: map[*testscript.TestScript]*watched{}, receivers: map[*testscript.TestScript]*receiver{}}
	t.Cleanup(pgtest.Stop)
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup:         s.setUp,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"account": s.account,
			"rename":  s.rename,
			"member":  s.member,
			"fault":   s.fault,
			"exits":   exits,
			"answers": answers,
			"watches": s.watches,
			"sees":    s.sees,
			"ends":    s.ends,
			"asks":    s.asks,
			"says":    s.says,

			"exitsWith": s.exitsWith,
			"receiver":  s.receiver,
			"received":  s.received,
			"postgres":  postgres,
		},
		Condition: func(condition string) (bool, error) {
			if condition != "postgres" {
				return false, fmt.Errorf("there is no condition %s", condition)
			}
			_, err := pgtest.Address()
			if errors.Is(err, pgtest.ErrMissing) {
				err, condition = nil, ""
			}
			return condition != "", err
		},
	})
}

// scripts are the simulators of the scripts that run.
type scripts struct {
	mu         sync.Mutex
	simulators map[*testscript.TestScript]*pagerdutysim.Server
	watched    map[*testscript.TestScript]*watched
	receivers  map[*testscript.TestScript]*receiver
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
	company, err := os.ReadFile("../../examples/company/seed.json")
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(env.WorkDir, "account.json"), seed, 0o600),
		os.WriteFile(filepath.Join(env.WorkDir, "company.json"), company, 0o600),
	)
}

// postgres sets a variable to the address of a database.
func postgres(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: postgres VARIABLE")
	}
	address, err := pgtest.Address()
	ts.Check(err)
	ts.Setenv(args[0], address)
}

// freePort is a port that nobody listens on at the moment. It lies below those
// that the system hands out: another script's server would else be given it
// before this one's program comes to use it.
func freePort() (string, error) {
	for {
		port := strconv.Itoa(20000 + rand.IntN(12000))
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return "", err
		}
		return port, l.Close()
	}
}

func (s *scripts) account(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: account SEED [crowd=N] [duty=USER,...]")
	}
	f, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	seed, err := inventory.Decode(f)
	ts.Check(err)
	for _, more := range args[1:] {
		ts.Check(enlarge(seed, more))
	}
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

// enlarge adds to an account what "crowd=N" or "duty=USER,..." says.
func enlarge(seed *inventory.Snapshot, more string) error {
	what, value, _ := strings.Cut(more, "=")
	switch what {
	case "crowd":
		n, err := strconv.Atoi(value)
		if err != nil {
			return err
		}
		for i := range n {
			id := fmt.Sprintf("PX%02d", i)
			seed.Users[id] = inventory.User{ID: id, Name: "Person " + id, Email: fmt.Sprintf("x%02d@acme.com", i), BaseRole: "limited_user", TimeZone: "UTC"}
			seed.Teams["TSEA"].Members[id] = "responder"
		}
	case "duty":
		day := seed.Now.Truncate(24 * time.Hour)
		schedule := inventory.Schedule{ID: "SPRI", Name: "Primary", Kind: inventory.ScheduleOfLayers, TimeZone: "Etc/UTC"}
		if value != "" {
			schedule.Layers = []inventory.Layer{{ID: "LPRI", Name: "Layer", Start: day.AddDate(0, 0, -7), VirtualStart: day.AddDate(0, 0, -7), TurnSeconds: 86400, Users: strings.Split(value, ",")}}
		}
		seed.Schedules["SPRI"] = schedule
	default:
		return fmt.Errorf("%q is not known", more)
	}
	seed.Normalize()
	return nil
}

// simulator is that of a script.
func (s *scripts) simulator(ts *testscript.TestScript) *pagerdutysim.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	sim := s.simulators[ts]
	if sim == nil {
		ts.Fatalf("say account first")
	}
	return sim
}

func (s *scripts) rename(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: rename TEAM NAME")
	}
	s.simulator(ts).RenameTeam(args[0], args[1])
}

func (s *scripts) member(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: member TEAM USER ROLE")
	}
	s.simulator(ts).SetMember(args[0], args[1], args[2])
}

func (s *scripts) fault(ts *testscript.TestScript, neg bool, args []string) {
	sim := s.simulator(ts)
	if neg || len(args) != 1 {
		ts.Fatalf("usage: fault FAULT")
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
