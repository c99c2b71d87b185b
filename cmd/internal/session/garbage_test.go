package session_test

import (
	"testing"

	"github.com/dutyward/dutyward/cmd/internal/session"
)

func TestALargeHeapHasLessGarbageBesideItAndNeverNone(t *testing.T) {
	const mega = 1 << 20
	for live, want := range map[uint64]int{0: 200, mega: 200, 300 * mega: 200, 512 * mega: 100, 700 * mega: 46, 1024 * mega: 40, 8192 * mega: 40} {
		if got := session.GarbageBeside(live); got != want {
			t.Errorf("beside %d MiB there may be %d %% of garbage, want %d", live/mega, got, want)
		}
	}
}
