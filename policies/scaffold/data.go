package scaffold

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
)

const peopleHead = `# People and their base roles, as they were on %s.
#
# who        an e-mail address; or '#' and the PagerDuty id, where no address names
#            just this person
# base_role  admin, user (PagerDuty's pages call it Manager), limited_user
#            (Responder), observer, restricted_access, read_only_user,
#            read_only_limited_user (stakeholders)
#
# Without base_role nothing is said of a person's base role. Whoever is taken off
# this list keeps the account and the role: absence removes nobody.
`

// people is the data file of people and their base roles.
func (d *Draft) people(s *inventory.Snapshot, n naming) string {
	var b strings.Builder
	fmt.Fprintf(&b, peopleHead, s.Account.TakenAt.Format("2006-01-02"))
	ids := sortedBy(s.Users, func(u inventory.User) string { return strings.ToLower(u.Email) })
	for _, id := range ids {
		u := s.Users[id]
		who := n.person(id)
		name := u.Name
		if strings.HasPrefix(who, "#") && u.Email != "" {
			name = strings.TrimSpace(u.Name + " " + u.Email)
		}
		fmt.Fprintf(&b, "- who: %s%s\n", scalar(who), remark(name))
		switch {
		case u.BaseRole == "owner":
			b.WriteString("  # the account owner, whose role nothing but PagerDuty's pages can change\n")
		case slices.Contains(inventory.BaseRoles(), u.BaseRole):
			fmt.Fprintf(&b, "  base_role: %s\n", u.BaseRole)
		default:
			fmt.Fprintf(&b, "  # base role %s, which policies can't give\n", comment(u.BaseRole))
			d.note("%s has the base role %q, which policies can't give: nothing is said of it", n.index.Name(inventory.KindUser, id), u.BaseRole)
		}
	}
	if len(ids) == 0 {
		b.WriteString("[]\n")
	}
	d.People = len(ids)
	return b.String()
}

const teamsHead = `# Teams and their members by role (manager, responder, observer), as they were on
# %s.
#
# A name that begins with '#' is a PagerDuty id; it stands where a name or address
# does not name just one team or person. Owners, admins and stakeholders are listed
# with the role that PagerDuty shows, but their team roles follow from their base
# roles. PagerDuty puts whoever is on a team's schedules or escalation policies on
# the team on its own: take them off those first.
#
# A team without members here is not named by any policy: it is left alone.
`

// teams is the data file of teams and their members.
func (d *Draft) teams(s *inventory.Snapshot, n naming) string {
	var b strings.Builder
	fmt.Fprintf(&b, teamsHead, s.Account.TakenAt.Format("2006-01-02"))
	for _, id := range sortedBy(s.Teams, func(t inventory.Team) string { return t.Name }) {
		t := s.Teams[id]
		if why := unsayable(s, t); why != "" {
			fmt.Fprintf(&b, "# %s (#%s) is left out: %s\n", comment(t.Name), id, comment(why))
			d.note("team %s (#%s) is left out: %s", t.Name, id, why)
			continue
		}
		d.Teams++
		d.Members += len(t.Members)
		name := n.team(id)
		called := ""
		if name != t.Name {
			called = remark(t.Name)
		}
		fmt.Fprintf(&b, "- name: %s%s\n", scalar(name), called)
		writeMembers(&b, s, n, t)
	}
	if d.Teams == 0 {
		b.WriteString("[]\n")
	}
	return b.String()
}

func writeMembers(b *strings.Builder, s *inventory.Snapshot, n naming, t inventory.Team) {
	if len(t.Members) == 0 {
		b.WriteString("  members: {}\n")
		return
	}
	b.WriteString("  members:\n")
	byRole := map[string][]string{}
	for user, role := range t.Members {
		byRole[role] = append(byRole[role], user)
	}
	for _, role := range inventory.TeamRoles() {
		users := byRole[role]
		if len(users) == 0 {
			continue
		}
		slices.SortFunc(users, func(x, y string) int {
			return cmp.Or(cmp.Compare(n.person(x), n.person(y)), cmp.Compare(x, y))
		})
		fmt.Fprintf(b, "    %s:\n", role)
		for _, user := range users {
			who, name := n.person(user), ""
			if strings.HasPrefix(who, "#") {
				name = s.Users[user].Name
			}
			fmt.Fprintf(b, "      - %s%s\n", scalar(who), remark(name))
		}
	}
}

// unsayable says why no policy can say what a team's members are; empty if one
// can.
func unsayable(s *inventory.Snapshot, t inventory.Team) string {
	for _, user := range slices.Sorted(maps.Keys(t.Members)) {
		if _, known := s.Users[user]; !known {
			return fmt.Sprintf("its member #%s is not among the people that were read", user)
		}
		if role := t.Members[user]; !slices.Contains(inventory.TeamRoles(), role) {
			return fmt.Sprintf("its member %s has the role %q, which policies can't give", s.Users[user].Email, role)
		}
	}
	return ""
}

// sortedBy are the ids of things, sorted by a text of theirs.
func sortedBy[T any](things map[string]T, by func(T) string) []string {
	return slices.SortedFunc(maps.Keys(things), func(x, y string) int {
		return cmp.Or(cmp.Compare(by(things[x]), by(things[y])), cmp.Compare(x, y))
	})
}
