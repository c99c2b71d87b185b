package main

import (
	"strings"
	"testing"
)

func TestS40_ACommandSaysThatOneStepOfThePoliciesTookTooMuch(t *testing.T) {
	if testing.Short() {
		t.Skip("the bound leaves the race detector no room, which runs with -short")
	}
	k := newKilling(t)
	k.write("policies/h.rego", hostile["one huge number"].text)
	for _, args := range [][]string{{"plan", "--detailed-exitcode"}, {"plan", "--base", "policies"}, {"apply", "--yes"}} {
		cmd, said := k.start(args...)
		_ = cmd.Wait() // the exit code says it
		if code := cmd.ProcessState.ExitCode(); code != exitError {
			t.Errorf("%v: exit code %d, want %d", args, code, exitError)
		}
		if got := said.String(); !strings.Contains(got, "took more memory than evaluation.memory_limit allows") || !strings.Contains(got, "h.rego:3") || strings.Contains(got, "goroutine") {
			t.Errorf("%v: want a sentence that names the rule, and no trace:\n%.2000s", args, got)
		}
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
