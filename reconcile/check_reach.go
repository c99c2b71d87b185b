package reconcile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/policies/eval"
)

// A rule that reaches so many people, and so large a part of the account, has likely
// lost a condition.
const (
	manyReached  = 5
	mostReached  = 0.8
	adminReached = 0.5
)

// reachTooFar are rules that make most people admin, or manager of a team, and limits
// that leave most people nothing anywhere. A team of everybody may well be meant.
func reachTooFar(r *Result) (warnings, notes []desired.Notice) {
	people := len(r.Snapshot.Users)
	if people < manyReached {
		return nil, nil
	}
	reached := reachOf(r)
	teams := map[policies.Origin]bool{}
	for _, key := range slices.SortedFunc(maps.Keys(reached), compareReach) {
		who := len(reached[key])
		part := float64(who) / float64(people)
		n := desired.Notice{Code: codeReachesMost, Origin: key.at}
		switch {
		case who < manyReached:
		case key.what == "admin" && part >= adminReached:
			n.Message = fmt.Sprintf("this grant makes %d of %d people admin of the account; it may lack a condition", who, people)
			warnings = append(warnings, n)
		case key.what == "limit" && part >= mostReached:
			n.Message = fmt.Sprintf("this limit leaves %d of %d people nothing anywhere; it may lack a condition", who, people)
			warnings = append(warnings, n)
		case key.what == "manager" && part >= mostReached && !teams[key.at]:
			teams[key.at] = true
			n.Message = fmt.Sprintf("this grant makes %d of %d people manager of %s; it may lack a condition", who, people, key.on)
			notes = append(notes, n)
		}
	}
	return warnings, notes
}

// reach is what a rule gives to people, or takes from them.
type reach struct {
	at   policies.Origin
	what string
	on   inventory.Ref
}

func compareReach(a, b reach) int {
	return cmp.Or(cmp.Compare(a.at.File, b.at.File), a.at.Line-b.at.Line, cmp.Compare(a.what, b.what), cmp.Compare(a.on.String(), b.on.String()))
}

// reachOf are the people whom rules reach.
func reachOf(r *Result) map[reach]map[string]bool {
	reached := map[reach]map[string]bool{}
	note := func(origins []policies.Origin, what string, on inventory.Ref, who ...string) {
		for _, o := range origins {
			o.Source = ""
			key := reach{o, what, on}
			if reached[key] == nil {
				reached[key] = map[string]bool{}
			}
			for _, id := range who {
				reached[key][id] = true
			}
		}
	}
	for _, g := range r.Statements.Grants {
		switch {
		case g.Resource.Kind == inventory.KindAccount && g.Role == "admin":
			note(g.Origins, "admin", g.Resource, r.people(g.Principal)...)
		case g.Resource.Kind == inventory.KindTeam && g.Role == "manager":
			note(g.Origins, "manager", g.Resource, r.people(g.Principal)...)
		}
	}
	for _, l := range r.Statements.Limits {
		if l.AtMost == inventory.None && l.Resource.Name == "*" {
			note(l.Origins, "limit", inventory.Ref{}, r.people(l.Principal)...)
		}
	}
	return reached
}

// people are whom a principal stands for, as far as it is a person or a group.
func (r *Result) people(ref inventory.Ref) []string {
	switch ref.Kind {
	case inventory.KindUser:
		return []string{ref.String()}
	case inventory.KindGroup:
		var out []string
		for user := range r.Access.Groups[ref.Name].Members {
			out = append(out, user)
		}
		return out
	}
	return nil
}

// otherLetters are addresses in data that differ in case, or in space that can't be
// seen, from the account's, and that a rule compares letter by letter.
func otherLetters(r *Result, compared []eval.DataText) []desired.Notice {
	account := map[string]string{}
	for _, u := range r.Snapshot.Users {
		account[plain(u.Email)] = u.Email
	}
	var out []desired.Notice
	for _, d := range compared {
		email, ok := account[plain(d.Text)]
		if d.Lower {
			email = strings.ToLower(email)
		}
		if !ok || email == d.Text {
			continue
		}
		out = append(out, desired.Notice{
			Code: codeOtherLetters, About: inventory.Ref{Kind: inventory.KindUser, Name: email}, Origin: d.Origin, See: d.Place, Suggestion: email,
			Message: never(d, email),
		})
	}
	return out
}

// never says of an address that it is never equal to the account's.
func never(d eval.DataText, email string) string {
	if d.Lower {
		return fmt.Sprintf("%+q at %s is compared letter by letter with what lower gives, %s, and never equal to it", d.Text, d.Place, email)
	}
	return fmt.Sprintf("%+q at %s is compared letter by letter and never equal to %s of the account", d.Text, d.Place, email)
}

// plain is an address without its case and without space.
func plain(email string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, email))
}
