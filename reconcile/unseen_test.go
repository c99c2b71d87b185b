package reconcile_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
)

// hiddenSchedule is an account that does not show a schedule to those who look at it
// alone.
type hiddenSchedule struct {
	apply.Account
	err error
}

func (h *hiddenSchedule) Schedule(ctx context.Context, id string, w inventory.Window) (inventory.Schedule, error) {
	if h.err != nil && id == "FOLLOW" {
		return inventory.Schedule{}, h.err
	}
	return h.Account.Schedule(ctx, id, w)
}

// answer is an error status of PagerDuty's, as its client tells it.
func answer(status int) error {
	return &pagerduty.Error{Status: status, Method: "GET", Endpoint: "/v3/schedules/FOLLOW", Message: "no"}
}

func TestS32_AnEditThatCanNotBeLookedAtIsAnAlarmSoonAndKeepsNothingElseFromBeingDone(t *testing.T) {
	for _, status := range []int{400, 403} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			w := newRota(t, "", "ann bob cat dan")
			_, err := w.round().Apply(context.Background(), reconcile.Execution{
				Record: mute{w.journal}, Account: &killed{w.client, 2}, Approve: all, Options: apply.Options{Now: w.now},
			})
			if err == nil {
				t.Fatal("the kill was not noticed")
			}
			h := &hiddenSchedule{w.client, answer(status)}
			d := onRota(w, h)
			w.grantTurns("ann dan cat", "ann bob cat dan")
			d.ready(3 * time.Minute) // neither the round nor what is due on Weekly is kept
			if got := w.onCall("WEEKLY", 6); got != "ann dan cat ann dan cat" {
				t.Errorf("Weekly: %s", got)
			}
			d.told("what an earlier run left open", 2) // the edit, and the change that it makes
			for range 3 {
				d.pass(5 * time.Minute)
			}
			d.told("msg=\"a schedule needs attention\"", 1)
			d.stands("could not determine whether schedule Follow is half edited")
			h.err = nil
			for range 3 {
				d.pass(3 * time.Minute)
			}
			d.told("the alarm about a schedule has ended", 1)
			w.clear(1)
			if got := w.onCall("FOLLOW", 6); got != "ann bob cat ann dan bob" {
				t.Errorf("Follow: %s", got)
			}
		})
	}
}

func TestS32_AnEditThatNobodyLetsBeLookedAtEndsAfterADay(t *testing.T) {
	for _, status := range []int{400, 403, 404, 410} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			w := newRota(t, "", "ann bob cat dan")
			_, err := w.round().Apply(context.Background(), reconcile.Execution{
				Record: mute{w.journal}, Account: &killed{w.client, 2}, Approve: all, Options: apply.Options{Now: w.now},
			})
			if err == nil {
				t.Fatal("the kill was not noticed")
			}
			d := onRota(w, &hiddenSchedule{w.client, answer(status)})
			w.grantTurns("", "")
			for range 6 {
				d.pass(5 * time.Hour)
			}
			if open, err := openEdits(w.journal); err != nil || len(open) > 0 {
				t.Errorf("%d edits are open, %v", len(open), err)
			}
			if open, err := w.journal.Pending(context.Background()); err != nil || len(open) > 0 {
				t.Errorf("%d intents are open, %v", len(open), err)
			}
			if s := d.Status(); !s.Ready() {
				t.Errorf("%+v", s)
			}
		})
	}
}

// hiddenTeam is an account that takes a write whose answer is lost, and then does not
// show the team to those who look at it alone.
type hiddenTeam struct {
	apply.Account
	team string
	err  error
	lost bool
}

func (h *hiddenTeam) TeamMembers(ctx context.Context, id string) (map[string]string, error) {
	if h.lost && id == h.team {
		return nil, h.err
	}
	return h.Account.TeamMembers(ctx, id)
}

func (h *hiddenTeam) PutTeamMember(ctx context.Context, team, user, role string) error {
	err := h.Account.PutTeamMember(ctx, team, user, role)
	if team == h.team && err == nil {
		h.lost = true
		return errDead
	}
	return err
}

func TestS8_AnOpenIntentThatCanNotBeLookedAtKeepsNothingElseFromBeingDone(t *testing.T) {
	for _, status := range []int{400, 403, 410} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			w := newWatch(t)
			w.pass(time.Second)
			team, user, _ := w.tamper()
			w.Account = &hiddenTeam{Account: w.client, team: team, err: answer(status)}
			_, _ = w.Round(context.Background(), "test")
			if open, err := w.journal.Pending(context.Background()); err != nil || len(open) != 1 || w.role(team, user) == "" {
				t.Fatalf("%d intents are open, %v", len(open), err)
			}
			for range 6 {
				w.pass(5 * time.Hour)
			}
			if open, err := w.journal.Pending(context.Background()); err != nil || len(open) > 0 {
				t.Errorf("%d intents are open, %v", len(open), err)
			}
		})
	}
}
