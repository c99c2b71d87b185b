package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
)

// GroupsText writes the named groups with their members and the chains through
// which each is in.
func GroupsText(w io.Writer, access *desired.Access, index *inventory.Index, names []string, s Style) error {
	p := newPage(w, s)
	p.line("%s  %s", p.strong(count(len(names), "group", "groups")), p.mild("at "+clock(access.At)))
	for _, why := range access.Failed() {
		p.line("")
		p.line("%s%s: who else would be in a group, or which groups there would be, is not known", p.alarm("not known whole: "), why)
	}
	for _, name := range names {
		p.line("")
		p.group(access.Groups[name], index)
		p.keptOut(access.KeptOut(name), index)
	}
	return p.err
}

// ImplicitText writes the groups that schedules and escalation policies make by
// themselves, and how each becomes part of a group of the policies.
func ImplicitText(w io.Writer, groups []desired.Group, index *inventory.Index, s Style) error {
	if len(groups) == 0 {
		return nil
	}
	p := newPage(w, s)
	p.head("Made by schedules and escalation policies (%d): one line in a policy puts one into a group", len(groups))
	p.line("  %s", p.mild(nesting(groups[0].Name)))
	p.line("")
	var names []string
	for _, g := range groups {
		names = append(names, g.Name)
	}
	width := widest(names, 48)
	for _, g := range groups {
		p.line("  %s  %s", pad(g.Name, width), p.implicit(g, index))
	}
	return p.err
}

// nesting is the rule that puts a principal into a group.
func nesting(principal string) string {
	return fmt.Sprintf("member contains {\"group\": \"NAME\", \"principal\": %q}", principal)
}

// implicit is who is in such a group, in one line.
func (p *page) implicit(g desired.Group, index *inventory.Index) string {
	switch n := len(g.Members); {
	case len(g.Unknown) > 0:
		return p.alarm("not known: ") + g.Unknown[0]
	case n == 0:
		return p.alarm("nobody")
	case n > implicitShown:
		return count(n, "person", "people")
	}
	var emails []string
	for id := range g.Members {
		emails = append(emails, index.Name(inventory.KindUser, id))
	}
	slices.SortFunc(emails, p.order.Compare)
	return strings.Join(emails, ", ")
}

// implicitShown bounds the people named in one line.
const implicitShown = 4

func (p *page) group(g desired.Group, index *inventory.Index) {
	about := []string{count(len(g.Members), "person", "people")}
	if g.Description != "" {
		about = append(about, g.Description)
	}
	if g.Owner != "" {
		about = append(about, "owner "+g.Owner)
	}
	name := "group:" + g.Name
	if _, err := inventory.ParseRef(g.Name); err == nil {
		name = g.Name // made by a schedule or an escalation policy
		about = append(about, "to nest it: "+nesting(name))
	}
	p.line("%s  %s", p.strong(name), p.mild(strings.Join(about, " · ")))
	for _, o := range g.Origins {
		p.line("  %s", p.mild("declared by "+Origin(o)))
	}
	for _, why := range g.Unknown {
		p.line("  %s%s", p.alarm("not known whole: "), why)
	}
	ids := slices.SortedFunc(func(yield func(string) bool) {
		for id := range g.Members {
			if !yield(id) {
				return
			}
		}
	}, func(a, b string) int {
		return cmp.Or(cmp.Compare(index.Name(inventory.KindUser, a), index.Name(inventory.KindUser, b)), cmp.Compare(a, b))
	})
	var emails []string
	for _, id := range ids {
		emails = append(emails, index.Name(inventory.KindUser, id))
	}
	width := widest(emails, 40)
	for i, id := range ids {
		m := g.Members[id]
		for n, chain := range m.Chains {
			who := emails[i]
			if n > 0 {
				who = ""
			}
			p.line("  %s  %s", pad(who, width), strings.TrimSuffix(route(chain)+spanOf(m.Window), " "))
		}
	}
}

// keptOut writes whom a limit keeps out of a group.
func (p *page) keptOut(why map[string]string, index *inventory.Index) {
	byName := map[string]string{}
	for id := range why {
		byName[index.Name(inventory.KindUser, id)] = why[id]
	}
	for _, email := range slices.SortedFunc(maps.Keys(byName), p.order.Compare) {
		p.line("  %s", p.mild("not "+email+": "+byName[email]))
	}
}

// route is a chain of groups, "named in person" where there is none.
func route(chain []string) string {
	if len(chain) == 0 {
		return "named in person"
	}
	return "through " + strings.Join(chain, " → ")
}
