package session

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// How much garbage may stand beside what is in use, in percent: firstGarbage of
// the few megabytes that a process begins with, then moreGarbage, and less of a large
// heap, so that the two come to manyBytes, but for leastGarbage at least: with less the
// collector would look for it most of the time.
const (
	firstGarbage = 1600
	moreGarbage  = 200
	leastGarbage = 40
	manyBytes    = 1 << 30
)

// shareOfMemory is how much of the container's or machine's memory a process comes to
// before the collector does all that it can.
const shareOfMemory = 0.9

// CollectRarely suits a command that ends soon: most of what it makes it still
// needs at its end, and looking for garbage among that takes longer than making
// it did. A small account is done before the first collection, at some 64
// megabytes; a large one is spared: from a gigabyte on memory comes first, as far as
// what is in use leaves it the choice. Who sets GOGC or GOMEMLIMIT decides.
func (p *Process) CollectRarely() {
	if p.Env["GOGC"] == "" {
		debug.SetGCPercent(firstGarbage)
		followHeap()
	}
	if p.Env["GOMEMLIMIT"] != "" {
		return
	}
	// Where neither can be told, nothing bounds it, as for any Go program.
	memory := memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)
	if bytes, err := memlimit.ApplyRatio(memory, shareOfMemory)(); err == nil && bytes > 0 {
		debug.SetMemoryLimit(int64(min(bytes, 1<<62)))
	}
}

// followHeap has each collection decide how much garbage there may be before the next.
func followHeap() {
	runtime.AddCleanup(new([64]byte), func(struct{}) {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		debug.SetGCPercent(GarbageBeside(live[0].Value.Uint64()))
		followHeap()
	}, struct{}{})
}

// GarbageBeside is how much garbage may stand beside so many bytes in use, in percent
// of them.
func GarbageBeside(live uint64) int {
	if live == 0 {
		return moreGarbage
	}
	room := (manyBytes - min(manyBytes, float64(live))) / float64(live)
	return int(min(moreGarbage, max(leastGarbage, 100*room)))
}
