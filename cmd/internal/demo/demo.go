// Package demo shows Dutyward at work on a simulated company: once, or on and on with
// a story. Commands are run by whoever starts it.
package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/examples"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// Commands are those that the demo runs.
type Commands struct {
	// Run runs a command in other surroundings.
	Run func(ctx context.Context, p *session.Process, args ...string) error
	// Apply plans and makes the changes without asking. pause follows each step.
	Apply func(ctx context.Context, p *session.Process, s *session.Session, pause func(time.Duration)) error
}

// Once goes through the main job once: account, policies, plan, apply, and a second
// plan that is empty.
func Once(ctx context.Context, p *session.Process, commands Commands) error {
	d, err := newDemonstration(p, commands, passing(p.Now), 0)
	if err != nil {
		return err
	}
	return errors.Join(d.once(ctx), d.end())
}

// demonstration is the example company, its files in a folder of their own and
// its account in a simulator, and surroundings that know nothing else.
type demonstration struct {
	*session.Process
	commands     Commands
	seed         *inventory.Snapshot
	sim          *pagerdutysim.Server
	folder, home string
	step         int
}

// newDemonstration begins when the seed was taken; clock makes a clock that
// begins there. rateLimit is the simulator's.
func newDemonstration(a *session.Process, commands Commands, clock func(start time.Time) func() time.Time, rateLimit int) (*demonstration, error) {
	seed, err := Seed()
	if err != nil {
		return nil, err
	}
	now := clock(seed.Account.TakenAt)
	sim, err := pagerdutysim.New(pagerdutysim.Options{Seed: seed, Clock: now, RateLimit: rateLimit})
	if err != nil {
		return nil, err
	}
	d := &demonstration{seed: seed, sim: sim, commands: commands, Process: &session.Process{
		Stdin: a.Stdin, Stdout: a.Stdout, Stderr: a.Stderr, Now: now, NoColour: a.NoColour,
		Env:        map[string]string{config.DefaultTokenEnv: "token-of-the-demo", "NO_COLOR": a.Env["NO_COLOR"], "TERM": a.Env["TERM"]},
		Transport:  sim.Transport(),
		ConfigFile: config.DefaultFile,
	}}
	if d.home, err = os.Getwd(); err != nil {
		return nil, fmt.Errorf("start the demo: %w", err)
	}
	if d.folder, err = os.MkdirTemp("", "dutyward-demo-"); err != nil {
		return nil, fmt.Errorf("start the demo: %w", err)
	}
	// Policies are named relative to the working directory: go there, so that
	// they read as they would at home.
	err = errors.Join(os.CopyFS(d.folder, examples.Company()), os.Chdir(d.folder))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the demo: %w", err), d.end())
	}
	return d, nil
}

// passing is a clock that runs as the local one does.
func passing(now func() time.Time) func(start time.Time) func() time.Time {
	return func(start time.Time) func() time.Time {
		began := now()
		return func() time.Time { return start.Add(now().Sub(began)) }
	}
}

// Seed is the account of the example company.
func Seed() (*inventory.Snapshot, error) {
	f, err := examples.Company().Open("seed.json")
	if err != nil {
		return nil, fmt.Errorf("open the example company: %w", err)
	}
	defer f.Close()
	return inventory.Decode(f)
}

// end leaves nothing behind.
func (d *demonstration) end() error {
	return errors.Join(os.Chdir(d.home), os.RemoveAll(d.folder))
}
