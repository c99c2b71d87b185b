//go:build !unix

package terminal

// IgnoreStops does nothing where a terminal stops no process.
func IgnoreStops() (resume func()) { return func() {} }
