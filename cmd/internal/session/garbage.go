package session

import (
	"runtime"
	"runtime/debug"
)

// How much garbage may stand beside what is in use, in percent: firstGarbage of
// the few megabytes that a process begins with, and then moreGarbage.
const (
	firstGarbage = 1600
	moreGarbage  = 200
)

// CollectRarely suits a command that ends soon: most of what it makes it still
// needs at its end, and looking for garbage among that takes longer than making
// it did. A small account is done before the first collection, at some 64
// megabytes; a large one is spared: from a gigabyte on memory comes first. Who
// sets GOGC or GOMEMLIMIT decides.
func (p *Process) CollectRarely() {
	if p.Env["GOGC"] == "" {
		debug.SetGCPercent(firstGarbage)
		runtime.AddCleanup(new([64]byte), func(percent int) { debug.SetGCPercent(percent) }, moreGarbage)
	}
	if p.Env["GOMEMLIMIT"] == "" {
		debug.SetMemoryLimit(1 << 30)
	}
}
