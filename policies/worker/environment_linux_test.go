package worker_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
)

func TestS40_AProcessThatWasKilledWhileIdleIsNoFaultOfThePolicies(t *testing.T) {
	w := newWorker(t, time.Minute)
	in, options := company(t), eval.Options{Roots: []string{folder(t, "good.rego", harmless)}}
	set, err := w.Load(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	killChildren(t)
	if st, err := set.Evaluate(t.Context(), policies.PhaseAccess, in, in.Now()); err != nil || len(st.Grants) != 1 {
		t.Errorf("evaluated after the process was killed: %v", err)
	}
	killChildren(t)
	if _, err := w.Load(t.Context(), options); err != nil {
		t.Errorf("loaded after the process was killed: %v", err)
	}
}

// killChildren kills this process's children, and waits until they are gone.
func killChildren(t *testing.T) {
	t.Helper()
	children := func() (ids []string) {
		lists, _ := filepath.Glob("/proc/self/task/*/children")
		for _, list := range lists {
			text, _ := os.ReadFile(list)
			ids = append(ids, strings.Fields(string(text))...)
		}
		return ids
	}
	for _, id := range children() {
		if n, err := strconv.Atoi(id); err == nil {
			_ = syscall.Kill(n, syscall.SIGKILL)
		}
	}
	for deadline := time.Now().Add(10 * time.Second); len(children()) > 0; {
		if time.Now().After(deadline) {
			t.Fatal("the children go on")
		}
	}
}

// childEnvironments are those of this process's children, as the kernel has them.
func childEnvironments(t *testing.T) []string {
	t.Helper()
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, list := range lists {
		children, _ := os.ReadFile(list)
		for _, child := range strings.Fields(string(children)) {
			env, err := os.ReadFile(fmt.Sprintf("/proc/%s/environ", child))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(env))
		}
	}
	if len(all) == 0 {
		t.Error("no process was started")
	}
	return all
}
