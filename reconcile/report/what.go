package report

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
)

// Holdings are all that one person has and is to have. Their JSON form is what
// `what` prints for programs; every key is present.
type Holdings struct {
	// User is a PagerDuty id, Email the address.
	User  string    `json:"user"`
	Email string    `json:"email"`
	At    time.Time `json:"at"`
	// Access is the person's standing to the account, to each team that they are
	// on or are to be on, and to whatever else policies or the plan name.
	Access []Standing `json:"access"`
	// Groups are the groups that the person is in, by name.
	Groups []InGroup `json:"groups"`
	// keptOut are the groups that a limit keeps them out of, and why.
	keptOut []string
}

// InGroup says how a person comes to be in a group.
type InGroup struct {
	Name  string     `json:"name"`
	From  *time.Time `json:"from"`
	Until *time.Time `json:"until"`
	// Chains are the ways in which they are, as desired.Membership has them.
	Chains [][]string `json:"chains"`
	window desired.Window
}

func inGroup(name string, m desired.Membership) InGroup {
	from, until := bounds(m.Window)
	return InGroup{Name: name, From: from, Until: until, Chains: m.Chains, window: m.Window}
}

// About is all that a person, by id, has and is to have.
func (s *Standings) About(user string) Holdings {
	pairs := map[desired.Pair]bool{{User: user, Resource: inventory.AccountRef}: true}
	for id, team := range s.snapshot.Teams {
		if _, ok := team.Members[user]; ok {
			pairs[desired.Pair{User: user, Resource: inventory.ByID(inventory.KindTeam, id)}] = true
		}
	}
	for pair := range s.access.Grants.All() {
		if pair.User == user {
			pairs[pair] = true
		}
	}
	for _, o := range s.access.Overrides {
		if o.User == user {
			pairs[o.Pair()] = true
		}
	}
	for pair := range s.noted {
		if pair.User == user {
			pairs[pair] = true
		}
	}
	h := Holdings{
		User: user, Email: s.index.Name(inventory.KindUser, user), At: s.access.At,
		Access: make([]Standing, 0, len(pairs)), Groups: []InGroup{},
	}
	sorted := slices.SortedFunc(maps.Keys(pairs), func(a, b desired.Pair) int {
		return cmp.Or(
			cmp.Compare(a.Resource.Kind, b.Resource.Kind), // the account, schedules, teams
			cmp.Compare(s.index.Named(a.Resource), s.index.Named(b.Resource)),
			cmp.Compare(a.Resource.ID, b.Resource.ID), cmp.Compare(a.Layer, b.Layer),
		)
	})
	for _, pair := range sorted {
		h.Access = append(h.Access, s.Of(pair))
	}
	for _, name := range slices.Sorted(maps.Keys(s.access.Groups)) {
		if m, ok := s.access.Groups[name].Members[user]; ok {
			h.Groups = append(h.Groups, inGroup(name, m))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.access.Groups)) {
		if why, out := s.access.KeptOut(name)[user]; out {
			h.keptOut = append(h.keptOut, "group:"+name+": "+why)
		}
	}
	return h
}

// WhatText writes all that a person has and is to have, and why.
func WhatText(w io.Writer, h Holdings, s Style) error {
	p := newPage(w, s)
	p.line("%s  %s", p.strong(h.Email), p.mild("at "+clock(h.At)))
	var names, roles, statuses []string
	for _, st := range h.Access {
		names = append(names, st.Name)
		roles = append(roles, rolesOf(st))
		statuses = append(statuses, string(st.Status))
	}
	wide := []int{widest(names, 40), widest(roles, 60), widest(statuses, 20)}
	for _, st := range h.Access {
		p.line("  %s  %s  %s  %s", pad(st.Name, wide[0]), pad(rolesOf(st), wide[1]),
			p.status(st.Status)+strings.Repeat(" ", max(0, wide[2]-len(st.Status))), p.mild(reasonOf(st)))
	}
	if len(h.keptOut) > 0 {
		p.head("Kept out of %s by a limit", count(len(h.keptOut), "group", "groups"))
		for _, why := range h.keptOut {
			p.line("  %s", why)
		}
	}
	if len(h.Groups) == 0 {
		return p.err
	}
	p.head("In %s", count(len(h.Groups), "group", "groups"))
	var groups []string
	for _, g := range h.Groups {
		groups = append(groups, "group:"+g.Name)
	}
	width := widest(groups, 40)
	for i, g := range h.Groups {
		for n, chain := range g.Chains {
			name := groups[i]
			if n > 0 {
				name = ""
			}
			p.line("  %s  %s", pad(name, width), route(chain)+spanOf(g.window))
		}
	}
	return p.err
}
