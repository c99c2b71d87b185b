package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/exit"
)

// simulating starts `dutyward sim`, and returns it once it listens, with the number
// of the process that its supervisor started.
func simulating(t *testing.T) (cmd *exec.Cmd, said *lockedText, child int) {
	t.Helper()
	cmd = exec.Command("dutyward", "sim", "--seed", seedFile(t), "--listen", "127.0.0.1:0")
	said = new(lockedText)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	eventually(t, "listens", func() bool { return strings.Contains(said.String(), "http://") })
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", cmd.Process.Pid))
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for _, id := range strings.Fields(string(text)) {
			child, _ = strconv.Atoi(id)
		}
	}
	if child == 0 {
		t.Fatal("nothing was started")
	}
	return cmd, said, child
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("it never %s", what)
		}
	}
}

// stateOf is the letter that the kernel has for a process.
func stateOf(pid int) string {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if _, rest, found := bytes.Cut(stat, []byte(") ")); found {
		return string(rest[:1])
	}
	return ""
}

func TestACommandEndsWithItsSupervisor(t *testing.T) {
	cmd, _, child := simulating(t)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	eventually(t, "ends", func() bool { return errors.Is(syscall.Kill(child, 0), syscall.ESRCH) || stateOf(child) == "Z" })
}

func TestASupervisorStopsAndGoesOnWithItsCommand(t *testing.T) {
	cmd, _, child := simulating(t)
	if err := syscall.Kill(child, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "stops", func() bool { return stateOf(cmd.Process.Pid) == "T" })
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	eventually(t, "goes on", func() bool { return stateOf(child) != "T" })
	if err := errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()); err != nil {
		t.Errorf("it was told to end: %v", err)
	}
}

func TestACommandThatTheSystemEndsIsTold(t *testing.T) {
	cmd, said, child := simulating(t)
	if err := syscall.Kill(child, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the exit code says it
	if code := cmd.ProcessState.ExitCode(); code != exit.Error {
		t.Errorf("exit code %d, want %d", code, exit.Error)
	}
	if !strings.Contains(said.String(), "dutyward: the system ended this command (signal: killed)") {
		t.Errorf("want a sentence: %s", said)
	}
}
