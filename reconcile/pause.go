package reconcile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// Pause is a person's decision that nothing is written for now.
type Pause struct {
	Since time.Time `json:"since"`
	// Reason is what the person said; may be empty.
	Reason string `json:"reason"`
	// Actor is who paused; empty where that is unknown, as of a file made by hand.
	Actor string `json:"actor"`
}

// By is since when, by whom and why, as a person says it.
func (p Pause) By() string {
	text := "since " + p.Since.UTC().Format("2006-01-02 15:04:05 UTC")
	if p.Actor != "" {
		text += " by " + p.Actor
	}
	if p.Reason != "" {
		text += ": " + p.Reason
	}
	return text
}

// PausedError is the error of writes that a pause keeps from being made.
type PausedError struct{ Pause Pause }

func (e *PausedError) Error() string {
	return fmt.Sprintf("changes are paused, %s; nothing was done", e.Pause.By())
}

// Stop stops all writes, and lets them go on. Pause returns the pause that was in force
// already, and leaves it; Resume the one that it ended; nil if there was none.
type Stop interface {
	Pause(p Pause) (before *Pause, err error)
	Resume() (*Pause, error)
	Paused() *Pause
}

// StopFile is the path of a file that stops all writes of a daemon while it
// stands there, whatever is in it: `touch` will do. Removing it ends the pause.
type StopFile string

// Pause writes the file, for its owner alone. Where one stands already it stays
// as it is, and is returned.
func (s StopFile) Pause(p Pause) (before *Pause, err error) {
	if before := s.Paused(); before != nil {
		return before, nil
	}
	text, err := json.Marshal(p)
	if err == nil {
		err = os.WriteFile(string(s), append(text, '\n'), 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("pause: %w", err)
	}
	return nil, nil
}

// Resume removes the file. It returns the pause that ended, or nil if there was
// none.
func (s StopFile) Resume() (*Pause, error) {
	before := s.Paused()
	if err := os.Remove(string(s)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("resume: %w", err)
	}
	return before, nil
}

// Paused is the pause in force; nil if there is none. A file that can't be read
// stops writes like any other, for that is the safe side.
func (s StopFile) Paused() *Pause {
	info, err := os.Stat(string(s))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return &Pause{Reason: fmt.Sprintf("could not determine whether %s exists: %v", s, err)}
	}
	p := Pause{Since: info.ModTime().UTC()}
	if text, err := os.ReadFile(string(s)); err == nil && json.Unmarshal(text, &p) != nil {
		return &Pause{Since: info.ModTime().UTC()}
	}
	return &p
}
