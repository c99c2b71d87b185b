package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
)

// Mode is that of the journal and what SQLite keeps beside it.
const Mode fs.FileMode = 0o600

// secure makes the file if it is not there, before SQLite would with a looser
// mode, and takes from others what they may do with it and with the files
// beside it. It says what it fixed.
func secure(path string) ([]string, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, Mode)
	switch {
	case err == nil:
		return nil, f.Close()
	case !errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("make journal: %w; see that its folder exists, and who may write there", err)
	}
	var fixed []string
	for _, name := range []string{path, path + "-wal", path + "-shm", path + ".lock"} {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("open journal: %w", err)
		}
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("open journal: %s is not a regular file", name)
		}
		if !loose(info) {
			continue
		}
		if err := os.Chmod(name, Mode); err != nil {
			return nil, fmt.Errorf("others can read %s (mode %04o), and that can't be fixed: %w; make it yours with mode 0600", name, info.Mode().Perm(), err)
		}
		fixed = append(fixed, fmt.Sprintf("others could read %s (mode %04o): its mode is 0600 now", name, info.Mode().Perm()))
	}
	return fixed, nil
}

// loose says that others than the owner may do anything with a file. Windows
// has no such modes.
func loose(info fs.FileInfo) bool {
	return runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0
}
