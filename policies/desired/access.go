// Package desired makes desired access of policy statements: groups expanded,
// windows united, limits applied, winners chosen, each with its explanation.
//
// It is pure. Expand does what does not depend on the moment, Expansion.At
// answers for one moment, and Expansion.NextBoundary says when the answer may
// change by itself.
package desired

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
)

// Pair is what access is about: one person and one resource.
type Pair struct {
	// User is a PagerDuty id.
	User string `json:"user"`
	// Resource is the account, or a team or schedule by id.
	Resource inventory.Ref `json:"resource"`
	// Layer is the id of a layer or event, on schedules only.
	Layer string `json:"layer"`
}

// Target is the unit at which access is named (S1): the account, a team, one
// layer of a schedule, or with an empty Layer a schedule's overrides.
type Target struct {
	Resource inventory.Ref `json:"resource"`
	Layer    string        `json:"layer"`
}

// Target is the target a pair is about.
func (p Pair) Target() Target { return Target{Resource: p.Resource, Layer: p.Layer} }

// By says what gives, limits or protects something: a rule, and the chain of
// groups it came through.
type By struct {
	policies.Origin
	// Chain runs from the statement's principal to the person:
	// "group:prod-access", "group:payments-oncall", "oncall:Payments Primary".
	// It is empty where the statement names the person.
	Chain []string `json:"chain"`
}

// Grant is one person's desired role on one resource at one moment. A Role of
// inventory.None is a grant that limits took away whole.
type Grant struct {
	Pair
	Role string
	Turns
	Window
	// Schedules are the ids of the schedules through whose shifts it comes.
	Schedules []string
	By        []By
	// Limited are the limits that took the role down to this one.
	Limited []Limitation
}

// Turns is what a grant of turns says of the cycle, beside who takes them.
type Turns struct {
	// Order is where whoever joins comes, lower ones first; nil is after those with one.
	Order *float64
	// Weighted says that Role says how many turns within a cycle. Otherwise whoever
	// takes turns already keeps as many as they have.
	Weighted bool
}

// Limitation is a limit that applies to a pair.
type Limitation struct {
	AtMost string `json:"at_most"`
	Reason string `json:"reason"`
	By     By     `json:"by"`
}

// LostGrant is a grant that did not win, and why.
type LostGrant struct {
	Role string
	Window
	By  By
	Why string
	// ToCome says that it is one that begins later.
	ToCome bool
}

// Unknown is a pair for which this round can't say what is desired. It is
// never raised and never lowered.
type Unknown struct {
	// Code is the kind of reason.
	Code code.Code `json:"code"`
	// User is a PagerDuty id; "*" is everybody.
	User string `json:"user"`
	// Resource is the account or a team or schedule by id; "team:*" is every
	// team; the zero Ref is every resource.
	Resource inventory.Ref `json:"resource"`
	Reason   string        `json:"reason"`
}

// Membership is one person's membership of a group at one moment.
type Membership struct {
	Window
	// Chains are the ways in which the person comes to be in the group, each
	// from the group's own member statement to the person.
	Chains [][]string
}

// Group is a group with its members at one moment, by user id.
type Group struct {
	Name        string
	Description string
	Owner       string
	Members     map[string]Membership
	// Unknown is why the group's membership is unknown; empty if it is known.
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
	Grants ByPair[*Grant]
	// Overrides are those that have not ended, sorted; they are due before they
	// begin.
	Overrides []Override
	// Unknown is sorted.
	Unknown []Unknown
	Groups  map[string]Group
	// Named are the targets that at least one grant or empty names (S1), with
	// the rules that do, without sources.
	Named map[Target][]policies.Origin
	// MayEmpty are the targets that an empty statement names (S3).
	MayEmpty map[Target][]policies.Empty
	// Protections are those that hold at this moment.
	Protections []Protection
	// ProtectUnresolved are reasons to hold every lowering: protect statements
	// whose reference did not resolve (S12).
	ProtectUnresolved []Notice
	// Leavers are by user id.
	Leavers map[string][]policies.Leaver
	Absent  []Absent
	// Unsupported are statements that this version reads and does not carry
	// out, shown as blocked.
	Unsupported []Unsupported
	// Errors are about names that can't be told apart or don't exist, and about
	// groups that can't be expanded; a round with errors did not do all it was
	// asked to.
	Errors []Notice
	// Warnings are about statements that a person should look at.
	Warnings []Notice
	// Suspends are reasons why nothing at all may be lowered: statements that
	// erred (S5), groups that can't be expanded.
	Suspends []Notice
	// refused are the pairs that are unknown at this moment alone.
	refused map[Pair]Unknown
	// bound are the names resolved.
	bound []*resolution
	// expansion is what it is a moment of; it knows the limits.
	expansion *Expansion
}

// Grant is the grant of a pair; the zero value if there is none.
func (a *Access) Grant(p Pair) Grant {
	if g, ok := a.Grants.Get(p); ok {
		return *g
	}
	return Grant{}
}

// Pinned are the names resolved, to be remembered (S11): the key of a
// reference to its thing, and the id.
func (a *Access) Pinned() map[string]string {
	pinned := make(map[string]string, len(a.bound))
	for _, r := range a.bound {
		pinned[r.ref.Key()] = r.id
	}
	return pinned
}

// Protection is a protect statement with its references resolved.
type Protection struct {
	// Users are the protected people's ids; nil for everybody.
	Users map[string]bool
	// Resource is the protected resource by id; zero for every resource.
	Resource inventory.Ref
	// Role narrows it to pairs that hold or would get this role; may be empty.
	Role   string
	Reason string
	By     By
}

// Covers says whether the protection is about a pair whose roles are these.
func (p Protection) Covers(pair Pair, roles ...string) bool {
	if p.Users != nil && !p.Users[pair.User] {
		return false
	}
	if !p.Resource.IsZero() && p.Resource != pair.Resource {
		return false
	}
	if p.Role == "" {
		return true
	}
	for _, r := range roles {
		if r == p.Role {
			return true
		}
	}
	return false
}

// Unsupported is a statement that this version can't carry out.
type Unsupported struct {
	// Key identifies it across rounds, as a change's key does.
	Key  string `json:"key"`
	What string `json:"what"`
	// Lowers says that it would take access away.
	Lowers bool `json:"lowers"`
	By     []By `json:"by"`
	// User and Resource say whom and what it is about, by id; may be empty.
	User     string        `json:"user"`
	Resource inventory.Ref `json:"resource"`
	// Role is what it would give; may be empty.
	Role string `json:"role"`
	// Why and Unblock say what stands in its way and what would help; empty if it is
	// not supported yet.
	Why     string `json:"why"`
	Unblock string `json:"unblock"`
}

// Problem is the notice as a problem, without a place.
func (n Notice) Problem(warning bool) policies.Problem {
	message := n.Message
	if n.Suggestion != "" {
		message = strings.TrimSuffix(message, hint(n.Suggestion))
	}
	return policies.Problem{
		Code: n.Code, About: policies.Subject(n.About), See: n.See, Message: message, Suggestion: n.Suggestion, Warning: warning,
	}
}

// Failed is the failure of a rule as a notice.
func Failed(f policies.Failure) Notice {
	return Notice{Code: f.Code, Message: f.Text(), Origin: f.Origin}
}

// Fault is what the message of a Notice with CodeFault begins with, where this program
// is at fault, and neither the account nor the policies.
const Fault = "internal error, please report it:"

// Notice is something about a policy that a person should look at.
type Notice struct {
	// Code is its kind, which has a page; programs go by it, never by the message.
	Code    code.Code `json:"code"`
	Message string    `json:"message"`
	// About is what it is about, where that has a name or id; may be zero.
	About inventory.Ref `json:"about"`
	// See is another place that it is about, "file:line"; may be empty.
	See string `json:"see"`
	// Suggestion is what may have been meant, which the message ends with; may be empty.
	Suggestion string          `json:"suggestion"`
	Origin     policies.Origin `json:"origin"`
}

// UnmarshalJSON reads a notice. One that was saved before it had a code is its sentence.
func (n *Notice) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte(`"`)) {
		return json.Unmarshal(text, &n.Message)
	}
	type plain Notice
	return json.Unmarshal(text, (*plain)(n))
}

// String is what it says.
func (n Notice) String() string { return n.Message }

// Messages are the sentences of notices.
func Messages(notices []Notice) []string {
	texts := make([]string, len(notices))
	for i, n := range notices {
		texts[i] = n.Message
	}
	return texts
}

// UnknownReason says why a pair is unknown; empty if it is known.
func (a *Access) UnknownReason(p Pair) string {
	for _, u := range a.Unknown {
		if u.User != "*" && u.User != p.User {
			continue
		}
		if u.Resource.IsZero() || u.Resource == p.Resource ||
			u.Resource.Name == "*" && u.Resource.Kind == p.Resource.Kind {
			return u.Reason
		}
	}
	return ""
}

// Failed names the rules that failed and might have given somebody something, by themselves
// or as members of groups: what they would have said is not known.
func (a *Access) Failed() []string {
	if a.expansion == nil {
		return nil
	}
	var failed []string
	for _, f := range a.expansion.in.Statements.Failures {
		at := fmt.Sprintf("the %s rule at %s:%d failed", f.Rule, f.Origin.File, f.Origin.Line)
		switch f.Rule {
		case "grant", "member", "group":
			if !slices.Contains(failed, at) {
				failed = append(failed, at)
			}
		}
	}
	return failed
}
