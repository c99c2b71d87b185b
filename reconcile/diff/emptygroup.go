package diff

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// gapsAhead is how far ahead on-call groups are searched for gaps.
const gapsAhead = 14 * day

// noticeEmptyGroups finds the on-call groups that are empty, or will be: nobody
// has the access that being on call needs then. A group whose members all say
// that it is meant to be empty is left out, and so are groups of groups, for
// which the groups in them are told.
func (b *builder) noticeEmptyGroups(e *desired.Expansion) {
	until := b.in.Now.Add(gapsAhead)
	if reach := desired.Reach(b.in.Snapshot.Account.Window, b.in.Statements).Until; reach.Before(until) {
		until = reach
	}
	if !b.in.Now.Before(until) {
		return
	}
	type onDuty struct {
		principals []string
		by         []policies.Origin
		meant      bool
		// keeps says that all members keep whoever was on call last.
		keeps bool
	}
	groups := map[string]*onDuty{}
	for _, m := range b.in.Statements.Members {
		if m.Principal.Kind != inventory.KindOnCall && m.Principal.Kind != inventory.KindEscalation {
			continue
		}
		g := groups[m.Group]
		if g == nil {
			g = &onDuty{meant: true, keeps: true}
			groups[m.Group] = g
		}
		g.principals = append(g.principals, b.resourceName(m.Principal))
		g.by = append(g.by, m.Origins...)
		g.meant = g.meant && m.WhenEmpty == policies.LeaveEmpty
		g.keeps = g.keeps && m.WhenEmpty == policies.KeepLast
	}
	for name, g := range groups {
		if g.meant || len(b.access.Groups[name].Unknown) > 0 {
			continue
		}
		gaps := slices.DeleteFunc(e.Spells(name, b.in.Now, until), func(s desired.Spell) bool { return len(s.Users) > 0 })
		if len(gaps) == 0 {
			continue
		}
		slices.Sort(g.principals)
		f := emptyGroup(name, strings.Join(slices.Compact(g.principals), ", "), gaps, b.in.Now, until, g.by)
		if g.keeps {
			f.Remediation = "put somebody on call: there is nobody to be kept until then"
		}
		b.finding(f)
	}
}

// emptyGroup is the finding of a group with gaps.
func emptyGroup(name, principals string, gaps []desired.Spell, now, until time.Time, by []policies.Origin) plan.Finding {
	first := gaps[0]
	end := "until " + clock(first.Until)
	if !first.Until.Before(until) {
		end = "at least until " + clock(first.Until)
	}
	f := plan.Finding{
		Rule: "dutyward.oncall-group-empty", Subject: inventory.Ref{Kind: inventory.KindGroup, Name: name}, Severity: "high",
		Message:     fmt.Sprintf("group:%s is empty %s: nobody is on call by %s", name, end, principals),
		Remediation: `put somebody on call; or let the member say "when_empty": "keep-last", which keeps whoever was on call last, or "leave-empty" if it is meant`,
		By:          by,
	}
	if first.From.After(now) {
		more := ""
		if n := len(gaps) - 1; n > 0 {
			more = fmt.Sprintf(", and %d times more until %s", n, clock(until))
		}
		f.Rule, f.Severity = "dutyward.oncall-group-will-be-empty", "medium"
		f.Message = fmt.Sprintf("group:%s will be empty from %s %s%s: nobody is on call by %s then", name, clock(first.From), end, more, principals)
	}
	return f
}
