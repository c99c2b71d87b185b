//go:build unix

package terminal

import (
	"os"
	"os/signal"
	"syscall"
)

// IgnoreStops keeps the terminal from stopping this process, which would keep the
// lock meanwhile, and a pager that is left from ending it amid a change, until the
// returned function is called.
func IgnoreStops() (resume func()) {
	var resets []os.Signal
	for _, s := range []os.Signal{syscall.SIGTSTP, syscall.SIGTTOU, syscall.SIGPIPE} {
		if !signal.Ignored(s) {
			signal.Ignore(s)
			resets = append(resets, s)
		}
	}
	return func() {
		for _, s := range resets { // of none, Reset would reset all
			signal.Reset(s)
		}
	}
}
