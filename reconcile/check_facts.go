package reconcile

import (
	"fmt"
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/check/forms"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/findings"
)

// adminByFacts are the grants of admin to whoever is on call, has turns or is on a team,
// also through groups (S30). Who that is now does not matter.
func adminByFacts(r *Result) []desired.Notice {
	var out []desired.Notice
	members := map[string][]inventory.Ref{}
	for _, m := range r.Statements.Members {
		members[m.Group] = append(members[m.Group], m.Principal)
	}
	for _, g := range r.Statements.Grants {
		if g.Resource.Kind != inventory.KindAccount || g.Role != "admin" {
			continue
		}
		fact, ok := factBehind(g.Principal, members)
		if !ok {
			continue
		}
		through := ""
		if fact != g.Principal {
			through = fmt.Sprintf(" through %s", g.Principal)
		}
		out = append(out, noticeOf(findings.AdminByFacts, fact, g.Origins, fmt.Sprintf(
			"this grant makes %s admin of the account%s: whoever can change that in PagerDuty can make themselves admin; grant admin to named people, or to a group from a roster", fact, through)))
	}
	return out
}

// factBehind is the first fact of PagerDuty that a principal is, or that puts people in it.
func factBehind(principal inventory.Ref, members map[string][]inventory.Ref) (inventory.Ref, bool) {
	seen := map[inventory.Ref]bool{}
	for queue := []inventory.Ref{principal}; len(queue) > 0; queue = queue[1:] {
		ref := queue[0]
		switch {
		case seen[ref], ref.Kind == inventory.KindUser:
			continue
		case ref.Kind != inventory.KindGroup:
			return ref, true
		}
		seen[ref] = true
		queue = append(queue, members[ref.Name]...)
	}
	return inventory.Ref{}, false
}

// filledEmpties are the empty statements about what somebody is granted now. The data may
// well come and go, which is what empty is for.
func filledEmpties(r *Result) []desired.Notice {
	var out []desired.Notice
	for target, empties := range r.Access.MayEmpty {
		people, by := 0, policies.Origin{}
		for _, g := range r.Access.Grants.On(target) {
			if g.Role == inventory.None || len(g.By) == 0 {
				continue
			}
			if o := g.By[0].Origin; people == 0 || o.File < by.File || o.File == by.File && o.Line < by.Line {
				by = o
			}
			people++
		}
		if people == 0 {
			continue
		}
		for _, e := range empties {
			see := fmt.Sprintf("%s:%d", by.File, by.Line)
			n := noticeOf(forms.CodeFilledEmpty, e.Resource, e.Origins, fmt.Sprintf(
				"%s is meant to be empty, and the grant at %s gives it to %s now: the empty rule has no effect meanwhile; delete one of the two, unless the grant comes and goes",
				e.Resource, see, peopleOf(people)))
			n.See = see
			out = append(out, n)
		}
	}
	return out
}

func peopleOf(n int) string {
	if n == 1 {
		return "one person"
	}
	return fmt.Sprintf("%d people", n)
}

// limitsAtHighest are the rules all of whose limits are at the highest role there is.
func limitsAtHighest(r *Result) []desired.Notice {
	lower := map[policies.Origin]bool{}
	var highest []policies.Limit
	for _, l := range r.Statements.Limits {
		if l.Resource.Kind == inventory.KindTeam && l.AtMost == "manager" || l.Resource.Kind == inventory.KindAccount && l.AtMost == "admin" {
			highest = append(highest, l)
			continue
		}
		for _, o := range l.Origins {
			lower[withoutSource(o)] = true
		}
	}
	var out []desired.Notice
	reported := map[policies.Origin]bool{}
	for _, l := range highest {
		for _, o := range l.Origins {
			o = withoutSource(o)
			if lower[o] || reported[o] {
				continue
			}
			reported[o] = true
			out = append(out, desired.Notice{Code: forms.CodeHighestLimit, Origin: o, Message: fmt.Sprintf(
				"this limit is at %q, the highest role there, and limits nobody; name a lower role, none, or delete it", l.AtMost)})
		}
	}
	return out
}

func withoutSource(o policies.Origin) policies.Origin {
	o.Source = ""
	return o
}

// fewTaken is from how many people on a limit that takes all is worth a look.
const fewTaken = 3

// limitsThatTakeAll are the rules whose limits take away everything that is granted to
// anybody on the resources that they name.
func limitsThatTakeAll(r *Result) []desired.Notice {
	rules := nothingLeft(r)
	if len(rules) == 0 {
		return nil
	}
	for pair, g := range r.Access.Grants.All() {
		for o, rule := range rules {
			if !rule.on[inventory.Ref{Kind: pair.Resource.Kind, Name: "*"}] && !rule.on[pair.Resource] {
				continue
			}
			if slices.ContainsFunc(g.Limited, func(by desired.Limitation) bool {
				return by.AtMost == inventory.None && withoutSource(by.By.Origin) == o
			}) {
				rule.taken[pair.User] = true
			} else {
				rule.kept = true
			}
			rules[o] = rule
		}
	}
	var out []desired.Notice
	for o, rule := range rules {
		if !rule.kept && len(rule.taken) >= fewTaken {
			out = append(out, desired.Notice{Code: codeReachesMost, Origin: o, Message: fmt.Sprintf(
				"this limit takes away all that is granted where it applies, from %d people; it may lack a condition", len(rule.taken))})
		}
	}
	return out
}

// limitRule is a rule with limits to nothing: the resources that they are on, who loses
// what they are granted there, and whether anybody keeps it.
type limitRule struct {
	on    map[inventory.Ref]bool
	taken map[string]bool
	kept  bool
}

// nothingLeft are the rules with limits to nothing.
func nothingLeft(r *Result) map[policies.Origin]limitRule {
	rules, index := map[policies.Origin]limitRule{}, inventory.NewIndex(r.Snapshot)
	for _, l := range r.Statements.Limits {
		if l.AtMost != inventory.None {
			continue
		}
		for _, o := range l.Origins {
			o = withoutSource(o)
			if rules[o].on == nil {
				rules[o] = limitRule{on: map[inventory.Ref]bool{}, taken: map[string]bool{}}
			}
			if l.Resource.Name == "*" || l.Resource.Kind == inventory.KindAccount {
				rules[o].on[l.Resource] = true
				continue
			}
			for _, id := range index.Find(l.Resource) {
				rules[o].on[inventory.ByID(l.Resource.Kind, id)] = true
			}
		}
	}
	return rules
}
