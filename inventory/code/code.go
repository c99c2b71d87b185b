// Package code names the kinds of things that the program says: mistakes in
// policies, names that it can't resolve, reasons to wait.
//
// A code stays the same when the sentence beside it is reworded. Programs tell
// things apart by it, and people look it up: each has a page.
package code

import (
	"cmp"
	"slices"
	"strings"
)

// Code is a category and a name, such as "policy/unknown-field".
type Code string

// Category is the part before the slash.
func (c Code) Category() string {
	category, _, _ := strings.Cut(string(c), "/")
	return category
}

// Page is what there is to know about a code.
type Page struct {
	Code Code
	// Title says in a few words what is the matter.
	Title string
	// Means says what was found, Why what comes of it, Do what to do about it.
	Means, Why, Do string
	// Example shows it, and the same without it.
	Example string
	// Account says that it may be found only once the account is known.
	Account bool
}

// Pages are the pages of a room, or of several.
type Pages []Page

// Sorted is ps in the order of their codes.
func (ps Pages) Sorted() Pages {
	return slices.SortedFunc(slices.Values(ps), func(a, b Page) int { return cmp.Compare(a.Code, b.Code) })
}

// Of is the page of a code, if there is one.
func (ps Pages) Of(c Code) (Page, bool) {
	i := slices.IndexFunc(ps, func(p Page) bool { return p.Code == c })
	if i < 0 {
		return Page{}, false
	}
	return ps[i], true
}

// Codes are the codes that have a page, in the order of the pages.
func (ps Pages) Codes() []string {
	out := make([]string, len(ps))
	for i, p := range ps {
		out[i] = string(p.Code)
	}
	return out
}
