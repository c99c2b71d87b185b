package inventory_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
)

func TestAnEditLeavesTheSnapshotAsItIs(t *testing.T) {
	s := full()
	e := inventory.NewEdit(s)
	e.SetBaseRole("PANN", "admin")
	e.SetTeamRole("PTEAM", "PANN", "responder")
	e.SetTeamRole("PTEAM", "PBOB", "observer") // on no list of users
	e.SetBaseRole("PNOBODY", "admin")
	e.SetTeamRole("PNONE", "PANN", "manager")
	if diff := cmp.Diff(full(), s); diff != "" {
		t.Errorf("the snapshot changed (-before +after):\n%s", diff)
	}

	want := full()
	ann := want.Users["PANN"]
	ann.BaseRole, ann.Teams["PTEAM"] = "admin", "responder"
	want.Users["PANN"] = ann
	want.Teams["PTEAM"].Members["PANN"], want.Teams["PTEAM"].Members["PBOB"] = "responder", "observer"
	if diff := cmp.Diff(want, e.Snapshot()); diff != "" {
		t.Errorf("the account after the changes (-want +got):\n%s", diff)
	}
}

func TestARoleOfNoneIsNoMembership(t *testing.T) {
	e := inventory.NewEdit(full())
	team := inventory.ByID(inventory.KindTeam, "PTEAM")
	if got := e.Snapshot().RoleOf("PANN", team); got != "manager" {
		t.Fatalf("the role before is %s", got)
	}
	e.SetTeamRole("PTEAM", "PANN", inventory.None)
	_, member := e.Snapshot().Teams["PTEAM"].Members["PANN"]
	_, team2 := e.Snapshot().Users["PANN"].Teams["PTEAM"]
	if got := e.Snapshot().RoleOf("PANN", team); got != inventory.None || member || team2 {
		t.Errorf("the role after is %s, on the team's list %v, on the person's %v", got, member, team2)
	}
	if got := e.Snapshot().RoleOf("PANN", inventory.AccountRef); got != "user" {
		t.Errorf("the base role is %s", got)
	}
}

func TestTheNearestNameIsTheOneMeant(t *testing.T) {
	names := []string{"Payments", "Platform", "payments-eu"}
	for _, c := range []struct{ wrote, meant string }{
		{"payments", "Payments"}, {"Paymens", "Payments"}, {"Platfrom", "Platform"}, {"Payments-EU", "payments-eu"}, {"Search", ""}, {"", ""},
	} {
		if got, ok := inventory.Nearest(c.wrote, names); got != c.meant || ok != (c.meant != "") {
			t.Errorf("for %q: got %q %v, want %q", c.wrote, got, ok, c.meant)
		}
	}
}

func TestS17_WhoComesOntoAScheduleComesOntoItsTeams(t *testing.T) {
	before := full()
	s := before.Schedules["PLAY"]
	if s.ID == "" {
		t.Fatal("no schedule to edit")
	}
	s.Teams, s.Rotations, s.CustomShifts, s.Overrides = []string{"PTEAM"}, nil, nil, nil
	s.Layers = []inventory.Layer{{ID: "PL1", Users: []string{"PANN", "PDAN"}}} // who was on it before comes onto no team
	before.Users["PDAN"] = inventory.User{ID: "PDAN", BaseRole: "user", Teams: map[string]string{}}
	before.Schedules["PLAY"] = s
	ended := before.Now.Add(-time.Hour)
	s.Layers = []inventory.Layer{{ID: "PL1", Users: []string{"PANN", "PBOB", "PDAN"}}, {ID: "PL2", Users: []string{"PCAT"}, End: &ended}}
	cy := inventory.User{ID: "PCY", BaseRole: "limited_user", Teams: map[string]string{}}
	bob := inventory.User{ID: "PBOB", BaseRole: "user", Teams: map[string]string{}}
	before.Users["PCY"], before.Users["PBOB"], before.Users["PCAT"] = cy, bob, inventory.User{ID: "PCAT", BaseRole: "user"}
	s.Overrides = []inventory.Override{{ID: "O1", User: &cy.ID, Start: before.Now, End: before.Now.Add(time.Hour)}}

	e := inventory.NewEdit(before)
	e.SetSchedule(s)
	after := e.Snapshot()
	want := map[string]string{"PANN": "manager", "PBOB": "manager", "PCY": "responder"}
	if diff := cmp.Diff(want, after.Teams["PTEAM"].Members); diff != "" {
		t.Errorf("members after the change (-want +got):\n%s", diff)
	}
	if after.Users["PBOB"].Teams["PTEAM"] != "manager" {
		t.Error("the person does not know of it")
	}
	if cmp.Equal(before.Schedules["PLAY"], s) || before.Teams["PTEAM"].Members["PBOB"] != "" {
		t.Error("the snapshot changed")
	}
}
