package reconcile

import (
	"cmp"
	"fmt"
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

// reachTooFar are rules that make most people admin, and limits that leave most
// people nothing anywhere.
func reachTooFar(r *Result) []desired.Notice {
	people := len(r.Snapshot.Users)
	if people < manyReached {
		return nil
	}
	type rule struct {
		at   policies.Origin
		what string
	}
	reached := map[rule]map[string]bool{}
	note := func(origins []policies.Origin, what string, who ...string) {
		for _, o := range origins {
			o.Source = ""
			key := rule{o, what}
			if reached[key] == nil {
				reached[key] = map[string]bool{}
			}
			for _, id := range who {
				reached[key][id] = true
			}
		}
	}
	for _, g := range r.Statements.Grants {
		if g.Resource.Kind == inventory.KindAccount && g.Role == "admin" {
			note(g.Origins, "admin", r.people(g.Principal)...)
		}
	}
	for _, l := range r.Statements.Limits {
		if l.AtMost == inventory.None && l.Resource.Name == "*" {
			note(l.Origins, "limit", r.people(l.Principal)...)
		}
	}
	var out []desired.Notice
	for key, who := range reached {
		part := float64(len(who)) / float64(people)
		n := desired.Notice{Code: codeReachesMost, Origin: key.at}
		switch {
		case len(who) < manyReached:
			continue
		case key.what == "admin" && part >= adminReached:
			n.Message = fmt.Sprintf("this grant makes %d of %d people admin of the account; it may lack a condition", len(who), people)
		case key.what == "limit" && part >= mostReached:
			n.Message = fmt.Sprintf("this limit leaves %d of %d people nothing anywhere; it may lack a condition", len(who), people)
		default:
			continue
		}
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b desired.Notice) int {
		return cmp.Or(cmp.Compare(a.Origin.File, b.Origin.File), a.Origin.Line-b.Origin.Line)
	})
	return out
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
