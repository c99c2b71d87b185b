package session

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// WriteFile writes to a file, whole or not at all, or to standard output. What is
// there and is no regular file, such as /dev/null or a pipe, is written to and
// never replaced.
func (p *Process) WriteFile(file string, mode os.FileMode, encode func(io.Writer) error) error {
	if file == "" || file == "-" {
		return encode(p.Stdout)
	}
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return writeThrough(file, p.redacted(encode))
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".dutyward-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	defer os.Remove(f.Name())
	err = errors.Join(p.redacted(encode)(f), f.Chmod(mode), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return nil
}

// redacted is an encoding without the secrets of the process.
func (p *Process) redacted(encode func(io.Writer) error) func(io.Writer) error {
	return func(to io.Writer) error {
		w := p.Secrets.Writer(to)
		return errors.Join(encode(w), w.Flush())
	}
}

func writeThrough(file string, encode func(io.Writer) error) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	if err := errors.Join(encode(f), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return nil
}
