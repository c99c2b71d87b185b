package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/cmd/internal/supervise"
)

// The variables that tell a process of the tests to end by a fault, and with which
// file's content in its hands.
const (
	faultVariable = "TEST_FAULT"
	readsVariable = "TEST_FAULT_READS"
)

// faults are ends that no code of the program can prevent.
var faults = map[string]func(held string){
	"a panic":               func(held string) { panic("while sending Authorization: Token token=" + held) },
	"a panic of an error":   func(held string) { panic(fmt.Errorf("send %q: refused", held)) },
	"a panic while another": func(held string) { defer panic("then: " + held); panic("first: " + held) },
	"a fault of the runtime": func(string) { //nolint:govet // it is what the runtime does not forgive
		new(sync.Mutex).Unlock()
	},
}

// misbehave ends this process by the fault that its environment asks for, in a
// goroutine that nobody looks after, once a file is there.
func misbehave() {
	fault, asked := faults[os.Getenv(faultVariable)]
	if !asked || len(os.Args) < 2 || os.Args[1] != supervise.CommandArgument && os.Args[1] != "run" {
		return
	}
	go func() {
		for held := os.Getenv("PAGERDUTY_TOKEN"); ; time.Sleep(time.Millisecond) {
			if _, err := os.Stat("dutyward.db"); err != nil {
				continue
			}
			if file := os.Getenv(readsVariable); file != "" {
				text, _ := os.ReadFile(file)
				held = string(text)
			}
			fault(held)
		}
	}()
}

func supervised(t *testing.T) *killing {
	t.Helper()
	if !supervise.Possible {
		t.Skip("nothing is supervised on " + runtime.GOOS)
	}
	k := newKilling(t)
	k.write("dutyward.db", "")
	return k
}

func TestAPanicThatNobodyRecoversIsToldWithoutTheToken(t *testing.T) {
	for name := range faults {
		k := supervised(t)
		k.env = append(k.env, "PAGERDUTY_TOKEN="+canaryToken, faultVariable+"="+name)
		k.ends(t, name, "sim", "--seed", seedFile(t), "--listen", "127.0.0.1:0")
	}
}

func TestAPanicIsToldWithoutATokenThatAFileHolds(t *testing.T) {
	k := supervised(t)
	k.write("token", canaryToken+"\n")
	k.write("dutyward.yaml", "account: {name: acme, acting_user: ops@acme.com, base_url: "+k.address+", token: {file: token}}\nrun: {listen: \"\"}\n")
	if err := os.Remove(filepath.Join(k.dir, "dutyward.db")); err != nil {
		t.Fatal(err)
	}
	k.env = append(k.env, faultVariable+"=a panic", readsVariable+"=token")
	k.ends(t, "a panic", "run")
}

// ends runs the program into a fault, which it must tell of use and without the token.
func (k *killing) ends(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd, said := k.start(args...)
	_ = cmd.Wait() // the exit code says it
	if code := cmd.ProcessState.ExitCode(); code != exit.Error && args[0] != "run" {
		t.Errorf("%s: exit code %d, want %d", name, code, exit.Error)
	}
	got := said.String()
	if !strings.Contains(got, "dutyward: internal error, please report it: ") || !strings.Contains(got, "supervisor_test.go") {
		t.Errorf("%s: want a sentence and where it was:\n%s", name, got)
	}
	if name != "a fault of the runtime" && !strings.Contains(got, "[token]") {
		t.Errorf("%s: want what was in its hands but for the token:\n%s", name, got)
	}
	searched(t, name, got)
}

func seedFile(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("testdata/account.json")
	if err != nil {
		t.Fatal(err)
	}
	return path
}
