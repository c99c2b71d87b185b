package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// notice adds what is to be said of the round beside its changes.
func (b *builder) notice() {
	if b.in.brief {
		return
	}
	b.neverEnding()
	p := b.plan
	p.Unknown = b.access.Unknown
	p.Absent = b.access.Absent
	p.Errors = slices.Concat(b.access.Errors, b.operatorErrors())
	p.Warnings = slices.Concat(b.access.Warnings, p.Warnings)
	switch failed := failedGrants(b.in.Statements); {
	case len(b.in.Statements.Grants) > 0:
	case len(failed) > 0:
		p.Notices = append(p.Notices, "no grant is known in this round, so that nothing is planned: "+strings.Join(failed, "; "))
	default:
		p.Notices = append(p.Notices, "the policies hold no grant yet: nothing is planned, findings only")
	}
	if u := b.in.Snapshot.Account.Unavailable; len(u) > 0 {
		p.Notices = append(p.Notices, "not available to this token or on this account: "+strings.Join(u, ", "))
	}
	b.noticeVanished()
	b.noticeFalls()
	b.noticeAdminByFacts()
	b.noticeRenderings()
	b.noticeStubs()
	b.noticeBeyond()
	b.noticeLeavers()
}

// failedGrants are the rules that failed and might have named a resource. What they
// would have said is not known, and must not be told as not said.
func failedGrants(s *policies.Statements) []string {
	var failed []string
	for _, f := range s.Failures {
		at := fmt.Sprintf("the %s rule at %s:%d failed", f.Rule, f.Origin.File, f.Origin.Line)
		if (f.Rule == "grant" || f.Rule == "empty") && !slices.Contains(failed, at) {
			failed = append(failed, at)
		}
	}
	return failed
}

// unnamed says why a resource is left alone that no policy names.
func (b *builder) unnamed(what string) string {
	if len(failedGrants(b.in.Statements)) > 0 {
		return "a rule failed that may name this " + what
	}
	return "no policy names this " + what
}

// noticeAdminByFacts finds admin roles that follow from PagerDuty's own facts:
// whoever can make an override could give them to themselves (S30).
func (b *builder) noticeAdminByFacts() {
	var admins []desired.Pair
	for user, g := range b.access.Grants.On(desired.Target{Resource: inventory.AccountRef}) {
		if g.Role == "admin" {
			admins = append(admins, desired.Pair{User: user, Resource: inventory.AccountRef})
		}
	}
	slices.SortFunc(admins, desired.ComparePairs)
	for _, pair := range admins {
		g := b.access.Grant(pair)
		for _, by := range g.By {
			if len(by.Chain) == 0 || strings.HasPrefix(by.Chain[len(by.Chain)-1], "group:") {
				continue
			}
			fact := by.Chain[len(by.Chain)-1]
			b.finding(plan.Finding{
				Rule: "dutyward.admin-by-facts", Subject: b.ref(inventory.KindUser, pair.User), Resource: inventory.AccountRef, Severity: "high",
				Message:     fmt.Sprintf("%s is admin through %s: whoever can change that in PagerDuty can make themselves admin", b.userName(pair.User), fact),
				Remediation: "give admin to named people or to a group from a roster",
				By:          []policies.Origin{by.Origin},
			})
			break
		}
	}
}

// noticeRenderings finds schedules that we render otherwise than PagerDuty
// (S22).
func (b *builder) noticeRenderings() {
	for id := range b.in.Snapshot.Schedules {
		message := b.ground.rendersOtherwise(id)
		if message == "" {
			continue
		}
		b.finding(plan.Finding{
			Rule: "dutyward.rendering-differs", Subject: b.ref(inventory.KindSchedule, id), Resource: b.ref(inventory.KindSchedule, id),
			Severity: "low", Message: message, Remediation: "report it with the schedule's JSON",
		})
	}
}

// noticeVanished finds what policies named in the last round and no longer do:
// it is left alone, and said (S1).
func (b *builder) noticeVanished() {
	if b.in.Memory.Last == nil || len(failedGrants(b.in.Statements)) > 0 {
		return // a rule that failed may name it
	}
	for _, n := range b.in.Memory.Last.Named {
		if _, named := b.access.Named[n.Target]; named || b.unknownTarget(n.Target) {
			continue
		}
		b.finding(plan.Finding{
			Rule: "dutyward.no-longer-named", Subject: n.Resource, Resource: n.Resource, Severity: "medium",
			Message:     fmt.Sprintf("policies named %s in the last round and no longer do: everybody keeps what they have there", n.Name),
			Remediation: "grant something there again, or say with `empty` that it may lose everybody; to stop managing it, take it out of what is imported",
		})
	}
}

func (b *builder) unknownTarget(t desired.Target) bool {
	return b.access.UnknownReason(desired.Pair{User: "*", Resource: t.Resource}) != ""
}

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

// A truncated roster, a renamed field or a join that finds nothing any more is
// no error in Rego: a rule just gives less. So each round remembers how many
// elements each access rule gave, and the next looks whether that fell sharply.
//
//	last round      this round
//	412             398             as always
//	412             206 or less     a finding, and 412 stays what is compared with
//	412             still so,       the new number is the usual one now
//	                a day later
//	9               0               too few to tell
const (
	// fallFrom is from how many elements on a fall is told.
	fallFrom = 10
	// fallStands is how long it is compared with the number from before.
	fallStands = 24 * time.Hour
)

// ruleCount is a count of this round with what the last one says of the same
// rule; before is nil where it says nothing. Rules are the same if they are at the same place among those of
// their name in their package; if there are more or fewer of these, nothing is
// known of them.
type ruleCount struct {
	plan.RuleCount
	origin policies.Origin
	before *plan.RuleCount
}

func ruleCounts(s *policies.Statements, last *plan.Round) []ruleCount {
	type name struct{ pkg, rule string }
	before := map[name][]*plan.RuleCount{}
	if last != nil {
		for i, c := range last.Rules {
			n := name{c.Package, c.Rule}
			before[n] = append(before[n], &last.Rules[i])
		}
	}
	at := map[name][]int{}
	out := make([]ruleCount, 0, len(s.Counts))
	for _, c := range s.Counts {
		n := name{c.Origin.Package, c.Rule}
		at[n] = append(at[n], len(out))
		out = append(out, ruleCount{RuleCount: plan.RuleCount{Package: n.pkg, Rule: n.rule, Elements: c.Elements}, origin: c.Origin})
	}
	for n, places := range at {
		if len(before[n]) != len(places) {
			continue
		}
		for i, place := range places {
			out[place].before = before[n][i]
		}
	}
	return out
}

// fell says that a rule gives half as much as before it, or less.
func (c ruleCount) fell(now time.Time) bool {
	if c.before == nil || c.before.Elements < fallFrom || 2*c.Elements > c.before.Elements {
		return false
	}
	return c.before.Since == nil || now.Before(c.before.Since.Add(fallStands))
}

// remembered are the counts that a round leaves. Of an incomplete snapshot
// nothing is learnt.
func remembered(s *policies.Statements, last *plan.Round, now time.Time, complete bool) []plan.RuleCount {
	if !complete && last != nil {
		return plan.OrEmpty(last.Rules)
	}
	out := []plan.RuleCount{}
	for _, c := range ruleCounts(s, last) {
		if c.fell(now) {
			c.Elements, c.Since = c.before.Elements, c.before.Since
			if c.Since == nil {
				c.Since = &now
			}
		}
		out = append(out, c.RuleCount)
	}
	return out
}

// noticeFalls finds rules that give far less than in the last round.
func (b *builder) noticeFalls() {
	if !b.in.Snapshot.Account.Complete {
		return
	}
	var falls []string
	var by []policies.Origin
	for _, c := range ruleCounts(b.in.Statements, b.in.Memory.Last) {
		if !c.fell(b.in.Now) {
			continue
		}
		falls = append(falls, fmt.Sprintf("%s in %s from %d to %d (%s:%d)",
			c.Rule, c.Package, c.before.Elements, c.Elements, c.origin.File, c.origin.Line))
		by = append(by, c.origin)
	}
	if len(falls) == 0 {
		return
	}
	slices.Sort(falls)
	slices.SortFunc(by, func(x, y policies.Origin) int { return cmp.Or(cmp.Compare(x.File, y.File), x.Line-y.Line) })
	b.finding(plan.Finding{
		Rule: "dutyward.rule-fell", Subject: inventory.AccountRef, Resource: inventory.AccountRef, Severity: "high",
		Message: "rules give far less than before: " + strings.Join(falls, "; "),
		Remediation: "look whether their data is whole and their fields are still called so; " +
			"if it is meant, the finding ends by itself after a day, or waive it",
		By: by,
	})
}
