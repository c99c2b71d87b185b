package lsp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/lsp/checker"
)

// mostTime is how long a check may take in all. Its process ends by itself before that
// where policies take more time or memory than the configuration gives them.
const mostTime = 3 * time.Minute

// process is the one that checks. It is started when it is needed, and again after it
// ended; one goroutine at a time uses it.
type process struct {
	// command makes the command to start.
	command func() *exec.Cmd

	running *exec.Cmd
	in      io.WriteCloser
	out     *json.Decoder
	said    *tail
}

// ask has policies checked. The process ends with ctx, and with an error: the next
// question starts another.
func (p *process) ask(ctx context.Context, q checker.Request) (*checker.Report, error) {
	if err := p.start(); err != nil {
		return nil, fmt.Errorf("start the process that checks the policies: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, mostTime, fmt.Errorf("the policies were not checked within %s", mostTime))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = p.running.Process.Kill() }) // it ended
	defer stop()
	var r checker.Report
	err := json.NewEncoder(p.in).Encode(q)
	if err == nil {
		err = p.out.Decode(&r)
	}
	if err == nil {
		return &r, nil
	}
	stop()
	p.end()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if said := strings.TrimSpace(strings.TrimPrefix(p.said.String(), "dutyward: ")); said != "" {
		return nil, errors.New(said)
	}
	return nil, fmt.Errorf("the process that checks the policies ended: %w", err)
}

func (p *process) start() error {
	if p.running != nil {
		return nil
	}
	cmd := p.command()
	p.said = &tail{}
	cmd.Stderr = p.said
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p.running, p.in, p.out = cmd, in, json.NewDecoder(out)
	return nil
}

// end ends the process, if one runs.
func (p *process) end() {
	if p.running == nil {
		return
	}
	_ = p.in.Close()
	timer := time.AfterFunc(time.Second, func() { _ = p.running.Process.Kill() }) // it ended
	_ = p.running.Wait()                                                          // how is in what it said
	timer.Stop()
	p.running = nil
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const mostTail = 16 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-mostTail):]
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
