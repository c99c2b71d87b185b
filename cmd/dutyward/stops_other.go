//go:build !unix

package main

// ignoreStops does nothing where a terminal stops no process.
func ignoreStops() (resume func()) { return func() {} }
