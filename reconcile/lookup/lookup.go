// Package lookup finds in an account what people name on a command line or a page, and
// suggests what they may have meant.
package lookup

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
)

// Person finds a person by e-mail address, '#' and id, or user: reference.
// absent are those whom policies name and no account has.
func Person(s *inventory.Snapshot, absent []desired.Absent, text string) (inventory.Ref, error) {
	name := strings.TrimPrefix(text, string(inventory.KindUser)+":")
	ref, err := inventory.ParseRef(string(inventory.KindUser) + ":" + name)
	if err != nil {
		return ref, fmt.Errorf("%q: expected the e-mail address of a person, or '#' and an id%s", text, addressOf(s, name))
	}
	index := inventory.NewIndex(s)
	if len(index.Find(ref)) == 0 {
		for _, a := range absent {
			if strings.EqualFold(a.Email, ref.Name) && len(a.By) > 0 {
				return ref, fmt.Errorf("policies name %s (%s:%d), and PagerDuty has no account with that address yet: once they are invited, they get what the policies give",
					ref, a.By[0].File, a.By[0].Line)
			}
		}
	}
	return One(index, ref)
}

// addressOf suggests the address of the people who are called so.
func addressOf(s *inventory.Snapshot, name string) string {
	var found []string
	for _, u := range s.Users {
		before, _, _ := strings.Cut(u.Email, "@")
		first, _, _ := strings.Cut(u.Name, " ")
		if slices.ContainsFunc([]string{u.Name, first, before, u.ID}, func(called string) bool { return strings.EqualFold(called, name) }) {
			found = append(found, u.Email)
		}
	}
	if len(found) == 0 {
		return nearestPerson(s, name)
	}
	if len(found) > 3 {
		return ""
	}
	slices.Sort(found)
	return "; did you mean " + strings.Join(found, " or ") + "?"
}

// nearestPerson suggests the address of whoever's name or address is like this one.
func nearestPerson(s *inventory.Snapshot, name string) string {
	if kind, rest, ok := strings.Cut(name, ":"); ok && !strings.Contains(kind, "@") {
		name = rest
	}
	addresses := map[string]string{}
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(s.Users))) {
		u := s.Users[id]
		before, _, _ := strings.Cut(u.Email, "@")
		addresses[u.Name], addresses[before], addresses[u.Email] = u.Email, u.Email, u.Email
	}
	if near, ok := inventory.Nearest(name, slices.Sorted(maps.Keys(addresses))); ok {
		return "; did you mean " + addresses[near] + "?"
	}
	return ""
}

// Resource finds the account, a team or a schedule.
func Resource(index *inventory.Index, text string) (inventory.Ref, error) {
	r, err := inventory.ParseRef(text)
	if err != nil {
		return r, fmt.Errorf("%q is not a resource: expected account, team:NAME or schedule:NAME%s", text, resourceCalled(index, text))
	}
	switch r.Kind {
	case inventory.KindGroup:
		return r, fmt.Errorf("%s is not a resource but a group of people: `dutyward groups` shows who is in it, and `dutyward what PERSON` which groups somebody is in", r)
	case inventory.KindAccount:
		return r, nil
	case inventory.KindTeam, inventory.KindSchedule:
		return One(index, r)
	}
	return r, fmt.Errorf("%s is not a resource: expected account, team:NAME or schedule:NAME%s", r, resourceCalled(index, r.Name))
}

// nearestKind is the kind of resource that somebody may have meant.
func nearestKind(kind string) (string, bool) {
	return inventory.Nearest(kind, []string{string(inventory.KindTeam), string(inventory.KindSchedule)})
}

// resourceCalled suggests the team or schedule that is called so.
func resourceCalled(index *inventory.Index, name string) string {
	if wrong, rest, ok := strings.Cut(name, ":"); ok {
		if kind, like := nearestKind(wrong); like && rest != "" {
			return "; did you mean " + kind + ":" + rest + "?"
		}
		name = rest
	}
	if hint := byID(index, name, inventory.KindTeam, inventory.KindSchedule); hint != "" {
		return hint
	}
	if near, ok := inventory.Nearest(name, []string{string(inventory.KindAccount)}); ok {
		return "; did you mean " + near + "?"
	}
	var found []string
	for _, kind := range []inventory.Kind{inventory.KindTeam, inventory.KindSchedule} {
		if ref := (inventory.Ref{Kind: kind, Name: name}); len(index.Find(ref)) > 0 {
			found = append(found, ref.String())
		}
	}
	if len(found) == 0 {
		for _, kind := range []inventory.Kind{inventory.KindTeam, inventory.KindSchedule} {
			if near, ok := inventory.Nearest(name, index.Names(kind)); ok && name != "" {
				found = append(found, inventory.Ref{Kind: kind, Name: near}.String())
			}
		}
	}
	if len(found) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(found, " or ") + "?"
}

// One is a reference by id. A name that nothing has or several things share is
// an error (S10).
func One(index *inventory.Index, r inventory.Ref) (inventory.Ref, error) {
	ids := index.Find(r)
	switch len(ids) {
	case 1:
		return inventory.ByID(r.Kind.Thing(), ids[0]), nil
	case 0:
		if r.ID != "" {
			return r, fmt.Errorf("%s does not exist%s", r, nearestID(index, r))
		}
		return r, fmt.Errorf("%s does not exist%s", r, DidYouMean(r.Name, index.Names(r.Kind)))
	}
	return r, fmt.Errorf("%s is the name of %d (#%s): name the one you mean by id, %s:#%s", r, len(ids), strings.Join(ids, ", #"), r.Kind, ids[0])
}

// nearestID suggests the id that one slip away is somebody's or something's, with the name.
func nearestID(index *inventory.Index, r inventory.Ref) string {
	ids := index.IDs(r.Kind)
	near, ok := inventory.Nearest(r.ID, ids)
	if !ok {
		return ""
	}
	return fmt.Sprintf("; did you mean #%s, %s?", near, strings.TrimPrefix(index.Named(inventory.ByID(r.Kind.Thing(), near)), string(inventory.KindUser)+":"))
}

// byID suggests the reference for an id that is written without its kind or its '#'.
func byID(index *inventory.Index, text string, kinds ...inventory.Kind) string {
	id := strings.ToUpper(strings.TrimPrefix(text, "#"))
	for _, kind := range kinds {
		if ref := inventory.ByID(kind, id); slices.Contains(index.IDs(kind), id) {
			return "; did you mean " + ref.String() + "?"
		}
	}
	return ""
}

// Schedule finds a schedule by name, '#' and id, or schedule: or oncall:
// reference.
func Schedule(index *inventory.Index, text string) (inventory.Ref, error) {
	for _, kind := range []inventory.Kind{inventory.KindSchedule, inventory.KindOnCall} {
		text = strings.TrimPrefix(text, string(kind)+":")
	}
	r, err := inventory.ParseRef(string(inventory.KindSchedule) + ":" + text)
	if err != nil {
		return r, err
	}
	if kind, name, ok := strings.Cut(r.Name, ":"); ok && len(index.Find(r)) == 0 {
		return r, fmt.Errorf("%q is not a schedule: expected its name, or '#' and its id%s", text, otherKind(index, kind, name))
	}
	return One(index, r)
}

// otherKind suggests the schedule behind a reference of another or a mistyped kind.
func otherKind(index *inventory.Index, kind, name string) string {
	names := index.Names(inventory.KindSchedule)
	if hint := DidYouMean(name, names); hint != "" {
		return hint
	}
	if inventory.Kind(kind) == inventory.KindEscalation {
		return "; `dutyward oncall` without a name shows the escalation policies too"
	}
	return ""
}

// DidYouMean suggests what was meant, if anything is near.
func DidYouMean(name string, candidates []string) string {
	if n, ok := inventory.Nearest(name, candidates); ok {
		return fmt.Sprintf("; did you mean %q?", n)
	}
	var containing []string
	for _, c := range candidates {
		if len(name) >= 3 && strings.Contains(strings.ToLower(c), strings.ToLower(name)) {
			containing = append(containing, fmt.Sprintf("%q", c))
		}
	}
	if len(containing) == 0 || len(containing) > 3 {
		return ""
	}
	slices.Sort(containing)
	return "; did you mean " + strings.Join(slices.Compact(containing), " or ") + "?"
}
