package reconcile_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/events/eventlog"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// watch is a daemon on the example company, whose policies may be edited.
type watch struct {
	*world
	*daemon.Daemon
	folder string
	stop   reconcile.StopFile
	log    *bytes.Buffer
}

func newWatch(t *testing.T, edits ...func(*inventory.Snapshot)) *watch {
	t.Helper()
	w := &watch{world: newWorld(t, edits...), folder: t.TempDir(), log: &bytes.Buffer{}}
	if err := os.CopyFS(w.folder, os.DirFS("../examples/company/policies")); err != nil {
		t.Fatal(err)
	}
	w.stop = reconcile.StopFile(filepath.Join(t.TempDir(), "stop"))
	w.restart()
	return w
}

// restart is another process on the same journal.
func (w *watch) restart() {
	w.log.Reset()
	w.Daemon = &daemon.Daemon{
		Load: func(ctx context.Context) (reconcile.Policies, error) {
			return eval.Load(ctx, eval.Options{Roots: []string{w.folder}})
		},
		Reader: w.world, Record: w.journal, Account: w.client, Settings: plan.Settings{Default: plan.Sync},
		Now: w.now, Paused: w.stop.Paused,
		Sink: eventlog.Log{Logger: slog.New(slog.NewTextHandler(w.log, nil))},
	}
}

// pass makes a round after some time, which must succeed.
func (w *watch) pass(after time.Duration) daemon.Next {
	w.t.Helper()
	w.clock = w.clock.Add(after)
	outlook, err := w.Round(context.Background(), "test")
	if err != nil {
		w.t.Fatalf("%v\n%s", err, w.log)
	}
	return outlook
}

// edit writes a policy file.
func (w *watch) edit(file, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.folder, file), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// lines are the log's lines that hold text.
func (w *watch) lines(text string) []string {
	return slices.DeleteFunc(strings.Split(w.log.String(), "\n"), func(l string) bool { return !strings.Contains(l, text) })
}

// told demands that the log told something a number of times since the start.
func (w *watch) told(text string, times int) {
	w.t.Helper()
	if n := len(w.lines(text)); n != times {
		w.t.Errorf("%q was told %d times, want %d:\n%s", text, n, times, w.log)
	}
}

// role is a person's role on a team; empty if they are not on it.
func (w *watch) role(team, user string) string {
	w.t.Helper()
	members, err := w.client.TeamMembers(context.Background(), team)
	if err != nil {
		w.t.Fatal(err)
	}
	return members[user]
}

// tamper takes somebody off the team that policies put them on, as a person
// might, and returns whose role that was and which.
func (w *watch) tamper() (team, user, role string) {
	w.t.Helper()
	return w.tamperAs(w.client)
}

// tamperAs is tamper by somebody with a client of their own.
func (w *watch) tamperAs(c *pagerduty.Client) (team, user, role string) {
	w.t.Helper()
	now, err := w.round().Plan(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, pair := range now.Access.Grants.Pairs() {
		g, team := now.Access.Grant(pair), pair.Resource.ID
		if len(g.Schedules) > 0 || now.Snapshot.Teams[team].Members[pair.User] != g.Role {
			continue
		}
		// Some can't be removed, for their team's escalation policies name them.
		if c.RemoveTeamMember(context.Background(), team, pair.User) == nil {
			return team, pair.User, g.Role
		}
	}
	w.t.Fatal("nobody can be taken off a team")
	return "", "", ""
}

const typo = "package access.more\n\ngrant contains {\"principal\": }\n"

func TestTheNextRoundCatchesDrift(t *testing.T) {
	w := newWatch(t)
	w.pass(0)
	w.pass(time.Hour)
	team, user, role := w.tamper()
	w.pass(time.Minute)
	if got := w.role(team, user); got != role {
		t.Errorf("role %q, want %q again", got, role)
	}
	w.told("cause=drift", 1)
	if !slices.Contains(w.Status().Changes, daemon.ChangeCount{Cause: plan.CauseDrift, Effect: plan.Raise, Count: 1}) {
		t.Errorf("changes %+v, want one raise for drift", w.Status().Changes)
	}
}

func TestS5_ASavedTypoLeavesTheLastGoodPoliciesInForceAndIsToldOnce(t *testing.T) {
	w := newWatch(t)
	w.pass(0)
	w.pass(time.Hour)
	good := w.Status().Revision

	w.edit("access/typo.rego", typo)
	team, user, role := w.tamper()
	w.pass(time.Minute)
	w.pass(time.Minute)
	if got := w.role(team, user); got != role {
		t.Errorf("role %q, want %q: the last good policies are in force", got, role)
	}
	w.told("the policies are broken", 1)
	s := w.Status()
	if s.Broken == nil || !strings.Contains(s.Broken.Why, "typo.rego:3") || s.Revision != good || s.Error != "" {
		t.Errorf("status %+v, want the problem's place and the good revision", s)
	}

	w.edit("access/typo.rego", "package access.more\n")
	w.pass(time.Minute)
	w.pass(time.Minute)
	w.told("fixed", 1)
	if s := w.Status(); s.Broken != nil || s.Revision == good {
		t.Errorf("status %+v, want the new revision in force", s)
	}
}

func TestS5_PoliciesThatErrOnTheAccountAreNotGood(t *testing.T) {
	w := newWatch(t)
	w.pass(0)
	good := w.Status().Revision
	w.edit("access/err.rego", "package access.more\n\n"+
		"grant contains {\"principal\": \"user:dan.weber@acme.test\", \"resource\": \"team:Search\", \"role\": \"manager\"} if to_number(input.account.name) > 1\n")
	w.pass(time.Hour)
	w.told("err.rego:3", 1)
	if s := w.Status(); s.Revision != good || s.Suspended != nil {
		t.Errorf("status %+v, want the good revision in force with nothing suspended", s)
	}
}

func TestS5_AfterARestartTheStoredPoliciesStandInForBrokenOnes(t *testing.T) {
	w := newWatch(t)
	w.pass(0)
	w.pass(time.Hour)
	w.edit("access/typo.rego", typo)
	team, user, role := w.tamper()
	w.restart()
	w.pass(time.Minute)
	if got := w.role(team, user); got != role {
		t.Errorf("role %q, want %q", got, role)
	}
	w.told("the policies are broken", 1)
}

func TestS2_AnEmptiedFolderLeavesTheLastGoodPoliciesInForce(t *testing.T) {
	w := newWatch(t)
	w.pass(0)
	w.folder = t.TempDir()
	w.pass(time.Hour)
	w.told("no grant at all", 1)
	if n := w.Status().Summary.Lower; n != 0 {
		t.Errorf("%d lowerings are due, want none", n)
	}
}

func TestPoliciesThatWereNeverGoodPlanNothing(t *testing.T) {
	w := newWatch(t)
	w.edit("access/typo.rego", typo)
	_, err := w.Round(context.Background(), "start")
	if err == nil || !strings.Contains(err.Error(), "typo.rego:3") {
		t.Fatalf("%v, want the problem's place", err)
	}
	if s := w.Status(); s.Failures != 1 || s.Succeeded != nil || s.Error == "" {
		t.Errorf("status %+v, want a failed round", s)
	}
}

func TestAPauseStopsWritesAndReportingGoesOn(t *testing.T) {
	w := newWatch(t)
	w.pass(0)
	w.pass(time.Hour)
	if _, err := w.stop.Pause(reconcile.Pause{Since: w.clock, Reason: "incident"}); err != nil {
		t.Fatal(err)
	}
	team, user, role := w.tamper()
	w.pass(time.Minute)
	if got := w.role(team, user); got != "" {
		t.Errorf("role %q was given during a pause", got)
	}
	s := w.Status()
	if s.Summary.Raise != 1 || s.Paused == nil || s.Paused.Reason != "incident" {
		t.Errorf("status %+v, want one raise due, paused for an incident", s)
	}
	w.told("writing is paused", 1)

	if _, err := w.stop.Resume(); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Minute)
	if got := w.role(team, user); got != role {
		t.Errorf("role %q after the pause, want %q", got, role)
	}
}

func TestAPauseEndsARoundBetweenTwoWrites(t *testing.T) {
	w := newWatch(t)
	var asked atomic.Int32
	w.Paused = func() *reconcile.Pause {
		if asked.Add(1) < 4 {
			return nil
		}
		return &reconcile.Pause{}
	}
	w.pass(0)
	s := w.Status()
	if n := len(w.lines("raised")); n >= s.Summary.Raise || s.Error != "" {
		t.Errorf("%d of %d raises made, error %q; want fewer and no error", n, s.Summary.Raise, s.Error)
	}
}

func TestTheNextBoundaryMakesTheNextRound(t *testing.T) {
	w := newWatch(t)
	outlook := w.pass(0)
	if !outlook.At.After(w.clock) {
		t.Fatalf("boundary %s, want one after %s", outlook.At, w.clock)
	}
	for range 20 {
		w.clock = outlook.At
		outlook = w.pass(0)
		if len(w.lines("cause=handoff")) > 0 {
			return
		}
	}
	t.Errorf("access did not follow the shifts at 20 boundaries:\n%s", w.log)
}

func TestAFailureChangesTheNextMomentOnly(t *testing.T) {
	w := newWatch(t)
	w.pass(0)
	w.sim.Inject(fault(t, "revoked"))
	w.clock = w.clock.Add(time.Hour)
	if _, err := w.Round(context.Background(), "test"); err == nil {
		t.Fatal("the round succeeded without users")
	}
	w.sim.ClearFaults()
	w.pass(time.Minute)
	if s := w.Status(); s.Rounds != 3 || s.Failures != 1 || s.Error != "" {
		t.Errorf("status %+v, want one failure of three rounds, and none now", s)
	}
}

func fault(t *testing.T, text string) pagerdutysim.Fault {
	t.Helper()
	f, err := pagerdutysim.ParseFault(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAnInterruptedRoundDidNotFail(t *testing.T) {
	w := newWatch(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := w.Round(ctx, "test"); err != nil {
		t.Errorf("%v, want no error", err)
	}
	if n := w.Status().Failures; n != 0 {
		t.Errorf("%d failures, want none", n)
	}
}

func TestAQuietAccountIsToldOnce(t *testing.T) {
	w := newWatch(t)
	w.pass(0)
	w.pass(time.Hour)
	w.log.Reset()
	for range 3 {
		w.pass(time.Minute)
	}
	if w.log.Len() > 0 {
		t.Errorf("three rounds in which nothing happened told:\n%s", w.log)
	}
}

func TestTheEndFindsTheChangeInHandFinishedAndTheNextRoundGoesOn(t *testing.T) {
	w := newWatch(t)
	ctx, cancel := context.WithCancel(context.Background())
	var asked atomic.Int32
	w.Paused = func() *reconcile.Pause {
		if asked.Add(1) == 14 { // once for the round, for each of eight changes, and then before each write
			cancel()
		}
		return nil
	}
	if _, err := w.Round(ctx, "test"); err != nil {
		t.Fatal(err)
	}
	due, made := w.Status().Summary.Raise, len(w.lines("raised"))
	if made == 0 || made >= due {
		t.Fatalf("%d of %d raises made, want some and not all:\n%s", made, due, w.log)
	}
	w.pass(0)
	w.pass(time.Hour)
	if n := w.Status().Summary; n.Raise+n.Lower > 0 {
		t.Errorf("%+v is still due", n)
	}
}

func TestS6_SinceWhenAndWhyLoweringIsSuspendedIsKnown(t *testing.T) {
	w := newWatch(t)
	w.pass(0)
	w.sim.Inject(fault(t, "total=-1:GET /users:*"))
	w.pass(time.Hour)
	began := w.clock
	w.pass(time.Minute)
	if s := w.Status().Suspended; s == nil || !s.Since.Equal(began) || s.Why == "" {
		t.Errorf("suspended %+v, want since %s with a reason", s, began)
	}
	w.told("nothing is lowered for now", 1)
	w.sim.ClearFaults()
	w.pass(time.Minute)
	w.told("lowering goes on", 1)
	if s := w.Status().Suspended; s != nil {
		t.Errorf("suspended %+v, want not", s)
	}
}

func TestABoundaryThatPagerDutysClockHasYetToReachIsAwaited(t *testing.T) {
	w := newWatch(t)
	boundary := w.pass(0).At
	w.clock = boundary.Add(-2 * time.Second)
	ahead := func() time.Time { return w.clock.Add(3 * time.Second) }
	w.Now = ahead
	if got, want := w.pass(0).At, ahead().Add(2*time.Second); !got.Equal(want) {
		t.Errorf("next round at %s, want %s", got, want)
	}
}

func TestS28_WhatIsHeldIsToldWhenItBeginsAndWhenItEnds(t *testing.T) {
	const start = `package access

grant contains {"principal": "user:priya.nair@acme.test", "resource": "account", "role": "admin"}

group contains {"name": "nobody"}
`
	for team, lines := range map[string]int{"Data": 3, "Search": 1} { // of three people, and of six
		t.Run(team, func(t *testing.T) {
			w := newWatch(t)
			w.folder = t.TempDir()
			w.edit("a.rego", start)
			w.pass(0)
			w.edit("a.rego", start+`grant contains {"principal": "group:nobody", "resource": "team:`+team+`", "role": "responder"}`)
			w.pass(0)
			w.pass(time.Minute)
			w.told("held until a person releases", lines)
			w.edit("a.rego", start)
			w.pass(time.Minute)
			w.pass(time.Minute)
			w.told("no longer held", 1)
		})
	}
}

func TestS28_TheFirstRoundIsOneDigestAndARestartTellsNothingAnew(t *testing.T) {
	w := newWatch(t)
	w.folder = t.TempDir()
	w.edit("a.rego", `package access

grant contains {"principal": "user:priya.nair@acme.test", "resource": "account", "role": "admin"}

group contains {"name": "nobody"}

grant contains {"principal": "group:nobody", "resource": "team:Data", "role": "responder"}
`)
	w.edit("risk.rego", `package risk

finding contains {"rule": "r", "subject": "user:priya.nair@acme.test", "severity": "high", "message": "so it is"}
`)
	w.pass(0)
	w.told("msg=\"first round", 1)
	w.told("held until a person", 0)
	w.told("msg=finding", 0)
	w.edit("typo.rego", typo)
	w.pass(time.Minute)
	w.told("the policies are broken", 1)
	broken := *w.Status().Broken

	w.restart()
	w.pass(time.Hour)
	w.told("held until a person", 0)
	w.told("finding", 1) // the round's own line counts them
	w.told("first round", 0)
	w.told("the policies are broken", 0)
	if s := w.Status().Broken; s == nil || !s.Since.Equal(broken.Since) {
		t.Errorf("broken %+v after a restart, want since %s", s, broken.Since)
	}

	must(t, os.Remove(filepath.Join(w.folder, "typo.rego")))
	w.edit("risk.rego", "package risk\n")
	w.pass(time.Minute)
	w.told("fixed", 1)
	w.told("findings are gone", 1)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAPanicInARoundIsAnErrorOfThatRound(t *testing.T) {
	w := newWatch(t)
	w.pass(0)
	load := w.Load
	w.Load = func(context.Context) (reconcile.Policies, error) { panic("index out of range") }
	for range 2 {
		if _, err := w.Round(context.Background(), "test"); err == nil || !strings.Contains(err.Error(), "please report it: index out of range") {
			t.Fatalf("%v, want the panic as an error", err)
		}
	}
	w.told("internal error", 1)
	if s := w.Status(); s.Failures != 2 || s.Error == "" {
		t.Errorf("status %+v, want two failures", s)
	}
	w.Load = load
	w.pass(time.Minute)
}

func TestS31_ADoubtfulClockIsToldWhenItBeginsAndWhenItEnds(t *testing.T) {
	w := newWatch(t)
	w.pass(0)
	doubt := "the local clock is behind"
	w.ClockDoubt = func() (time.Time, string) { return w.now(), doubt }
	w.pass(time.Minute)
	w.pass(time.Minute)
	w.told("the clock can't be trusted", 1)
	if w.Status().Clock == nil {
		t.Error("the status does not tell it")
	}
	doubt = ""
	w.pass(time.Minute)
	w.told("the clock is trusted again", 1)
	if c := w.Status().Clock; c != nil {
		t.Errorf("clock %+v, want no doubt", c)
	}
}

func TestS20_TheTokensUserIsNeverChanged(t *testing.T) {
	w := newWatch(t)
	w.pass(0)
	w.pass(time.Hour)
	team, user, _ := w.tamper()
	w.Self = func(context.Context) (string, error) { return user, nil }
	w.pass(time.Minute)
	if got := w.role(team, user); got != "" {
		t.Errorf("role %q was given to the token's user", got)
	}
	w.Self = func(context.Context) (string, error) { return "", errors.New("GET /users/me: 500") }
	w.pass(time.Minute)
	if s := w.Status().Suspended; s == nil || !strings.Contains(s.Why, "who owns the API token") {
		t.Errorf("suspended %+v, want since nobody knows who owns the token", s)
	}
}

func TestS29_AStateThatAnotherProcessHoldsIsAFailureThatNamesTheHolder(t *testing.T) {
	w := newWatch(t)
	w.pass(0)
	other, err := journal.Open(context.Background(), w.path, journal.Options{Now: time.Now, Command: "dutyward apply", Account: "acme"})
	must(t, err)
	defer other.Close()
	unlock, err := other.Lock(context.Background())
	must(t, err)
	_, _, role := w.tamper()
	for range 2 {
		_, err := w.Round(context.Background(), "test")
		if err == nil || !strings.Contains(err.Error(), `in use by "dutyward apply"`) {
			t.Fatalf("%v, want the holder's name", err)
		}
	}
	must(t, unlock())
	w.pass(time.Minute)
	if n := w.Status().Changes; role == "" || len(n) == 0 {
		t.Errorf("changes %+v, want the round to go on", n)
	}
}

func TestATokenThatIsRevokedMidwayIsToldOnceAndTheNextOneGoesOn(t *testing.T) {
	w := newWatch(t)
	w.sim.Inject(fault(t, "revoked:PUT:*@3"))
	_, err := w.Round(context.Background(), "test")
	if err == nil || !strings.Contains(err.Error(), "does not accept the token any more") {
		t.Fatalf("%v, want the reason", err)
	}
	w.told("not changed", 0)
	// Which of them landed first is nobody's to say: they are made beside each other.
	if made := len(w.lines("msg=raised")) + len(w.lines("msg=lowered")); made == 0 || made >= 16 {
		t.Errorf("%d changes were told, want the few before the token was revoked:\n%s", made, w.log)
	}
	w.sim.ClearFaults()
	w.pass(time.Minute)
	w.pass(time.Hour)
	if s := w.Status().Summary; s.Raise+s.Lower != 0 {
		t.Errorf("%+v is still due", s)
	}
}
