package plan

import (
	"path"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Mode is how far enforcement goes on a resource.
type Mode string

// The modes. An unmanaged resource is readable by policies and never changed.
const (
	Unmanaged Mode = "unmanaged"  // not included
	Observe   Mode = "observe"    // report only
	GrantOnly Mode = "grant-only" // raise, never lower
	Sync      Mode = "sync"       // raise and lower
)

// Settings are what operators decide about a plan.
type Settings struct {
	// Default is the mode where nothing else speaks; Observe if empty.
	Default Mode
	// Kinds override Default for a kind: account, team, schedule.
	Kinds map[inventory.Kind]Mode
	// Resources override Kinds for single resources; the last that matches wins.
	Resources []ResourceMode
	// Include limits what is managed, by kind; a kind that is not in it is
	// included whole. It is recorded under its former name: settings that held still are
	// compared as text (S37).
	Include map[inventory.Kind][]string `json:"Import"`
	// Operators are e-mail addresses or "#id" of people the plan never touches
	// (S20), the acting user among them.
	Operators []string
	// Longest bounds grants and memberships that have an until; 0 for no bound.
	Longest time.Duration
	// WarnBefore is how long before its end time-bound access is said to end; 0 for
	// never.
	WarnBefore time.Duration
	// Bounds limit how many changes go on at once (S26); nil for DefaultBounds. They
	// are no part of what holds still: without them, the default ones hold.
	Bounds []Bound `json:"-"`
	// Freezes are times in which changes wait (S41). They count as soon as they are saved.
	Freezes []Freeze `json:"-"`
	// Kept are those of the former configuration's that stay in force for a while.
	Kept KeptGuards `json:"-"`
	// Targets narrow the plan to matching changes; empty means all.
	Targets []string
	// Edits bound what an edit of a schedule may do to others.
	Edits EditBounds `json:",omitzero"`
}

// KeptGuards are limits, freezes and bounds of edits that the configuration has no more,
// or looser ones, and that stay in force until it has been so for a while: a file that was
// saved halfway looks like that.
type KeptGuards struct {
	// Keys are theirs in the configuration: "freezes.year-end".
	Keys []string
	// Until is when the configuration counts as it is.
	Until time.Time
}

// EditBounds bound what one edit of a schedule may do without a person's word (S23). Nil is
// the default.
type EditBounds struct {
	// DisplacedTurns bounds the turns of people who neither join nor leave that move
	// within oncall.Counted.
	DisplacedTurns *int `json:",omitempty"`
	// Joins bounds by how many people a layer or event may grow.
	Joins *int `json:",omitempty"`
}

// What edits may do where nothing else is said: a weekly rotation may get longer, and one of
// days may not.
const (
	DefaultDisplacedTurns = 30
	DefaultJoins          = 5
)

// MostDisplaced is how many turns of others may move.
func (e EditBounds) MostDisplaced() int { return orDefault(e.DisplacedTurns, DefaultDisplacedTurns) }

// MostJoins is by how many people a layer or event may grow.
func (e EditBounds) MostJoins() int { return orDefault(e.Joins, DefaultJoins) }

func orDefault(n *int, otherwise int) int {
	if n == nil {
		return otherwise
	}
	return *n
}

// ResourceMode sets the mode of the resources whose name matches.
type ResourceMode struct {
	// Resource is "account" or "kind:pattern", the pattern a name, a glob as
	// path.Match knows it, or "#id".
	Resource string
	Mode     Mode
}

// matches says whether it is about a resource given by id and name.
func (r ResourceMode) matches(kind inventory.Kind, id, name string) bool {
	k, pattern, _ := strings.Cut(r.Resource, ":")
	return inventory.Kind(k) == kind && (kind == inventory.KindAccount || Matches(pattern, id, name))
}

// ModeOf is the mode of a resource given by id and name.
func (s Settings) ModeOf(kind inventory.Kind, id, name string) Mode {
	if patterns, limited := s.Include[kind]; limited {
		included := false
		for _, p := range patterns {
			included = included || Matches(p, id, name)
		}
		if !included {
			return Unmanaged
		}
	}
	mode := s.Default
	if mode == "" {
		mode = Observe
	}
	if m, ok := s.Kinds[kind]; ok {
		mode = m
	}
	for _, r := range s.Resources {
		if r.matches(kind, id, name) {
			mode = r.Mode
		}
	}
	return mode
}

// Matches says whether a pattern (a name, a glob, or '#' and an id) matches.
func Matches(pattern, id, name string) bool {
	if want, byID := strings.CutPrefix(pattern, "#"); byID {
		return want == id
	}
	if pattern == name {
		return true
	}
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}
