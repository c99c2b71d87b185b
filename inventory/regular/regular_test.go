//go:build unix

package regular_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/dutyward/dutyward/inventory/regular"
)

func TestOnlyRegularFilesAreRead(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(at("file"), []byte("hello"), 0o600))
	must(os.Symlink("file", at("link")))
	must(os.Symlink("link", at("chain")))
	must(os.Symlink("loop", at("loop")))
	must(syscall.Mkfifo(at("pipe"), 0o600))
	must(os.Symlink("pipe", at("linked-pipe")))
	must(os.Mkdir(at("folder"), 0o700))
	l, err := net.Listen("unix", at("socket"))
	must(err)
	defer l.Close()
	f, err := os.Create(at("huge"))
	must(err)
	must(errors.Join(f.Truncate(1<<40), f.Close()))
	must(os.Symlink("/etc/passwd", at("out")))
	must(os.Symlink(at("file"), at("absolute")))
	d, err := regular.OpenDir(dir)
	must(err)
	defer d.Close()

	for name, want := range map[string]string{
		"file": "", "link": "", "chain": "",
		"loop": "too many levels", "pipe": "a named pipe", "linked-pipe": "a named pipe", "folder": "a directory", "socket": "a socket",
		"huge": "larger than 1 MiB", "out": "leads out of", "absolute": "leads out of", "folder/../../x": "leads out of", "none": "no such file",
	} {
		content, err := d.ReadFile(name, 1<<20)
		if want == "" && (err != nil || string(content) != "hello") {
			t.Errorf("%s: %q, %v", name, content, err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %q, %v; want %s", name, content, err, want)
		}
	}
	for name, want := range map[string]string{at("pipe"): "a named pipe", "/dev/zero": "a device", at("huge"): "larger than 1 MiB", at("none"): "no such file"} {
		if _, err := regular.ReadFile(name, 1<<20); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", name, err, want)
		}
	}
	if _, err := d.Stat("out"); !errors.Is(err, regular.ErrOutside) {
		t.Error(err)
	}
	if _, err := os.Stat("/proc/self/environ"); !errors.Is(err, fs.ErrNotExist) {
		if _, err := regular.ReadFile("/proc/self/environ", 1<<20); err == nil || !strings.Contains(err.Error(), "the kernel's") {
			t.Errorf("/proc: %v", err)
		}
	}
}
