package contract

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// ScheduleRoles are the roles that a grant may give on a schedule.
var ScheduleRoles = []string{"rotation", "override"}

func grantRole(name string, v Value, e Element) *Complaint {
	kind, known := e.Fields["resource"].Kind()
	return checkRole(v, kind, known, resourceKinds, rolesOn)
}

func protectRole(name string, v Value, e Element) *Complaint {
	kind, known := e.Fields["resource"].Kind()
	return checkRole(v, kind, known, resourceKinds, func(k inventory.Kind) []string {
		if k == inventory.KindAccount {
			return append([]string{"owner"}, rolesOn(k)...)
		}
		return rolesOn(k)
	})
}

func limitRole(name string, v Value, e Element) *Complaint {
	kind, known := e.Fields["resource"].Kind()
	return checkRole(v, kind, known, limitKinds, func(k inventory.Kind) []string {
		if k == inventory.KindSchedule || k == inventory.KindGroup {
			return []string{inventory.None}
		}
		return append(rolesOn(k), inventory.None)
	})
}

// roles are those that a grant may give, by the kind of resource.
var roles = map[inventory.Kind]func() []string{
	inventory.KindAccount:  inventory.BaseRoles,
	inventory.KindTeam:     inventory.TeamRoles,
	inventory.KindSchedule: func() []string { return slices.Clone(ScheduleRoles) },
}

// rolesOn are the roles that a grant may give on a kind of resource.
func rolesOn(kind inventory.Kind) []string {
	if of, ok := roles[kind]; ok {
		return of()
	}
	return nil
}

// checkRole checks a role against those of the resource's kind, or against those of all kinds
// that it may be of while the kind is not known.
func checkRole(v Value, kind inventory.Kind, kindKnown bool, kinds []inventory.Kind, rolesOn func(inventory.Kind) []string) *Complaint {
	if !v.Known() {
		return nil
	}
	where, allowed := "", rolesOn(kind)
	switch {
	case !kindKnown:
		for _, k := range kinds {
			allowed = append(allowed, rolesOn(k)...)
		}
	case allowed == nil:
		return nil // the resource itself is what is wrong
	case kind == inventory.KindAccount:
		where = " on the account"
	default:
		where = " on a " + string(kind)
	}
	if slices.Contains(allowed, v.Text) {
		return nil
	}
	c := &Complaint{Code: codeUnknownRole, Term: v.Term, Found: fmt.Sprintf("unknown role %q%s", v.Text, where), Expected: policies.List(Uniq(allowed), "or")}
	if v.Text == "owner" && kind == inventory.KindAccount {
		c.Expected += "; PagerDuty's API can't make anybody owner"
	}
	if role, ok := RoleLabelled(v.Text); ok && kind == inventory.KindAccount {
		c.Suggestion = fmt.Sprintf("%q, which PagerDuty's pages call %s", role, inventory.BaseRoleLabel(role))
	} else if near, ok := policies.Nearest(v.Text[strings.LastIndex(v.Text, ":")+1:], allowed); ok {
		c.Suggestion = strconv.Quote(near)
	}
	return c
}

// RoleLabelled is the base role of that label on PagerDuty's own pages.
func RoleLabelled(label string) (string, bool) {
	for _, role := range inventory.BaseRoles() {
		if l := inventory.BaseRoleLabel(role); l != role && strings.EqualFold(l, label) {
			return role, true
		}
	}
	return "", false
}
