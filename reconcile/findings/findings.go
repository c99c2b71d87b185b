// Package findings finds the risks that the program looks for by itself, and joins
// them with those that policies flag.
//
// Each kind is a line of one table, with its code, severity and remedy.
package findings

import (
	"fmt"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Facts are what findings follow from: a plan, and all that it was made of.
type Facts struct {
	Plan       *plan.Plan
	Snapshot   *inventory.Snapshot
	Index      *inventory.Index
	Statements *policies.Statements
	Access     *desired.Access
	Expansion  *desired.Expansion
	// Last is the last finished round; nil if there was none.
	Last *plan.Round
	Now  time.Time
	// RuleFailed says that a rule failed that may name what no other names.
	RuleFailed bool
	// Raised are the base roles that this program raised and no policy gives.
	Raised []Raised
	// Rendering says why the turns of a schedule can't be foreseen; empty if they can.
	Rendering func(schedule string) string
	// Contain does something about one resource, and keeps a panic of it to that.
	Contain func(about inventory.Ref, do func())

	// gapsOf are the on-call groups with gaps, once they were looked for.
	gapsOf []gapped
	looked bool
}

// Raised is a base role that this program raised.
type Raised struct{ User, Before, Held string }

// builtin is a kind of finding that needs no policy.
type builtin struct {
	// code names it. Policies waive it by the rule "dutyward." and the code's name.
	code code.Code
	// severity and remediation are those of a finding that says none.
	severity, remediation string
	find                  func(f *Facts, found func(plan.Finding))
}

// builtins are all of them.
var builtins = []builtin{
	{fight, "critical", "find out who else sets it (PagerDuty's audit trail says who), and let only one manage it: that other program, or a grant, limit or protection here", findFights},
	{staysRaised, "medium", "grant the base role that the person should have", findRaised},
	{noLongerNamed, "medium", "grant something there again, or say with `empty` that it may lose everybody; to stop managing it, take it out of `include` in the configuration", findNoLongerNamed},
	{ruleFell, "high", "check whether their data is complete and their fields still have these names; if it is meant, the finding ends on its own after a day, or waive it", findFalls},
	{AdminByFacts, "high", "give admin to named people or to a group from a roster", findAdminByFacts},
	{renderingDiffers, "low", "report it with the schedule's JSON", findRenderings},
	{onCallDeleted, "medium", "put somebody else there in PagerDuty", findDeleted},
	{BeyondLimit, "high", "lower it in PagerDuty", findBeyond},
	{LeaverRemains, "high", "take them off it in PagerDuty", findLeavers},
	{onCallGroupEmpty, "high", fillGap, findEmptyGroups},
	{onCallGroupWillBeEmpty, "medium", fillGap, findEmptyingGroups},
}

// rulePrefix begins the rule of each built-in finding.
const rulePrefix = "dutyward."

// Find adds the built-in findings to the plan.
func (f *Facts) Find() {
	for _, b := range builtins {
		_, name, _ := strings.Cut(string(b.code), "/")
		b.find(f, func(x plan.Finding) {
			x.Code, x.Rule = b.code, rulePrefix+name
			if x.Severity == "" {
				x.Severity = b.severity
			}
			if x.Remediation == "" {
				x.Remediation = b.remediation
			}
			f.Plan.Findings = append(f.Plan.Findings, x)
		})
	}
}

func (f *Facts) userName(id string) string { return f.Index.Name(inventory.KindUser, id) }

func (f *Facts) name(r inventory.Ref) string { return f.Index.Named(r) }

func user(id string) inventory.Ref { return inventory.ByID(inventory.KindUser, id) }

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// findFights finds the fights that are held.
func findFights(f *Facts, found func(plan.Finding)) {
	for _, h := range f.Plan.Held {
		if h.Code == plan.HoldFight {
			found(plan.Finding{
				Subject: user(h.User), Resource: h.Resource,
				Message: fmt.Sprintf("%s on %s: policies say %s, PagerDuty holds %s, and %s; the program has stopped",
					f.userName(h.User), f.name(h.Resource), h.After, h.Before, h.Why),
			})
		}
	}
}

// findRaised finds who keeps a base role that this program gave and no policy does.
func findRaised(f *Facts, found func(plan.Finding)) {
	for _, r := range f.Raised {
		found(plan.Finding{
			Subject: user(r.User), Resource: inventory.AccountRef,
			Message: fmt.Sprintf("%s was raised from %s to %s by this program, and no policy gives a base role any more: it stays",
				f.userName(r.User), r.Before, r.Held),
		})
	}
}

// findRenderings finds schedules that we render differently from PagerDuty (S22).
func findRenderings(f *Facts, found func(plan.Finding)) {
	for id := range f.Snapshot.Schedules {
		if message := f.Rendering(id); message != "" {
			r := inventory.ByID(inventory.KindSchedule, id)
			found(plan.Finding{Subject: r, Resource: r, Message: message})
		}
	}
}
