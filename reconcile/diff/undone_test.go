package diff_test

import (
	"testing"

	"github.com/dutyward/dutyward/inventory"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
)

// A change of a base role that is not made leaves that role as it is, and with it what
// follows from it: ann stays a user, whose role on Payments is managed; bob, whose seat
// there is none for, becomes no admin.
func TestS16_ABaseRoleThatIsNotChangedCountsAsItIs(t *testing.T) {
	for name, c := range map[string]struct {
		account func(*inventory.Snapshot)
		grants  []string
		limit   string
		want    []string
	}{
		"a limit that is blocked, on somebody whom no rule puts on the team": {
			grants: []string{"user:bob@acme.com team:Payments responder"}, limit: "user:ann@acme.com account read_only_user",
			want: []string{
				"lower team:Payments ann manager>none policy",
				"blocked: lower account ann user>read_only_user policy: ann@acme.com is on schedule Primary, and stakeholders can't be on call",
				"extra team:Search cy responder: no policy names this team",
			},
		},
		"a limit that is blocked, on somebody who is to have another role there": {
			grants: []string{"user:ann@acme.com team:Payments responder", "user:bob@acme.com team:Payments responder"}, limit: "user:ann@acme.com account read_only_user",
			want: []string{
				"lower team:Payments ann manager>responder policy",
				"blocked: lower account ann user>read_only_user policy: ann@acme.com is on schedule Primary, and stakeholders can't be on call",
				"extra team:Search cy responder: no policy names this team",
			},
		},
		"a raise to admin for which there is no seat": {
			account: func(s *inventory.Snapshot) {
				s.Licenses = map[string]inventory.License{"FULL": {ID: "FULL", Name: "Full", ValidRoles: []string{"owner", "user"}}, "ADM": {ID: "ADM", Name: "Admins", ValidRoles: []string{"admin"}, Available: Ptr(0)}}
			},
			grants: []string{"user:bob@acme.com account admin", "user:bob@acme.com team:Payments manager", "user:ann@acme.com team:Payments manager"},
			want: []string{
				"raise team:Payments bob responder>manager policy",
				"blocked: raise account bob user>admin policy: no seat is free on license Admins, which admin needs",
				"extra team:Search cy responder: no policy names this team",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := Account()
			if c.account != nil {
				c.account(s)
			}
			st := Grants(c.grants...)
			if c.limit != "" {
				st = underLimits(st, c.limit)
			}
			p := MustMake(t, Input(s, st)).Plan
			WantLines(t, p, c.want...)
		})
	}
}

// Of a full team sixty leave, which is held for how many they are: nobody's place is free
// until they have left.
func TestS16_AHeldLeaveMakesNoPlaceOnAFullTeam(t *testing.T) {
	s, st := full(500, 60)
	p := MustMake(t, Input(s, st)).Plan
	if len(p.Held) != 60 || len(p.Changes) > 0 || len(p.Blocked) != 2 {
		t.Errorf("%d held, %d changes, %d blocked: want 60, 0 and both who would join", len(p.Held), len(p.Changes), len(p.Blocked))
	}
}
