package inventory

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// baseRoles are the roles on the account by their API names, highest first:
// the published rank (S13). "owner" can't be set by the API.
var baseRoles = []string{
	"owner", "admin", "user", "limited_user", "observer",
	"restricted_access", "read_only_user", "read_only_limited_user",
}

// teamRoles are the roles on a team, highest first.
var teamRoles = []string{"manager", "responder", "observer"}

// None is the role of somebody who has none.
const None = "none"

// labels are the names that PagerDuty's own pages show. Source: PagerDuty
// support documentation, "User Roles".
var labels = map[string]string{
	"owner":                  "Account Owner",
	"admin":                  "Global Admin",
	"user":                   "Manager",
	"limited_user":           "Responder",
	"observer":               "Observer",
	"restricted_access":      "Restricted Access",
	"read_only_user":         "Full Stakeholder",
	"read_only_limited_user": "Limited Stakeholder",
}

// BaseRoles returns the base roles that a policy may give, highest first.
func BaseRoles() []string { return slices.Clone(baseRoles[1:]) }

// TeamRoles returns the team roles, highest first.
func TeamRoles() []string { return slices.Clone(teamRoles) }

// BaseRoleLabel is PagerDuty's own label of a base role, e.g. "Manager" for
// "user"; the name itself where there is none.
func BaseRoleLabel(role string) string {
	if l, ok := labels[role]; ok {
		return l
	}
	return role
}

// ImpliedTeamRole is the team role of somebody whom PagerDuty puts on a team by
// itself (S17). Which one it chooses is not documented: the one that allows no
// more than the base role does.
func ImpliedTeamRole(baseRole string) string {
	switch baseRole {
	case "owner", "admin", "user":
		return "manager"
	case "limited_user":
		return "responder"
	}
	return "observer"
}

// FixedBaseRole says that people of this base role have the same role on every
// team, so that their team roles can't be managed. Source: PagerDuty support
// documentation, "Advanced Permissions".
func FixedBaseRole(role string) bool {
	return role == "owner" || role == "admin" || Stakeholder(role)
}

// Stakeholder says that a base role is one of the two stakeholder roles.
func Stakeholder(role string) bool {
	return role == "read_only_user" || role == "read_only_limited_user"
}

// CompareRoles orders two roles on a resource of the given kind: positive if a
// is higher than b. None, and roles unknown there, rank lowest. More turns within a
// cycle are higher; other roles of schedules, and of whatever else is in no ranks,
// are equal among themselves.
func CompareRoles(kind Kind, a, b string) int {
	return roleRank(kind, a) - roleRank(kind, b)
}

// ranks are the roles that are higher than others, by kind of resource, highest first.
var ranks = map[Kind][]string{KindAccount: baseRoles, KindTeam: teamRoles}

// turnsRole is the role of somebody who takes turns on a layer or event.
const turnsRole = "rotation"

// TurnsRole is the role of somebody who takes a number of turns within a cycle:
// "rotation", or "rotation-x2" of two.
func TurnsRole(turns int) string {
	if turns <= 1 {
		return turnsRole
	}
	return fmt.Sprintf("%s-x%d", turnsRole, turns)
}

// TurnsOf is how many turns within a cycle a role stands for; 0 if it is not about
// turns.
func TurnsOf(role string) int {
	if role == turnsRole {
		return 1
	}
	n, err := strconv.Atoi(strings.TrimPrefix(role, turnsRole+"-x"))
	if err != nil || n < 2 || role != TurnsRole(n) {
		return 0
	}
	return n
}

// roleRank is 0 for None and greater for higher roles.
func roleRank(kind Kind, role string) int {
	if role == "" || role == None {
		return 0
	}
	order, ranked := ranks[kind]
	if !ranked {
		return max(1, TurnsOf(role))
	}
	if i := slices.Index(order, role); i >= 0 {
		return len(order) - i
	}
	return 0
}
