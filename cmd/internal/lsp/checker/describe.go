package checker

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile"
)

// mostNames bounds how many people or elements are named; the rest is counted.
const mostNames = 10

// thingsOf are the things of an account in the order of kind and name.
func thingsOf(s *inventory.Snapshot) []Thing {
	out := []Thing{}
	for _, u := range s.Users {
		out = append(out, Thing{Kind: "user", Name: u.Email, ID: u.ID, Detail: u.Name, Text: userText(s, u)})
	}
	for _, t := range s.Teams {
		out = append(out, Thing{Kind: "team", Name: t.Name, ID: t.ID, Detail: counted(len(t.Members), "member"), Text: teamText(s, t)})
	}
	for _, d := range s.Schedules {
		out = append(out, Thing{Kind: "schedule", Name: d.Name, ID: d.ID, Detail: onCallNow(s, d), Text: scheduleText(s, d)})
	}
	for _, p := range s.EscalationPolicies {
		out = append(out, Thing{Kind: "escalation", Name: p.Name, ID: p.ID, Detail: counted(len(p.Rules), "level"), Text: escalationText(s, p)})
	}
	for _, v := range s.Services {
		out = append(out, Thing{Kind: "service", Name: v.Name, ID: v.ID, Detail: v.Status, Text: []string{v.Description}})
	}
	slices.SortFunc(out, func(a, b Thing) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func userText(s *inventory.Snapshot, u inventory.User) []string {
	text := []string{u.Name + ", " + inventory.BaseRoleLabel(u.BaseRole) + " (" + u.BaseRole + ")"}
	if u.JobTitle != "" {
		text[0] += ", " + u.JobTitle
	}
	var teams []string
	for id, role := range u.Teams {
		teams = append(teams, cmp.Or(s.Teams[id].Name, id)+" ("+role+")")
	}
	return append(text, "Teams: "+list(teams))
}

func teamText(s *inventory.Snapshot, t inventory.Team) []string {
	var members []string
	for id, role := range t.Members {
		members = append(members, personOf(s, id)+" ("+role+")")
	}
	return append(described(t.Description), "Members: "+list(members))
}

func scheduleText(s *inventory.Snapshot, d inventory.Schedule) []string {
	var people []string
	for _, id := range d.Users {
		people = append(people, personOf(s, id))
	}
	return append(described(d.Description), "Time zone: "+d.TimeZone, "On call: "+onCallNow(s, d), "Takes turns: "+list(people))
}

func escalationText(s *inventory.Snapshot, p inventory.EscalationPolicy) []string {
	text := described(p.Description)
	for i, rule := range p.Rules {
		var targets []string
		for _, t := range rule.Targets {
			name := personOf(s, t.ID)
			if d, ok := s.Schedules[t.ID]; ok {
				name = "schedule " + d.Name
			}
			targets = append(targets, name)
		}
		text = append(text, fmt.Sprintf("Level %d: %s", i+1, list(targets)))
	}
	return text
}

func described(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// onCallNow says who is on call on a schedule at the snapshot's moment.
func onCallNow(s *inventory.Snapshot, d inventory.Schedule) string {
	var people []string
	for _, shift := range oncall.At(d.Shifts, s.Now) {
		people = append(people, personOf(s, shift.User))
	}
	if len(people) == 0 {
		return "nobody"
	}
	return list(people)
}

func personOf(s *inventory.Snapshot, id string) string {
	return cmp.Or(s.Users[id].Email, id)
}

// groupsOf are the groups of a round with their members.
func groupsOf(r *reconcile.Result) []Group {
	out := []Group{}
	for _, name := range slices.Sorted(maps.Keys(r.Access.Groups)) {
		g := r.Access.Groups[name]
		group := Group{Name: name, Description: g.Description, Owner: g.Owner, Unknown: g.Unknown}
		for id := range g.Members {
			group.Members = append(group.Members, personOf(r.Snapshot, id))
		}
		slices.Sort(group.Members)
		for _, o := range g.Origins {
			group.Declared = append(group.Declared, Place{absolute(o.File), o.Line})
		}
		out = append(out, group)
	}
	return out
}

// rulesOf are the contract rules of a round with how many elements each gives, and
// the first of them.
func rulesOf(r *reconcile.Result) []Rule {
	out := []Rule{}
	for _, st := range []*policies.Statements{r.Statements, r.Risk} {
		first := map[policies.Origin][]string{}
		for text, origins := range st.Sentences() {
			for _, o := range origins {
				o.Source = ""
				if len(first[o]) < mostNames {
					first[o] = append(first[o], text)
				}
			}
		}
		for _, n := range st.Counts {
			o := n.Origin
			o.Source = ""
			out = append(out, Rule{Place: Place{absolute(o.File), o.Line}, Name: n.Rule, Elements: n.Elements, First: first[o]})
		}
	}
	return out
}

// list names the first of several in their order, and counts the others.
func list(names []string) string {
	slices.Sort(names)
	switch n := len(names); {
	case n == 0:
		return "none"
	case n > mostNames:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:mostNames], ", "), n-mostNames)
	}
	return strings.Join(names, ", ")
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
