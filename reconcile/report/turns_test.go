package report

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/forecast"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// turnsPlan edits one schedule, with an override, and would edit another.
func turnsPlan() *plan.Plan {
	weekly, follow := inventory.ByID(inventory.KindSchedule, "S1"), inventory.ByID(inventory.KindSchedule, "S2")
	monday := at("2026-03-02T09:00:00Z")
	week := func(n int) time.Time { return monday.AddDate(0, 0, 7*n) }
	turns := func(people ...string) []plan.Turn {
		var list []plan.Turn
		for i, id := range people {
			if id != "" {
				list = append(list, plan.Turn{User: id, Start: week(i), End: week(i + 1)})
			}
		}
		return list
	}
	change := func(id, user, before, after string, schedule inventory.Ref, layer string) plan.Change {
		c := plan.Change{ID: id, Kind: plan.Rotation, Action: plan.ActionGrant, Effect: plan.Raise, Cause: plan.CausePolicy, User: user, Resource: schedule, Layer: layer,
			Before: before, After: after, Reason: "rule policies/access/teams.rego:31 gives " + after, By: []desired.By{through(untitled)}}
		if after == inventory.None {
			c.Action, c.Effect, c.Reason = plan.ActionRevoke, plan.Lower, "no rule gives it"
		}
		return c
	}
	p := emptyPlan()
	p.Names = map[string]string{
		"user:#P1": "user:ann@acme.com", "user:#P2": "user:bob@acme.com", "user:#P3": "user:chloé@acme.com", "user:#P4": "user:dan@acme.com",
		"schedule:#S1": "schedule:Weekly", "schedule:#S1/DAY": "layer Day", "schedule:#S2": "schedule:Follow", "schedule:#S2/WEEK": "event Week",
	}
	joins := change("join", "P4", inventory.None, desired.Rotation, weekly, "DAY")
	leaves := change("leave", "P2", desired.Rotation, inventory.None, weekly, "DAY")
	override := change("override", "P3", inventory.None, desired.OverrideRole, weekly, "")
	override.Kind, override.Override = plan.Override, &plan.OverrideShift{Kind: plan.AsOverride, User: "P3", Start: monday.Add(time.Hour), End: monday.Add(5 * time.Hour)}
	override.Reason = "from 2026-03-02 10:00 UTC to 2026-03-02 14:00 UTC"
	p.Changes = []plan.Change{joins, override, leaves}
	p.Summary.Raise, p.Summary.Lower = 2, 1
	held := change("held", "P2", desired.Rotation, inventory.None, follow, "WEEK")
	p.Held = []plan.Held{{Change: held, Code: plan.HoldMovedTurn, Rule: "S23", Why: "chloé@acme.com's next turn would begin 2026-03-09 09:00 UTC instead of 2026-03-16 09:00 UTC", Release: "release it"}}
	p.Summary.Held = 1
	effective := week(1)
	after := append([]plan.Turn{
		{User: "P1", Start: monday, End: monday.Add(time.Hour)},
		{User: "P3", Start: monday.Add(time.Hour), End: monday.Add(5 * time.Hour)},
		{User: "P1", Start: monday.Add(5 * time.Hour), End: week(1)},
	}, turns("", "P4", "P3", "P1", "P4", "P3", "P1", "P4")...)
	p.Edits = []plan.Edit{{
		Schedule: weekly, Changes: []string{"join", "leave", "override"}, Effective: &effective, Until: week(8),
		Parts:  []oncall.PartChange{{Part: "DAY", Name: "Day", Effective: effective, Before: []string{"P1", "P2", "P3"}, After: []string{"P1", "P4", "P3"}}},
		Before: turns("P1", "P2", "P3", "P1", "P2", "P3", "P1", "P2"), After: after,
	}}
	p.WouldEdit = []plan.Edit{{
		Schedule: follow, Changes: []string{"held"}, Effective: &effective, Until: week(8),
		Parts:     []oncall.PartChange{{Part: "WEEK", Name: "Week", Successor: true, Effective: effective, Before: []string{"P1", "P2", "P3"}, After: []string{"P1", "P3"}}},
		Before:    turns("P1", "P2", "P3", "P1", "P2", "P3"),
		After:     turns("P1", "P3", "P1", "P3", "P1", "P3"),
		Displaced: []oncall.Displaced{{User: "P3", Part: "WEEK", Since: week(1), Why: "the cycle gets shorter by 1 turn"}},
	}}
	return p
}

func TestTurnsReadAsReviewed(t *testing.T) {
	for name, write := range map[string]func(*bytes.Buffer, *plan.Plan) error{
		"turns.txt":         func(w *bytes.Buffer, p *plan.Plan) error { return PlanText(w, p, Style{}) },
		"turns-compare.txt": func(w *bytes.Buffer, p *plan.Plan) error { return CompareText(w, p, Style{}) },
		"turns-none.txt":    func(w *bytes.Buffer, _ *plan.Plan) error { return CompareText(w, emptyPlan(), Style{}) },
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := write(&out, turnsPlan()); err != nil {
				t.Fatal(err)
			}
			golden(t, name, out.Bytes())
		})
	}
}

// crowdedForecast has a handoff of many people at once, an edit of turns, what
// is held, and an end by date.
func crowdedForecast() *forecast.Forecast {
	from := at("2026-03-02T08:00:00Z")
	f := &forecast.Forecast{
		Version: forecast.ForecastVersion, Account: "acme", From: from, Until: from.AddDate(0, 0, 3), TakenAt: from, Reach: from.AddDate(0, 0, 30),
		Revision: "sha256:3f2a9c1d2e4f5a6b7c8d", Names: map[string]string{"schedule:#S1": "schedule:Weekly", "schedule:#S1/DAY": "layer Day"},
	}
	handoff := forecast.Step{At: from.Add(time.Hour)}
	for i := range 12 {
		team := inventory.ByID(inventory.KindTeam, fmt.Sprintf("T%02d", i))
		f.Names[team.String()] = fmt.Sprintf("team:Team %02d", i)
		for j, effect := range []plan.Effect{plan.Raise, plan.Lower} {
			id := fmt.Sprintf("P%02d", 2*i+j)
			f.Names["user:#"+id] = fmt.Sprintf("user:p%02d@acme.com", 2*i+j)
			c := plan.Change{ID: id, Kind: plan.TeamRole, Action: plan.ActionGrant, Effect: effect, Cause: plan.CauseHandoff, User: id, Resource: team, Before: "none", After: "manager",
				Reason: "on call until 2026-03-03 09:00 UTC", By: []desired.By{through(onCall, "group:oncall", "oncall:Primary")}}
			if effect == plan.Lower {
				c.Action, c.Before, c.After, c.Reason = plan.ActionRevoke, "manager", "none", "the shift ended"
			}
			switch {
			case i == 11 && effect == plan.Lower:
				handoff.Held = append(handoff.Held, plan.Held{Change: c, Code: plan.HoldClock, Rule: "S31", Why: "the clocks disagree"})
			case i == 10:
				handoff.Unenforced = append(handoff.Unenforced, c)
			default:
				handoff.Changes = append(handoff.Changes, c)
			}
		}
	}
	layer := plan.Change{ID: "join", Kind: plan.Rotation, Action: plan.ActionGrant, Effect: plan.Raise, Cause: plan.CauseExpiry, User: "P00", Resource: inventory.ByID(inventory.KindSchedule, "S1"), Layer: "DAY",
		Before: "none", After: desired.Rotation, Reason: "granted from 2026-03-03 12:00 UTC", By: []desired.By{through(roster)}}
	ends := plan.Change{ID: "end", Kind: plan.TeamRole, Action: plan.ActionRevoke, Effect: plan.Lower, Cause: plan.CauseExpiry, User: "P01", Resource: inventory.ByID(inventory.KindTeam, "T00"),
		Before: "responder", After: "none", Reason: "the grant ended 2026-03-04 12:00 UTC", By: []desired.By{through(untitled)}}
	f.Steps = []forecast.Step{
		{At: from, Changes: []plan.Change{ends}},
		handoff,
		{At: at("2026-03-03T12:00:00Z"), Changes: []plan.Change{layer}},
		{At: at("2026-03-04T12:00:00Z"), Changes: []plan.Change{ends}},
	}
	f.Groups = []forecast.GroupCourse{{Name: "oncall", Spells: []forecast.GroupSpell{
		{From: from, Until: from.Add(time.Hour), Users: []string{"P00"}},
		{From: from.Add(time.Hour), Until: from.Add(5 * time.Hour)},
		{From: from.Add(5 * time.Hour), Until: f.Until, Users: []string{"P01"}},
	}}}
	f.Endings = []plan.Expiring{{User: "P01", Resource: inventory.ByID(inventory.KindTeam, "T00"), Role: "responder", Until: at("2026-03-04T12:00:00Z"), Then: "none"}}
	f.AsOfNow = []forecast.RuleReads{{Origin: untitled, Reads: []string{"now", "schedules"}}}
	f.Summary = forecast.ForecastSummary{Due: 1, Moments: 3, Raise: 12, Lower: 11, Unenforced: 2, Held: 1, Empty: 1, Endings: 1}
	return f
}

func TestAForecastOfManyChangesIsFolded(t *testing.T) {
	var out bytes.Buffer
	if err := ForecastText(&out, crowdedForecast(), Style{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "forecast-folded.txt", out.Bytes())
}
