//go:build unix

// Package pgtest starts a PostgreSQL server of its own for tests, from the binaries that
// Debian's package or another installs: in a temporary directory, on a Unix socket, as
// another user if the tests run as root, for whom the server refuses to run.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Server is a server that runs.
type Server struct {
	bin, dir string
	as       *syscall.Credential // nil for this user
	process  *exec.Cmd
}

// shared is the server of this test binary, which all its tests use.
var shared struct {
	sync.Mutex
	server *Server
	err    error
	tried  bool
}

// ErrMissing says that there is nothing to start.
var ErrMissing = errors.New("PostgreSQL is not installed (Debian's package is called postgresql)")

// Shared is the address of a database of its own on the server of this test binary, which
// ends with it if its TestMain calls Stop. Without PostgreSQL the test is skipped.
func Shared(t testing.TB) string {
	t.Helper()
	url, err := Address()
	if errors.Is(err, ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// Address is Shared for whoever has no test in hand.
func Address() (string, error) {
	shared.Lock()
	defer shared.Unlock()
	if !shared.tried {
		shared.tried = true
		shared.server, shared.err = Start()
	}
	if shared.err != nil {
		return "", shared.err
	}
	return shared.server.Database()
}

// Stop stops the server of this test binary.
func Stop() {
	shared.Lock()
	defer shared.Unlock()
	if shared.server != nil {
		shared.server.Close()
	}
}

// Start starts a server. Close it.
func Start() (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin}
	if s.as, err = unprivileged(); err != nil {
		return nil, err
	}
	// A socket's path may have 107 bytes, which those of t.TempDir exceed.
	if s.dir, err = os.MkdirTemp("", "pg"); err != nil {
		return nil, err
	}
	if s.as != nil {
		if err := os.Chown(s.dir, int(s.as.Uid), int(s.as.Gid)); err != nil {
			return nil, errors.Join(err, os.RemoveAll(s.dir))
		}
	}
	err = s.run("initdb", "-D", s.data(), "-U", "dutyward", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	if err == nil {
		err = s.Run()
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	return s, nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Socket is the directory of the server's socket.
func (s *Server) Socket() string { return s.dir }

// Run starts the server, anew after Kill, and waits until it answers.
func (s *Server) Run() error {
	s.process = s.command("postgres", "-D", s.data(), "-k", s.dir, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200")
	if err := s.process.Start(); err != nil {
		return err
	}
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = s.run("psql", "-h", s.dir, "-U", "dutyward", "-d", "postgres", "-c", "SELECT 1"); err == nil {
			return nil
		}
	}
	return errors.Join(err, s.Kill())
}

// Kill kills the server as a machine that loses its power does.
func (s *Server) Kill() error {
	if s.process == nil {
		return nil
	}
	err := syscall.Kill(-s.process.Process.Pid, syscall.SIGKILL)
	_ = s.process.Wait() // it was killed, as its error says
	s.process = nil
	return err
}

// Close stops the server and removes what it kept.
func (s *Server) Close() error { return errors.Join(s.Kill(), os.RemoveAll(s.dir)) }

// databases counts them, for each has a name of its own.
var databases struct {
	sync.Mutex
	n int
}

// Database makes an empty database and returns its address.
func (s *Server) Database() (string, error) {
	databases.Lock()
	databases.n++
	name := fmt.Sprintf("test%d", databases.n)
	databases.Unlock()
	if err := s.run("createdb", "-h", s.dir, "-U", "dutyward", name); err != nil {
		return "", err
	}
	return fmt.Sprintf("host=%s user=dutyward dbname=%s", s.dir, name), nil
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: s.as}
	return cmd
}

func (s *Server) run(name string, args ...string) error {
	if out, err := s.command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// binaries is the directory of the newest server that is installed.
func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	slices.SortFunc(found, func(a, b string) int { return release(a) - release(b) })
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", ErrMissing
	}
	return filepath.Dir(path), nil
}

// release is the number in "/usr/lib/postgresql/15/bin/initdb".
func release(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}

// unprivileged is the user for root to run the server as; nil for anybody else.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
	}
	return nil, fmt.Errorf("%w, or there is no user to run it as", ErrMissing)
}
