package events

import (
	"maps"
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies/desired"
)

// members are the people who came into groups and left them. A group of which nobody
// knows who is in it keeps those that were reported last (S42).
func (t *Told) members(r Round) []Event {
	if r.Groups == nil {
		return nil
	}
	was, now := t.Groups, map[string][]string{}
	var all []Event
	for _, name := range slices.Sorted(maps.Keys(r.Groups)) {
		g := r.Groups[name]
		if len(g.Unknown) > 0 {
			if before, reported := was[name]; reported {
				now[name] = before
			}
			continue
		}
		now[name] = slices.Sorted(maps.Keys(g.Members))
		if before, reported := was[name]; reported {
			all = append(all, moved(r, g, before, now[name])...)
		} else if was != nil {
			all = append(all, moved(r, g, nil, now[name])...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if _, declared := r.Groups[name]; !declared {
			all = append(all, moved(r, desired.Group{Name: name}, was[name], nil)...)
		}
	}
	t.Groups = now
	return all
}

// moved are those who came into a group and left it.
func moved(r Round, g desired.Group, before, now []string) []Event {
	var all []Event
	about := func(c code.Code, user string) {
		name := r.Snapshot.Users[user].Email
		if name == "" { // gone from the account
			name = "#" + user
		}
		e := Event{
			User:     Named{Ref: inventory.ByID(inventory.KindUser, user), Name: name},
			Resource: Named{Ref: inventory.Ref{Kind: inventory.KindGroup, Name: g.Name}, Name: "group:" + g.Name},
			Until:    g.Members[user].Until,
		}
		if g.Owner != "" {
			e.Details = []Detail{{"owner", g.Owner}}
		}
		all = append(all, event(c, r.At, e))
	}
	for _, user := range before {
		if _, found := slices.BinarySearch(now, user); !found {
			about(MemberRemoved, user)
		}
	}
	for _, user := range now {
		if _, found := slices.BinarySearch(before, user); !found {
			about(MemberAdded, user)
		}
	}
	return all
}

// resources are the teams and schedules that PagerDuty has since the last round, and
// those that it has no more. An incomplete reading says nothing of what is gone.
func (t *Told) resources(r Round) []Event {
	s := r.Snapshot
	if !s.Account.Complete {
		return nil
	}
	was, now := t.Resources, map[string]string{}
	for id, team := range s.Teams {
		now[inventory.ByID(inventory.KindTeam, id).String()] = "team:" + team.Name
	}
	for id, schedule := range s.Schedules {
		now[inventory.ByID(inventory.KindSchedule, id).String()] = "schedule:" + schedule.Name
	}
	t.Resources = now
	if was == nil {
		return nil
	}
	var all []Event
	differing := func(c code.Code, in, notIn map[string]string) {
		for _, text := range slices.Sorted(maps.Keys(in)) {
			if _, both := notIn[text]; both {
				continue
			}
			if ref, err := inventory.ParseRef(text); err == nil {
				all = append(all, event(c, r.At, Event{Resource: Named{Ref: ref, Name: in[text]}}))
			}
		}
	}
	differing(ResourceRemoved, was, now)
	differing(ResourceAdded, now, was)
	return all
}

var pagesOfMemberships = code.Pages{
	{
		Code: MemberAdded, Account: true,
		Title:   "Somebody came into a group",
		Means:   "A person is a member of a group of the policies, and was not in the round before: a shift began, or the policies or the account changed.",
		Why:     "Whatever follows the group elsewhere follows from now on.",
		Do:      "Nothing.",
		Example: "ann@acme.com group:payments-oncall",
	},
	{
		Code: MemberRemoved, Account: true,
		Title:   "Somebody left a group",
		Means:   "A person was a member of a group of the policies in the round before, and is none now.",
		Why:     "Whatever follows the group elsewhere follows from now on.",
		Do:      "Nothing.",
		Example: "ann@acme.com group:payments-oncall",
	},
	{
		Code: ResourceAdded, Account: true,
		Title:   "PagerDuty has a new team or schedule",
		Means:   "A team or schedule is in the account that was not there in the round before.",
		Why:     "Policies may have to name it: what no policy names is left alone.",
		Do:      "See whether a policy should be about it.",
		Example: "team:Payments",
	},
	{
		Code: ResourceRemoved, Account: true,
		Title:   "A team or schedule is gone from PagerDuty",
		Means:   "A team or schedule that was in the account in the round before is not there any more.",
		Why:     "Policies that name it do so in vain.",
		Do:      "Take it out of the policies, unless it was deleted by mistake.",
		Example: "team:Payments",
	},
}
