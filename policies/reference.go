package policies

import "github.com/dutyward/dutyward/inventory"

// Reference is a literal argument of the library's team, schedule or user: a
// name that should resolve.
type Reference struct {
	Ref    inventory.Ref
	Origin Origin
}

// Provenance says which version of its policies a root held, for people; what
// was evaluated is identified by the Set's Revision alone.
type Provenance struct {
	// Root is the root as configured.
	Root string `json:"root"`
	// Commit is the git commit of the directory's checkout; empty if it lies in
	// none, or git can't be asked.
	Commit string `json:"commit"`
	// Changed says that the directory holds what is not committed.
	Changed bool `json:"changed"`
	// Bundle is the revision that a bundle's manifest gives; may be empty.
	Bundle string `json:"bundle"`
}

// String is the provenance in a few words; empty if nothing is known.
func (p Provenance) String() string {
	switch {
	case p.Bundle != "":
		return "bundle " + p.Bundle
	case p.Commit != "" && p.Changed:
		return "commit " + p.Commit[:min(12, len(p.Commit))] + " with changes"
	case p.Commit != "":
		return "commit " + p.Commit[:min(12, len(p.Commit))]
	}
	return ""
}

// Reads is a rule that reads what changes while policies and data stay as they
// are.
type Reads struct {
	Origin Origin
	// What are the parts of the input: "now", and "users", "teams" or "schedules"
	// where the rule reads roles, members or turns, which plans change; "licenses",
	// "on_calls". Sorted.
	What []string
}
