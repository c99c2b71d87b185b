package guard

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
)

// rlimitData is RLIMIT_DATA: what the process may write to, which is what it can
// take of the machine. Go reserves far more addresses than it uses, so that a bound
// on these would say nothing.
const rlimitData = 2

var confined struct {
	mu       sync.Mutex
	sections int
	before   syscall.Rlimit
}

// confine lets the kernel refuse what one step of Rego asks for beyond the bound,
// until what it returns is called. While such a step fills what it got, not even a
// guard may get to run.
func confine(limit int64) (release func()) {
	c := &confined
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sections++
	if c.sections == 1 {
		_ = syscall.Getrlimit(rlimitData, &c.before) // without it the guard is there still
		most := min(written()+uint64(limit), c.before.Max)
		_ = syscall.Setrlimit(rlimitData, &syscall.Rlimit{Cur: most, Max: c.before.Max})
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.sections--; c.sections == 0 {
			_ = syscall.Setrlimit(rlimitData, &c.before)
		}
	}
}

// written is how much the process may write to now.
func written() uint64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kib uint64
		if strings.HasPrefix(lines.Text(), "VmData:") {
			_, _ = fmt.Sscanf(lines.Text(), "VmData: %d kB", &kib)
			return kib << 10
		}
	}
	return 0
}

// First lets the kernel end this process before others where the machine runs out
// of memory.
func First() { _ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0) } // where it may
