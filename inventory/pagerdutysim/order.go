package pagerdutysim

import (
	"cmp"
	"slices"
	"strings"
)

// orders are the orders in which lists come, by name. Each is made when a list
// is first asked for, and again when a name changed: a large account is asked
// for it at every page.
type orders struct {
	users, teams, schedules, policies, services ordering
}

// ordering is the order that things had when they were last sorted.
type ordering struct {
	ids, names []string
}

func (a *account) usersByName() []*user {
	return byName(&a.orders.users, a.users, func(u *user) string { return u.name })
}

func (a *account) teamsByName() []*team {
	return byName(&a.orders.teams, a.teams, func(t *team) string { return t.name })
}

func (a *account) schedulesByName() []*schedule {
	return byName(&a.orders.schedules, a.schedules, func(c *schedule) string { return c.Name })
}

func (a *account) policiesByName() []*policy {
	return byName(&a.orders.policies, a.policies, func(p *policy) string { return p.name })
}

func (a *account) servicesByName() []*service {
	return byName(&a.orders.services, a.services, func(v *service) string { return v.Name })
}

func (a *account) licensesByName() []*license {
	return byName(&ordering{}, a.licenses, func(l *license) string { return l.name })
}

// byName lists the things of m by name, then id: the order of PagerDuty's
// lists. The list is the caller's to change.
func byName[V any](o *ordering, m map[string]V, name func(V) string) []V {
	if list, ok := ordered(o, m, name); ok {
		return list
	}
	type entry struct{ folded, id string }
	entries := make([]entry, 0, len(m))
	for id, v := range m {
		entries = append(entries, entry{strings.ToLower(name(v)), id})
	}
	slices.SortFunc(entries, func(x, y entry) int {
		return cmp.Or(strings.Compare(x.folded, y.folded), strings.Compare(x.id, y.id))
	})
	o.ids, o.names = make([]string, len(m)), make([]string, len(m))
	list := make([]V, len(m))
	for i, e := range entries {
		list[i] = m[e.id]
		o.ids[i], o.names[i] = e.id, name(list[i])
	}
	return list
}

// ordered lists the things of m as they were ordered last, if that is their
// order still: the same things under the same names.
func ordered[V any](o *ordering, m map[string]V, name func(V) string) ([]V, bool) {
	if len(o.ids) != len(m) {
		return nil, false
	}
	list := make([]V, len(m))
	for i, id := range o.ids {
		v, there := m[id]
		if !there || name(v) != o.names[i] {
			return nil, false
		}
		list[i] = v
	}
	return list, true
}
