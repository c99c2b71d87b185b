package worker

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/dutyward/dutyward/policies/guard"
)

// process is one that serves.
type process struct {
	cmd    *exec.Cmd
	memory int64
	in     io.WriteCloser
	frames chan frame
	// complaints are the beginning of what it wrote to its standard error, which says
	// what happened; a trace follows.
	complaints head
	ended      chan struct{}
	// state is how it ended, once ended is closed.
	state string
}

type frame struct {
	kind byte
	body []byte
}

// kept are the variables of the environment that the process sees: what git and time
// zones need. It has no use for a token, and policies none to read one.
var kept = []string{"PATH", "HOME", "TZ", "ZONEINFO", "LANG", "LC_ALL", "TMPDIR", "XDG_CONFIG_HOME", "SYSTEMROOT", "USERPROFILE", "GOCOVERDIR"}

func environment() []string {
	env := []string{"GOTRACEBACK=none"}
	for _, name := range kept {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

func start(memory int64) (*process, error) {
	path, err := self()
	if err != nil {
		return nil, fmt.Errorf("find this program, to start it for the policies: %w", err)
	}
	p := &process{
		cmd:    &exec.Cmd{Path: path, Args: []string{"dutyward", Argument, strconv.FormatInt(memory, 10)}, Env: environment()},
		memory: memory, frames: make(chan frame, 64), ended: make(chan struct{}),
	}
	tie(p.cmd)
	p.cmd.Stderr = &p.complaints
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	started := make(chan error)
	go p.live(out, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start the process that evaluates the policies: %w", err)
	}
	return p, nil
}

// live starts the process, reads from it and waits for its end. It keeps its thread,
// with whose end Linux would take the process's parent for gone.
func (p *process) live(out io.Reader, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := p.cmd.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	from := bufio.NewReader(out)
	for {
		kind, body, err := readFrame(from)
		if err != nil {
			_ = p.cmd.Wait() // how it ended is what its state says
			p.state = p.cmd.ProcessState.String()
			close(p.ended)
			return
		}
		p.frames <- frame{kind: kind, body: body}
	}
}

// end ends the process.
func (p *process) end() {
	_ = p.in.Close()
	kill(p.cmd)
	for {
		select {
		case <-p.ended:
			return
		case <-p.frames:
		}
	}
}

// ask sends a request and waits for the reply, at most for the limit. After an error
// the process is of no use any more.
func (p *process) ask(ctx context.Context, q request, limit time.Duration) (*reply, error) {
	f, err := frameOf(frameRequest, q)
	if err != nil {
		return nil, fmt.Errorf("hand the policies what they are to be evaluated on: %w", err)
	}
	go func() { _, _ = p.in.Write(f) }() // fails if the process ended, which shows
	timer := time.NewTimer(limit)
	defer timer.Stop()
	var running []string
	for {
		select {
		case f := <-p.frames:
			if f.kind != frameReply {
				running = follow(running, f)
				continue
			}
			return p.replied(f.body)
		case <-p.ended:
			return p.lastWords(running)
		case <-timer.C:
			return nil, &ExceededError{Rules: running, text: fmt.Sprintf("%v of %s%s", guard.ErrTime, limit-stopAfter, guard.Still(running))}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// follow keeps which rules run.
func follow(running []string, f frame) []string {
	rule := string(f.body)
	if f.kind == frameBegan {
		return append(running, rule)
	}
	if i := slices.Index(running, rule); i >= 0 {
		running = slices.Delete(running, i, i+1)
	}
	return running
}

func (p *process) replied(body []byte) (*reply, error) {
	var a reply
	if err := decode(body, &a); err != nil {
		return nil, fmt.Errorf("read what the process that evaluates the policies says: %w", err)
	}
	if a.Exceeded {
		return nil, &ExceededError{Rules: a.Rules, text: a.Error}
	}
	return &a, nil
}

// lastWords is the reply that the process gave before it ended, or why it ended.
func (p *process) lastWords(running []string) (*reply, error) {
	for {
		select {
		case f := <-p.frames:
			if f.kind == frameReply {
				return p.replied(f.body)
			}
			running = follow(running, f)
			continue
		default:
		}
		break
	}
	death := guard.Death{Said: p.complaints.String(), State: p.state, Memory: p.memory, Rules: running}
	return nil, &ExceededError{Rules: running, text: death.Error()}
}

// head keeps the beginning of what is written to it.
type head struct {
	mu   sync.Mutex
	text []byte
}

const mostHead = 16 << 10

func (h *head) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.text = append(h.text, b[:min(len(b), mostHead-len(h.text))]...)
	return len(b), nil
}

func (h *head) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return string(h.text)
}
