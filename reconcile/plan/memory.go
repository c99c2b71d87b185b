package plan

import (
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
)

// Memory is what earlier rounds recorded and a plan needs to know. The zero
// value is that of a first start.
type Memory struct {
	// Pinned maps the key of a reference (inventory.Ref.Key) to the id it was
	// first resolved to (S11).
	Pinned map[string]string
	// Last is the last finished round; nil if there was none.
	Last *Round
	// Restored says that all this is older than what this program did last, and why:
	// a copy was put back. Empty if nothing speaks for it.
	Restored string
	// Raised maps a pair that the program raised to what was there before, as
	// long as the raise stands (S4, S17).
	Raised map[desired.Pair]string
	// Ends says of raises that stand when they were to end, as far as that was
	// known when they were made: also of those by a round that never finished.
	Ends map[desired.Pair]Ending
	// Overlay are acknowledged writes younger than two minutes, oldest first (S9).
	Overlay []Write
	// Made are the acknowledged writes of the last hour, oldest first, without
	// those that a person has released again since (S27).
	Made []Write
	// Recent are the changes applied within LongestWindow that bounds count: neither
	// foreseen nor released by a person (S26).
	Recent []Recent
	// Released are the keys of changes that a person released, with the reason.
	Released map[string]Release
	// Overrides are the overrides that this program made and that may not have
	// ended, also those that it took back a moment ago (S24).
	Overrides []OurOverride
	// Edited are the schedules that this program edited in the last two minutes
	// (S9), and those of which an edit is open (S32).
	Edited []Edited
}

// Round is what a finished round leaves for the next to compare with.
type Round struct {
	// At is the round's now.
	At time.Time `json:"at"`
	// Revision is the digest of the policies it ran.
	Revision string `json:"revision"`
	// Grants counts the grant statements, so that none at all is noticed (S2).
	Grants int `json:"grants"`
	// Pairs are the desired and actual roles by pair, as of the round's end.
	Pairs []RoundPair `json:"pairs"`
	// Named are the targets that grants named, with what people called them.
	Named []NamedTarget `json:"named"`
	// Limits are the limits that were in force; null in what versions before S38 left.
	Limits []desired.Ceiling `json:"limits"`
	// Schedules are the ids of all schedules of a complete snapshot: the next
	// must find them, or learn that they are gone (S6).
	Schedules []string `json:"schedules"`
	// Held are the keys of the changes that a bound held: time alone does not release
	// them (S26).
	Held []string `json:"held"`
	// Bounds are those that held them; null for the default ones.
	Bounds []Bound `json:"bounds,omitempty"`
	// Emptying are the keys of the changes that were held since a team would lose
	// everybody, or all who are on it permanently (S3).
	Emptying []string `json:"emptying"`
	// Unwitnessed are the keys of the ways back that were held since the memory was
	// too old to tell what became of the raise.
	Unwitnessed []string `json:"unwitnessed"`
	// Overrides are the overrides that policies asked for, PendingOverrides those of
	// them that were not made. They are recorded under their former name.
	Overrides        []string `json:"standins"`
	PendingOverrides []string `json:"pending_standins"`
	// Rules are how many elements each access rule gave.
	Rules []RuleCount `json:"rules"`
	// Fights are the changes that others reversed until the program stopped
	// making them (S27).
	Fights []Fight `json:"fights"`
	// Refused are the edits of schedules that wait since PagerDuty refused them (S32).
	Refused []Refused `json:"refused"`
	// Still says since when policies and configuration hold still (S37).
	Still Still `json:"still"`
	// Risks are its findings, which are kept by themselves; nil for those of before.
	Risks *RisksSeen `json:"-"`
}

// RoundPair is a pair as the last round left it.
type RoundPair struct {
	desired.Pair
	// Desired is the desired role; "none" if no policy gave one.
	Desired string `json:"desired"`
	// Actual is what PagerDuty held after the round.
	Actual string `json:"actual"`
	// Window is the desired grant's, for telling expiry and handoff.
	Window desired.Window `json:"window"`
	// Schedules are the ids of the schedules by which the pair was on call.
	Schedules []string `json:"schedules"`
	// Pending is the cause of a change of this pair that the round planned and
	// that is not done; empty if there is none.
	Pending Cause `json:"pending"`
}

// NamedTarget is a target with the name it had.
type NamedTarget struct {
	desired.Target
	Name string `json:"name"`
}

// Ending is the foreseen end of a raise.
type Ending struct {
	// Role is what was raised to.
	Role  string
	Until time.Time
	// Cause is that of the end: CauseHandoff or CauseExpiry.
	Cause Cause
}

// EndingOf is the end that a raise foresees of itself, if it does.
func EndingOf(c Change) (Ending, bool) {
	if c.Until == nil {
		return Ending{}, false
	}
	end := Ending{Role: c.After, Until: *c.Until, Cause: CauseExpiry}
	if c.Cause == CauseHandoff {
		end.Cause = CauseHandoff
	}
	return end, true
}

// Write is an acknowledged write: PagerDuty may answer old for two minutes.
type Write struct {
	Pair desired.Pair
	// Before is what PagerDuty held before, Role what was written.
	Before string
	Role   string
	At     time.Time
}

// Release lets a held change through.
type Release struct {
	Reason string `json:"reason"`
	// Actor is who released it; empty where that was not recorded.
	Actor string    `json:"actor"`
	At    time.Time `json:"at"`
}

// Edited is a schedule whose turns were edited a moment ago, or are still being
// edited.
type Edited struct {
	Schedule string
	// Was is a definition that it had before or on the way, and has no longer.
	Was inventory.Schedule
	At  time.Time
	// Open says why nothing more is done about it until the edit is at an end; empty
	// if it is.
	Open string
}

// Expiring is access that was given for a while, and its end.
type Expiring struct {
	User     string        `json:"user"`
	Resource inventory.Ref `json:"resource"`
	Role     string        `json:"role"`
	// Until is when it ends, Then the role that policies give from then on.
	Until time.Time `json:"until"`
	Then  string    `json:"then"`
	// UntilZone is the time zone in which the policy writes that end; empty where it
	// has an offset.
	UntilZone string `json:"until_zone"`
	// By are the rules that give it.
	By []desired.By `json:"by"`
}

// Starting is access that policies give from a date on that is near.
type Starting struct {
	User     string        `json:"user"`
	Resource inventory.Ref `json:"resource"`
	// Layer is the id of a layer or event; empty but on schedules.
	Layer string `json:"layer"`
	Role  string `json:"role"`
	// Until is when it ends again; null if that is not known.
	From  time.Time  `json:"from"`
	Until *time.Time `json:"until"`
	// FromZone and UntilZone are the time zones in which the policy writes these;
	// empty where they have an offset.
	FromZone  string `json:"from_zone"`
	UntilZone string `json:"until_zone"`
	// Before is the role that policies give until then.
	Before string `json:"before"`
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
// differently from what was foreseen, and of which nothing is left there. The same edit is tried
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
	// Statements are what they say of this snapshot; nil if that can't be known.
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
