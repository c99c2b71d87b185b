package main

// unhindered lets nothing that reads what is told, or stops the terminal, hold up
// what follows until the returned function is called: it is told as it can be.
func (x *application) unhindered() (finish func()) {
	app := x.app
	out, err := newBehind(app.stdout, nil), newBehind(app.stderr, nil)
	ours := *app
	ours.stdout, ours.stderr = out, err
	x.app = &ours
	resume := ignoreStops()
	if app.locked != nil {
		app.locked.Store(true)
	}
	return func() {
		if app.locked != nil {
			app.locked.Store(false)
		}
		out.finish(0)
		err.finish(0)
		resume()
		x.app, x.tell = app, nil
	}
}
