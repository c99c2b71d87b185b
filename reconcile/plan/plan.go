// Package plan is what a plan is: the changes in order, each with its cause and
// explanation, and what is blocked, held, unknown or left alone; and what rounds
// remember for the plans after them. Package diff makes plans.
package plan

import (
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
)

// Version is the version of a plan's JSON form.
const Version = 1

// Plan is the ordered changes from snapshot to desired access. Its JSON form is
// documented and versioned; every collection is present.
type Plan struct {
	Version int `json:"version"`
	// Account is the account's name in the configuration.
	Account string    `json:"account"`
	Now     time.Time `json:"now"`
	TakenAt time.Time `json:"taken_at"`
	// Expires is the next boundary that touches the plan (S18); null if nothing
	// foreseen ends it.
	Expires *time.Time `json:"expires"`
	// Revision is the content digest of the policies.
	Revision string `json:"revision"`
	// Policies say where the policies are from, root by root.
	Policies []policies.Provenance `json:"policies"`
	// Changes are what apply would do, in an order that PagerDuty accepts.
	Changes []Change `json:"changes"`
	// Edits are what the changes make of schedules: one for each schedule.
	Edits []Edit `json:"edits"`
	// WouldEdit are what schedules would become if also the changes were made that
	// are not enforced or held: for whoever decides on them, and never applied.
	WouldEdit []Edit `json:"would_edit"`
	// Unenforced are changes on resources in observe (or lowerings in grant-only):
	// reported, never applied.
	Unenforced []Change `json:"unenforced"`
	// Blocked are changes that PagerDuty would refuse or that need what is not
	// managed.
	Blocked []Blocked `json:"blocked"`
	// Held are changes that need a decision.
	Held    []Held            `json:"held"`
	Unknown []desired.Unknown `json:"unknown"`
	// Extra is access found in PagerDuty that no policy gives and that the plan
	// leaves alone.
	Extra []Extra `json:"extra"`
	// Implied is membership or a role that PagerDuty gives by itself (S13, S17).
	Implied []Implied `json:"implied"`
	// Protected are pairs that a protection keeps as they are though policies
	// say otherwise.
	Protected []Protected      `json:"protected"`
	Absent    []desired.Absent `json:"absent"`
	// Unassigned are the people without a grant on the account, by id (S4).
	Unassigned []string `json:"unassigned"`
	// Expiring is the time-bound access that ends soon: within
	// Settings.WarnBefore.
	Expiring []Expiring `json:"expiring"`
	// Starting is the access given from a date on that starts as soon.
	Starting []Starting `json:"starting"`
	// Findings are risks: those of policies and the built-in ones.
	Findings []Finding `json:"findings"`
	// Errors are what kept the round from doing all it was asked to; commands
	// exit with an error if there are any.
	Errors   []desired.Notice `json:"errors"`
	Warnings []desired.Notice `json:"warnings"`
	// Notices are about the round as a whole, such as that it has no grants.
	Notices []desired.Notice `json:"notices"`
	// Suspended says why nothing is lowered this round; empty if lowering is
	// allowed.
	Suspended []desired.Notice `json:"suspended"`
	// Names maps references by id to what people call them ("team:#P1" to
	// "team:Payments", "user:#P2" to "ann@acme.com"), for everything named here.
	Names   map[string]string `json:"names"`
	Summary Summary           `json:"summary"`
	// Digest is that of all else, so that a saved plan is applied as it was saved
	// or not at all; empty until the plan is written for that.
	Digest string `json:"digest"`
}

// Effect says whether a change raises or lowers (S13).
type Effect string

// The effects.
const (
	Raise Effect = "raise"
	Lower Effect = "lower"
)

// Cause says why a change is due now (S14).
type Cause string

// The causes, in the order in which the first that fits is chosen.
const (
	CauseLeaver  Cause = "leaver"
	CausePolicy  Cause = "policy"
	CauseExpiry  Cause = "expiry"
	CauseHandoff Cause = "handoff"
	CauseFacts   Cause = "facts"
	CauseDrift   Cause = "drift"
	// CauseRevert is a person's decision to undo an earlier change.
	CauseRevert Cause = "revert"
)

// Causes are the causes in that order.
func Causes() []Cause {
	return []Cause{CauseLeaver, CausePolicy, CauseExpiry, CauseHandoff, CauseFacts, CauseDrift}
}

// Action says what a change does.
type Action string

// The actions.
const (
	ActionGrant  Action = "grant"  // a role where there was none
	ActionRevoke Action = "revoke" // no role where there was one
	ActionRole   Action = "role"   // another role
	// ActionDeprovision is a step of taking an account away.
	ActionDeprovision Action = "deprovision"
)

// Change is one grant, revoke or role change of one person on one resource.
type Change struct {
	// ID is the key: what, user, resource, before, after; no line, and no time but
	// an override's own (S15).
	ID string `json:"id"`
	// Kind says what sort of access it is about.
	Kind   Kind   `json:"kind"`
	Action Action `json:"action"`
	Effect Effect `json:"effect"`
	Cause  Cause  `json:"cause"`
	// User is a PagerDuty id.
	User string `json:"user"`
	// Resource is "account" or a reference by id, "team:#PABC123".
	Resource inventory.Ref `json:"resource"`
	// Layer is the id of a layer or event; empty but on schedules.
	Layer string `json:"layer"`
	// Before and After are roles by their API names, or "none".
	Before string `json:"before"`
	After  string `json:"after"`
	// Reason is one sentence for a person.
	Reason string `json:"reason"`
	// By are the rules that give After, for a revoke those that name the resource
	// or gave Before.
	By []desired.By `json:"by"`
	// LimitedBy are limits that keep After from being higher.
	LimitedBy []desired.Limitation `json:"limited_by"`
	// Requires are the keys of changes that must have succeeded before.
	Requires []string `json:"requires"`
	// Until is when After ends by itself as far as is known; null if it doesn't.
	Until *time.Time `json:"until"`
	// Drifted says that PagerDuty moved as well as the policies: what was there
	// in the last round; empty if it did not.
	Drifted string `json:"drifted"`
	// Override is the override or custom shift that is made or taken back; null
	// but on changes to or from the role override.
	Override *OverrideShift `json:"override"`
}

// Pair is the pair that the change is about.
func (c Change) Pair() desired.Pair {
	return desired.Pair{User: c.User, Resource: c.Resource, Layer: c.Layer}
}

// Blocked is a change that can't be made, and what would make it possible.
type Blocked struct {
	Change
	// Code is the kind of reason.
	Code    code.Code `json:"code"`
	Why     string    `json:"why"`
	Unblock string    `json:"unblock"`
}

// Held is a change that needs a decision.
type Held struct {
	Change
	// Code is the kind of reason, Rule the semantics' rule behind it.
	Code    code.Code `json:"code"`
	Rule    string    `json:"rule"`
	Why     string    `json:"why"`
	Release string    `json:"release"`
	// Releasable says that a person's release of the change lets it through. What is
	// held since something can't be known goes on by itself once it can.
	Releasable bool `json:"releasable"`
	// Acts is when time alone lets it through; null if it does not.
	Acts *time.Time `json:"acts"`
}

// Extra is access that no policy gives and the plan leaves alone.
type Extra struct {
	User     string        `json:"user"`
	Resource inventory.Ref `json:"resource"`
	Layer    string        `json:"layer"`
	Role     string        `json:"role"`
	// Code is the kind of reason for which it is left alone, and Why says it.
	Code code.Code `json:"code"`
	Why  string    `json:"why"`
}

// Implied is what PagerDuty gives by itself.
type Implied struct {
	User     string        `json:"user"`
	Resource inventory.Ref `json:"resource"`
	Role     string        `json:"role"`
	// Code is the kind of reason.
	Code code.Code `json:"code"`
	Why  string    `json:"why"`
	// Foreseen says that PagerDuty will give it once this plan is carried out.
	Foreseen bool `json:"foreseen"`
}

// Protected is a pair that a protection keeps as it is.
type Protected struct {
	User     string        `json:"user"`
	Resource inventory.Ref `json:"resource"`
	Layer    string        `json:"layer"`
	Before   string        `json:"before"`
	// Would is the role that policies ask for.
	Would string `json:"would"`
	// Code is the kind of protection.
	Code   code.Code  `json:"code"`
	Reason string     `json:"reason"`
	By     desired.By `json:"by"`
}

// Finding is a risk with its identity (rule, subject, resource).
type Finding struct {
	// Code is the kind of finding: one that the program looks for by itself, or one that
	// policies flag.
	Code     code.Code     `json:"code"`
	Rule     string        `json:"rule"`
	Subject  inventory.Ref `json:"subject"`
	Resource inventory.Ref `json:"resource"`
	// Severity is critical, high, medium or low.
	Severity    string            `json:"severity"`
	Message     string            `json:"message"`
	Remediation string            `json:"remediation"`
	By          []policies.Origin `json:"by"`
	// Waived is the waiver in force; null if the finding is open.
	Waived *Waived `json:"waived"`
}

// Waived is an accepted risk.
type Waived struct {
	Reason string            `json:"reason"`
	Until  time.Time         `json:"until"`
	By     []policies.Origin `json:"by"`
}

// Summary counts a plan.
type Summary struct {
	Raise      int `json:"raise"`
	Lower      int `json:"lower"`
	Unenforced int `json:"unenforced"`
	Blocked    int `json:"blocked"`
	Held       int `json:"held"`
	Unknown    int `json:"unknown"`
	Extra      int `json:"extra"`
	Protected  int `json:"protected"`
	Findings   int `json:"findings"`
	Waived     int `json:"waived"`
}
