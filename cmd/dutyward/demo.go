package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/examples"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

func newDemo(a *app) *cobra.Command {
	var once bool
	var speed float64
	var span time.Duration
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Watch it at work on a simulated company; nothing is needed, nothing is left behind",
		Long: "Watch `dutyward run` keep a made-up company's PagerDuty as the example policies say, while time passes quickly:\n" +
			"on-calls hand over, people tamper with access, policies are saved with mistakes in them. Each line tells what\n" +
			"happened, or what Dutyward did about it and why. The story takes two days, some three minutes at the usual\n" +
			"speed, and then goes on by itself until Ctrl-C.\n\n" +
			"With --once it goes through the main job once: account, policies, plan, apply, and a second plan that is empty.\n\n" +
			"Both run in this process on a simulated PagerDuty, without network, and leave nothing behind.",
		Example: "  dutyward demo\n  dutyward demo --speed 300      # more slowly\n  dutyward demo --for 48h --speed 0 | less",
		Args:    arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case once && (cmd.Flags().Changed("speed") || cmd.Flags().Changed("for")):
				return errors.New("--once knows neither --speed nor --for: it makes one round")
			case speed < 0 || span < 0:
				return errors.New("--speed and --for can't be negative")
			case speed == 0 && span == 0:
				return errors.New("--speed 0 waits for nothing and would never end: say --for how long, such as --for 48h")
			}
			if once {
				d, err := newDemonstration(a, a.passing, 0)
				if err != nil {
					return err
				}
				return errors.Join(d.once(cmd), d.end())
			}
			return a.live(cmd.Context(), speed, span)
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "go through the main job once")
	cmd.Flags().Float64Var(&speed, "speed", usualSpeed, "how fast the account's clock runs: 60 is a minute a second, 0 waits for nothing")
	cmd.Flags().DurationVar(&span, "for", 0, "end after this `span` of the account's time, such as 48h (default: at Ctrl-C)")
	return cmd
}

// demonstration is the example company, its files in a folder of their own and
// its account in a simulator, and an app that knows nothing else.
type demonstration struct {
	*app
	seed         *inventory.Snapshot
	sim          *pagerdutysim.Server
	folder, home string
	step         int
}

// newDemonstration begins when the seed was taken; clock makes a clock that
// begins there. rateLimit is the simulator's.
func newDemonstration(a *app, clock func(start time.Time) func() time.Time, rateLimit int) (*demonstration, error) {
	seed, err := companySeed()
	if err != nil {
		return nil, err
	}
	now := clock(seed.Account.TakenAt)
	sim, err := pagerdutysim.New(pagerdutysim.Options{Seed: seed, Clock: now, RateLimit: rateLimit})
	if err != nil {
		return nil, err
	}
	d := &demonstration{seed: seed, sim: sim, app: &app{&session.Process{
		Stdin: a.Stdin, Stdout: a.Stdout, Stderr: a.Stderr, Now: now, NoColour: a.NoColour,
		Env:        map[string]string{config.DefaultTokenEnv: "token-of-the-demo", "NO_COLOR": a.Env["NO_COLOR"], "TERM": a.Env["TERM"]},
		Transport:  sim.Transport(),
		ConfigFile: config.DefaultFile,
	}}}
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
func (a *app) passing(start time.Time) func() time.Time {
	began := a.Now()
	return func() time.Time { return start.Add(a.Now().Sub(began)) }
}

func companySeed() (*inventory.Snapshot, error) {
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
