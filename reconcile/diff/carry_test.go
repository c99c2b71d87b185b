package diff_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Ann is on call until four hours after noon, and admin as long as she is.
func onCallAdmin(t *testing.T) diff.Input {
	t.Helper()
	return settled(t, 1, everybody("oncall:Primary account admin"))
}

// interlude is a round an hour later that sees another snapshot and after which
// the account is as it was.
func interlude(t *testing.T, in diff.Input, edit func(*inventory.Snapshot)) diff.Input {
	t.Helper()
	whole, seen := in.Snapshot, *in.Snapshot
	seen.Users, seen.Schedules = maps.Clone(seen.Users), maps.Clone(seen.Schedules)
	edit(&seen)
	in.Snapshot = &seen
	after := Next(MustMake(t, in), in, 3.5)
	now := after.Snapshot.Now
	moved := *whole
	moved.Now, moved.Account.TakenAt = now, now
	after.Snapshot = &moved
	after.Memory.Pinned = in.Memory.Pinned
	return after
}

func unreadUsers(s *inventory.Snapshot) {
	s.Users = map[string]inventory.User{}
	s.Account.Complete, s.Account.Missing = false, []inventory.Missing{{What: "users", Reason: "no"}}
}

func renamedSchedule(s *inventory.Snapshot) {
	v := s.Schedules["PRI"]
	v.Name = "Secondary"
	s.Schedules["PRI"] = v
}

func TestS4_WhatWasRaisedGoesBackAlsoAfterARoundThatCouldNotTell(t *testing.T) {
	for name, edit := range map[string]func(*inventory.Snapshot){
		"since nobody could be read (S6)":               unreadUsers,
		"since its schedule had another name for a day": renamedSchedule,
	} {
		t.Run(name, func(t *testing.T) {
			in := interlude(t, onCallAdmin(t), edit)
			wantChanges(t, MustMake(t, in).Plan,
				"raise account bob user>admin handoff",
				"lower account ann admin>user handoff",
			)
		})
	}
}

func TestS4_WhatWasRaisedGoesBackOnceAProtectionEnds(t *testing.T) {
	in := onCallAdmin(t)
	free := in.Statements
	protected := *free
	protected.Protects = []policies.Protect{{Principal: Ref("user:ann@acme.com"), Reason: "r", Origins: Origin(51)}}
	in.Statements = &protected
	in = Next(MustMake(t, in), in, 4)
	in = Next(MustMake(t, in), in, 1)
	in.Statements = free
	wantChanges(t, MustMake(t, in).Plan, "lower account ann admin>user handoff")
}

func TestS6_WhatAnIncompleteRoundCouldNotReadIsRemembered(t *testing.T) {
	in := onCallAdmin(t)
	before := *in.Memory.Last
	in = interlude(t, in, func(s *inventory.Snapshot) {
		unreadUsers(s)
		s.Schedules = map[string]inventory.Schedule{}
	})
	after := in.Memory.Last
	if !slices.Contains(after.Schedules, "PRI") {
		t.Errorf("schedules %v, want also those of the last complete snapshot", after.Schedules)
	}
	for _, p := range after.Pairs {
		if p.Resource == inventory.AccountRef && p.User == "ann" && p.Actual != "admin" {
			t.Errorf("ann is remembered as %s, which nobody read", p.Actual)
		}
	}
	if len(after.Pairs) < len(before.Pairs) {
		t.Errorf("%d pairs are remembered, want the %d of before", len(after.Pairs), len(before.Pairs))
	}
}

func TestS26_WhatIsHeldStaysHeldAfterAnIncompleteRound(t *testing.T) {
	s := crowd(Account(), 20)
	in := Input(s, Grants("user:cy@acme.com team:Search responder", "user:ann@acme.com team:Payments manager"))
	r := MustMake(t, in)
	in = Next(r, in, 1)
	held := in.Memory.Last.Held
	if len(held) == 0 {
		t.Fatal("nothing is held")
	}
	in = interlude(t, in, func(s *inventory.Snapshot) {
		s.Account.Complete, s.Account.Missing = false, []inventory.Missing{{What: "services", Reason: "no"}}
	})
	for _, key := range held {
		if !slices.Contains(in.Memory.Last.Held, key) {
			t.Errorf("%s is held no more", key)
		}
	}
}

// A round that was killed left a raise behind, and the next one comes when what
// it was for is over.
func TestS14_WhatAKilledRoundRaisedEndsWhenItWasToEnd(t *testing.T) {
	in := settled(t, 5, everybody("oncall:Primary account admin"))
	in.Memory.Last.Pairs = slices.DeleteFunc(in.Memory.Last.Pairs, func(p plan.RoundPair) bool { return p.User == "ann" && p.Resource.ID != "PAY" })
	wantCause := func(want ...string) {
		t.Helper()
		var got []string
		for _, c := range MustMake(t, in).Plan.Changes {
			if c.User == "ann" {
				got = append(got, string(c.Effect)+" "+c.Before+">"+c.After+" "+string(c.Cause))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	wantCause()
	pair := desired.Pair{User: "ann", Resource: inventory.AccountRef}
	in.Memory.Ends = map[desired.Pair]plan.Ending{pair: {Role: "admin", Until: At(4), Cause: plan.CauseHandoff}}
	wantCause("lower admin>user handoff")
	in.Memory.Ends[pair] = plan.Ending{Role: "limited_user", Until: At(4), Cause: plan.CauseHandoff}
	wantCause() // somebody changed it since
}

// What somebody did meanwhile is not what the program raised: it is neither
// raised again without a grant, nor taken back.
func TestS4_WhatOthersMadeOfARaisedRoleStays(t *testing.T) {
	for _, held := range []string{"observer", "admin"} {
		t.Run(held, func(t *testing.T) {
			in := settled(t, 5, everybody("oncall:Primary account admin"))
			pair := desired.Pair{User: "cy", Resource: inventory.AccountRef}
			in.Memory.Raised[pair] = "limited_user"
			in.Memory.Last.Pairs = append(in.Memory.Last.Pairs, plan.RoundPair{Pair: pair, Desired: "none", Actual: "user", Pending: plan.CauseHandoff})
			cy := in.Snapshot.Users["cy"]
			cy.BaseRole = held
			in.Snapshot.Users["cy"] = cy
			for _, c := range MustMake(t, in).Plan.Changes {
				if c.User == "cy" {
					t.Errorf("%s from %s to %s, want it left as it is", c.Effect, c.Before, c.After)
				}
			}
		})
	}
}

func TestS17_AnImpliedMemberWhomOthersLoweredIsNotRaised(t *testing.T) {
	in := settled(t, 1, everybody())
	v := in.Snapshot.Schedules["PRI"]
	v.Teams = []string{"SEA"}
	in.Snapshot.Schedules["PRI"] = v
	Put(in.Snapshot, "SEA", "bob", "observer")
	in.Memory.Raised = map[desired.Pair]string{{User: "bob", Resource: inventory.ByID(inventory.KindTeam, "SEA")}: "responder"}
	wantChanges(t, MustMake(t, in).Plan)
}

func TestS6_APersonWhoCouldNotBeReadIsNotRaised(t *testing.T) {
	s := Account()
	st := everybody("oncall:Primary team:Payments manager", "user:bob@acme.com team:Payments manager")
	st.Protects = []policies.Protect{{Principal: Ref("user:ann@acme.com"), Reason: "r", Origins: Origin(51)}}
	Put(s, "PAY", "ann", "observer")
	unreadUsers(s)
	wantChanges(t, MustMake(t, Input(s, st)).Plan)
}
