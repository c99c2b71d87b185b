// Package checker checks policies as an editor has them, in a process of its own: one
// that policies may bring to its end without ending the editor's language server.
package checker

import "github.com/dutyward/dutyward/policies"

// Request asks for a check.
type Request struct {
	// Unsaved are the files as the editor has them, by their real paths.
	Unsaved map[string]string `json:"unsaved"`
	// Account is the version of the account's names that the asking side has.
	Account string `json:"account"`
}

// Report is what a check found. Files are absolute.
type Report struct {
	// Fault is why there was no check, such as a broken configuration; empty if there
	// was one.
	Fault string `json:"fault"`
	// Roots are the policy roots.
	Roots    []string          `json:"roots"`
	Problems policies.Problems `json:"problems"`
	// Groups and Rules are what the policies give on the account; null where they
	// could not be evaluated.
	Groups []Group `json:"groups"`
	Rules  []Rule  `json:"rules"`
	// Version is that of Things, which are null where the asking side has them.
	Version string  `json:"version"`
	Things  []Thing `json:"things"`
}

// Place is a line of a file, from 1.
type Place struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

// Group is a group with its members now.
type Group struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Owner       string   `json:"owner"`
	Members     []string `json:"members"`
	Unknown     []string `json:"unknown"`
	Declared    []Place  `json:"declared"`
}

// Rule is what a contract rule gives now.
type Rule struct {
	Place
	Name     string `json:"name"`
	Elements int    `json:"elements"`
	// First are the first of them, as sentences.
	First []string `json:"first"`
}

// Thing is a thing of the account that references name.
type Thing struct {
	// Kind is "user", "team", "schedule", "escalation" or "service".
	Kind string `json:"kind"`
	// Name is what stands behind the colon: of people, the address.
	Name string `json:"name"`
	ID   string `json:"id"`
	// Detail is a few words beside the name, Text the lines that describe it.
	Detail string   `json:"detail"`
	Text   []string `json:"text"`
}
