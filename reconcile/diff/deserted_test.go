package diff_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// withLayer adds a layer to Weekly, above its layer Day.
func withLayer(s *inventory.Snapshot, l inventory.Layer) *inventory.Snapshot {
	w := s.Schedules["WEE"]
	w.Layers = append(w.Layers, l)
	s.Schedules["WEE"] = w
	Rerender(s, "WEE")
	return s
}

// blank is a layer without anybody.
func blank() inventory.Layer {
	return inventory.Layer{ID: "TOP", Name: "Top", Start: Monday.AddDate(0, 0, -7), VirtualStart: Monday, TurnSeconds: 7 * 86400, Users: []string{}}
}

func onlyBlocked(t *testing.T, p *plan.Plan, why, unblock string, users ...string) {
	t.Helper()
	if len(p.Blocked) != len(users) || len(p.Changes) != 0 || len(p.Errors) != 0 {
		t.Fatalf("blocked %+v, changes %+v, errors %+v", p.Blocked, p.Changes, p.Errors)
	}
	for i, user := range users {
		b := p.Blocked[i]
		if b.Change.User != user || !strings.Contains(b.Why, why) || !strings.Contains(b.Unblock, unblock) || len(b.Change.By) == 0 {
			t.Errorf("blocked: %+v", b)
		}
	}
}

func TestS16_ALayerWithoutAnybodyBlocksChangesBesideIt(t *testing.T) {
	st := Rotation("ann bob cy di Weekly")
	for i := range st.Grants {
		st.Grants[i].Layer = "Day"
	}
	p := MustMake(t, Input(withLayer(Turns(), blank()), st)).Plan
	onlyBlocked(t, p, `layer "Top" has nobody on it`, `"layer": "#TOP"`, "di")
}

func TestS16_TurnsOnAScheduleWithoutLayersAreBlocked(t *testing.T) {
	for name, layers := range map[string][]inventory.Layer{
		"none": {}, "ended": {{ID: "OLD", Name: "Old", Start: Monday.AddDate(0, 0, -70), End: Ptr(Monday.AddDate(0, 0, -7)), VirtualStart: Monday, TurnSeconds: 86400, Users: []string{"ann"}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := Turns()
			w := s.Schedules["WEE"]
			w.Layers = layers
			s.Schedules["WEE"] = w
			Rerender(s, "WEE")
			p := MustMake(t, Input(s, Rotation("bob ann Weekly"))).Plan
			onlyBlocked(t, p, "has no layer to take turns on", "make a layer on it in PagerDuty", "ann", "bob")
		})
	}
}

func TestS23_ALayerWithoutAnybodyIsFilledAndThePlanLastsUntilTheNextHandoff(t *testing.T) {
	s := Turns()
	w := s.Schedules["WEE"]
	w.Layers = []inventory.Layer{blank()}
	s.Schedules["WEE"] = w
	Rerender(s, "WEE")
	p := MustMake(t, Input(s, Rotation("ann bob Weekly"))).Plan
	wantTurns(t, p, "raise schedule:Weekly ann none>rotation policy", "raise schedule:Weekly bob none>rotation policy")
	if p.Expires == nil || !p.Expires.Equal(Monday.AddDate(0, 0, 7)) {
		t.Errorf("the plan expires %v, expected the next handoff", p.Expires)
	}
}

// What comes onto a layer above hides those beneath, though they are of another.
func TestS23_WhoComesOnALayerAboveOthersWaits(t *testing.T) {
	st := Rotation("di Weekly")
	st.Grants[0].Layer = "Top"
	p := MustMake(t, Input(withLayer(Turns(), blank()), st)).Plan
	if len(p.Held) != 1 || p.Held[0].Rule != "S23" || len(p.Changes) != 0 {
		t.Fatalf("held %+v, changes %+v", p.Held, p.Changes)
	}
}

// hub is Weekly with turns of eight hours, of which those from 9 to 17 on weekdays
// are open: six people would lock the cycle onto two of them.
func hub() *inventory.Snapshot {
	s := Turns()
	w := s.Schedules["WEE"]
	w.Layers[0].TurnSeconds, w.Layers[0].Users = 8*3600, []string{"ann", "bob", "cy", "di", "ed"}
	for d := range 5 {
		w.Layers[0].Restrictions = append(w.Layers[0].Restrictions, inventory.Restriction{
			Type: "weekly_restriction", StartTime: "09:00:00", DurationSeconds: 8 * 3600, StartDay: Ptr(d + 1),
		})
	}
	s.Schedules["WEE"] = w
	Rerender(s, "WEE")
	return s
}

func TestS23_WhoWouldHaveNoMoreTurnsIsNamed(t *testing.T) {
	p := MustMake(t, Input(hub(), Rotation("ann bob cy di ed adm Weekly"))).Plan
	if len(p.Held) != 1 {
		t.Fatalf("held: %+v", p.Held)
	}
	if held := p.Held[0].Why; !strings.Contains(held, "would have no more turns in the next 26 weeks") || strings.Contains(held, "0001") {
		t.Errorf("held since %q", held)
	}
}

func TestS23_WhoJoinsAtTheWeekendComesBehindEverybodysNextShift(t *testing.T) {
	s := Turns()
	w := s.Schedules["WEE"]
	for d := range 5 {
		w.Layers[0].Restrictions = append(w.Layers[0].Restrictions, inventory.Restriction{
			Type: "weekly_restriction", StartTime: "09:00:00", DurationSeconds: 8 * 3600, StartDay: Ptr(d + 1),
		})
	}
	s.Schedules["WEE"] = w
	Rerender(s, "WEE")
	in := Input(s, Rotation("ann bob cy di Weekly"))
	in.Now = Monday.AddDate(0, 0, 5).Add(3 * time.Hour)
	s.Now, s.Account.TakenAt = in.Now, in.Now
	p := MustMake(t, in).Plan
	wantTurns(t, p, "raise schedule:Weekly di none>rotation policy")
	if got := weeks(p.Edits[0].After, 5); got != " bob cy ann di" {
		t.Errorf("on call in the weeks to come: %q", got)
	}
}
