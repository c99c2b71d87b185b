package reconcile_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile"
)

// without reads an account as if somebody were not there.
type without struct {
	reconcile.Reader
	user string
}

func (r without) Snapshot(ctx context.Context, schedules []string) (*inventory.Snapshot, error) {
	s, err := r.Reader.Snapshot(ctx, schedules)
	if err == nil {
		s.Users = maps.Clone(s.Users)
		delete(s.Users, r.user)
	}
	return s, err
}

// stray puts somebody on a team where no policy has them: a lowering is due.
func (w *watch) stray() (team, user string) {
	w.t.Helper()
	now, err := w.round().Plan(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	team = "PTSEARC"
	for _, id := range slices.Sorted(maps.Keys(now.Snapshot.Users)) {
		_, on := now.Snapshot.Teams[team].Members[id]
		if !on && now.Snapshot.Users[id].BaseRole == "limited_user" {
			w.sim.SetMember(team, id, "observer")
			return team, id
		}
	}
	w.t.Fatal("nobody is free to be put on a team")
	return "", ""
}

func TestS6_AListOfUsersThatLacksWhoReadsItLowersNothing(t *testing.T) {
	w := newWatch(t)
	w.pass(0)
	w.pass(time.Hour)
	team, user := w.stray()
	now, err := w.round().Plan(context.Background())
	must(t, err)
	self := slices.Sorted(maps.Keys(now.Snapshot.Users))[0]
	w.Self = func(context.Context) (string, error) { return self, nil }
	w.Reader = without{w.world, self}
	w.pass(time.Minute)
	if got := w.role(team, user); got != "observer" {
		t.Errorf("role %q by a list that is not whole", got)
	}
	if s := w.Status().Suspended; s == nil || !strings.Contains(s.Why, "lacks the user whose token reads it") {
		t.Errorf("suspended %+v, want since the list lacks the token's own user", s)
	}
	w.Reader = w.world
	w.pass(time.Minute)
	if got := w.role(team, user); got != "" {
		t.Errorf("role %q once the list is whole, want none", got)
	}
}

func TestS6_AnAnswerThatSaysNothingLowersNothingAndTheNextRoundGoesOn(t *testing.T) {
	for _, order := range []string{
		"empty:GET /users:*", "null:GET /teams/{id}/members:*", "keyless:GET /v3/schedules/{id}:*", "unrendered:GET /schedules:*",
		"html:GET /escalation_policies:*", "blank:GET /oncalls:*",
	} {
		t.Run(order, func(t *testing.T) {
			w := newWatch(t)
			w.pass(0)
			w.pass(25 * time.Hour) // what the first round lowered does not count any more
			before := w.sim.Members("PTPRODA")
			team, user := w.stray()
			w.sim.Inject(fault(t, order))
			w.pass(time.Minute)
			if got := w.sim.Members(team)[user]; got != "observer" {
				t.Errorf("role %q by an answer that says nothing", got)
			}
			for id, role := range before {
				if got := w.sim.Members("PTPRODA")[id]; got != role {
					t.Errorf("%s is %q of %q on a team that shifts give", id, got, role)
				}
			}
			if w.Status().Suspended == nil {
				t.Error("lowering is not suspended")
			}
			w.sim.ClearFaults()
			w.pass(time.Minute)
			if got := w.sim.Members(team)[user]; got != "" {
				t.Errorf("role %q once it answers, want none\n%s", got, w.log)
			}
		})
	}
}

// offPolicies takes a schedule off all escalation policies, so that /oncalls
// does not know it.
func offPolicies(schedule string) func(*inventory.Snapshot) {
	return func(s *inventory.Snapshot) {
		for id, p := range s.EscalationPolicies {
			p.Rules = slices.Clone(p.Rules)
			p.Rules = slices.DeleteFunc(p.Rules, func(r inventory.EscalationRule) bool {
				return slices.ContainsFunc(r.Targets, func(t inventory.Target) bool { return t.ID == schedule })
			})
			s.EscalationPolicies[id] = p
		}
		v := s.Schedules[schedule]
		v.EscalationPolicies = nil
		s.Schedules[schedule] = v
	}
}

func TestS22_WhoeverIsOnCallIsNotLoweredByARenderingThatStandsAlone(t *testing.T) {
	for _, order := range []string{"nobody:GET /schedules:*", "rendering:/schedules/PSSEARC:*"} {
		t.Run(order, func(t *testing.T) {
			w := newWatch(t, offPolicies("PSSEARC"))
			w.clock = time.Date(2026, 3, 16, 16, 30, 0, 0, time.UTC) // half an hour into a shift
			w.pass(0)
			w.pass(10 * time.Minute)
			before := w.sim.Members("PTPLATF")
			w.sim.Inject(fault(t, order))
			w.pass(time.Minute)
			w.pass(time.Minute)
			if got := w.sim.Members("PTPLATF"); !maps.Equal(got, before) {
				t.Errorf("members %v, were %v:\n%s", got, before, w.log)
			}
			if w.Status().Summary.Unknown == 0 {
				t.Error("nothing is unknown")
			}
			w.sim.ClearFaults()
			w.clock = time.Date(2026, 3, 17, 0, 30, 0, 0, time.UTC)
			w.pass(0)
			if got := w.sim.Members("PTPLATF"); maps.Equal(got, before) {
				t.Errorf("members %v still, though the shift ended", got)
			}
		})
	}
}
