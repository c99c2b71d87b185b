package reconcile_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// settling is a daemon for which edits must hold still for a minute a lowering.
// Its policies put people on one team, a row each.
type settling struct {
	*watch
	sight reconcile.Sight
}

const boardRoom = "PTBOARD"

var board = []string{"hiro.tanaka", "ines.costa", "grace.lin", "kim.soto"}

// newSettling is such a daemon after a round that put everybody on the team.
func newSettling(t *testing.T) *settling {
	w := &settling{watch: newWatch(t)}
	w.folder = t.TempDir()
	w.begin()
	w.rows("one", board...)
	w.pass(0)
	w.want(board...)
	w.log.Reset()
	return w
}

// begin is another process on the same journal, with the settings of the one
// before.
func (w *settling) begin() {
	settings := w.Settings
	w.restart()
	w.Settings, w.Settle = settings, time.Minute
	w.Look = func(context.Context, reconcile.Policies, bool) reconcile.Sight { return w.sight }
}

// rows writes a policy file that puts these people on the team.
func (w *settling) rows(file string, people ...string) {
	w.t.Helper()
	w.edit(file+".rego", "package access."+file+"\n"+grantsOf(people...))
}

func grantsOf(people ...string) string {
	text := ""
	for _, p := range people {
		text += fmt.Sprintf("\ngrant contains {\"principal\": \"user:%s@acme.test\", \"resource\": \"team:Board Room\", \"role\": \"responder\"}\n", p)
	}
	return text
}

// want demands that just these people are on the team.
func (w *settling) want(people ...string) {
	w.t.Helper()
	members, err := w.client.TeamMembers(context.Background(), boardRoom)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(members) != len(people) {
		w.t.Errorf("on the team are %v, want %v\n%s", members, people, w.log)
	}
}

// held demands that so many lowerings wait for an edit.
func (w *settling) held(n int) {
	w.t.Helper()
	if s := w.Status(); s.Summary.Held != n || (s.Still != nil) != (n > 0) {
		w.t.Errorf("%d are held, until %v; want %d", s.Summary.Held, s.Still, n)
	}
}

func TestS37_ARowThatMovesBetweenFilesTakesNothingAway(t *testing.T) {
	w := newSettling(t)
	w.rows("one", board[1:]...)
	w.pass(2 * time.Second)
	w.held(1)
	w.want(board...)
	w.rows("two", board[0])
	w.pass(2 * time.Second)
	w.held(0)
	w.pass(time.Hour)
	w.want(board...)
	w.told("lowered", 0)
	w.told("lowerings of an edit wait until it has settled", 1)
}

func TestS37_AnEditThatIsTakenBackWaitsWithWhatItLowers(t *testing.T) {
	w := newSettling(t)
	w.rows("one", append(board, "emil.novak")...)
	w.pass(2 * time.Second)
	w.rows("one", board...)
	w.pass(2 * time.Second)
	w.held(1)
	w.want(append(board, "emil.novak")...)
	w.pass(59 * time.Second)
	w.held(1)
	w.pass(time.Second)
	w.want(board...)
	w.held(0)
}

func TestS37_WhatAnEditLowersIsLoweredOnceItHeldStillTheLongerTheMore(t *testing.T) {
	for _, n := range []int{1, 3} {
		w := newSettling(t)
		w.rows("one", append(board[n:], "emil.novak")...)
		outlook := w.pass(10 * time.Second)
		if want := w.clock.Add(time.Duration(n) * time.Minute); !outlook.Still.Equal(want) {
			t.Errorf("%d lowerings: the next round at %s, want %s", n, outlook.Still, want)
		}
		w.want(append(board, "emil.novak")...) // who comes comes at once
		w.pass(time.Duration(n)*time.Minute - time.Second)
		w.held(n)
		w.pass(time.Second)
		w.want(append(board[n:], "emil.novak")...)
		w.held(0)
	}
}

func TestS37_AnEditMadeWhileNobodyWatchedWaitsToo(t *testing.T) {
	w := newSettling(t)
	w.pass(time.Hour)
	w.rows("one", board[1:]...)
	w.begin()
	w.pass(time.Hour)
	w.held(1)
	w.begin()
	w.pass(59 * time.Second)
	w.held(1)
	w.begin()
	w.pass(time.Second)
	w.want(board[1:]...)
}

func TestS37_ACommitActsAtOnceAndSignsOfAnEditPutItOff(t *testing.T) {
	w := newSettling(t)
	w.sight = reconcile.Sight{Unrest: "git is at work there"}
	w.rows("one", board[1:]...)
	w.pass(time.Second)
	w.pass(2 * time.Minute)
	w.held(1)
	w.sight = reconcile.Sight{Committed: true}
	w.pass(time.Second)
	w.want(board[1:]...)
}

func TestS37_AReleaseActsSooner(t *testing.T) {
	w := newSettling(t)
	w.rows("one", board[1:]...)
	w.pass(time.Second)
	must(t, w.journal.Release(context.Background(), "team/"+boardRoom+"/PSRCH02/responder/none", "asked for"))
	w.pass(time.Second)
	w.want(board[1:]...)
}

func TestS37_DriftIsNoWayAroundTheWait(t *testing.T) {
	w := newSettling(t)
	w.clock = w.clock.Add(time.Hour)
	w.rows("one", board[1:]...)
	w.pass(time.Second)
	must(t, w.client.PutTeamMember(context.Background(), boardRoom, "PSRCH02", "manager"))
	w.pass(time.Second)
	w.held(1)
	w.want(board...)
}

func TestS37_WhatWasDueWithoutTheEditGoesOn(t *testing.T) {
	w := newSettling(t)
	until := w.clock.Add(30 * time.Second).UTC().Format(time.RFC3339)
	w.edit("guest.rego", "package access.guest\n\ngrant contains {\"principal\": \"user:emil.novak@acme.test\", \"resource\": \"team:Board Room\", \"role\": \"responder\", \"until\": \""+until+"\"}\n")
	w.pass(time.Second)
	w.pass(10 * time.Second)
	w.want(append(board, "emil.novak")...)
	w.rows("one", board[1:]...)
	w.pass(time.Second)
	w.pass(30 * time.Second)
	w.held(1)
	w.want(board...) // emil's time is over, and hiro waits
}

func TestS37_PoliciesThatBreakDontHoldStill(t *testing.T) {
	w := newSettling(t)
	w.rows("one", board[1:]...)
	w.pass(time.Second)
	w.edit("typo.rego", typo)
	w.pass(time.Second)
	w.pass(time.Hour)
	if n := w.Status().Summary.Held; n != 1 {
		t.Errorf("%d are held, want 1", n)
	}
	w.want(board...)
	must(t, os.Remove(filepath.Join(w.folder, "typo.rego")))
	w.pass(time.Second)
	w.held(1)
	w.pass(time.Minute)
	w.want(board[1:]...)
}

func TestS37_EditsWithoutEndPutALoweringOffForTenTimesAsLongAtMost(t *testing.T) {
	w := newSettling(t)
	w.Settle, w.sight.Committed = 6*time.Second, true
	w.pass(time.Second)
	w.sight.Committed = false
	w.rows("one", board[1:]...)
	for i := range 13 {
		w.edit("other.rego", fmt.Sprintf("package access.other\n\nn := %d\n", i))
		w.pass(5 * time.Second)
		if i < 12 {
			w.want(board...)
		}
	}
	w.want(board[1:]...)
}

// An edit was under way when the daemon stopped, and another one is a day later: that
// both would lower the same says nothing of the time between.
func TestS37_TimeInWhichNobodyLookedIsNoWait(t *testing.T) {
	w := newSettling(t)
	w.rows("one", board[1:]...)
	w.pass(time.Second)
	w.held(1)
	w.begin()
	w.rows("one", append(board[1:], "emil.novak")...)
	w.pass(24 * time.Hour)
	w.held(1)
	w.want(append(board, "emil.novak")...)
	w.pass(time.Minute)
	w.want(append(board[1:], "emil.novak")...)
}

func TestS37_AWeakerConfigurationWaitsAndAStrongerOneActsAtOnce(t *testing.T) {
	w := newSettling(t)
	operators := plan.Settings{Default: plan.Sync, Operators: []string{"hiro.tanaka@acme.test"}}
	w.Settings = operators
	w.rows("one", board[1:]...)
	w.sight.Committed = true
	w.pass(time.Second)
	w.want(board...)
	w.sight.Committed = false

	w.Settings = plan.Settings{Default: plan.Sync} // a file saved in two writes
	w.pass(2 * time.Second)
	w.held(1)
	w.Settings = operators
	w.pass(2 * time.Second)
	w.held(0)
	w.Settings = plan.Settings{Default: plan.Sync}
	w.begin() // and one changed while nobody watched
	w.pass(time.Hour)
	w.held(1)
	w.pass(time.Minute)
	w.want(board[1:]...)

	w.Settings = plan.Settings{Default: plan.Observe}
	w.rows("one", board[2:]...)
	w.pass(time.Hour)
	w.pass(time.Hour)
	w.held(0)
	w.Settings = plan.Settings{Default: plan.Sync}
	w.pass(time.Second)
	w.held(1)
	w.pass(time.Minute)
	w.want(board[2:]...)
}

func TestS37_AShorterWaitIsAnEditToo(t *testing.T) {
	w := newSettling(t)
	w.Settle = 0
	w.rows("one", board[1:]...)
	w.pass(time.Second)
	w.held(1)
}

func TestS37_AProtectionThatIsDroppedProtectsUntilTheEditHeldStill(t *testing.T) {
	w := newSettling(t)
	w.edit("guard.rego", "package access.guard\n\nprotect contains {\"principal\": \"user:hiro.tanaka@acme.test\", \"reason\": \"break glass\"}\n")
	w.sight.Committed = true
	w.pass(time.Second)
	w.rows("one", board[1:]...)
	w.pass(time.Second)
	w.sight.Committed = false
	w.edit("guard.rego", "package access.guard\n")
	w.pass(time.Second)
	w.held(1)
	w.want(board...)
	w.pass(time.Minute)
	w.want(board[1:]...)
}

func TestS37_WhatAPersonDecidedDoesNotWait(t *testing.T) {
	w := newSettling(t)
	w.rows("one", board[1:]...)
	w.pass(time.Second)
	w.policy = w.load(w.folder)
	r := w.round()
	r.Stillness = &reconcile.Stillness{Settle: time.Minute, Decided: true, Record: w.journal}
	if _, err := r.Apply(context.Background(), reconcile.Execution{Record: w.journal, Account: w.client, Approve: all, Options: apply.Options{Now: w.now}}); err != nil {
		t.Fatal(err)
	}
	w.want(board[1:]...)
	w.pass(time.Second)
	w.held(0)
}

func TestS37_AHoldSaysWhyAndUntilWhen(t *testing.T) {
	w := newSettling(t)
	w.rows("one", board[1:]...)
	w.pass(time.Second)
	last, err := w.journal.LastRound(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	h := last.Plan.Held[0]
	at := w.clock.UTC().Format("2006-01-02 15:04:05 UTC")
	if h.Rule != "S37" || !h.Releasable || !strings.Contains(h.Why, "made "+at) || h.Acts == nil || !h.Acts.Equal(w.clock.Add(time.Minute)) {
		t.Errorf("held by %s until %v: %s", h.Rule, h.Acts, h.Why)
	}
}
