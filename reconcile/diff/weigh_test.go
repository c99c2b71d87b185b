package diff_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// weighted says how many turns each of some people is to have; 0 is not to say.
func weighted(schedule string, weights map[string]int) *policies.Statements {
	st := &policies.Statements{}
	for _, user := range []string{"ann", "bob", "cy", "di", "ed"} {
		if n, ok := weights[user]; ok {
			st = Rotation(user + " " + schedule)
			st.Grants[0].Weight = n
			st.Grants = append(st.Grants, weighted(schedule, without(weights, user)).Grants...)
			return st
		}
	}
	return st
}

func without(weights map[string]int, user string) map[string]int {
	rest := map[string]int{}
	for u, n := range weights {
		if u != user {
			rest[u] = n
		}
	}
	return rest
}

// listed is the account in which these take turns on Weekly.
func listed(users ...string) *inventory.Snapshot {
	s := Turns()
	v := s.Schedules["WEE"]
	v.Layers[0].Users = users
	s.Schedules["WEE"] = v
	Rerender(s, "WEE")
	return s
}

func TestS23_AWeightIsAnotherNumberOfTurnsAndMovesNobodysNext(t *testing.T) {
	s := Turns()
	st := weighted("Weekly", map[string]int{"ann": 2, "bob": 1, "cy": 0})
	p := MustMake(t, Input(s, st)).Plan
	wantTurns(t, p, "raise schedule:Weekly ann rotation>rotation-x2 policy")
	if len(p.Edits) != 1 {
		t.Fatalf("edits: %+v", p.Edits)
	}
	if got, want := p.Changes[0].ID, "schedule/WEE/DAY/ann/rotation/rotation-x2"; got != want {
		t.Errorf("the key is %s, expected %s", got, want)
	}
	moves, _, err := oncall.Moved(s.Schedules["WEE"], p.Edits[0].Work.Revised.Schedule, p.Now)
	if err != nil || len(moves) > 0 {
		t.Errorf("next turns move: %+v, %v", moves, err)
	}
	after := listed(p.Edits[0].Work.Revised.Schedule.Layers[0].Users...)
	if again := MustMake(t, Input(after, st)).Plan; len(again.Changes) > 0 || len(again.Held) > 0 {
		t.Errorf("once it is so: %+v, held %+v", again.Changes, again.Held)
	}
}

func TestS23_WhoStandsSeveralTimesKeepsThatWhereNoWeightIsSaid(t *testing.T) {
	s := listed("ann", "bob", "ann", "cy")
	if p := MustMake(t, Input(s, Rotation("ann bob cy Weekly"))).Plan; len(p.Changes)+len(p.Held)+len(p.Blocked) > 0 {
		t.Errorf("changes: %+v, held %+v", p.Changes, p.Held)
	}
	p := MustMake(t, Input(s, weighted("Weekly", map[string]int{"ann": 1, "bob": 0, "cy": 0}))).Plan
	all := slices.Concat(p.Changes, heldOf(p))
	if len(all) != 1 || all[0].Before != "rotation-x2" || all[0].After != "rotation" || all[0].Effect != plan.Lower {
		t.Errorf("one turn less: %+v", all)
	}
	if p := MustMake(t, Input(s, Rotation("bob cy Weekly"))).Plan; len(p.Changes)+len(p.Held) != 1 {
		t.Errorf("who leaves: %+v, %+v", p.Changes, p.Held)
	}
}

func heldOf(p *plan.Plan) []plan.Change {
	var out []plan.Change
	for _, h := range p.Held {
		out = append(out, h.Change)
	}
	return out
}

func TestS23_WhoJoinComeInTheOrderAskedFor(t *testing.T) {
	st := Rotation("ann bob cy di ed Weekly")
	for i, place := range []float64{1, 2, 3, 5, 4} {
		st.Grants[i].Order = Ptr(place)
	}
	p := MustMake(t, Input(Turns(), st)).Plan
	if got := p.Edits[0].Parts[0].After; !slices.Equal(got[len(got)-2:], []string{"ed", "di"}) {
		t.Errorf("the cycle is %v", got)
	}
	if len(otherOrders(p)) > 0 {
		t.Errorf("notices: %v", p.Notices)
	}
}

func TestS23_WhoStayKeepTheirPlacesThoughAnotherOrderIsAskedFor(t *testing.T) {
	st := Rotation("ann bob cy Weekly")
	for i, place := range []float64{2, 1, 3} { // bob, ann, cy
		st.Grants[i].Order = Ptr(place)
	}
	p := MustMake(t, Input(Turns(), st)).Plan
	if len(p.Changes)+len(p.Held) > 0 {
		t.Errorf("changes: %+v, held %+v", p.Changes, p.Held)
	}
	got := otherOrders(p)
	if len(got) != 1 || !strings.Contains(got[0], "in the order ann@acme.com, bob@acme.com, cy@acme.com, and policies ask for bob@acme.com, ann@acme.com, cy@acme.com") {
		t.Errorf("notices: %q", got)
	}
	for i, place := range []float64{3, 1, 2} { // the same cycle, begun at bob
		st.Grants[i].Order = Ptr(place)
	}
	if got := otherOrders(MustMake(t, Input(Turns(), st)).Plan); len(got) > 0 {
		t.Errorf("of the same cycle: %q", got)
	}
}

func otherOrders(p *plan.Plan) []string {
	var out []string
	for _, n := range p.Notices {
		if n.Code == "plan/other-order" {
			out = append(out, n.Message)
		}
	}
	return out
}

func TestAnEventCarriesNoWeight(t *testing.T) {
	st := weighted("Follow", map[string]int{"ann": 2, "bob": 0, "cy": 0, "di": 2})
	p := MustMake(t, Input(Turns(), st)).Plan
	wantTurns(t, p, "raise schedule:Follow di none>rotation policy")
	if len(p.Errors) != 1 || p.Errors[0].Code != "oncall/no-weights" {
		t.Errorf("errors: %+v", p.Errors)
	}
}

func TestAWeightOfWhoJoinsShowsInTheirRole(t *testing.T) {
	p := MustMake(t, Input(Turns(), weighted("Weekly", map[string]int{"ann": 0, "bob": 0, "cy": 0, "di": 2}))).Plan
	wantTurns(t, p, "raise schedule:Weekly di none>rotation-x2 policy")
	after := p.Edits[0].Work.Revised.Schedule
	if got := oncall.RoleOn(after, "DAY", "di"); got != "rotation-x2" {
		t.Errorf("di has %s", got)
	}
}
