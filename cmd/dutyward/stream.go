package main

import (
	"os"

	"golang.org/x/term"

	"github.com/dutyward/dutyward/inventory/secret"
)

// isTerminal says whether a person sees what is written to w, or types what is
// read from it.
func isTerminal(stream any) bool {
	f, ok := fileOf(stream)
	return ok && term.IsTerminal(int(f.Fd()))
}

// fileOf is the file behind a stream, if there is one.
func fileOf(stream any) (*os.File, bool) {
	if b, ok := stream.(*behind); ok {
		stream = b.w
	}
	if w, ok := stream.(*secret.Writer); ok {
		stream = w.Unwrap()
	}
	f, ok := stream.(*os.File)
	return f, ok
}
