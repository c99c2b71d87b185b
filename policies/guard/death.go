package guard

import (
	"strings"

	"github.com/dustin/go-humanize"
)

// Death is how a process ended in which policies were loaded or evaluated.
type Death struct {
	// Said is what the Go runtime wrote to its standard error, from the beginning.
	Said string
	// State is how it ended, such as "exit status 2".
	State string
	// Memory is the bound on memory that it had, in bytes.
	Memory int64
	// Rules are those that were running.
	Rules []string
}

// Error says why it ended, and in which rules.
func (d *Death) Error() string {
	if why := d.why(); why != "" {
		return why + Still(d.Rules)
	}
	text := "the process that evaluates the policies ended (" + d.State + ")" + Still(d.Rules)
	if first, _, _ := strings.Cut(strings.TrimSpace(d.Said), "\n"); first != "" {
		text += ": " + first
	}
	return text
}

// ByPolicies says that they ended it, and no fault of this program.
func (d *Death) ByPolicies() bool { return d.why() != "" }

// why is what policies do that ends a process; empty if it was something else.
func (d *Death) why() string {
	said := func(text string) bool { return strings.Contains(d.Said, text) }
	switch {
	case said("out of memory"), said("cannot allocate memory"), said("failed to create new OS thread"):
		return ErrMemory.Error() + " (" + humanize.IBytes(uint64(d.Memory)) + ")"
	case said("stack overflow"), said("stack exceeds"):
		return "the policies, or what they make, nest too deep to be followed"
	}
	return ""
}
