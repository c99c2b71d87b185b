package findings

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/plan"
)

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
	// fallFrom is from how many elements on a fall is reported.
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

// Remembered are the counts that a round leaves. Of an incomplete snapshot
// nothing is learnt.
func Remembered(s *policies.Statements, last *plan.Round, now time.Time, complete bool) []plan.RuleCount {
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

// findFalls finds rules that give far less than in the last round.
func findFalls(f *Facts, found func(plan.Finding)) {
	if !f.Snapshot.Account.Complete {
		return
	}
	var falls []string
	var by []policies.Origin
	for _, c := range ruleCounts(f.Statements, f.Last) {
		if !c.fell(f.Now) {
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
	found(plan.Finding{
		Subject: inventory.AccountRef, Resource: inventory.AccountRef, By: by,
		Message: "rules give far less than before: " + strings.Join(falls, "; "),
	})
}
