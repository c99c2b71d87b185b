//go:build unix

package journal

import (
	"errors"
	"os"
	"syscall"

	"github.com/dutyward/dutyward/reconcile/journal/engine"
)

// errHeld says that another process, or another journal of this one, holds the
// file.
var errHeld = errors.New("the file is locked")

// fileLock is a lock of the operating system, which ends with the process.
type fileLock struct{ file *os.File }

func lockFile(path string) (fileLock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, engine.Mode)
	if err != nil {
		return fileLock{}, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return fileLock{f}, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return fileLock{}, errHeld
	}
	return fileLock{}, &os.PathError{Op: "lock", Path: path, Err: err}
}

// release ends the lock. The file stays: to remove it would let two processes
// each lock a file of that name.
func (l fileLock) release() error {
	if l.file == nil {
		return nil // there is none in PostgreSQL
	}
	return l.file.Close()
}

// write writes a text into the file in place of what stands there.
func (l fileLock) write(text []byte) error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt(text, 0)
	return err
}

// elsewhere says that a holder is on another machine. One on this machine does
// not live any more if we have the file's lock.
func elsewhere(h Holder, host string) bool { return h.Host != host }
