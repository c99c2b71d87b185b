package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/report/lines"
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
	names := lines.NewOrder()
	sorted := slices.SortedFunc(maps.Keys(pairs), func(a, b desired.Pair) int {
		return cmp.Or(
			cmp.Compare(a.Resource.Kind, b.Resource.Kind), // the account, schedules, teams
			names.Compare(s.index.Named(a.Resource), s.index.Named(b.Resource)),
			cmp.Compare(a.Resource.ID, b.Resource.ID), cmp.Compare(a.Layer, b.Layer),
		)
	})
	for _, pair := range sorted {
		h.Access = append(h.Access, s.Of(pair))
	}
	for _, name := range slices.SortedFunc(maps.Keys(s.access.Groups), names.Compare) {
		if m, ok := s.access.Groups[name].Members[user]; ok {
			h.Groups = append(h.Groups, inGroup(name, m))
		}
	}
	for _, name := range slices.SortedFunc(maps.Keys(s.access.Groups), names.Compare) {
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

// WhoText writes who holds or is to hold what on a resource.
func WhoText(w io.Writer, name string, at time.Time, standings []Standing, s Style) error {
	p := newPage(w, s)
	p.line("%s  %s", p.strong(name), p.mild(count(peopleIn(standings), "person", "people")+" at "+clock(at)))
	var users, parts, roles, statuses []string
	for _, st := range standings {
		users = append(users, st.Email)
		parts = append(parts, partOf(st, name))
		roles = append(roles, rolesOf(st))
		statuses = append(statuses, string(st.Status))
	}
	wide := []int{widest(users, 40), widest(roles, 60), widest(statuses, 20)}
	width := widest(parts, 40)
	for i, st := range standings {
		part := ""
		if width > 0 {
			part = "  " + pad(parts[i], width)
		}
		p.line("  %s%s  %s  %s  %s", pad(st.Email, wide[0]), part, pad(rolesOf(st), wide[1]),
			p.status(st.Status)+strings.Repeat(" ", max(0, wide[2]-len(st.Status))), p.mild(reasonOf(st)))
	}
	return p.err
}

// partOf is what of a schedule a standing is about; empty elsewhere.
func partOf(st Standing, name string) string {
	return strings.TrimSpace(strings.TrimPrefix(st.Name, name))
}

// rolesOf is what is held, and what it is to become.
func rolesOf(st Standing) string {
	kind := st.Resource.Kind
	switch st.Status {
	case StatusPlanned, StatusUnenforced, StatusBlocked, StatusHeld, StatusProtected:
		if st.Asked != st.Holds {
			return Role(kind, st.Holds) + " → " + Role(kind, st.Asked)
		}
	}
	return Role(kind, st.Holds)
}

// reasonOf is the first rule behind a standing, or why there is none.
func reasonOf(st Standing) string {
	var parts []string
	if st.Why != "" {
		parts = append(parts, st.Why)
	}
	if len(st.By) > 0 {
		rule := Rule(st.By[0])
		if more := len(st.By) - 1; more > 0 {
			rule += " and " + count(more, "other", "others")
		}
		parts = append(parts, rule)
	}
	return strings.Join(parts, " — ")
}

// status colours a status.
func (p *page) status(s Status) string {
	switch s {
	case StatusPlanned:
		return p.raise(string(s))
	case StatusBlocked, StatusHeld, StatusUnknown:
		return p.alarm(string(s))
	}
	return string(s)
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

// spanOf is span for a window, whose end nobody knows where the snapshot ends first.
func spanOf(w desired.Window) string {
	from, until := bounds(w)
	if w.UntilKind != desired.BoundSnapshot {
		return span(w, from, until)
	}
	return cmp.Or(span(w, from, nil), ",") + " past " + clock(w.Until) + ", where the snapshot ends"
}

// bounds are the moments at which a window begins and ends, as far as it does and
// the snapshot holds them.
func bounds(w desired.Window) (from, until *time.Time) {
	if w.FromKind != desired.BoundSnapshot {
		from = moment(w.From)
	}
	if w.UntilKind != desired.BoundSnapshot {
		until = moment(w.Until)
	}
	return from, until
}

// span is ", from … until …" of a window, as far as it is bounded.
func span(w desired.Window, from, until *time.Time) string {
	text := ""
	if from != nil {
		text += " from " + policies.Clock(*from, w.FromZone)
	}
	if until != nil {
		text += " until " + policies.Clock(*until, w.UntilZone)
	}
	if text == "" {
		return ""
	}
	return fmt.Sprintf(",%s", text)
}

// peopleIn counts the people that standings are of.
func peopleIn(standings []Standing) int {
	seen := map[string]bool{}
	for _, st := range standings {
		seen[st.User] = true
	}
	return len(seen)
}
