package main

import (
	"context"
	"sync"
	"time"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/policies/worker"
)

// apart are policies of this process which another evaluates. One step of Rego that
// asks for more memory than there is ends the process that takes it, past whatever
// this one would say, and with the exit code that stands for changes.
type apart struct {
	*eval.Set
	there func() (*worker.Set, error)
}

// Here are the policies in this process, of which more can be asked.
func (p apart) Here() *eval.Set { return p.Set }

// Evaluate is that of policies.Set.
func (p apart) Evaluate(ctx context.Context, phase policies.Phase, in *eval.Input, now time.Time) (*policies.Statements, error) {
	there, err := p.there()
	if err != nil {
		return nil, err
	}
	return there.Evaluate(ctx, phase, in, now)
}

// apart lets another process evaluate policies, which it loads while the account is
// read. It ends with the session.
func (s *session) apart(ctx context.Context, set *eval.Set) apart {
	if s.beside == nil {
		s.beside = newWorker(s.config)
	}
	there := sync.OnceValues(func() (*worker.Set, error) {
		source, err := set.Source()
		if err != nil {
			return nil, err
		}
		return s.beside.LoadSource(ctx, source)
	})
	go there() //nolint:errcheck // told to who asks
	return apart{set, there}
}
