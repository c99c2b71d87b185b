// Package desired makes desired access of policy statements: groups expanded,
// windows united, limits applied, winners chosen, each with its explanation.
// It is pure: snapshot, statements, bindings and now in, access out.
package desired

import (
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// Pair is what access is about: one person and one resource.
type Pair struct {
	// User is a PagerDuty id.
	User string
	// Resource is the account, or a team or schedule by id.
	Resource inventory.Ref
	// Layer is the id of a layer or event, on schedules only.
	Layer string
}

// Target is the unit at which access is named (S1): the account, a team, one
// layer of a schedule, or with an empty Layer a schedule's overrides.
type Target struct {
	Resource inventory.Ref
	Layer    string
}

// Target is the target a pair is about.
func (p Pair) Target() Target { return Target{Resource: p.Resource, Layer: p.Layer} }

// By says what gives, limits or protects something: a rule, and the chain of
// groups it came through.
type By struct {
	policies.Origin
	// Chain runs from the statement's principal to the person:
	// "group:prod-access", "group:payments-oncall", "oncall:Payments Primary".
	Chain []string `json:"chain"`
}

// BoundKind says what makes a moment at which access begins or ends.
type BoundKind string

// The kinds of bounds.
const (
	BoundNone  BoundKind = ""      // unbounded
	BoundDate  BoundKind = "date"  // a from or until
	BoundShift BoundKind = "shift" // a shift's start or end, widened by lead or lag
)

// Window is a half-open span with what bounds it. Zero times are unbounded.
type Window struct {
	From      time.Time
	FromKind  BoundKind
	Until     time.Time
	UntilKind BoundKind
}

// Grant is one person's desired role on one resource.
type Grant struct {
	Pair
	Role string
	Window
	// Implied says that PagerDuty gives it anyhow (an admin on a team).
	By []By
	// Limited names the limits that took the role down to this one.
	Limited []By
	// Lost are grants for the same pair that a higher one beat, for explain.
	Lost []LostGrant
}

// LostGrant is a grant that did not win, and why.
type LostGrant struct {
	Role string
	By   []By
	Why  string
}

// Unknown is a pair for which this round can't say what is desired. It is
// never raised and never lowered.
type Unknown struct {
	// User is a PagerDuty id; "*" is everybody.
	User string `json:"user"`
	// Resource is the account or a team or schedule by id; the zero Ref is every
	// resource.
	Resource inventory.Ref `json:"resource"`
	Reason   string        `json:"reason"`
}

// Membership is one person's membership of a group.
type Membership struct {
	Window
	// Chains are all ways in which the person comes to be in the group, each
	// from the group's own member statement to the person.
	Chains []By
}

// Group is a group with its members at the time asked for, by user id.
type Group struct {
	Name        string
	Description string
	Owner       string
	Members     map[string]Membership
	// Unknown is why the group's membership can't be told, empty if it can.
	Unknown []string
	Origins []policies.Origin
}

// Absent is an e-mail address that policies name and no account has (S12).
type Absent struct {
	Email string `json:"email"`
	By    []By   `json:"by"`
}

// Access is desired access at one moment.
type Access struct {
	At     time.Time
	Grants map[Pair]Grant
	// Future are the grants not yet in force, the next window of each pair that
	// has none now; for explanation and forecasts.
	Unknown []Unknown
	Groups  map[string]Group
	// Named are the targets that at least one grant or empty names (S1), with
	// the rules that do.
	Named map[Target][]policies.Origin
	// MayEmpty are the targets that an empty statement names (S3).
	MayEmpty map[Target][]policies.Empty
	// Protected are the protections that hold now.
	Protected []Protection
	// ProtectUnresolved holds every lowering: a protect whose reference did not
	// resolve (S12).
	ProtectUnresolved []string
	Leavers           map[string][]policies.Leaver
	Absent            []Absent
	// Unsupported are statements that this version reads and does not carry out
	// (rotation, override), shown as blocked.
	Unsupported []Unsupported
	// Warnings are about statements, each said once.
	Warnings []Warning
	// Bindings are the names resolved, to be remembered (S11): reference key to
	// id.
	Bindings map[string]string
	// Failures suspend lowering (S5).
	Failures []policies.Failure
}

// Protection is a protect statement with its references resolved: users and
// resource by id, each nil for "any".
type Protection struct {
	Users    map[string]bool
	Resource *inventory.Ref
	Role     string
	Reason   string
	By       By
}

// Unsupported is a statement that this version can't carry out.
type Unsupported struct {
	What string `json:"what"`
	By   []By   `json:"by"`
	// User and Resource say whom and what it is about, by id; may be empty.
	User     string        `json:"user"`
	Resource inventory.Ref `json:"resource"`
}

// Warning is something about a policy that a person should look at.
type Warning struct {
	Message string          `json:"message"`
	Origin  policies.Origin `json:"origin"`
}
