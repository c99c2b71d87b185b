package worker

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/policies/guard"
)

// Argument is the first argument of a process that is to serve, in which a program
// that uses this package calls Main; the second is its bound on memory, in bytes.
const Argument = "evaluate-policies"

// Main serves on standard input and output until the input ends, if the arguments of
// the process ask for that; else it returns at once.
func Main(args []string) {
	if len(args) != 3 || args[1] != Argument {
		return
	}
	limit, err := strconv.ParseInt(args[2], 10, 64)
	if err != nil {
		fmt.Fprintln(os.Stderr, "dutyward: this command is for the program itself")
		os.Exit(1)
	}
	// Its end is the end of its input, or its parent's to decide.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	debug.SetMemoryLimit(limit / 4 * 3)
	debug.SetMaxStack(int(min(limit/4, 256<<20)))
	guard.First()
	out := os.Stdout
	os.Stdout = os.Stderr
	if err := newServer(out, limit, func() { os.Exit(1) }).serve(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// server is the other side of a Worker.
type server struct {
	mu  sync.Mutex
	out io.Writer
	ctx context.Context

	loader    eval.Loader
	evaluator eval.Evaluator
	inputs    eval.InputReader
	sets      map[int]*eval.Set
	last      int
}

// beyond is what the Go runtime may map besides. It is little: the parent says what
// happened if the kernel refused it.
const beyond = 128 << 20

// mostSets is how many revisions are held: a round looks at three.
const mostSets = 4

func newServer(out io.Writer, memory int64, end func()) *server {
	s := &server{out: out, sets: map[int]*eval.Set{}}
	g := &guard.Guard{
		Beyond: beyond,
		End: func(err error) {
			_ = s.send(frameReply, exceeded(err)) // else the parent finds a dead process
			end()
		},
		Running: func(rule string, began bool) {
			kind := byte(frameEnded)
			if began {
				kind = frameBegan
			}
			_ = s.send(kind, rule) // nobody reads: the input ends too
		},
	}
	g.Memory.Store(memory)
	s.ctx = guard.With(context.Background(), g)
	return s
}

func (s *server) send(kind byte, v any) error {
	f, err := frameOf(kind, v)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err = s.out.Write(f)
	return err
}

// serve answers requests. The input is read also while Rego runs, for its end may
// be the parent's.
func (s *server) serve(in io.Reader) error {
	requests := make(chan request)
	go func() {
		defer close(requests)
		for from := bufio.NewReader(in); ; {
			kind, body, err := readFrame(from)
			if err == nil && kind == frameNothing {
				continue
			}
			var q request
			if err == nil && kind == frameRequest {
				err = decode(body, &q)
			}
			if err != nil {
				os.Exit(0)
			}
			requests <- q
		}
	}()
	for q := range requests {
		if err := s.answer(q); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) answer(q request) error {
	var a reply
	if err := s.do(q, &a); err != nil {
		a = exceeded(err)
		var problems policies.Problems
		if errors.As(err, &problems) {
			a.Problems, _ = json.Marshal(problems) // of texts and numbers
		}
	}
	if err := s.send(frameReply, a); err != nil {
		return s.send(frameReply, reply{Error: "take what the policies gave: " + err.Error()})
	}
	return nil
}

// exceeded is the reply of an error, which may be that of a bound.
func exceeded(err error) reply {
	a := reply{Error: err.Error()}
	var e *guard.Exceeded
	if errors.As(err, &e) {
		a.Exceeded, a.Rules = true, e.Rules
	}
	return a
}

func (s *server) do(q request, a *reply) (err error) {
	switch q.Op {
	case opLoad:
		set, err := s.loader.Load(s.ctx, q.Options.options())
		if err != nil {
			return err
		}
		return s.hold(set, q.Known, &a.Loaded)
	case opSource:
		set, err := eval.LoadSource(s.ctx, q.Source)
		if err != nil {
			return err
		}
		set.Limit(q.Limit)
		return s.hold(set, "", &a.Loaded)
	case opEvaluate:
		set := s.sets[q.Set]
		if set == nil {
			return fmt.Errorf("the policies of number %d are not held any more", q.Set)
		}
		ctx := eval.Without(s.ctx, q.Without)
		statements, err := s.evaluator.Evaluate(ctx, set, q.Phase, s.inputs.Read(q.Parts, q.Now), q.Now)
		if statements == nil {
			return err
		}
		a.Statements, err = statements.Encode()
		return err
	}
	return fmt.Errorf("there is no %q", q.Op)
}

// hold keeps policies, and describes them.
func (s *server) hold(set *eval.Set, known string, l *loaded) error {
	s.last++
	s.sets[s.last] = set
	delete(s.sets, s.last-mostSets)
	source, err := set.Source()
	if err != nil {
		return err
	}
	digest := sha256.Sum256(source)
	*l = loaded{
		Set: s.last, Revision: set.Revision(), Provenance: set.Provenance(), Digest: hex.EncodeToString(digest[:]),
		Facts:  set.Facts(),
		Access: set.Reads(policies.PhaseAccess), Risk: set.Reads(policies.PhaseRisk),
	}
	if l.References, err = json.Marshal(set.References()); err != nil {
		return err
	}
	if known != l.Digest {
		l.Source = source
	}
	return nil
}

// stopAfter is how long the process may go on beyond what its own guard allows:
// by then it can't look after itself any more.
const stopAfter = 5 * time.Second
