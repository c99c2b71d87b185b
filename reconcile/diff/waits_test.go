package diff_test

import (
	"slices"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// What needs a change that is not made says which, and what became of it.
func TestS16_WhatIsBlockedSaysWhatBecameOfWhatItNeeds(t *testing.T) {
	st := func() *policies.Statements {
		return everybody("oncall:Primary team:Search manager", "user:ed@acme.com team:Search manager until 4", "user:di@acme.com team:Payments responder")
	}
	bob := desired.Pair{User: "bob", Resource: inventory.ByID(inventory.KindTeam, "SEA")}
	fought := func(in *diff.Input, pair desired.Pair, role string) {
		in.Memory.Last.Fights = append(in.Memory.Last.Fights, plan.Fight{Pair: pair, Role: role, Since: At(4), Seen: At(4.5)})
	}
	in := settled(t, 5, st())
	fought(&in, bob, "manager")
	fought(&in, desired.Pair{User: "ed", Resource: bob.Resource}, "none") // which is held first, and nothing to do with it
	p := MustMake(t, in).Plan
	wantDue(t, p,
		"blocked: lower team:Search ann manager>none handoff: it needs bob@acme.com from none to manager on team:Search, which is held",
		"held S27: raise team:Search bob none>manager handoff", "held S27: lower team:Search ed manager>none expiry")
}

// A base role that PagerDuty would refuse blocks what needs it, and says so.
func TestS16_WhatNeedsABlockedRoleIsBlockedWithIt(t *testing.T) {
	in := Input(licensed(0), Grants("user:di@acme.com account limited_user", "user:di@acme.com team:Search responder", "user:cy@acme.com account limited_user", "user:ann@acme.com account user"))
	in.Memory.Last = &plan.Round{At: At(-1), Revision: "r0", Fights: []plan.Fight{{Pair: desired.Pair{User: "ann", Resource: inventory.AccountRef}, Role: "user", Since: At(-2), Seen: At(-1)}}}
	ann := in.Snapshot.Users["ann"]
	ann.BaseRole = "limited_user"
	in.Snapshot.Users["ann"] = ann
	in.Statements.Empties = []policies.Empty{{Resource: Ref("team:Search"), Origins: Origin(60)}}
	p := MustMake(t, in).Plan
	wantDue(t, p, "lower team:Search cy responder>none policy",
		"blocked: raise account di read_only_user>limited_user policy: no seat is free on license Business, which limited_user needs",
		"blocked: raise team:Search di none>responder policy: it needs di@acme.com from read_only_user to limited_user on account, which is blocked",
		"held S27: raise account ann limited_user>user policy")
}

// All who are on a team permanently are gone, by what PagerDuty says of another team.
func TestS3_LosingAllWhoAreOnATeamForGoodThroughFactsIsHeldToo(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*diff.Input)
		want string
	}{
		"by facts": {func(*diff.Input) {}, "held S3: lower team:Search cy responder>none facts"},
		"by an end": {func(in *diff.Input) {
			i := slices.IndexFunc(in.Memory.Last.Pairs, func(p plan.RoundPair) bool { return p.User == "cy" && p.Resource.ID == "SEA" })
			in.Memory.Last.Pairs[i].Window = desired.Window{Until: At(0.5), UntilKind: desired.BoundDate}
		}, "lower team:Search cy responder>none expiry"},
	} {
		t.Run(name, func(t *testing.T) {
			s := Account()
			s.Teams["THI"] = inventory.Team{ID: "THI", Name: "Third", Members: map[string]string{}}
			Put(s, "THI", "cy", "observer")
			in := Input(s, Grants("oncall:Primary team:Search manager", "team:Third team:Search responder"))
			in = Next(MustMake(t, in), in, 1)
			e := inventory.NewEdit(in.Snapshot)
			e.SetTeamRole("THI", "cy", inventory.None)
			in.Snapshot = e.Snapshot()
			c.edit(&in)
			if got := Lines(MustMake(t, in).Plan); !slices.Contains(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// Whom PagerDuty keeps on a team that policies name is lowered to a limit that leaves
// them a role, goes back to the role from before a raise, or stays as they are.
func TestS17_WhomPagerDutyKeepsOnANamedTeam(t *testing.T) {
	di := desired.Pair{User: "di", Resource: inventory.ByID(inventory.KindTeam, "SEA")}
	for name, c := range map[string]struct {
		limits []string
		raised string
		want   string
	}{
		"no limit":                       {nil, "", "implied team:Search di manager: on escalation policy Esc of this team"},
		"a limit that leaves a role":     {[]string{"di team:* observer"}, "", "lower team:Search di manager>observer policy"},
		"a limit that leaves as much":    {[]string{"di team:* manager"}, "", "implied team:Search di manager: on escalation policy Esc of this team"},
		"a limit that leaves none":       {[]string{"di team:* none"}, "", "implied team:Search di manager: on escalation policy Esc of this team"},
		"raised before":                  {nil, "responder", "lower team:Search di manager>responder policy"},
		"raised from as much":            {nil, "manager", "implied team:Search di manager: on escalation policy Esc of this team"},
		"raised from none":               {nil, "none", "implied team:Search di manager: on escalation policy Esc of this team"},
		"raised before, and under limit": {[]string{"di team:* observer"}, "responder", "lower team:Search di manager>observer policy"},
	} {
		t.Run(name, func(t *testing.T) {
			s := Account()
			Put(s, "SEA", "di", "manager")
			s.EscalationPolicies = map[string]inventory.EscalationPolicy{"E": {ID: "E", Name: "Esc", Teams: []string{"SEA"}, Rules: []inventory.EscalationRule{{Targets: []inventory.Target{{Type: "user", ID: "di"}}}}}}
			in := Input(s, underLimits(everybody(), c.limits...))
			if c.raised != "" {
				in.Memory.Raised = map[desired.Pair]string{di: c.raised}
			}
			p := MustMake(t, in).Plan
			wantDue(t, p, c.want)
			if c.raised == "responder" && c.limits == nil && p.Changes[0].Reason != "stays a member, since on escalation policy Esc of this team; back to the role from before this program raised it" {
				t.Errorf("reason %q", p.Changes[0].Reason)
			}
		})
	}
}

// A plan made with the cache of another, of another snapshot, moment or memory of names, is
// as if it had none.
func TestACacheServesOneSnapshotMomentAndMemoryOfNames(t *testing.T) {
	st := everybody("oncall:Primary team:Search manager")
	first := Input(Account(), st)
	moment := later(first, 5*60*60*1e9)
	moment.Snapshot = first.Snapshot
	snapshot := Input(teamed("PRI", func(*inventory.Schedule) {}), Grants("user:cy@acme.com team:Search responder"))
	names := first
	names.Memory.Pinned = map[string]string{"team:search": "GONE", "team:Search": "GONE"}
	for name, in := range map[string]diff.Input{"the same": first, "a moment": moment, "a snapshot": snapshot, "names": names} {
		t.Run(name, func(t *testing.T) {
			want := Lines(MustMake(t, in).Plan)
			cache := &diff.Cache{}
			kept := first
			kept.Cache = cache
			MustMake(t, kept)
			in.Cache = cache
			for range 2 {
				if got := Lines(MustMake(t, in).Plan); !slices.Equal(got, want) {
					t.Errorf("%q, want %q", got, want)
				}
			}
		})
	}
}
