// Package worker loads and evaluates policies in a process of its own, which is
// ended where they take more time or memory than they may: whatever Rego does, the
// process that asks for it goes on.
package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
)

// Worker asks a process for what policies say. The process is started when it is
// needed, and again after it ended; policies that were at fault are not tried again
// for a while, unless they change.
//
// It may be used by several goroutines, one of which is served at a time.
type Worker struct {
	// Memory bounds the process, in bytes.
	Memory int64
	// Time bounds loading, and the evaluation of one phase.
	Time time.Duration
	// Now is the clock by which policies are tried again; nil is time.Now.
	Now func() time.Time

	mu      sync.Mutex
	process *process
	source  []byte // the archive last sent here
	digest  string
	refused map[string]*refusal
}

// ExceededError is what policies come to that went beyond a bound, or ended the
// process in another way.
type ExceededError struct {
	// Rules are those that were running, as "grant (access/people.rego:3)"; none
	// if they were being loaded.
	Rules []string
	text  string
}

func (e *ExceededError) Error() string { return e.text }

// refusal is what is remembered of a revision that went beyond a bound.
type refusal struct {
	err   *ExceededError
	until time.Time
	wait  time.Duration
	// without are rules that are left out of good policies, with the reason.
	without map[string]string
}

const (
	firstWait = 2 * time.Minute
	mostWait  = time.Hour
)

func (w *Worker) now() time.Time {
	if w.Now != nil {
		return w.Now()
	}
	return time.Now()
}

// Close ends the process, if one runs. The Worker may be used again.
func (w *Worker) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stop()
}

func (w *Worker) stop() {
	if w.process != nil {
		w.process.end()
		w.process = nil
	}
}

// bury forgets a process that ended while nothing was asked of it, such as one that
// was killed to make room: no policies are to blame.
func (w *Worker) bury() {
	if w.process == nil {
		return
	}
	if _, err := w.process.in.Write([]byte{frameNothing, 0, 0, 0, 0}); err != nil {
		w.stop()
	}
}

// Load is policies.Load. Secrets are looked for here, so that the process has none.
func (w *Worker) Load(ctx context.Context, o eval.Options) (*Set, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o.TimeLimit = w.Time
	w.bury()
	for range tries {
		files, err := eval.ReadFiles(o)
		if err != nil {
			return nil, err
		}
		revision := files.Revision()
		if err := w.refusal(revision); err != nil {
			return nil, err
		}
		a, err := w.ask(ctx, request{Op: opLoad, Options: withoutSecrets(o), Known: w.digest})
		if err != nil {
			return nil, w.refuse(revision, err)
		}
		if err := a.fault(); err != nil {
			return nil, err
		}
		if a.Loaded.Revision != revision {
			continue // saved meanwhile
		}
		if a.Loaded.Source != nil {
			w.source, w.digest = a.Loaded.Source, a.Loaded.Digest
		}
		return w.set(a.Loaded, w.source)
	}
	return nil, errors.New("the policies change while they are read: they are read again in the next round")
}

// tries is how often policies are read that change meanwhile.
const tries = 3

// LoadSource is policies.LoadSource.
func (w *Worker) LoadSource(ctx context.Context, source []byte) (*Set, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bury()
	a, err := w.load(ctx, source)
	if err != nil {
		return nil, err
	}
	return w.set(a.Loaded, source)
}

func (w *Worker) load(ctx context.Context, source []byte) (*reply, error) {
	a, err := w.ask(ctx, request{Op: opSource, Source: source, Limit: w.Time})
	if err == nil {
		err = a.fault()
	}
	return a, err
}

func (w *Worker) set(l loaded, source []byte) (*Set, error) {
	s := &Set{worker: w, process: w.process, loaded: l, source: source}
	if err := json.Unmarshal(l.References, &s.references); err != nil {
		return nil, fmt.Errorf("read what the policies name: %w", err)
	}
	s.loaded.Source = nil
	return s, nil
}

// fault is what the policies themselves are reproached with.
func (a *reply) fault() error {
	if a.Problems != nil {
		var problems policies.Problems
		if err := json.Unmarshal(a.Problems, &problems); err != nil {
			return errors.New(a.Error)
		}
		return problems
	}
	if a.Error != "" {
		return errors.New(a.Error)
	}
	return nil
}

// ask asks the process, which ends with an ExceededError and with ctx.
func (w *Worker) ask(ctx context.Context, q request) (*reply, error) {
	if w.process == nil {
		p, err := start(w.Memory)
		if err != nil {
			return nil, err
		}
		w.process = p
	}
	limit := w.Time + stopAfter
	a, err := w.process.ask(ctx, q, limit)
	if err != nil {
		w.stop()
	}
	return a, err
}

// refusal is the error of a revision that is not to be tried yet.
func (w *Worker) refusal(revision string) error {
	if r := w.refused[revision]; r != nil && r.err != nil && w.now().Before(r.until) {
		return r.err
	}
	return nil
}

// refuse remembers a revision that went beyond a bound.
func (w *Worker) refuse(revision string, err error) error {
	var exceeded *ExceededError
	if !errors.As(err, &exceeded) {
		return err
	}
	r := w.remember(revision)
	r.err = exceeded
	return err
}

// remember remembers that a revision went beyond a bound, for longer from time to time.
func (w *Worker) remember(revision string) *refusal {
	if w.refused == nil {
		w.refused = map[string]*refusal{}
	}
	r := w.refused[revision]
	if r == nil {
		r = &refusal{wait: firstWait}
		w.refused[revision] = r
	} else if !w.now().Before(r.until) {
		r.wait = min(2*r.wait, mostWait)
	}
	r.until = w.now().Add(r.wait)
	return r
}

// Set is a revision of the policies that the process of a Worker has loaded.
type Set struct {
	worker     *Worker
	process    *process
	loaded     loaded
	source     []byte
	references []policies.Reference
}

// Revision is that of policies.Set.
func (s *Set) Revision() string { return s.loaded.Revision }

// References are those of policies.Set.
func (s *Set) References() []policies.Reference { return s.references }

// Provenance is that of policies.Set.
func (s *Set) Provenance() []policies.Provenance { return s.loaded.Provenance }

// Facts are those of policies.Set.
func (s *Set) Facts() []string { return s.loaded.Facts }

// Source is that of policies.Set.
func (s *Set) Source() ([]byte, error) { return s.source, nil }

// Committed is that of policies.Set.
func (s *Set) Committed(ctx context.Context, beside ...string) bool {
	files, err := eval.ArchivedFiles(s.source)
	return err == nil && files.Committed(ctx, beside...)
}

// Evaluate is that of policies.Set.
func (s *Set) Evaluate(ctx context.Context, phase policies.Phase, in *eval.Input, now time.Time) (*policies.Statements, error) {
	w := s.worker
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.refusal(s.Revision()); err != nil {
		return nil, err
	}
	return s.evaluate(ctx, phase, in, now)
}

func (s *Set) evaluate(ctx context.Context, phase policies.Phase, in *eval.Input, now time.Time) (*policies.Statements, error) {
	w := s.worker
	w.bury()
	if w.process == nil || w.process != s.process {
		a, err := w.load(ctx, s.source)
		if err != nil {
			return nil, err
		}
		s.process, s.loaded.Set = w.process, a.Loaded.Set
	}
	reads := s.loaded.Access
	if phase == policies.PhaseRisk {
		reads = s.loaded.Risk
	}
	parts, err := in.Parts(reads)
	if err != nil {
		return nil, err
	}
	q := request{Op: opEvaluate, Set: s.loaded.Set, Phase: phase, Now: now, Parts: parts}
	if r := w.refused[s.Revision()]; r != nil && w.now().Before(r.until) {
		q.Without = r.without
	}
	a, err := w.ask(ctx, q)
	if err != nil {
		return nil, w.refuse(s.Revision(), err)
	}
	if err := a.fault(); err != nil {
		return nil, err
	}
	st, err := policies.DecodeStatements(a.Statements)
	if err == nil && len(st.Bad) > 0 {
		err = st.Bad
	}
	return st, err
}

// mostLeftOut is how many times in a row rules are left out of an evaluation.
const mostLeftOut = 3

// EvaluateGood is Evaluate for policies that were good already. Rules with which
// they go beyond a bound are left out for a while: what these would have said is
// unknown, as that of a rule that failed (S5), and the others are in force.
func (s *Set) EvaluateGood(ctx context.Context, phase policies.Phase, in *eval.Input, now time.Time) (*policies.Statements, error) {
	w := s.worker
	w.mu.Lock()
	defer w.mu.Unlock()
	for n := 0; ; n++ {
		st, err := s.evaluate(ctx, phase, in, now)
		var exceeded *ExceededError
		if !errors.As(err, &exceeded) || len(exceeded.Rules) == 0 || n == mostLeftOut {
			return st, err
		}
		r := w.remember(s.Revision())
		if r.without == nil {
			r.without = map[string]string{}
		}
		for _, rule := range slices.Sorted(slices.Values(exceeded.Rules)) {
			r.without[rule] = exceeded.Error()
		}
		r.err = nil
	}
}
