package lsp

import (
	"fmt"
	"strings"

	"github.com/dutyward/dutyward/cmd/internal/lsp/checker"
	"github.com/dutyward/dutyward/inventory"
)

// mostShown bounds how many members of a group are named.
const mostShown = 20

// hover says what the reference under the cursor names, or what the rule there gives;
// nil where there is nothing to say.
func (d *document) hover() *hover {
	text := d.ruleText()
	if ref, ok := d.reference(); ok {
		text = d.referenceText(ref)
	} else if text == "" && !d.isRego() {
		text = thingsText(d.things.called(d.bare()))
	}
	if text == "" {
		return nil
	}
	return &hover{markupContent{"plaintext", text}}
}

func (d *document) referenceText(ref inventory.Ref) string {
	if ref.Kind == inventory.KindGroup {
		g, ok := d.group(ref.Name)
		switch {
		case ok:
			return groupText(g)
		case d.groups == nil:
			return ""
		}
		return ref.String() + "\nNo rule declares this group, or fills it."
	}
	found := d.things.of(ref)
	switch {
	case len(found) > 0:
		return thingsText(found)
	case d.things.version == "" || strings.ContainsAny(ref.Name, "{*"):
		return ""
	}
	return ref.String() + "\nNothing in the snapshot has this name."
}

func groupText(g checker.Group) string {
	lines := []string{"group:" + g.Name}
	if g.Description != "" {
		lines = append(lines, g.Description)
	}
	if g.Owner != "" {
		lines = append(lines, "Owner: "+g.Owner)
	}
	for _, why := range g.Unknown {
		lines = append(lines, "Unknown: "+why)
	}
	members := "none"
	if n := len(g.Members); n > 0 {
		members = strings.Join(g.Members[:min(n, mostShown)], ", ")
		if n > mostShown {
			members += fmt.Sprintf(" and %d more", n-mostShown)
		}
	}
	return strings.Join(append(lines, fmt.Sprintf("Members now (%d): %s", len(g.Members), members)), "\n")
}

func thingsText(all []checker.Thing) string {
	var out []string
	for _, t := range all {
		lines := []string{fmt.Sprintf("%s:%s  (#%s)", t.Kind, t.Name, t.ID)}
		for _, line := range t.Text {
			if line != "" {
				lines = append(lines, line)
			}
		}
		out = append(out, strings.Join(lines, "\n"))
	}
	if len(all) > 1 {
		out = append([]string{fmt.Sprintf("%d things have this name:", len(all))}, out...)
	}
	return strings.Join(out, "\n\n")
}

// ruleText is what the rule whose head is in the cursor's line gives now.
func (d *document) ruleText() string {
	m := headOfRule.FindStringSubmatch(d.line())
	file, ok := fileOf(d.uri)
	if m == nil || !ok {
		return ""
	}
	file = realPath(file)
	for _, r := range d.rules {
		if r.Line != d.n+1 || r.Name != m[1] || realPath(r.File) != file {
			continue
		}
		text := fmt.Sprintf("This rule gives %d now", r.Elements)
		if r.Elements == 0 {
			return "This rule gives nothing now."
		}
		lines := []string{text + ":"}
		for _, e := range r.First {
			lines = append(lines, "  "+e)
		}
		if more := r.Elements - len(r.First); more > 0 {
			lines = append(lines, fmt.Sprintf("  and %d more", more))
		}
		return strings.Join(lines, "\n")
	}
	return ""
}
