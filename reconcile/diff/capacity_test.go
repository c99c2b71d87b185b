package diff_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// full is an account in which n people are on Search, and policies that leave all but
// some of them there and put di and ed on it.
func full(n, leave int) (*inventory.Snapshot, *policies.Statements) {
	s := Account()
	lines := []string{"user:di@acme.com team:Search observer", "user:ed@acme.com team:Search observer"}
	for len(s.Teams["SEA"].Members) < n {
		id := fmt.Sprintf("m%03d", len(s.Teams["SEA"].Members))
		s.Users[id] = inventory.User{ID: id, Name: id, Email: id + "@acme.com", BaseRole: "user", Teams: map[string]string{}}
		Put(s, "SEA", id, "observer")
	}
	for id, role := range s.Teams["SEA"].Members {
		if leave > 0 && strings.HasPrefix(id, "m") {
			leave--
			continue
		}
		lines = append(lines, "user:"+id+"@acme.com team:Search "+role)
	}
	return s, Grants(lines...)
}

// joins counts those of di and ed who join, and those who are blocked.
func joins(p *plan.Plan) string {
	return fmt.Sprintf("%d join, %d blocked", p.Summary.Raise, p.Summary.Blocked)
}

func TestS16_ATeamTakesFiveHundredPeopleAndNoMore(t *testing.T) {
	for _, c := range []struct {
		members, leave int
		want           string
	}{
		{498, 0, "2 join, 0 blocked"},
		{499, 0, "1 join, 1 blocked"},
		{500, 0, "0 join, 2 blocked"},
		{500, 1, "1 join, 1 blocked"},
		{500, 2, "2 join, 0 blocked"},
	} {
		s, st := full(c.members, c.leave)
		p := MustMake(t, Input(s, st)).Plan
		if got := joins(p); got != c.want || p.Summary.Lower != c.leave {
			t.Errorf("of %d people %d leave: %s and %d leave, want %s", c.members, c.leave, got, p.Summary.Lower, c.want)
		}
		for _, b := range p.Blocked {
			if b.Why != "the team has 500 members, and PagerDuty allows no more" {
				t.Errorf("%s is blocked: %s", b.User, b.Why)
			}
		}
	}
}

// Who takes the place of somebody who leaves waits for that, and who takes a free one
// does not.
func TestS16_OnlyWhoTakesALeaversPlaceWaitsForIt(t *testing.T) {
	for members, want := range map[int]string{497: "0 0", 498: "0 0", 499: "0 1"} {
		s, st := full(members, 1)
		var waits []string
		for _, c := range MustMake(t, Input(s, st)).Plan.Changes {
			if c.Effect == plan.Raise {
				waits = append(waits, fmt.Sprint(len(c.Requires)))
			}
		}
		slices.Sort(waits)
		if got := strings.Join(waits, " "); got != want {
			t.Errorf("of %d people one leaves: those who join wait for %s changes, want %s", members, got, want)
		}
	}
}

func TestS16_APersonIsOnFourHundredTeamsAndNoMore(t *testing.T) {
	for _, c := range []struct {
		on, leaves int
		want       string
	}{
		{398, 0, "2 join, 0 blocked"},
		{399, 0, "1 join, 1 blocked"},
		{400, 0, "0 join, 2 blocked"},
		{400, 1, "1 join, 1 blocked"},
	} {
		s := Account()
		lines := []string{"user:di@acme.com team:Search observer", "user:cy@acme.com team:Search responder",
			"user:di@acme.com team:Payments observer", "user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder"}
		for i := range c.on {
			id := fmt.Sprintf("T%03d", i)
			s.Teams[id] = inventory.Team{ID: id, Name: id, Members: map[string]string{}}
			Put(s, id, "di", "observer")
			if i < c.leaves {
				Put(s, id, "ed", "observer")
				lines = append(lines, "user:ed@acme.com team:"+id+" observer")
			}
		}
		p := MustMake(t, Input(s, Grants(lines...))).Plan
		if got := joins(p); got != c.want || p.Summary.Lower != c.leaves {
			t.Errorf("on %d teams, of which %d are left: %s and %d left, want %s", c.on, c.leaves, got, p.Summary.Lower, c.want)
		}
		for _, b := range p.Blocked {
			if b.Why != "di@acme.com is on 400 teams, and PagerDuty allows no more" {
				t.Errorf("blocked: %s", b.Why)
			}
		}
	}
}

// licensed is an account with so many seats free on the license that allows more than
// read_only_user. Of it are ann, bob and cy; di, ed and stk are stakeholders.
func licensed(free int) *inventory.Snapshot {
	s := Account()
	NoSeat(s, "stk")
	l := s.Licenses["FULL"]
	l.Available = Ptr(free)
	s.Licenses["FULL"] = l
	for _, id := range []string{"di", "ed"} {
		u := s.Users[id]
		u.License, u.BaseRole = Ptr("VIEW"), "read_only_user"
		s.Users[id] = u
	}
	return s
}

// A raise waits for the lowering whose seat it takes, and for none where one is free.
func TestS16_ARaiseWaitsOnlyForASeatThatItNeeds(t *testing.T) {
	up := func(user string) string { return "user:" + user + "@acme.com account limited_user" }
	down := func(user string) string { return "user:" + user + "@acme.com account read_only_user" }
	for name, c := range map[string]struct {
		free   int
		grants []string
		want   []string
	}{
		"one is free":                     {1, []string{up("di")}, []string{"di"}},
		"none is free":                    {0, []string{up("di")}, []string{"di blocked: no seat is free on license Business, which limited_user needs"}},
		"one is free, and one comes free": {1, []string{up("di"), down("cy")}, []string{"di", "cy"}},
		"and two are needed":              {1, []string{up("di"), up("ed"), down("cy")}, []string{"di", "cy", "ed after cy"}},
		"two come free":                   {0, []string{up("di"), up("ed"), down("cy"), down("adm")}, []string{"adm", "cy", "di after cy", "ed after adm"}},
		"fewer come free than are needed": {0, []string{up("di"), up("ed"), down("cy")},
			[]string{"cy", "di after cy", "ed blocked: no seat is free on license Business, which limited_user needs"}},
		"no license allows it": {1, []string{"user:di@acme.com account observer"}, []string{"di blocked: no license of the account allows observer"}},
		"the own license does": {0, []string{"user:cy@acme.com account user"}, []string{"cy"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := licensed(c.free)
			p := MustMake(t, Input(s, Grants(c.grants...))).Plan
			var got []string
			for _, x := range p.Changes {
				line := x.User
				for _, id := range x.Requires {
					line += " after " + strings.Split(id, "/")[1]
				}
				got = append(got, line)
			}
			for _, b := range p.Blocked {
				got = append(got, b.User+" blocked: "+b.Why)
			}
			sameLines(t, "changed are", got, c.want)
		})
	}
}

func TestS16_SeatsAreOnlyCountedWhereLicensesAreLimited(t *testing.T) {
	s := licensed(0)
	l := s.Licenses["FULL"]
	l.Available = nil
	s.Licenses["FULL"] = l
	p := MustMake(t, Input(s, Grants("user:di@acme.com account limited_user", "user:cy@acme.com account read_only_user"))).Plan
	if len(p.Changes) != 2 || len(p.Changes[0].Requires)+len(p.Changes[1].Requires) > 0 {
		t.Errorf("%q, want both made, waiting for nothing", Lines(p))
	}
}
