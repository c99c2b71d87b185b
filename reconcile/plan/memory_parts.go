package plan

import (
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
)

// Expiring is access that was given for a while, and its end.
type Expiring struct {
	User     string        `json:"user"`
	Resource inventory.Ref `json:"resource"`
	Role     string        `json:"role"`
	// Until is when it ends, Then the role that policies give from then on.
	Until time.Time `json:"until"`
	Then  string    `json:"then"`
	// By are the rules that give it.
	By []desired.By `json:"by"`
}

// RuleCount is how many elements a rule gave.
type RuleCount struct {
	Package string `json:"package"`
	Rule    string `json:"rule"`
	// Elements is the number, or while a fall stands the one from before it.
	Elements int `json:"elements"`
	// Since is when it fell; null if it did not.
	Since *time.Time `json:"since"`
}

// Fight is a change that others reversed until the program stopped making it.
type Fight struct {
	desired.Pair
	// Role is what the program made of the pair.
	Role  string    `json:"role"`
	Since time.Time `json:"since"`
	// Seen is when the change was last due.
	Seen time.Time `json:"seen"`
}

// Limited says whether a pair was limited to a role, or to a lower one, when the
// round ended.
func (r *Round) Limited(pair desired.Pair, atMost string) bool {
	return slices.ContainsFunc(r.Limits, func(l desired.Ceiling) bool {
		return l.Covers(pair) && inventory.CompareRoles(l.Kind, l.AtMost, atMost) <= 0
	})
}

// How long an edit waits that PagerDuty refused: at first, doubling each time, and
// at most.
const (
	refusedFirst = 2 * time.Minute
	refusedMost  = 6 * time.Hour
)

// Refused is an edit of a schedule's turns that PagerDuty refused, or rendered
// otherwise than foreseen, and of which nothing is left there. The same edit is tried
// again ever more rarely (S32).
type Refused struct {
	// Schedule is the schedule's id.
	Schedule string `json:"schedule"`
	// Edit is the digest of what was asked, and of the schedule's definition then.
	Edit string `json:"edit"`
	// Times says how often it was tried in a row, At when last.
	Times int       `json:"times"`
	At    time.Time `json:"at"`
	Why   string    `json:"why"`
}

// Next is when it is tried again.
func (r Refused) Next() time.Time {
	return r.At.Add(min(refusedMost, refusedFirst<<min(max(r.Times-1, 0), 20)))
}

// Settled are policies and settings that held still.
type Settled struct {
	// Statements are what they say of this snapshot; nil if that can't be told.
	Statements *policies.Statements
	Settings   Settings
}

// Still says since when policies and configuration are as they are.
type Still struct {
	Digest string    `json:"digest"`
	Since  time.Time `json:"since"`
	// Waiting are the keys of the lowerings that wait for it to hold still, each
	// with since when.
	Waiting map[string]time.Time `json:"waiting"`
}
