package report

import (
	"cmp"
	"io"
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
	for _, name := range names {
		p.line("")
		p.group(access.Groups[name], index)
	}
	return p.err
}

func (p *page) group(g desired.Group, index *inventory.Index) {
	about := []string{count(len(g.Members), "person", "people")}
	if g.Description != "" {
		about = append(about, g.Description)
	}
	if g.Owner != "" {
		about = append(about, "owner "+g.Owner)
	}
	p.line("%s  %s", p.strong("group:"+g.Name), p.mild(strings.Join(about, " · ")))
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
			p.line("  %s  %s", pad(who, width), strings.TrimSuffix(route(chain)+span(moment(m.From), moment(m.Until)), " "))
		}
	}
}

// route is a chain of groups, "named in person" where there is none.
func route(chain []string) string {
	if len(chain) == 0 {
		return "named in person"
	}
	return "through " + strings.Join(chain, " → ")
}
