// Package policies is the vocabulary of what ought to be: statements, each with
// the place it comes from, and what is wrong with policies. It knows nothing of
// Rego: policies/source reads the files, policies/contract says what rules may
// hold, policies/check looks for mistakes and policies/eval makes statements.
// policies/desired makes desired access of them.
package policies

import (
	"fmt"
	"iter"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
)

// Origin is where a statement comes from: the rule that made it.
type Origin struct {
	// File is relative to the working directory, as the root was given.
	File string `json:"file"`
	// Line is the rule's first line, from 1.
	Line int `json:"line"`
	// Package is the Rego package without "data.", e.g. "access.oncall".
	Package string `json:"package"`
	// Root is the policy root the file lies in, as configured.
	Root string `json:"root"`
	// Title and Owner are the rule's METADATA title and custom.owner, the
	// package's where the rule has none; may be empty.
	Title string `json:"title"`
	Owner string `json:"owner"`
	// Source is the element's own "source" field: which data row it is from.
	Source string `json:"source"`
}

// Statements are what all packages of a phase's root say, united: equal
// elements are one, with every origin. Slices are sorted, so that two
// evaluations of the same input are equal; they are not to be changed, for
// statements of one rule share their origins.
type Statements struct {
	Grants   []Grant
	Groups   []Group
	Members  []Member
	Limits   []Limit
	Protects []Protect
	Leavers  []Leaver
	Empties  []Empty
	Findings []Finding
	Waivers  []Waiver
	// Failures are rules that erred on this input. What they would have said is
	// unknown, so nothing may be lowered.
	Failures []Failure
	// Bad are the problems of elements that are not as the contract demands,
	// which were dropped. Evaluate returns them as its error too.
	Bad Problems
	// Counts are how many elements each rule gave, good and bad, in the order of
	// the rules.
	Counts []RuleCount
	// Warnings are oddities of this evaluation, such as a waiver that ended.
	Warnings Problems
	// Idle are rows of data that no rule used; not sent to other processes.
	Idle []IdleRows `json:"-"`
}

// IdleRows are the rows of a data document that rules go over and none of them used.
type IdleRows struct {
	// Document is the reference to the document, "data.people", which has Total rows.
	Document string
	Total    int
	// Keys are those of the rows: texts, or numbers from 0.
	Keys []any
}

// Principals are those of all statements that have one, each as often as it
// stands there; one that a protection leaves out is the zero Ref.
func (s *Statements) Principals() iter.Seq[inventory.Ref] {
	return func(yield func(inventory.Ref) bool) {
		for _, x := range s.Grants {
			if !yield(x.Principal) {
				return
			}
		}
		for _, x := range s.Members {
			if !yield(x.Principal) {
				return
			}
		}
		for _, x := range s.Limits {
			if !yield(x.Principal) {
				return
			}
		}
		for _, x := range s.Protects {
			if !yield(x.Principal) {
				return
			}
		}
		for _, x := range s.Leavers {
			if !yield(x.Principal) {
				return
			}
		}
	}
}

// Failure is a contract rule that erred in evaluation. The elements it still
// gave are kept if an element failed, and dropped if the rule conflicts.
type Failure struct {
	Code code.Code
	// Rule is the contract rule's name: "grant", "limit", …
	Rule string
	// Message says what went wrong, Text also where.
	Message string
	Origin  Origin
	// File and Line are the place within the rule, or in what it calls, where that
	// is known.
	File string
	Line int
	// Texts are what the function that failed was called with.
	Texts []string
	// Row is the place of the row of data that it is about, "file:line", and Expected
	// and Suggestion how it is corrected, where these are known; may be empty.
	Row        string
	Expected   string
	Suggestion string
	// Bad says that it only counts elements that Statements.Bad tells one by one.
	Bad bool
}

// Text is the message with the place that it is about.
func (f Failure) Text() string {
	if f.File == "" {
		return f.Message
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Message)
}

// RuleCount says how many elements a contract rule gave.
type RuleCount struct {
	// Rule is the contract rule's name.
	Rule     string
	Elements int
	Origin   Origin
}

// Grant asks for a role on a resource.
type Grant struct {
	Principal inventory.Ref
	Resource  inventory.Ref
	Role      string
	From      *time.Time
	Until     *time.Time
	// FromZone and UntilZone are the time zones in which these are written; empty where
	// they have an offset.
	FromZone, UntilZone string
	// Layer names the layer or event of a rotation grant.
	Layer string
	// Order says where in the cycle of turns whoever joins comes, lower ones first; nil
	// is after those with one. Weight is how many turns within a cycle; 0 is as many as
	// stand there, and one of whoever joins. Both are of a rotation grant only.
	Order  *float64
	Weight int
	// Replaces is whom an override on a shift-based schedule replaces.
	Replaces inventory.Ref
	Reason   string
	Origins  []Origin
}

// Group declares a group.
type Group struct {
	Name        string
	Description string
	Owner       string
	Origins     []Origin
}

// Member puts a principal in a group.
type Member struct {
	Group     string
	Principal inventory.Ref
	From      *time.Time
	Until     *time.Time
	// FromZone and UntilZone are as in a Grant.
	FromZone, UntilZone string
	// Lead and Lag widen shifts; only with oncall: and escalation:.
	Lead time.Duration
	Lag  time.Duration
	// WhenEmpty says what becomes of a group that would be empty after a shift of
	// this member: KeepLast, LeaveEmpty, or nothing, where it is empty with a
	// finding; only with oncall: and escalation:.
	WhenEmpty string
	Origins   []Origin
}

// What a member statement may say of the time when nobody would be in its group.
const (
	KeepLast   = "keep-last"   // whoever was on call last stays until somebody takes over
	LeaveEmpty = "leave-empty" // the group is meant to be empty then
)

// Limit caps a role. On schedules and groups AtMost is inventory.None.
type Limit struct {
	Principal inventory.Ref
	// Resource may be "team:*", "schedule:*" or "group:*".
	Resource inventory.Ref
	AtMost   string
	Reason   string
	Origins  []Origin
}

// Protect keeps what it matches from being raised or lowered. Principal or
// Resource may be zero, not both.
type Protect struct {
	Principal inventory.Ref
	Resource  inventory.Ref
	// Role narrows it to pairs that hold or would get this role; may be empty.
	Role    string
	Until   *time.Time
	Reason  string
	Origins []Origin
}

// Leaver says that a person has left.
type Leaver struct {
	Principal inventory.Ref
	Since     *time.Time
	Reason    string
	Origins   []Origin
}

// Empty says that a team or layer may lose everybody.
type Empty struct {
	Resource inventory.Ref
	Layer    string
	Reason   string
	Origins  []Origin
}

// Finding is a risk that a policy flags. Its identity is rule, subject and
// resource.
type Finding struct {
	Rule    string
	Subject inventory.Ref
	// Severity is critical, high, medium or low.
	Severity    string
	Message     string
	Resource    inventory.Ref
	Remediation string
	Origins     []Origin
}

// Waiver accepts a finding until a moment.
type Waiver struct {
	Rule     string
	Subject  inventory.Ref
	Resource inventory.Ref
	Reason   string
	Until    time.Time
	Origins  []Origin
}
