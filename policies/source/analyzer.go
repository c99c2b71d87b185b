package source

import "github.com/dutyward/dutyward/inventory/code"

// Analyzer looks for one kind of mistake in policies.
type Analyzer struct {
	// Name is short and in lower case, Doc what it looks for, in a few words.
	Name, Doc string
	// Pages explain the codes of its own; what elements must be like has those of the
	// contract.
	Pages code.Pages
	// Local says that what it finds in a file follows from that file, from the rules that
	// it asks, and from data: while none of these is another, it finds the same.
	Local bool
	// Run reports what it finds to the pass. Those before it in the list have run.
	Run func(*Pass)
}
