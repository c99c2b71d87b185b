//go:build !unix

package supervise

// Possible says that a command can be a process of its own. Here none can be given
// files besides the three that every process has.
const Possible = false

// Main leaves every command to the process that was started.
func (Program) Main(_, _ []string) (code int, done bool) { return 0, false }
