package worker_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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
