//go:build !unix

package journal

import "errors"

// errHeld is not returned here: only the lease tells.
var errHeld = errors.New("the file is locked")

type fileLock struct{}

func lockFile(string) (fileLock, error) { return fileLock{}, nil }

func (fileLock) write([]byte) error { return nil }

func (fileLock) release() error { return nil }

// elsewhere takes every holder for alive until its lease ends.
func elsewhere(Holder, string) bool { return true }
