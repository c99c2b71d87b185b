//go:build unix

package reconcile_test

import (
	"flag"
	"os"
	"syscall"
)

// fill leaves no more room for the files of the state than was drawn, until lift:
// writes fail as on a full disk. Every file of the process is limited, so that
// nothing else may run meanwhile.
func (w *trial) fill() (lift func()) {
	if w.room == nil {
		return func() {}
	}
	size := int64(0)
	for _, path := range []string{w.path, w.path + "-wal"} {
		if info, err := os.Stat(path); err == nil {
			size = max(size, info.Size())
		}
	}
	*w.room = max(*w.room, testLogNeeds()-size)
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		w.fail("%v", err)
	}
	limited := before
	limited.Cur = uint64(size + *w.room)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limited); err != nil {
		w.fail("%v", err)
	}
	w.room = nil
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			w.fail("%v", err)
		}
	}
}

// testLogNeeds is how large the file may become in which `go test` notes what a test
// reads, unless its results are not to be kept (-count=1): a write to it that fails
// fails the whole package.
func testLogNeeds() int64 {
	name := flag.Lookup("test.testlogfile")
	if name == nil || name.Value.String() == "" {
		return 0
	}
	info, err := os.Stat(name.Value.String())
	if err != nil {
		return 0
	}
	return info.Size() + 64<<10
}
