// Package testaccount is a small account, with policies, for tests of plans.
package testaccount

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Noon is when the account is read, a Monday.
var Noon = time.Date(2026, 3, 16, 12, 0, 0, 0, time.UTC)

// At is so many hours after Noon.
func At(hours float64) time.Time { return Noon.Add(time.Duration(hours * float64(time.Hour))) }

// Ptr points to a value.
func Ptr[T any](v T) *T { return &v }

// Account is a small account: an owner, an admin, a stakeholder and five
// people; teams Payments (ann, bob) and Search (cy); schedule Primary, ann from
// 8 to 16 and bob from 16 on, on no team and no escalation policy.
func Account() *inventory.Snapshot {
	s := &inventory.Snapshot{
		Account: inventory.Account{
			Name: "acme", Region: "us", TakenAt: Noon, Complete: true,
			Window:    inventory.Window{Since: At(-180), Until: At(800)},
			Abilities: []string{"teams", "read_only_users"},
		},
		Now: Noon, Users: map[string]inventory.User{}, Teams: map[string]inventory.Team{},
	}
	for id, role := range map[string]string{
		"own": "owner", "adm": "admin", "stk": "read_only_user",
		"ann": "user", "bob": "user", "cy": "limited_user", "di": "limited_user", "ed": "limited_user",
	} {
		s.Users[id] = inventory.User{ID: id, Name: id, Email: id + "@acme.com", BaseRole: role, Teams: map[string]string{}}
	}
	s.Teams["PAY"] = inventory.Team{ID: "PAY", Name: "Payments", Members: map[string]string{}}
	s.Teams["SEA"] = inventory.Team{ID: "SEA", Name: "Search", Members: map[string]string{}}
	Put(s, "PAY", "ann", "manager")
	Put(s, "PAY", "bob", "responder")
	Put(s, "SEA", "cy", "responder")
	s.Schedules = map[string]inventory.Schedule{"PRI": {
		ID: "PRI", Name: "Primary", Kind: inventory.ScheduleOfShifts, TimeZone: "Etc/UTC", Users: []string{"ann", "bob"},
		Shifts: []inventory.Shift{
			{User: "ann", Start: At(-4), End: At(4)},
			{User: "bob", Start: At(4), End: At(28)},
		},
		CustomShifts: []inventory.CustomShift{
			{ID: "C1", User: Ptr("ann"), Start: At(-4), End: At(4)},
			{ID: "C2", User: Ptr("bob"), Start: At(4), End: At(28)},
		},
	}}
	s.Normalize()
	return s
}

// Put puts somebody on a team with a role.
func Put(s *inventory.Snapshot, team, user, role string) {
	s.Teams[team].Members[user] = role
	s.Users[user].Teams[team] = role
}

// Ref is a reference by name.
func Ref(text string) inventory.Ref {
	if text == "" {
		return inventory.Ref{}
	}
	r, err := inventory.ParseRef(text)
	if err != nil {
		panic(err)
	}
	return r
}

// Origin is a line of the only policy file.
func Origin(line int) []policies.Origin {
	return []policies.Origin{{File: "policies/access.rego", Line: line, Package: "access", Root: "policies"}}
}

// Grants reads lines "principal resource role [from HOURS] [until HOURS]", the
// hours counted from noon.
func Grants(lines ...string) *policies.Statements {
	s := &policies.Statements{}
	for i, line := range lines {
		f := strings.Fields(line)
		g := policies.Grant{Principal: Ref(f[0]), Resource: Ref(f[1]), Role: f[2], Origins: Origin(i + 1)}
		for j := 3; j+1 < len(f); j += 2 {
			var hours float64
			fmt.Sscan(f[j+1], &hours)
			switch f[j] {
			case "from":
				g.From = Ptr(At(hours))
			case "until":
				g.Until = Ptr(At(hours))
			}
		}
		s.Grants = append(s.Grants, g)
	}
	return s
}

// member adds "group principal" lines, and declares the groups.
func Members(s *policies.Statements, lines ...string) *policies.Statements {
	for i, line := range lines {
		group, principal, _ := strings.Cut(line, " ")
		if !slices.ContainsFunc(s.Groups, func(g policies.Group) bool { return g.Name == group }) {
			s.Groups = append(s.Groups, policies.Group{Name: group, Origins: Origin(100 + i)})
		}
		s.Members = append(s.Members, policies.Member{Group: group, Principal: Ref(principal), Origins: Origin(200 + i)})
	}
	return s
}

// Sync are settings by which everything is kept as policies say.
var Sync = plan.Settings{Default: plan.Sync}

// Input is what a plan of the account and of statements is made of.
func Input(s *inventory.Snapshot, p *policies.Statements) diff.Input {
	return diff.Input{Snapshot: s, Statements: p, Revision: "r1", Settings: Sync, Now: s.Now}
}

// MustMake makes a plan, or ends the test.
func MustMake(t *testing.T, in diff.Input) *diff.Result {
	t.Helper()
	r, err := diff.Make(in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Lines is a plan in a form that reads well in a test: one line a thing.
func Lines(p *plan.Plan) []string {
	name := func(r inventory.Ref) string {
		if n, ok := p.Names[r.String()]; ok {
			return n
		}
		return r.String()
	}
	change := func(c plan.Change) string {
		return fmt.Sprintf("%s %s %s %s>%s %s", c.Effect, name(c.Resource), c.User, c.Before, c.After, c.Cause)
	}
	var out []string
	for _, c := range p.Changes {
		out = append(out, change(c))
	}
	for _, c := range p.Unenforced {
		out = append(out, "unenforced: "+change(c))
	}
	for _, c := range p.Blocked {
		out = append(out, "blocked: "+change(c.Change)+": "+c.Why)
	}
	for _, c := range p.Held {
		out = append(out, "held "+c.Rule+": "+change(c.Change))
	}
	for _, d := range p.Extra {
		out = append(out, fmt.Sprintf("extra %s %s %s: %s", name(d.Resource), d.User, d.Role, d.Why))
	}
	for _, d := range p.Implied {
		out = append(out, fmt.Sprintf("implied %s %s %s: %s", name(d.Resource), d.User, d.Role, d.Why))
	}
	for _, d := range p.Protected {
		out = append(out, fmt.Sprintf("protected %s %s %s, would be %s: %s", name(d.Resource), d.User, d.Before, d.Would, d.Reason))
	}
	return out
}

// WantLines compares a plan, as lines, with what a test wants.
func WantLines(t *testing.T, p *plan.Plan, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, Lines(p)); diff != "" {
		t.Errorf("the plan differs (-want +got):\n%s", diff)
	}
}

// Next makes the round that follows r, some hours later, all its changes made.
func Next(r *diff.Result, in diff.Input, hours float64) diff.Input {
	done := map[string]bool{}
	for _, c := range r.Plan.Changes {
		done[c.ID] = true
		switch {
		case c.Effect == plan.Raise:
			if in.Memory.Raised == nil {
				in.Memory.Raised = map[desired.Pair]string{}
			}
			in.Memory.Raised[c.Pair()] = c.Before
		}
	}
	after := diff.After(r.Snapshot, r.Plan)
	round := diff.RoundOf(r, in.Statements, after, done)
	moved := *after
	moved.Now = r.Plan.Now.Add(time.Duration(hours * float64(time.Hour)))
	moved.Account.TakenAt = moved.Now
	in.Snapshot, in.Now, in.Memory.Last = &moved, moved.Now, &round
	in.Memory.Pinned = r.Access.Pinned()
	return in
}
