// Command dutyward keeps who has what in PagerDuty equal to what Rego policies
// say.
package main

import (
	"context"
	"os"

	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/cmd/internal/supervise"
	"github.com/dutyward/dutyward/policies/worker"
)

func main() {
	worker.Main(os.Args)
	program := supervise.Program{
		Run:   func(ctx context.Context, p *session.Process, args []string) int { return (&app{p}).run(ctx, args) },
		Stays: isRun,
	}
	code, done := program.Main(os.Args, os.Environ())
	if !done {
		code = run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ())
	}
	os.Exit(code)
}

// isRun says that arguments ask for `run`.
func isRun(args []string) bool {
	cmd, _, err := newRoot(newApp(nil, nil, nil, nil)).Find(args)
	return err == nil && cmd.Name() == "run"
}
