package events_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/plan"
)

var at = time.Date(2026, 3, 16, 9, 30, 0, 0, time.UTC)

func grant(n int) plan.Change {
	return plan.Change{
		ID: fmt.Sprintf("grant %d", n), Effect: plan.Raise, Cause: plan.CausePolicy, User: "PANN",
		Resource: inventory.ByID(inventory.KindTeam, "PPAY"), Before: inventory.None, After: "responder",
		Reason: "on call until 14:00",
	}
}

func planned(edit func(*plan.Plan)) *plan.Plan {
	p := &plan.Plan{Names: map[string]string{"user:#PANN": "user:ann@acme.com", "team:#PPAY": "team:Payments"}}
	if edit != nil {
		edit(p)
	}
	return p
}

// codes are events as code and severity.
func codes(all []events.Event) []string {
	out := []string{}
	for _, e := range all {
		out = append(out, string(e.Code)+" "+string(e.Severity))
	}
	return out
}

func expect(t *testing.T, what string, got []events.Event, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), codes(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestS28_AConditionIsAnEventWhenItBeginsChangesAndEnds(t *testing.T) {
	var told events.Told
	expect(t, "in order", told.Configures(at, nil))
	expect(t, "begins", told.Configures(at, errors.New("line 2")), "event/configuration-broken warning")
	expect(t, "lasts", told.Configures(at.Add(time.Hour), errors.New("line 2")))
	changed := told.Configures(at.Add(time.Hour), errors.New("line 3"))
	expect(t, "changes", changed, "event/configuration-broken warning")
	if !changed[0].Since.Equal(at) {
		t.Errorf("since %s, want %s", changed[0].Since, at)
	}
	ended := told.Configures(at.Add(2*time.Hour), nil)
	expect(t, "ends", ended, "event/configuration-fixed info")
	if !ended[0].Since.Equal(at) {
		t.Errorf("since %s, want %s", ended[0].Since, at)
	}
}

func TestS28_ARestartTellsNothingAgain(t *testing.T) {
	p := planned(func(p *plan.Plan) {
		p.Suspended = []desired.Notice{{Message: "the snapshot is incomplete"}}
		p.Held = []plan.Held{{Change: grant(1), Code: plan.HoldEmptying, Rule: "S3", Releasable: true, Why: "many", Release: "dutyward release grant 1"}}
		p.Findings = []plan.Finding{{Rule: "lonely", Subject: inventory.ByID(inventory.KindUser, "PANN"), Severity: "high", Message: "alone"}}
	})
	round := events.Round{At: at, Plan: p, Snapshot: &inventory.Snapshot{}}
	var told events.Told
	expect(t, "first", told.Round(round), "event/lowering-suspended warning", "event/first-round warning")
	expect(t, "second", told.Round(round), "event/round debug")

	text, err := json.Marshal(told)
	if err != nil {
		t.Fatal(err)
	}
	var after events.Told
	if err := after.Recall(text); err != nil {
		t.Fatal(err)
	}
	expect(t, "after a restart", after.Round(round), "event/round info")
	round.Plan = planned(nil)
	expect(t, "all is well", after.Round(round), "event/lowering-resumed info", "event/held-ended info", "event/finding-ended info", "event/round debug")
}

func TestS28_ManyAtOnceAreOneEvent(t *testing.T) {
	for n, want := range map[int]int{1: 1, 5: 5, 6: 1, 100: 1} {
		var told events.Told
		told.Round(events.Round{At: at, Plan: planned(nil), Snapshot: &inventory.Snapshot{}})
		p := planned(func(p *plan.Plan) {
			for i := range n {
				c := grant(i)
				p.Held = append(p.Held, plan.Held{Change: c, Code: plan.HoldEmptying, Rule: "S3", Releasable: true, Why: "many", Release: "dutyward release " + c.ID})
			}
		})
		got := told.Round(events.Round{At: at, Plan: p, Snapshot: &inventory.Snapshot{}})
		held := slices.DeleteFunc(got, func(e events.Event) bool { return e.Code != events.Held })
		if len(held) != want {
			t.Errorf("%d held: %d events, want %d", n, len(held), want)
		}
	}
}

func TestAFailureThatRepeatsIsToldQuietly(t *testing.T) {
	var told events.Told
	step := func(status apply.Status, why string, wrote bool) []events.Event {
		return told.Step(at, planned(nil), apply.Step{Change: grant(1), Outcome: &apply.Outcome{Change: grant(1), Status: status, Why: why, Wrote: wrote}})
	}
	expect(t, "first", step(apply.Failed, "refused", false), "event/change-failed warning")
	expect(t, "again", step(apply.Failed, "refused", false), "event/change-failed debug")
	expect(t, "another reason", step(apply.Failed, "no answer", false), "event/change-failed warning")
	expect(t, "done", step(apply.Done, "", true), "event/access-raised info")
	expect(t, "fails later", step(apply.Failed, "no answer", false), "event/change-failed warning")
	expect(t, "skipped", step(apply.Skipped, "", false))
}

func TestAnAlarmIsToldOnceAndWhenItEnds(t *testing.T) {
	var told events.Told
	alarm := apply.EditAlarmed{Edit: 1, Schedule: "PSCH", Name: "Night", Why: "half edited", Since: at}
	expect(t, "stands", told.Standing(at, []apply.EditAlarmed{alarm}), "event/alarm error")
	expect(t, "still", told.Standing(at, []apply.EditAlarmed{alarm}))
	expect(t, "ends", told.Standing(at, nil), "event/alarm-ended info")
	expect(t, "comes back", told.Standing(at, []apply.EditAlarmed{alarm}), "event/alarm error")
}

func TestRoundsThatFailAreToldWhenTheReasonIsNew(t *testing.T) {
	var failing events.Failing
	ended := func(err error) []events.Event {
		failing.Count(err)
		return failing.Ended(at, at.Add(time.Minute), err)
	}
	expect(t, "well", ended(nil))
	expect(t, "fails", ended(errors.New("down")), "event/round-failed error")
	expect(t, "again", ended(errors.New("down")), "event/round-retried info")
	if failing.Failures != 2 {
		t.Errorf("%d failures, want 2", failing.Failures)
	}
	expect(t, "for another reason", ended(errors.New("still down")), "event/round-failed error")
	expect(t, "well again", ended(nil), "event/rounds-succeed info")
	expect(t, "and well", ended(nil))
}

func TestAnEventReadsAsASentenceAndAsJSON(t *testing.T) {
	var told events.Told
	got := told.Step(at, planned(nil), apply.Step{Change: grant(1), Outcome: &apply.Outcome{Status: apply.Done, Wrote: true}})
	want := "Raised: ann@acme.com on team:Payments from none to responder: on call until 14:00"
	if s := got[0].Sentence(); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
	text, err := json.Marshal(got[0])
	if err != nil {
		t.Fatal(err)
	}
	var form map[string]any
	if err := json.Unmarshal(text, &form); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"version": 1.0, "code": "event/access-raised", "at": "2026-03-16T09:30:00Z", "cause": "policy", "since": nil,
		"user": map[string]any{"ref": "user:#PANN", "name": "ann@acme.com"}, "details": map[string]any{},
	} {
		if diff := cmp.Diff(want, form[key]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
	var documented []string
	table, _, _ := strings.Cut(events.Reference(), "## Names")
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z]+)`").FindAllStringSubmatch(table, -1) {
		documented = append(documented, m[1])
	}
	slices.Sort(documented)
	if diff := cmp.Diff(documented, slices.Sorted(maps.Keys(form))); diff != "" {
		t.Errorf("keys (-documented +code):\n%s", diff)
	}
}

func TestASentenceIsOneLine(t *testing.T) {
	var told events.Told
	got := told.Policies(at, errors.New("a.rego:3: bad\n\n    grant contains\n    ^"), true)
	if s := got[0].Sentence(); strings.Contains(s, "\n") || !strings.HasSuffix(s, "a.rego:3: bad; grant contains; ^") {
		t.Errorf("got %q", s)
	}
}
