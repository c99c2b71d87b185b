package diff_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// withPeople is an account with more people, p00 and on.
func withPeople(s *inventory.Snapshot, n int) []string {
	var ids []string
	for i := range n {
		id := fmt.Sprintf("p%02d", i)
		s.Users[id] = inventory.User{ID: id, Name: id, Email: id + "@acme.com", BaseRole: "user", Teams: map[string]string{}}
		ids = append(ids, id)
	}
	return ids
}

// daily is the account in which the turns of Weekly last a day.
func daily() *inventory.Snapshot {
	s := Turns()
	v := s.Schedules["WEE"]
	v.Layers[0].TurnSeconds = 86400
	s.Schedules["WEE"] = v
	Rerender(s, "WEE")
	return s
}

func holdsOf(p *plan.Plan) map[string]string {
	out := map[string]string{}
	for _, h := range p.Held {
		out[h.User] = string(h.Code) + ": " + h.Why
	}
	return out
}

func TestS23_ManyLaterTurnsOfOthersAreMovedByAPersonsWordAlone(t *testing.T) {
	s := daily()
	join := on(Rotation("ann bob cy Weekly"), "Weekly", "Day", "ed")
	p := MustMake(t, Input(s, join)).Plan
	why := "hold/displaced-turns: 42 turns of 3 others on schedule Weekly would move within 8 weeks, and edits.displaced_turns allows 30: " +
		"ann@acme.com from 2026-03-19 09:00 UTC, bob@acme.com from 2026-03-20 09:00 UTC, cy@acme.com from 2026-03-21 09:00 UTC"
	if d := cmp.Diff(map[string]string{"ed": why}, holdsOf(p)); d != "" {
		t.Fatalf("held is (-want +got):\n%s", d)
	}
	if h := p.Held[0]; !h.Releasable || !strings.Contains(h.Release, "edits.displaced_turns") || !strings.Contains(h.Release, "dutyward release "+h.ID) {
		t.Errorf("how to go on: %q", h.Release)
	}
	if len(p.Edits) != 0 || len(p.WouldEdit) != 1 || len(p.WouldEdit[0].Displaced) != 3 {
		t.Errorf("edits %+v, would edit %+v", p.Edits, p.WouldEdit)
	}

	in := Input(s, join)
	in.Memory.Released = map[string]plan.Release{p.Held[0].ID: {}}
	wantTurns(t, MustMake(t, in).Plan, "raise schedule:Weekly ed none>rotation policy")
	in = Input(s, join)
	in.Settings.Edits.DisplacedTurns = Ptr(42)
	wantTurns(t, MustMake(t, in).Plan, "raise schedule:Weekly ed none>rotation policy")

	// By the week it is one plan of five moved turns, and whoever replaces somebody moves none.
	weekly := MustMake(t, Input(Turns(), join)).Plan
	wantTurns(t, weekly, "raise schedule:Weekly ed none>rotation policy")
	swap := Input(daily(), Rotation("ann bob ed Weekly"))
	swap.Settings.Edits.DisplacedTurns = Ptr(0)
	wantTurns(t, MustMake(t, swap).Plan, "raise schedule:Weekly ed none>rotation policy", "lower schedule:Weekly cy rotation>none policy")
}

func TestS23_ManyWhoJoinAtOnceWaitForAPersonsWord(t *testing.T) {
	s := Turns()
	people := withPeople(s, 6)
	st := on(Rotation("ann bob cy Weekly"), "Weekly", "Day", people...)
	p := MustMake(t, Input(s, st)).Plan
	want := map[string]string{}
	for _, id := range people {
		want[id] = "hold/many-joins: 6 people more would take turns on layer Day of schedule Weekly, and edits.joins allows 5"
	}
	if d := cmp.Diff(want, holdsOf(p)); d != "" {
		t.Errorf("held is (-want +got):\n%s", d)
	}
	five := MustMake(t, Input(s, on(Rotation("ann bob cy Weekly"), "Weekly", "Day", people[:5]...))).Plan
	if len(five.Held) > 0 || len(five.Edits) != 1 {
		t.Errorf("five: held %+v", five.Held)
	}
	// Six who take over from three make it grow by three.
	three := MustMake(t, Input(s, on(&policies.Statements{}, "Weekly", "Day", people...))).Plan
	if len(three.Held) > 0 || len(three.Edits) != 1 {
		t.Errorf("six for three: held %+v", three.Held)
	}
}

// An edit that nothing holds moves no more turns of others than it may, and whom it is shown
// to move is who is on call at other times, as a walk through the minutes finds it.
func TestS23_WhatMovesIsBoundedAndShown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Turns()
		people := append([]string{"ann", "bob", "cy", "di", "ed"}, withPeople(s, 4)...)
		draw := func(label string, least, most int) []string {
			return rapid.SliceOfNDistinct(rapid.SampledFrom(people), least, most, rapid.ID[string]).Draw(t, label)
		}
		drawSchedules(t, s, draw)
		st := &policies.Statements{}
		on(st, "Weekly", "Day", draw("on Day", 1, 6)...)
		on(st, "Weekly", "Night", draw("on Night", 1, 6)...)
		on(st, "Follow", "Week", draw("on Week", 1, 6)...)
		in := Input(s, st)
		in.Settings.Edits.DisplacedTurns = Ptr(rapid.IntRange(0, 60).Draw(t, "displaced turns"))
		in.Settings.Edits.Joins = Ptr(rapid.IntRange(0, 4).Draw(t, "joins"))
		result, err := diff.Make(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range result.Plan.Edits {
			checkEdit(t, result.Plan, e, *in.Settings.Edits.DisplacedTurns, *in.Settings.Edits.Joins)
		}
		for _, e := range result.Plan.WouldEdit {
			checkShown(t, append(slices.Clone(result.Plan.Changes), everyHeld(result.Plan)...), e)
		}
	})
}

func everyHeld(p *plan.Plan) []plan.Change {
	var all []plan.Change
	for _, h := range p.Held {
		all = append(all, h.Change)
	}
	return all
}

// drawSchedules gives Weekly two layers, of which the upper is open for some hours, and
// both schedules people and turns of some length.
func drawSchedules(t *rapid.T, s *inventory.Snapshot, draw func(string, int, int) []string) {
	hours := func(label string) int {
		return 3600 * rapid.SampledFrom([]int{8, 24, 48, 168}).Draw(t, label)
	}
	w := s.Schedules["WEE"]
	day := w.Layers[0]
	day.TurnSeconds, day.Users = hours("day turn"), draw("day", 1, 4)
	night := day
	night.ID, night.Name, night.TurnSeconds, night.Users = "NIGHT", "Night", hours("night turn"), draw("night", 1, 4)
	if rapid.Bool().Draw(t, "restricted") {
		night.Restrictions = []inventory.Restriction{{Type: "daily_restriction", StartTime: "20:00:00", DurationSeconds: 8 * 3600}}
	}
	w.Layers = []inventory.Layer{day, night}
	s.Schedules["WEE"] = w
	f := s.Schedules["FOL"]
	e := &f.Rotations[0].Events[0]
	e.Assignment.Members = nil
	for _, id := range draw("week", 1, 4) {
		e.Assignment.Members = append(e.Assignment.Members, Ptr(id))
	}
	s.Schedules["FOL"] = f
	Rerender(s, "WEE")
	Rerender(s, "FOL")
}

// checkEdit holds an edit that nothing holds against the bounds.
func checkEdit(t *rapid.T, p *plan.Plan, e plan.Edit, most, joins int) {
	moved := checkShown(t, p.Changes, e)
	n := 0
	for _, turns := range moved {
		n += turns
	}
	if n > most {
		t.Fatalf("%d turns of others move, and %d may: %v", n, most, moved)
	}
	for _, part := range e.Parts {
		if grows := len(part.After) - len(part.Before); len(part.Before) > 0 && grows > joins {
			t.Fatalf("%s grows by %d, and may by %d", part.Name, grows, joins)
		}
	}
}

// checkShown compares who is shown to be moved with who is, and counts their turns.
func checkShown(t *rapid.T, changes []plan.Change, e plan.Edit) map[string]int {
	comes := map[string]bool{}
	for _, c := range changes {
		if c.Resource == e.Schedule {
			comes[c.User] = true
		}
	}
	before, after := walked(e.Work.Was), walked(e.Work.Revised.Schedule)
	moved, since := map[string]int{}, map[string]time.Time{}
	both := maps.Clone(before)
	maps.Copy(both, after)
	for user := range both {
		if comes[user] {
			continue
		}
		if n := max(missing(before[user], after[user]), missing(after[user], before[user])); n > 0 {
			moved[user], since[user] = n, firstHourApart(before[user], after[user])
		}
	}
	shown, from := map[string]int{}, map[string]time.Time{}
	for _, d := range e.Displaced {
		if !comes[d.User] && d.Since.Before(Noon.Add(oncall.Counted)) {
			if first, twice := from[d.User]; !twice || d.Since.Before(first) {
				shown[d.User], from[d.User] = d.Turns, d.Since // on two layers at once: the first
			}
		}
	}
	if d := cmp.Diff(moved, shown); d != "" {
		t.Fatalf("turns that move (-walked +shown):\n%s", d)
	}
	if d := cmp.Diff(since, from); d != "" {
		t.Fatalf("from when (-walked +shown):\n%s", d)
	}
	return moved
}

// walkedTurn is somebody's time on call without a break, from the first hour to the one
// after the last, cut where the walk ends.
type walkedTurn struct{ from, to time.Time }

// walked are everybody's turns within eight weeks: who is on call in each hour, by the layer
// listed last that is open, or by any event.
func walked(s inventory.Schedule) map[string][]walkedTurn {
	turns := map[string][]walkedTurn{}
	for at := Noon; at.Before(Noon.Add(oncall.Counted)); at = at.Add(time.Hour) {
		for _, user := range onAt(s, at) {
			list := turns[user]
			if n := len(list); n > 0 && list[n-1].to.Equal(at) {
				list[n-1].to = at.Add(time.Hour)
				continue
			}
			turns[user] = append(list, walkedTurn{at, at.Add(time.Hour)})
		}
	}
	return turns
}

func onAt(s inventory.Schedule, at time.Time) []string {
	for _, l := range slices.Backward(s.Layers) {
		open := len(l.Restrictions) == 0 || at.Hour() >= 20 || at.Hour() < 4
		if at.Before(l.Start) || l.End != nil && !at.Before(*l.End) || !open {
			continue
		}
		elapsed, turn := at.Sub(l.VirtualStart), time.Duration(l.TurnSeconds)*time.Second
		for elapsed < 0 {
			elapsed += time.Duration(len(l.Users)) * turn
		}
		return []string{l.Users[int(elapsed/turn)%len(l.Users)]}
	}
	for _, r := range s.Rotations {
		for _, e := range r.Events {
			if at.Before(e.EffectiveSince) || e.EffectiveUntil != nil && !at.Before(*e.EffectiveUntil) || at.Before(e.Start) {
				continue
			}
			week := int(at.Sub(e.Start) / (7 * 24 * time.Hour))
			if m := e.Assignment.Members[week%len(e.Assignment.Members)]; m != nil {
				return []string{*m}
			}
		}
	}
	return nil
}

// missing counts the turns that are not among others.
func missing(turns, among []walkedTurn) int {
	n := 0
	for _, x := range turns {
		if !slices.Contains(among, x) {
			n++
		}
	}
	return n
}

// firstHourApart is the first hour in which somebody is on call by one walk alone.
func firstHourApart(a, b []walkedTurn) time.Time {
	on := func(turns []walkedTurn, at time.Time) bool {
		return slices.ContainsFunc(turns, func(x walkedTurn) bool { return !at.Before(x.from) && at.Before(x.to) })
	}
	at := Noon
	for on(a, at) == on(b, at) {
		at = at.Add(time.Hour)
	}
	return at
}
