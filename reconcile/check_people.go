package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
)

// manyAbsent is from how many absent people on none is taken for a slip: where so
// many are missing, the account is another, or the invitations are to come.
const manyAbsent = 50

// nearlyAccounts are the e-mail addresses that no account has and that are a slip
// of the pen from one whom no policy names. Where both are named they are two
// people.
func nearlyAccounts(r *Result) []desired.Notice {
	if len(r.Access.Absent) == 0 || len(r.Access.Absent) > manyAbsent {
		return nil
	}
	named := namedPeople(r)
	var out []desired.Notice
	for _, a := range r.Access.Absent {
		var near []string
		for id, u := range r.Snapshot.Users {
			if !named[strings.ToLower(u.Email)] && !named["#"+id] && nearlyEqual(strings.ToLower(a.Email), strings.ToLower(u.Email)) {
				near = append(near, u.Email)
			}
		}
		if len(near) == 0 || len(near) > 3 || len(a.By) == 0 {
			continue
		}
		if len(near) > 1 {
			slices.Sort(near)
			out = append(out, desired.Notice{Code: codeNearlyAccount, About: inventory.Ref{Kind: inventory.KindUser, Name: a.Email}, Origin: a.By[0].Origin, Message: fmt.Sprintf(
				"user:%s has no account, and no policy names %s, who have one; did you mean one of them?", inventory.Escaped(a.Email), policies.List(near, "or"))})
			continue
		}
		out = append(out, desired.Notice{Code: codeNearlyAccount, About: inventory.Ref{Kind: inventory.KindUser, Name: a.Email}, Origin: a.By[0].Origin, Message: fmt.Sprintf(
			"user:%s has no account%s, and no policy names %s, who has one; did you mean user:%s?", inventory.Escaped(a.Email), oddLetter(a.Email), near[0], near[0])})
	}
	return out
}

// oddLetter says in brackets what of an address can't be seen by its look.
func oddLetter(email string) string {
	if letter := inventory.OddLetter(email); letter != "" {
		return " (" + letter + ")"
	}
	return ""
}

// namedPeople are the e-mail addresses, in lower case, and ids behind '#' that
// statements name.
func namedPeople(r *Result) map[string]bool {
	named := map[string]bool{}
	for ref := range r.Statements.Principals() {
		if ref.Kind == inventory.KindUser {
			named[strings.ToLower(ref.Name)], named["#"+ref.ID] = true, true
		}
	}
	return named
}

// nearlyEqual says that two addresses differ by a slip: one or, in longer names,
// two letters before the at sign, what stands behind a plus sign, or the domain alone.
func nearlyEqual(a, b string) bool {
	name, domain, _ := strings.Cut(a, "@")
	otherName, otherDomain, _ := strings.Cut(b, "@")
	name, tag, _ := strings.Cut(name, "+")
	otherName, otherTag, _ := strings.Cut(otherName, "+")
	if domain != otherDomain || tag != otherTag {
		// The same mailbox, or the same name in another domain of a company that was renamed.
		return name == otherName && (len(name) > 2 || domain == otherDomain)
	}
	length := min(len(name), len(otherName))
	if max(len(name), len(otherName))-length > 2 || length < 3 {
		return false
	}
	allowed := 1
	if length > 6 {
		allowed = 2
	}
	digits := func(s string) string { return strings.Trim(s, "0123456789") }
	return digits(name) == name && digits(otherName) == otherName && levenshtein.ComputeDistance(name, otherName) <= allowed
}

// GivesNothing are the grant and member rules that give nothing on this
// account, where no rule of that kind in their package gives anything.
func (r *Result) GivesNothing() []desired.Notice {
	type place struct{ pkg, rule string }
	gives := map[place]bool{}
	for _, c := range r.Statements.Counts {
		if c.Elements > 0 {
			gives[place{c.Origin.Package, c.Rule}] = true
		}
	}
	var out []desired.Notice
	for _, c := range r.Statements.Counts {
		failed := slices.ContainsFunc(r.Statements.Failures, func(f policies.Failure) bool { return f.Origin == c.Origin })
		if (c.Rule == "grant" || c.Rule == "member") && c.Elements == 0 && !gives[place{c.Origin.Package, c.Rule}] && !failed {
			out = append(out, desired.Notice{Code: codeGivesNothing, Origin: c.Origin, Message: fmt.Sprintf("this %s rule gives nothing on this account", c.Rule)})
		}
	}
	return out
}
