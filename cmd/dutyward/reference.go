package main

import (
	"fmt"
	"strings"

	"github.com/dutyward/dutyward/inventory"
)

// findPerson finds a person by e-mail address, '#' and id, or user: reference.
func findPerson(index *inventory.Index, text string) (inventory.Ref, error) {
	if !strings.HasPrefix(text, string(inventory.KindUser)+":") {
		text = string(inventory.KindUser) + ":" + text
	}
	r, err := inventory.ParseRef(text)
	if err != nil {
		return r, err
	}
	return find(index, r)
}

// findResource finds the account, a team or a schedule.
func findResource(index *inventory.Index, text string) (inventory.Ref, error) {
	r, err := inventory.ParseRef(text)
	if err != nil {
		return r, err
	}
	switch r.Kind {
	case inventory.KindAccount:
		return r, nil
	case inventory.KindTeam, inventory.KindSchedule:
		return find(index, r)
	}
	return r, fmt.Errorf("%s is not a resource: expected account, team:NAME or schedule:NAME", r)
}

// find is a reference by id. A name that nothing has or several things share is
// an error (S10).
func find(index *inventory.Index, r inventory.Ref) (inventory.Ref, error) {
	ids := index.Find(r)
	switch len(ids) {
	case 1:
		return inventory.ByID(r.Kind.Thing(), ids[0]), nil
	case 0:
		return r, fmt.Errorf("%s does not exist%s", r, nearest(r.Name, index.Names(r.Kind)))
	}
	return r, fmt.Errorf("%s is the name of %d (#%s): name the one you mean by id, %s:#%s", r, len(ids), strings.Join(ids, ", #"), r.Kind, ids[0])
}
