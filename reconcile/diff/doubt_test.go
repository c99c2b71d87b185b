package diff_test

import (
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Of a copy of the state every raise of a role stands in doubt, on the account and on
// teams; turns have no way back.
func TestS4_OfACopyThatWasPutBackEachRaiseIsDoubted(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*diff.Input)
		want []string
	}{
		"a copy":               {func(in *diff.Input) { in.Memory.Restored = "the state is a copy" }, []string{"account/ann/user/limited_user", "team/SEA/di/responder/none"}},
		"no copy":              {func(*diff.Input) {}, nil},
		"one doubted before":   {func(in *diff.Input) { in.Memory.Last.Unwitnessed = []string{"team/SEA/di/responder/none"} }, []string{"team/SEA/di/responder/none"}},
		"another of it before": {func(in *diff.Input) { in.Memory.Last.Unwitnessed = []string{"team/SEA/di/manager/none"} }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := Turns()
			Put(s, "SEA", "di", "responder")
			in := Input(s, everybody("user:di@acme.com team:Search responder", "user:ann@acme.com account user"))
			in.Memory.Last = &plan.Round{At: At(-1), Revision: "r1"}
			in.Memory.Raised = map[desired.Pair]string{
				{User: "ann", Resource: inventory.AccountRef}:                                        "limited_user",
				{User: "di", Resource: inventory.ByID(inventory.KindTeam, "SEA")}:                    "none",
				{User: "ann", Resource: inventory.ByID(inventory.KindSchedule, "WEE"), Layer: "DAY"}: "none",
				{User: "ann", Resource: inventory.ByID(inventory.KindSchedule, "WEE")}:               "none",
			}
			c.set(&in)
			sameLines(t, "doubted are", roundOf(t, in, 0).Unwitnessed, c.want)
		})
	}
}

// A fault about one person takes back nothing of the others.
func TestAFaultAboutOnePersonLeavesWhatWasDecidedOfOthers(t *testing.T) {
	in := Input(Account(), Grants("user:adm@acme.com account user", "user:bob@acme.com account observer", "user:cy@acme.com account user"))
	times := 0
	diff.Sabotage(&in, func(r inventory.Ref) {
		if r == inventory.AccountRef {
			if times++; times%8 == 3 { // bob
				panic("out of order")
			}
		}
	})
	p := MustMake(t, in).Plan
	wantDue(t, p, "raise account cy limited_user>user policy", "lower account adm admin>user policy")
	if len(p.Unknown) != 1 || p.Unknown[0].User != "bob" || !strings.Contains(p.Unknown[0].Reason, "planning bob@acme.com on account: out of order (doubt_test.go:") {
		t.Errorf("unknown %+v, want bob", p.Unknown)
	}
}

// A grant whose end the snapshot did not reach, and that was on call past it, ended by a
// handoff.
func TestS14_WhoWasOnCallPastTheSnapshotLosesItByAHandoff(t *testing.T) {
	for kind, want := range map[desired.BoundKind]string{desired.BoundSnapshot: "handoff", desired.BoundTakeover: "handoff", desired.BoundShift: "handoff", desired.BoundDate: "expiry", "": "facts"} {
		in := Input(Account(), Grants("user:ann@acme.com team:Payments manager"))
		in.Memory.Last = &plan.Round{At: At(-1), Revision: "r1", Pairs: []plan.RoundPair{
			{Pair: desired.Pair{User: "bob", Resource: inventory.ByID(inventory.KindTeam, "PAY")}, Desired: "responder", Actual: "responder", Window: desired.Window{Until: Noon, UntilKind: kind}},
		}}
		wantDue(t, MustMake(t, in).Plan, "lower team:Payments bob responder>none "+want)
	}
}

// A grant that limits take away whole leaves nobody by its limit only where nothing
// else is about the person there.
func TestS3_WhatWouldEmptyATeamIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		policy *policies.Statements
		want   string
	}{
		"no rule":          {Members(Grants("group:nobody team:Search responder"), "nobody user:gone@acme.com"), "no rule puts anybody on team:Search any more"},
		"a limited grant":  {underLimits(Grants("user:cy@acme.com team:Search responder"), "cy team:* none"), "no rule puts anybody on team:Search any more"},
		"a limit alone":    {underLimits(Grants("user:ann@acme.com account user"), "cy team:* none"), "limits would leave nobody on team:Search"},
		"only for a shift": {Members(Grants("oncall:Primary team:Search responder", "group:nobody team:Search responder"), "nobody user:gone@acme.com"), "no rule puts anybody on team:Search for good any more, only for shifts or a while"},
	} {
		t.Run(name, func(t *testing.T) {
			in := Input(Account(), c.policy)
			in.Memory.Last = &plan.Round{At: At(-1), Revision: "r0", Pairs: []plan.RoundPair{{Pair: desired.Pair{User: "cy", Resource: inventory.ByID(inventory.KindTeam, "SEA")}, Desired: "responder", Actual: "responder"}}}
			p := MustMake(t, in).Plan
			if len(p.Held) != 1 || p.Held[0].User != "cy" || p.Held[0].Why != c.want {
				t.Errorf("held %+v, want cy: %s", p.Held, c.want)
			}
		})
	}
}
