package inventory_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
)

func TestS13_RolesRankAsPublished(t *testing.T) {
	for kind, highestFirst := range map[inventory.Kind][]string{
		inventory.KindAccount: {
			"owner", "admin", "user", "limited_user", "observer", "restricted_access",
			"read_only_user", "read_only_limited_user", inventory.None,
		},
		inventory.KindTeam: {"manager", "responder", "observer", inventory.None},
	} {
		for i, a := range highestFirst {
			for j, b := range highestFirst {
				// The sign alone is promised.
				if got := inventory.CompareRoles(kind, a, b); (got > 0) != (i < j) || (got < 0) != (i > j) {
					t.Errorf("on %s, %s compared with %s is %d", kind, a, b, got)
				}
			}
		}
	}
}

func TestS13_UnknownRolesRankWithNone(t *testing.T) {
	for _, c := range []struct {
		kind inventory.Kind
		role string
	}{
		{inventory.KindTeam, "admin"}, {inventory.KindAccount, "manager"}, {inventory.KindTeam, ""},
	} {
		if got := inventory.CompareRoles(c.kind, c.role, inventory.None); got != 0 {
			t.Errorf("on %s, %q compared with none is %d", c.kind, c.role, got)
		}
	}
}

// Of access that nobody has ranked at least this is known: to lose it is to be lowered.
func TestS13_WhereNoRanksAreKnownEveryRoleIsAboveNone(t *testing.T) {
	if got := inventory.CompareRoles(inventory.KindService, "manager", inventory.None); got <= 0 {
		t.Errorf("compared with none is %d", got)
	}
}

func TestRolesOnSchedulesAreEqualAndAboveNone(t *testing.T) {
	if got := inventory.CompareRoles(inventory.KindSchedule, "rotation", "override"); got != 0 {
		t.Errorf("rotation compared with override is %d", got)
	}
	if got := inventory.CompareRoles(inventory.KindSchedule, "rotation", inventory.None); got <= 0 {
		t.Errorf("rotation compared with none is %d", got)
	}
}

func TestOwnerIsNoRoleThatAPolicyMayGive(t *testing.T) {
	if slices.Contains(inventory.BaseRoles(), "owner") {
		t.Error("owner is among the roles to give")
	}
}

func TestRolesAreHandedOutAsCopies(t *testing.T) {
	inventory.TeamRoles()[0], inventory.BaseRoles()[0] = "spoilt", "spoilt"
	if got := inventory.TeamRoles()[0] + " " + inventory.BaseRoles()[0]; got != "manager admin" {
		t.Errorf("the highest roles are now %s", got)
	}
}

func TestEveryBaseRoleHasPagerDutysLabelAndFixedOnesAreKnown(t *testing.T) {
	type known struct {
		label              string
		fixed, stakeholder bool
	}
	want := map[string]known{
		"owner":                  {"Account Owner", true, false},
		"admin":                  {"Global Admin", true, false},
		"user":                   {"Manager", false, false},
		"limited_user":           {"Responder", false, false},
		"observer":               {"Observer", false, false},
		"restricted_access":      {"Restricted Access", false, false},
		"read_only_user":         {"Full Stakeholder", true, true},
		"read_only_limited_user": {"Limited Stakeholder", true, true},
		"something_new":          {"something_new", false, false},
	}
	got := map[string]known{}
	for _, role := range append(inventory.BaseRoles(), "owner", "something_new") {
		got[role] = known{inventory.BaseRoleLabel(role), inventory.FixedBaseRole(role), inventory.Stakeholder(role)}
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(known{})); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
}
