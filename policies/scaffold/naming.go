package scaffold

import (
	"strings"
	"unicode"

	"github.com/dutyward/dutyward/inventory"
)

// naming is how the drafted data calls people and teams: by e-mail address and
// by name where these are references that name one thing, else by '#' and id.
type naming struct{ index *inventory.Index }

func newNaming(s *inventory.Snapshot) naming { return naming{inventory.NewIndex(s)} }

// person is what stands behind "user:".
func (n naming) person(id string) string { return n.call(inventory.KindUser, id) }

// team is what stands behind "team:".
func (n naming) team(id string) string { return n.call(inventory.KindTeam, id) }

func (n naming) call(kind inventory.Kind, id string) string {
	name := n.index.Name(kind, id)
	byID := "#" + id
	if !legible(name) || name == "*" || strings.Contains(name, "<undefined>") {
		return byID
	}
	ref, err := inventory.ParseRef(string(kind) + ":" + name)
	if err != nil || ref.Name != name || len(n.index.Find(ref)) != 1 {
		return byID
	}
	return name
}

// legible says that a person who reads a name sees all of it: it is not empty,
// has no blanks at its ends and nothing that does not show.
func legible(name string) bool {
	return name != "" && strings.TrimSpace(name) == name && !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsPrint(r)
	})
}
