package diff_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// haunted is turns with somebody who was deleted in bob's place everywhere.
func haunted() *inventory.Snapshot {
	s := Turns()
	w, f := s.Schedules["WEE"], s.Schedules["FOL"]
	w.Layers[0].Users = []string{"ann", "ghost", "cy"}
	f.Rotations[0].Events[0].Assignment.Members[1] = Ptr("ghost")
	s.Schedules["WEE"], s.Schedules["FOL"] = w, f
	s.EscalationPolicies["ESC"] = inventory.EscalationPolicy{
		ID: "ESC", Name: "Night", Rules: []inventory.EscalationRule{{Targets: []inventory.Target{{Type: "user", ID: "ghost"}, {Type: "schedule", ID: "WEE"}}}},
	}
	Rerender(s, "WEE")
	Rerender(s, "FOL")
	return s
}

func TestS23_WhoJoinsTakesOverTheTurnsOfADeletedPerson(t *testing.T) {
	for _, resource := range []string{"Weekly", "Follow"} {
		t.Run(resource, func(t *testing.T) {
			p := MustMake(t, Input(haunted(), Rotation("ann di cy "+resource))).Plan
			wantTurns(t, p, "raise schedule:"+resource+" di none>rotation policy")
			e := p.Edits[0]
			if got := weeks(e.Before, 6); got != "ann  cy ann  cy" {
				t.Errorf("on call before: %q", got)
			}
			if got := weeks(e.After, 6); got != "ann di cy ann di cy" {
				t.Errorf("on call after: %q", got)
			}
			for _, l := range e.Work.Revised.Schedule.Layers {
				if slices.Contains(l.Users, "ghost") {
					t.Errorf("PagerDuty is told of the deleted person: %+v", l)
				}
			}
			if len(e.Displaced) > 0 {
				t.Errorf("displaced: %+v", e.Displaced)
			}
		})
	}
}

func TestS23_TheTurnUnderWayOfADeletedPersonIsTakenOverAtOnce(t *testing.T) {
	in := Input(haunted(), Rotation("ann di cy Weekly"))
	in.Now = in.Now.AddDate(0, 0, 7)
	in.Snapshot.Now, in.Snapshot.Account.TakenAt = in.Now, in.Now
	p := MustMake(t, in).Plan
	if len(p.Edits) != 1 || len(p.Edits[0].After) == 0 || p.Edits[0].After[0].User != "di" || !p.Edits[0].After[0].Start.Equal(in.Now) {
		t.Fatalf("edits: %+v", p.Edits)
	}
	if p.Expires == nil || !p.Expires.Equal(Monday.AddDate(0, 0, 14)) {
		t.Errorf("expires %v", p.Expires)
	}
}

// Nobody joins: the turns stay nobody's, so that no one else's moves, and are found.
func TestS23_ADeletedPersonsTurnsAreLeftWhereNobodyTakesThemOver(t *testing.T) {
	p := MustMake(t, Input(haunted(), Rotation("ann cy Weekly", "ann cy Follow"))).Plan
	wantTurns(t, p)
	var found []string
	for _, f := range p.Findings {
		if f.Rule == "dutyward.on-call-deleted" {
			found = append(found, f.Message)
		}
	}
	said := strings.Join(found, "\n")
	for _, want := range []string{"schedule Weekly belong to #ghost", "schedule Follow belong to #ghost", "level 1 of escalation policy Night pages #ghost", "then, next from 2026-03-23 09:00 UTC"} {
		if !strings.Contains(said, want) {
			t.Errorf("not found: %q, in\n%s", want, said)
		}
	}
}

func TestS16_ADeletedPersonOnAnotherLayerBlocksAnEdit(t *testing.T) {
	top := blank()
	top.Users = []string{"ghost"}
	end := Monday.AddDate(0, 0, -1)
	for name, ended := range map[string]bool{"that goes on": false, "that has ended": true} {
		t.Run(name, func(t *testing.T) {
			l := top
			if ended {
				l.End = &end
			}
			st := Rotation("ann bob cy di Weekly")
			for i := range st.Grants {
				st.Grants[i].Layer = "Day"
			}
			p := MustMake(t, Input(withLayer(Turns(), l), st)).Plan
			if ended {
				wantTurns(t, p, "raise schedule:Weekly di none>rotation policy")
				return
			}
			onlyBlocked(t, p, "has turns of #ghost, who was deleted", "take them off that layer", "di")
		})
	}
}

func TestS21_NobodyIsBehindADeletedPerson(t *testing.T) {
	s := haunted()
	s.Now = s.Now.AddDate(0, 0, 7)
	st := Members(Grants("group:g team:Search manager"), "g oncall:Weekly", "g escalation:Night", "g rotation:Follow")
	in := Input(s, st)
	in.Now = s.Now
	s.OnCalls = []inventory.OnCall{{User: "ghost", Schedule: Ptr("WEE"), EscalationPolicy: "ESC", Level: 1}}
	r := MustMake(t, in)
	if _, in := r.Access.Groups["g"].Members["ghost"]; in {
		t.Errorf("in the group: %+v", r.Access.Groups["g"].Members)
	}
	if slices.ContainsFunc(r.Plan.Changes, func(c plan.Change) bool { return c.User == "ghost" }) || len(r.Plan.Unknown) > 0 {
		t.Errorf("changes %v, unknown %+v", Lines(r.Plan), r.Plan.Unknown)
	}
}
