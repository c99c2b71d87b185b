// Package terminal knows who is at the other end of a stream: a person, a file, or
// a reader that has stopped reading.
package terminal

import (
	"os"

	"golang.org/x/term"

	"github.com/dutyward/dutyward/inventory/secret"
)

// Is says whether a person sees what is written to w, or types what is
// read from it.
func Is(stream any) bool {
	f, ok := FileOf(stream)
	return ok && term.IsTerminal(int(f.Fd()))
}

// FileOf is the file behind a stream, if there is one.
func FileOf(stream any) (*os.File, bool) {
	if b, ok := stream.(*behind); ok {
		stream = b.w
	}
	if w, ok := stream.(*secret.Writer); ok {
		stream = w.Unwrap()
	}
	f, ok := stream.(*os.File)
	return f, ok
}
