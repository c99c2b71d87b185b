// Package feed is who is in which group, in the forms in which other programs read it. It
// opens nothing and has no clock.
package feed

import (
	"cmp"
	"encoding/csv"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
)

// Group is a group with its members.
type Group struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Owner       string `json:"owner"`
	// Unknown says why nobody knows who is in it now; empty if it is known. Whoever follows
	// the group leaves it as it is then.
	Unknown []string `json:"unknown"`
	// Members are by e-mail address.
	Members []Member `json:"members"`
}

// Member is a person in a group.
type Member struct {
	// User is the PagerDuty id.
	User  string `json:"user"`
	Email string `json:"email"`
	Name  string `json:"name"`
	// From and Until are since when and how long, as far as is known; null if always.
	From  *time.Time `json:"from"`
	Until *time.Time `json:"until"`
	// Chains are the ways in which the person comes to be in the group.
	Chains [][]string `json:"chains"`
}

// Of are groups, by name.
func Of(groups map[string]desired.Group, s *inventory.Snapshot) []Group {
	all := []Group{}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		g := groups[name]
		out := Group{Name: name, Description: g.Description, Owner: g.Owner, Unknown: append([]string{}, g.Unknown...), Members: []Member{}}
		for id, m := range g.Members {
			user := s.Users[id]
			out.Members = append(out.Members, Member{
				User: id, Email: user.Email, Name: user.Name, From: moment(m.From), Until: moment(m.Until), Chains: m.Chains,
			})
		}
		slices.SortFunc(out.Members, func(a, b Member) int { return cmp.Or(cmp.Compare(a.Email, b.Email), cmp.Compare(a.User, b.User)) })
		all = append(all, out)
	}
	return all
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// CSV writes a line for each member. A group of which nobody knows who is in it has one line,
// with unknown in the last column, so that it is not taken for one that is empty.
func CSV(w io.Writer, groups []Group) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"group", "email", "name", "from", "until", "state"}); err != nil {
		return err
	}
	for _, g := range groups {
		state := "member"
		if len(g.Unknown) > 0 {
			state = "unknown"
			if err := out.Write([]string{cell(g.Name), "", "", "", "", state}); err != nil {
				return err
			}
			continue
		}
		for _, m := range g.Members {
			if err := out.Write([]string{cell(g.Name), cell(m.Email), cell(m.Name), text(m.From), text(m.Until), state}); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// cell is a text that no spreadsheet takes for a formula.
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

func text(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339)
}
