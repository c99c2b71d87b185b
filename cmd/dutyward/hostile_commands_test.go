package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/cmd/internal/exit"
)

// outgrown are the sentences of policies that took more than they may.
var outgrown = regexp.MustCompile("took more memory than evaluation.memory_limit allows|did not finish within|nest too deep")

func TestS40_ACommandSaysThatOneStepOfThePoliciesTookTooMuch(t *testing.T) {
	if testing.Short() {
		t.Skip("the bound leaves the race detector no room, which runs with -short")
	}
	k := newKilling(t)
	k.write("policies/h.rego", hostile["one huge number"].text)
	k.write("policies/h_test.rego", "package access_test\n\ntest_h if count(data.access.h.grant) == 1\n")
	for _, args := range [][]string{
		{"plan", "--detailed-exitcode"}, {"plan", "--base", "policies"}, {"apply", "--yes"}, {"check"}, {"check", "--live"}, {"test"},
		{"plan", "--watch"}, {"explain", "ann@acme.com", "team:Search"}, {"who", "team:Search"}, {"forecast"}, {"doctor"},
	} {
		cmd, said := k.start(args...)
		_ = cmd.Wait() // the exit code says it
		if code := cmd.ProcessState.ExitCode(); code != exit.Error {
			t.Errorf("%v: exit code %d, want %d", args, code, exit.Error)
		}
		got := said.String()
		if !strings.Contains(got, "took more memory than evaluation.memory_limit allows") || strings.Contains(got, "goroutine") {
			t.Errorf("%v: want a sentence, and no trace:\n%.2000s", args, got)
		}
		if args[0] != "test" && !strings.Contains(got, "h.rego:3") {
			t.Errorf("%v: want the rule:\n%.2000s", args, got)
		}
	}
}

func TestS40_ACommandEndsWithASentenceWhateverPoliciesDo(t *testing.T) {
	if testing.Short() {
		t.Skip("the bound leaves the race detector no room, which runs with -short")
	}
	k := newKilling(t)
	k.write("dutyward.yaml", "account: {name: acme, acting_user: ops@acme.com, base_url: "+k.address+"}\nevaluation: {time_limit: 1s, memory_limit: 192MiB}\n")
	for name, policy := range hostile {
		if name == "a rule of risk" || name == "aliases upon aliases" || name == "more statements than fit" {
			continue // which nothing but a whole plan comes to, or loading refuses
		}
		k.write("policies/"+policy.file, policy.text)
		for _, args := range [][]string{{"check"}, {"plan"}} {
			k.endsOn(t, name, args...)
		}
		if err := os.Remove(filepath.Join(k.dir, "policies", policy.file)); err != nil {
			t.Fatal(err)
		}
		if policy.file == "h.rego" && name != "a rule nested in rules" {
			k.write("policies/h_test.rego", strings.NewReplacer("package access.h", "package access_test", "grant contains", "test_h contains").Replace(policy.text))
			k.endsOn(t, name, "test")
			if err := os.Remove(filepath.Join(k.dir, "policies/h_test.rego")); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// endsOn runs a command on policies that take too much, as it must say.
func (k *killing) endsOn(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd, said := k.start(args...)
	_ = cmd.Wait() // the exit code says it
	got := said.String()
	if code := cmd.ProcessState.ExitCode(); code != exit.Error || !outgrown.MatchString(got) || strings.Contains(got, "goroutine") {
		t.Errorf("%v on %s: exit code %d, want %d, with what it was and no trace:\n%.2000s", args, name, code, exit.Error, got)
	}
}

func TestWhatLiesInNoFileIsToldWithoutAPlace(t *testing.T) {
	k := newKilling(t)
	k.write("dutyward.yaml", "account: {name: acme, acting_user: nobody@acme.com, base_url: "+k.address+"}\n")
	cmd, said := k.start("plan", "--base", "policies")
	_ = cmd.Wait() // what it says is looked at
	if got := said.String(); !strings.Contains(got, "\noperators or account.acting_user: ") {
		t.Errorf("want a line that begins with what is wrong:\n%s", got)
	}
}
