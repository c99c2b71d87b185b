package findings

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
const gapsAhead = 14 * 24 * time.Hour

// fillGap is the remedy of an on-call group with a gap.
const fillGap = `put somebody on call; or let the member say "when_empty": "keep-last", which keeps whoever was on call last, or "leave-empty" if it is meant`

// onDuty are the members of a group that stand for whoever is on call.
type onDuty struct {
	principals []string
	by         []policies.Origin
	// meant says that all members leave the group empty, keeps that all keep whoever
	// was on call last.
	meant, keeps bool
}

// gapped is an on-call group with the gaps in it, of which there are some.
type gapped struct {
	name string
	onDuty
	gaps []desired.Spell
}

// findEmptyGroups finds the on-call groups that are empty: nobody has the access that
// being on call needs.
func findEmptyGroups(f *Facts, found func(plan.Finding)) {
	for _, g := range f.gaps() {
		if !g.gaps[0].From.After(f.Now) {
			found(g.finding(fmt.Sprintf("group:%s is empty %s: nobody is on call by %s", g.name, f.until(g.gaps[0]), g.schedules())))
		}
	}
}

// findEmptyingGroups finds those that will be.
func findEmptyingGroups(f *Facts, found func(plan.Finding)) {
	for _, g := range f.gaps() {
		first := g.gaps[0]
		if !first.From.After(f.Now) {
			continue
		}
		more := ""
		if n := len(g.gaps) - 1; n > 0 {
			more = fmt.Sprintf(", and %d more times until %s", n, clock(f.gapsUntil()))
		}
		found(g.finding(fmt.Sprintf("group:%s will be empty from %s %s%s: nobody is on call by %s then",
			g.name, clock(first.From), f.until(first), more, g.schedules())))
	}
}

// finding is the finding of a group with gaps.
func (g gapped) finding(message string) plan.Finding {
	x := plan.Finding{Subject: inventory.Ref{Kind: inventory.KindGroup, Name: g.name}, Message: message, By: g.by}
	if g.keeps {
		x.Remediation = "put somebody on call: there is nobody to be kept until then"
	}
	return x
}

// schedules names whoever is on call for the group.
func (g gapped) schedules() string {
	slices.Sort(g.principals)
	return strings.Join(slices.Compact(g.principals), ", ")
}

// until says how long a gap lasts, as far as is known.
func (f *Facts) until(gap desired.Spell) string {
	if !gap.Until.Before(f.gapsUntil()) {
		return "at least until " + clock(gap.Until)
	}
	return "until " + clock(gap.Until)
}

// gapsUntil is how far gaps are looked for.
func (f *Facts) gapsUntil() time.Time {
	until := f.Now.Add(gapsAhead)
	if reach := desired.Reach(f.Snapshot.Account.Window, f.Statements).Until; reach.Before(until) {
		return reach
	}
	return until
}

// gaps are the on-call groups with gaps. A group whose members all say that it is meant
// to be empty is left out, and so are groups of groups, for which the groups in them
// are reported.
func (f *Facts) gaps() []gapped {
	until := f.gapsUntil()
	if f.looked || !f.Now.Before(until) {
		return f.gapsOf
	}
	f.looked = true
	for name, g := range f.onDuty() {
		if g.meant || len(f.Access.Groups[name].Unknown) > 0 {
			continue
		}
		gaps := slices.DeleteFunc(f.Expansion.Spells(name, f.Now, until), func(s desired.Spell) bool { return len(s.Users) > 0 })
		if len(gaps) > 0 {
			f.gapsOf = append(f.gapsOf, gapped{name, *g, gaps})
		}
	}
	return f.gapsOf
}

// onDuty are the groups with members that stand for whoever is on call.
func (f *Facts) onDuty() map[string]*onDuty {
	groups := map[string]*onDuty{}
	for _, m := range f.Statements.Members {
		if m.Principal.Kind != inventory.KindOnCall && m.Principal.Kind != inventory.KindEscalation {
			continue
		}
		g := groups[m.Group]
		if g == nil {
			g = &onDuty{meant: true, keeps: true}
			groups[m.Group] = g
		}
		g.principals = append(g.principals, f.name(m.Principal))
		g.by = append(g.by, m.Origins...)
		g.meant = g.meant && m.WhenEmpty == policies.LeaveEmpty
		g.keeps = g.keeps && m.WhenEmpty == policies.KeepLast
	}
	return groups
}
