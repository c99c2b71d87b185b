package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/cmd/internal/demo"
	"github.com/dutyward/dutyward/cmd/internal/session"
)

func newDemo(a *app) *cobra.Command {
	var once bool
	var speed float64
	var span time.Duration
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Watch it at work on a simulated company; nothing is needed, nothing is left behind",
		Long: "Watch `dutyward run` keep a made-up company's PagerDuty as the example policies say, while time passes quickly:\n" +
			"on-calls hand over, people tamper with access, policies are saved with mistakes in them. Each line says what\n" +
			"happened, or what Dutyward did about it and why. The story takes two days, some three minutes at the usual\n" +
			"speed, and then goes on until Ctrl-C.\n\n" +
			"With --once it goes through the main job once: account, policies, plan, apply, and a second plan that is empty.\n\n" +
			"Both run in this process on a simulated PagerDuty, without network, and leave nothing behind.",
		Example: "  dutyward demo\n  dutyward demo --speed 300      # more slowly\n  dutyward demo --for 48h --speed 0 | less",
		Args:    arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			commands := demo.Commands{Run: runQuietly, Apply: applyShown}
			switch {
			case once && (cmd.Flags().Changed("speed") || cmd.Flags().Changed("for")):
				return errors.New("--once can't be combined with --speed or --for: it makes a single round")
			case speed < 0 || span < 0:
				return errors.New("--speed and --for can't be negative")
			case speed == 0 && span == 0:
				return errors.New("--speed 0 waits for nothing and would never end: say --for how long, such as --for 48h")
			}
			if once {
				return demo.Once(cmd.Context(), a.Process, commands)
			}
			return demo.Live(cmd.Context(), a.Process, commands, speed, span)
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "go through the main job once")
	cmd.Flags().Float64Var(&speed, "speed", demo.UsualSpeed, "how fast the account's clock runs: 60 is a minute a second, 0 waits for nothing")
	cmd.Flags().DurationVar(&span, "for", 0, "end after this `span` of the account's time, such as 48h (default: at Ctrl-C)")
	return cmd
}

// runQuietly runs a command as another process would.
func runQuietly(ctx context.Context, p *session.Process, args ...string) error {
	root := newRoot(&app{p})
	p.ConfigFile = config.DefaultFile
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}

// applyShown makes the changes of a plan that was shown before.
func applyShown(ctx context.Context, p *session.Process, s *session.Session, pause func(time.Duration)) error {
	x := application{app: &app{p}, yes: true, quiet: true, pause: pause}
	return x.run(ctx, s)
}
