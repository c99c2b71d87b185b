package main

import "runtime/debug"

// collectRarely suits a command that ends soon: most of what it makes it still
// needs at its end, and looking for garbage among that takes longer than making
// it did. A large account is spared: from a gigabyte on memory comes first. Who
// sets GOGC or GOMEMLIMIT decides.
func (a *app) collectRarely() {
	if a.env["GOGC"] == "" {
		debug.SetGCPercent(300)
	}
	if a.env["GOMEMLIMIT"] == "" {
		debug.SetMemoryLimit(1 << 30)
	}
}
