package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/findings"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// smallAccount has five people and two teams, by the names of wholePlan.
func smallAccount() *inventory.Snapshot {
	s := &inventory.Snapshot{
		Users: map[string]inventory.User{
			"P1": {ID: "P1", Email: "ann@acme.com", BaseRole: "observer"},
			"P2": {ID: "P2", Email: "bob@acme.com", BaseRole: "user"},
			"P3": {ID: "P3", Email: "chloé@acme.com", BaseRole: "admin"},
			"P4": {ID: "P4", Email: "dan@acme.com", BaseRole: "admin"},
			"P5": {ID: "P5", Email: "eve@acme.com", BaseRole: "user"},
		},
		Teams: map[string]inventory.Team{
			"T1": {ID: "T1", Name: "Payments", Members: map[string]string{"P5": "manager", "P3": "responder"}},
			"T2": {ID: "T2", Name: "Search", Members: map[string]string{"P1": "manager", "P2": "responder", "P3": "responder"}},
		},
	}
	s.Normalize()
	return s
}

func smallAccess() *desired.Access {
	shift := desired.Window{From: at("2026-03-02T09:00:00Z"), Until: at("2026-03-02T17:00:00Z")}
	chain := []string{"group:payments-oncall", "oncall:Payments Primary"}
	on := func(user, resource string) desired.Pair {
		return desired.Pair{User: user, Resource: team(resource)}
	}
	return &desired.Access{
		At: at("2026-03-02T09:00:00Z"),
		Grants: desired.ByPair[*desired.Grant]{on("P2", "T1").Target(): {
			"P2": {Pair: on("P2", "T1"), Role: "manager", Window: shift, By: []desired.By{through(onCall, chain...)}},
			"P3": {Pair: on("P3", "T1"), Role: "responder", By: []desired.By{through(untitled), through(onCall)},
				Limited: []desired.Limitation{{AtMost: "responder", Reason: "contractors", By: through(untitled, "group:contractors")}}},
		}},
		Unknown: []desired.Unknown{{User: "P4", Resource: team("T1"), Reason: "oncall:Payments does not exist"}},
		Named:   map[desired.Target][]policies.Origin{{Resource: team("T1")}: {onCall, untitled}},
		Groups: map[string]desired.Group{
			"payments-oncall": {Name: "payments-oncall", Description: "whoever is on call", Owner: "dan@acme.com", Origins: []policies.Origin{untitled},
				Members: map[string]desired.Membership{
					"P2": {Window: shift, Chains: [][]string{{"oncall:Payments Primary"}, {"group:day", "oncall:Payments Day"}}},
					"P1": {Chains: [][]string{{}}},
				}},
			"nobody": {Name: "nobody", Members: map[string]desired.Membership{}, Unknown: []string{"oncall:Nowhere does not exist"}},
		},
	}
}

// smallStandings has a grant of P2 on T1 beaten by a higher one.
func smallStandings() *Standings {
	st := NewStandings(smallAccount(), smallAccess(), wholePlan())
	st.lost = func(pair desired.Pair) []desired.LostGrant {
		if pair != (desired.Pair{User: "P2", Resource: team("T1")}) {
			return nil
		}
		return []desired.LostGrant{{Role: "responder", By: through(untitled), Why: "a higher role wins"}}
	}
	return st
}

func TestGroupsShowMembersWithEveryChain(t *testing.T) {
	var out bytes.Buffer
	if err := GroupsText(&out, smallAccess(), inventory.NewIndex(smallAccount()), []string{"nobody", "payments-oncall"}, Style{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "groups.txt", out.Bytes())
}

func TestExplainSaysWhatIsHeldWhatIsAskedAndWhy(t *testing.T) {
	st := smallStandings()
	for _, c := range []struct {
		name string
		pair desired.Pair
	}{
		{"planned", desired.Pair{User: "P2", Resource: team("T1")}},
		{"as-asked-under-a-limit", desired.Pair{User: "P3", Resource: team("T1")}},
		{"unknown", desired.Pair{User: "P4", Resource: team("T1")}},
		{"held", desired.Pair{User: "P2", Resource: team("T2")}},
		{"unassigned", desired.Pair{User: "P5", Resource: account}},
		{"nothing", desired.Pair{User: "P4", Resource: team("T2")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := ExplainText(&out, Explain(st.Of(c.pair), nil, nil, nil), Style{}); err != nil {
				t.Fatal(err)
			}
			golden(t, "explain-"+c.name+".txt", out.Bytes())
		})
	}
}

func TestWhoListsHoldersAndComersByRank(t *testing.T) {
	st := smallStandings()
	var out bytes.Buffer
	for _, r := range []inventory.Ref{team("T1"), team("T2"), account} {
		if err := WhoText(&out, inventory.NewIndex(smallAccount()).Named(r), at("2026-03-02T09:00:00Z"), st.On(r), Style{}); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "who.txt", out.Bytes())
}

func TestApplyIsToldChangeByChangeAndInTheEnd(t *testing.T) {
	p := wholePlan()
	outcomes := []apply.Outcome{
		{Change: p.Changes[0], Status: apply.Done},
		{Change: p.Changes[1], Status: apply.Conflict, Why: "changed since the plan: it saw admin, PagerDuty now holds user"},
		{Change: p.Changes[2], Status: apply.Failed, Why: "PUT /teams/T1/users/P2: 403 Forbidden", Uncertain: true},
		{Change: p.Changes[3], Status: apply.Skipped, Why: "it requires team/T1/P2/none/manager, which did not succeed"},
		{Change: p.Changes[4], Status: apply.Already, Why: "already so"},
	}
	var out bytes.Buffer
	progress := Progress(&out, p, Style{})
	for i, o := range outcomes {
		progress(apply.Step{Change: o.Change, Settled: i, Total: len(outcomes)})
		progress(apply.Step{Change: o.Change, Outcome: &o, Settled: i + 1, Total: len(outcomes)})
	}
	r := &apply.Report{Began: at("2026-03-02T09:00:00Z"), Ended: at("2026-03-02T09:00:00Z").Add(1340 * time.Millisecond), Outcomes: outcomes,
		Counts: apply.Counts{Done: 1, Already: 1, Conflict: 1, Failed: 1, Skipped: 1}, Stopped: "the run was interrupted"}
	if err := ApplyText(&out, p, r, Style{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "apply.txt", out.Bytes())
}

func TestCostNamesEndpointsAndWaiting(t *testing.T) {
	var out bytes.Buffer
	err := CostText(&out, pagerduty.Cost{Requests: 14, Retries: 1, BytesIn: 1_234_567, Waited: 90 * time.Second, Elapsed: 2345 * time.Millisecond,
		Endpoints: []pagerduty.EndpointCost{{Endpoint: "GET /teams/{id}/members", Requests: 12, BytesIn: 1_234_000}, {Endpoint: "GET /users", Requests: 2, BytesIn: 567}}}, Style{})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "cost.txt", out.Bytes())
}

func TestSummaryOfAPlanSaysWhatIsNotZero(t *testing.T) {
	for want, p := range map[string]*plan.Plan{
		"No changes. PagerDuty holds what the policies say.":                                       {},
		"No changes. PagerDuty holds what the policies say; 1 finding.":                            {Summary: plan.Summary{Findings: 1}},
		"No changes to apply: 2 held, 1 unknown.":                                                  {Summary: plan.Summary{Held: 2, Unknown: 1}},
		"Plan: 1 to add, 0 to change, 0 to remove.":                                                {Changes: []plan.Change{{Action: plan.ActionGrant}}, Summary: plan.Summary{Raise: 1}},
		"Plan: 0 to add, 1 to change, 1 to remove; 3 not enforced, 2 findings, 1 waived, 1 error.": {Changes: []plan.Change{{Action: plan.ActionRole}, {Action: plan.ActionRevoke}}, Errors: make([]desired.Notice, 1), Summary: plan.Summary{Lower: 2, Unenforced: 3, Findings: 2, Waived: 1}},
	} {
		if diff := cmp.Diff(want, PlanSummary(p)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestS38_APlanWithABrokenLimitDoesNotSayThatPagerDutyHoldsWhatThePoliciesSay(t *testing.T) {
	for _, c := range []code.Code{findings.BeyondLimit, findings.LeaverRemains} {
		p := &plan.Plan{Findings: []plan.Finding{{Code: c}}, Summary: plan.Summary{Findings: 1}}
		if diff := cmp.Diff("No changes to apply: 1 finding.", PlanSummary(p)); diff != "" {
			t.Error(c, diff)
		}
	}
}

func TestShiftsToComeOfOneWayAreToldAsOne(t *testing.T) {
	begins := func(role, when string) Lost {
		return lostOf([]desired.LostGrant{{Role: role, By: through(onCall), Why: "begins " + when, ToCome: true}})[0]
	}
	x := Explanation{Standing: Standing{Resource: team("T1"), Lost: []Lost{
		begins("manager", "Monday"), begins("manager", "Tuesday"), begins("manager", "Friday"), begins("responder", "Sunday"),
	}}}
	var out bytes.Buffer
	if err := ExplainText(&out, x, Style{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"  manager: begins Monday, and 2 times after that — Whoever", "  responder: begins Sunday — Whoever"} {
		if !strings.Contains(out.String(), want) || strings.Contains(out.String(), "Tuesday") {
			t.Errorf("want %q in:\n%s", want, out.String())
		}
	}
}

func TestSchedulesOfOneNameAreToldApart(t *testing.T) {
	o := &OnCall{Schedules: []ScheduleDuty{{ID: "S1", Name: "Night"}, {ID: "S2", Name: "Night"}, {ID: "S3", Name: "Day"}, {ID: "S4", Name: "#1"}}}
	var out bytes.Buffer
	if err := OnCallText(&out, o, Style{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"schedule:#S1 (Night)", "schedule:#S2 (Night)", "schedule:Day ", "schedule:#S4 (#1)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("want %q in:\n%s", want, out.String())
		}
	}
}
