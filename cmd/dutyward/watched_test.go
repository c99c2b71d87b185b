package main

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// watched is a dutyward that runs beside its script.
type watched struct {
	process *exec.Cmd
	lines   chan string
	// terminal is what it reads; nil if nobody types there.
	terminal *os.File
	// unseen is what was printed and not matched yet.
	unseen strings.Builder
}

func (s *scripts) watches(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: watches ARGS...")
	}
	s.start(ts, nil, args)
}

// asks runs dutyward on a terminal on which the script types with `says`.
func (s *scripts) asks(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: asks ARGS...")
	}
	keyboard, terminal, err := openTerminal()
	ts.Check(err)
	ts.Defer(func() { keyboard.Close() })
	s.start(ts, terminal, args).terminal = keyboard
	terminal.Close()
}

// says types a line.
func (s *scripts) says(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: says TEXT")
	}
	_, err := s.watching(ts).terminal.WriteString(args[0] + "\n")
	ts.Check(err)
}

// exitsWith waits until what `asks` runs ends, with an exit code.
func (s *scripts) exitsWith(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: exitsWith CODE")
	}
	w := s.watching(ts)
	for text := range w.lines {
		w.unseen.WriteString(text)
	}
	_ = w.process.Wait()
	if code := strconv.Itoa(w.process.ProcessState.ExitCode()); code != args[0] {
		ts.Fatalf("exit code %s, want %s:\n%s", code, args[0], w.unseen.String())
	}
}

// start starts dutyward beside the script.
func (s *scripts) start(ts *testscript.TestScript, terminal *os.File, args []string) *watched {
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
	if terminal != nil {
		w.process.Stdin = terminal
	}
	out, in, err := os.Pipe()
	ts.Check(err)
	w.process.Stdout, w.process.Stderr = in, in
	ts.Check(w.process.Start())
	in.Close()
	go func() {
		defer close(w.lines)
		for text := make([]byte, 1<<16); ; {
			n, err := out.Read(text)
			if err != nil {
				return
			}
			w.lines <- string(text[:n])
		}
	}()
	ts.Defer(func() {
		if w.process.ProcessState == nil {
			_ = w.process.Process.Kill()
			_ = w.process.Wait()
		}
		out.Close()
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watched[ts] = w
	return w
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
		case text, ok := <-w.lines:
			if !ok {
				ts.Fatalf("it ended; %q is not in\n%s", args[0], w.unseen.String())
			}
			w.unseen.WriteString(text)
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
