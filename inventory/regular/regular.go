// Package regular reads regular files, and nothing else: no device, pipe or socket
// is opened, nothing of the kernel's own files is read, and nothing is read without
// an end.
package regular

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// ErrOutside is wrapped by the error for a link that leads out of a Dir.
var ErrOutside = errors.New("a symbolic link that leads out of the directory")

// ReadFile reads a regular file of at most most bytes. Its errors name no file.
func ReadFile(name string, most int64) ([]byte, error) {
	return read(files{stat: os.Stat, open: os.OpenFile}, name, most)
}

// Dir is a directory whose files are read. No symbolic link leads out of it: one
// that would is refused, and so is one that is absolute.
type Dir struct{ root *os.Root }

// OpenDir opens a directory, to which symbolic links may lead.
func OpenDir(name string) (*Dir, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, bare(err)
	}
	return &Dir{root}, nil
}

// Close closes the directory.
func (d *Dir) Close() error { return d.root.Close() }

// Stat is what lies at a path of the directory.
func (d *Dir) Stat(path string) (fs.FileInfo, error) {
	info, err := d.root.Stat(path)
	return info, bare(err)
}

// ReadDir lists a directory of the directory, sorted by name.
func (d *Dir) ReadDir(path string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(d.root.FS(), path)
	return entries, bare(err)
}

// ReadFile reads a regular file of the directory, of at most most bytes. Its errors
// name no file.
func (d *Dir) ReadFile(path string, most int64) ([]byte, error) {
	return read(files{stat: d.root.Stat, open: d.root.OpenFile}, path, most)
}

// files are the files of the system or of a directory.
type files struct {
	stat func(string) (fs.FileInfo, error)
	open func(string, int, fs.FileMode) (*os.File, error)
}

// read asks what a file is before it opens it, for to open a device can do
// something, and again after, for it may be another by then. A pipe that took its
// place is not waited for.
func read(in files, name string, most int64) ([]byte, error) {
	info, err := in.stat(name)
	if err == nil {
		err = check(info, most)
	}
	if err != nil {
		return nil, bare(err)
	}
	f, err := in.open(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close()
	if info, err = f.Stat(); err == nil {
		err = check(info, most)
	}
	if err == nil && ofKernel(f) {
		err = errors.New("a file of the kernel's, not a regular file")
	}
	if err != nil {
		return nil, bare(err)
	}
	content, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(content)) > most {
		err = tooLarge(most)
	}
	return content, bare(err)
}

func check(info fs.FileInfo, most int64) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s, not a regular file", kind(info.Mode()))
	}
	if info.Size() > most {
		return tooLarge(most)
	}
	return nil
}

func tooLarge(most int64) error {
	if most < 1<<20 {
		return fmt.Errorf("larger than %d KiB", most>>10)
	}
	return fmt.Errorf("larger than %d MiB", most>>20)
}

// kind says what is no regular file.
func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "something special"
}

// bare is an error without the path, which whoever asked knows better.
func bare(err error) error {
	var path *fs.PathError
	if !errors.As(err, &path) {
		return err
	}
	// The library has no name for this error.
	if path.Err.Error() == "path escapes from parent" {
		return ErrOutside
	}
	return path.Err
}
