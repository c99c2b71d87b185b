package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// watched is a dutyward that runs beside its script.
type watched struct {
	process *exec.Cmd
	lines   chan string
	// unseen is what was printed and not matched yet.
	unseen strings.Builder
}

func (s *scripts) watches(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: watches ARGS...")
	}
	program := ""
	for _, dir := range strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator)) {
		if _, err := os.Stat(dir + "/dutyward"); err == nil {
			program = dir + "/dutyward"
			break
		}
	}
	w := &watched{process: exec.Command(program, args...), lines: make(chan string, 1000)}
	w.process.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "PAGERDUTY_TOKEN", "DUTYWARD_ACCOUNT_BASE_URL"} {
		w.process.Env = append(w.process.Env, name+"="+ts.Getenv(name))
	}
	out, in := io.Pipe()
	w.process.Stdout, w.process.Stderr = in, in
	ts.Check(w.process.Start())
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			w.lines <- lines.Text()
		}
		close(w.lines)
	}()
	ts.Defer(func() {
		if w.process.ProcessState == nil {
			_ = w.process.Process.Kill()
			_ = w.process.Wait()
		}
		in.Close()
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watched[ts] = w
}

func (s *scripts) watching(ts *testscript.TestScript) *watched {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watched[ts] == nil {
		ts.Fatalf("nothing runs: say `watches` first")
	}
	return s.watched[ts]
}

func (s *scripts) sees(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sees REGEXP")
	}
	w, want := s.watching(ts), regexp.MustCompile("(?m)"+args[0])
	enough := time.After(time.Minute)
	for {
		if at := want.FindStringIndex(w.unseen.String()); at != nil {
			rest := w.unseen.String()[at[1]:]
			w.unseen.Reset()
			w.unseen.WriteString(rest)
			return
		}
		select {
		case line, ok := <-w.lines:
			if !ok {
				ts.Fatalf("it ended; %q is not in\n%s", args[0], w.unseen.String())
			}
			w.unseen.WriteString(line + "\n")
		case <-enough:
			ts.Fatalf("%q is not in\n%s", args[0], w.unseen.String())
		}
	}
}

func (s *scripts) ends(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: ends")
	}
	w := s.watching(ts)
	ts.Check(w.process.Process.Signal(os.Interrupt))
	ts.Check(w.process.Wait())
}
