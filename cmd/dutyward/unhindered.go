package main

// unhindered lets nothing that reads what is told, or stops the terminal, hold up
// what follows until the returned function is called: it is told as it can be.
func (x *application) unhindered() (finish func()) {
	before := x.app
	out, err := newBehind(before.stdout, nil), newBehind(before.stderr, nil)
	ours := *before.process
	ours.stdout, ours.stderr = out, err
	x.app = &app{&ours}
	resume := ignoreStops()
	if before.locked != nil {
		before.locked.Store(true)
	}
	return func() {
		if before.locked != nil {
			before.locked.Store(false)
		}
		out.finish(0)
		err.finish(0)
		resume()
		x.app, x.tell = before, nil
	}
}
