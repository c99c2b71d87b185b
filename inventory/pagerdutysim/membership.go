package pagerdutysim

import (
	"fmt"

	"github.com/dutyward/dutyward/inventory"
)

// Limits of teams. Source: PagerDuty support documentation, "Teams".
const (
	maxTeamUsers    = 500
	maxTeamPolicies = 100
	maxUserTeams    = 400
)

// implicitMembership makes members of the given teams of the given users, as
// PagerDuty does when people come onto a schedule or policy of a team, or a
// team onto theirs. It is never undone. Who is a member keeps their role.
// Source: PagerDuty support documentation, "Teams".
func (a *account) implicitMembership(teams, users []string) {
	for _, teamID := range teams {
		t := a.teams[teamID]
		if t == nil {
			continue
		}
		for _, id := range users {
			u := a.users[id]
			if u == nil || !u.deleted.IsZero() || has(t.members, id) {
				continue
			}
			t.members[id] = inventory.ImpliedTeamRole(u.role)
		}
	}
}

// membershipLimit says what keeps these users from joining these teams, or "".
func (a *account) membershipLimit(teams, users []string) string {
	for _, teamID := range teams {
		t := a.teams[teamID]
		if t == nil {
			continue
		}
		joining := 0
		for _, id := range users {
			if has(t.members, id) {
				continue
			}
			joining++
			if n := len(a.teamsOf(id)); n >= maxUserTeams {
				return fmt.Sprintf("User may not belong to more than %d teams", maxUserTeams)
			}
		}
		if len(t.members)+joining > maxTeamUsers {
			return fmt.Sprintf("Team may not have more than %d users", maxTeamUsers)
		}
	}
	return ""
}
