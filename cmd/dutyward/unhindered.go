package main

import "github.com/dutyward/dutyward/cmd/internal/terminal"

// unhindered lets nothing that reads what is told, or stops the terminal, hold up
// what follows until the returned function is called: it is told as it can be.
func (x *application) unhindered() (finish func()) {
	before := x.app
	out, err := terminal.NewBehind(before.Stdout, nil), terminal.NewBehind(before.Stderr, nil)
	ours := *before.Process
	ours.Stdout, ours.Stderr = out, err
	x.app = &app{&ours}
	resume := terminal.IgnoreStops()
	if before.Locked != nil {
		before.Locked.Store(true)
	}
	return func() {
		if before.Locked != nil {
			before.Locked.Store(false)
		}
		out.Finish(0)
		err.Finish(0)
		resume()
		x.app, x.tell = before, nil
	}
}
