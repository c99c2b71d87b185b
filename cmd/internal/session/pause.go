package session

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"time"

	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/journal"
)

// Stop is what stops all changes: the file beside the state and, where several instances
// share it, a note in the state as well.
func (s *Session) Stop() reconcile.Stop {
	file := s.Config.StopFile()
	if s.Config.Database() == nil {
		return file
	}
	return &sharedStop{StopFile: file, journal: s.Journal}
}

// sharedStop is a pause of all instances. The file stops the one beside which it stands.
type sharedStop struct {
	reconcile.StopFile
	journal *journal.Journal
	// last is what was read last: while the state can't be read nothing is written anyway.
	last atomic.Pointer[reconcile.Pause]
}

// soon bounds what is asked before each write.
const soon = 2 * time.Second

// Paused implements reconcile.Stop.
func (s *sharedStop) Paused() *reconcile.Pause {
	if p := s.StopFile.Paused(); p != nil {
		return p
	}
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	text, err := s.journal.Pause(ctx)
	if err != nil {
		return s.last.Load()
	}
	var p *reconcile.Pause
	if text != "" {
		p = &reconcile.Pause{}
		if json.Unmarshal([]byte(text), p) != nil {
			p = &reconcile.Pause{Reason: "what is noted of it can't be read"}
		}
	}
	s.last.Store(p)
	return p
}

// Pause implements reconcile.Stop.
func (s *sharedStop) Pause(p reconcile.Pause) (before *reconcile.Pause, err error) {
	if before := s.Paused(); before != nil {
		return before, nil
	}
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), journal.SharedLease)
	defer cancel()
	return nil, s.journal.SetPause(ctx, string(text))
}

// Resume implements reconcile.Stop.
func (s *sharedStop) Resume() (*reconcile.Pause, error) {
	before := s.Paused()
	if before == nil {
		return nil, nil
	}
	if _, err := s.StopFile.Resume(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), journal.SharedLease)
	defer cancel()
	return before, s.journal.SetPause(ctx, "")
}
