package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with testdata/name, or rewrites it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run the test with -update to write it", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs from what is printed (-file +printed); -update rewrites it:\n%s", path, diff)
	}
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func timeOf(s string) *time.Time { t := at(s); return &t }

var (
	team     = func(id string) inventory.Ref { return inventory.ByID(inventory.KindTeam, id) }
	account  = inventory.AccountRef
	onCall   = policies.Origin{File: "policies/access/oncall.rego", Line: 14, Package: "access.oncall", Root: "policies", Title: "Whoever is on call for Payments manages its team", Owner: "dan@acme.com"}
	roster   = policies.Origin{File: "policies/access/people.rego", Line: 9, Package: "access.people", Root: "policies", Title: "Everyone on the roster has a base role", Source: "people.yaml"}
	untitled = policies.Origin{File: "policies/access/teams.rego", Line: 31, Package: "access.teams", Root: "policies"}
	names    = map[string]string{
		"user:#P1": "user:ann@acme.com", "user:#P2": "user:bob@acme.com", "user:#P3": "user:chloé@acme.com",
		"user:#P4": "user:dan@acme.com", "user:#P5": "user:eve@acme.com",
		"team:#T1": "team:Payments", "team:#T2": "team:Search", "service:#S1": "service:Checkout",
	}
)

func through(o policies.Origin, chain ...string) desired.By {
	if chain == nil {
		chain = []string{}
	}
	return desired.By{Origin: o, Chain: chain}
}

// wholePlan has something in every section.
func wholePlan() *plan.Plan {
	handoff := plan.Change{ID: "team/T1/P2/none/manager", Kind: plan.TeamRole, Action: plan.ActionGrant, Effect: plan.Raise, Cause: plan.CauseHandoff,
		User: "P2", Resource: team("T1"), Before: "none", After: "manager", Reason: "on call until 2026-03-02 17:00 UTC",
		By:    []desired.By{through(onCall, "group:prod-access", "group:payments-oncall", "oncall:Payments Primary")},
		Until: timeOf("2026-03-02T17:00:00Z")}
	return &plan.Plan{
		Version: plan.Version, Account: "acme", Now: at("2026-03-02T09:00:00Z"), TakenAt: at("2026-03-02T08:59:30Z"),
		Expires: timeOf("2026-03-02T17:00:00Z"), Revision: "sha256:3f2a9c1d2e4f5a6b7c8d",
		Names: names,
		Changes: []plan.Change{
			{ID: "account/P1/observer/user", Kind: plan.BaseRole, Action: plan.ActionRole, Effect: plan.Raise, Cause: plan.CausePolicy, User: "P1", Resource: account,
				Before: "observer", After: "user", Reason: "Everyone on the roster has a base role (policies/access/people.rego:9), from people.yaml", By: []desired.By{through(roster)}},
			{ID: "account/P3/admin/limited_user", Kind: plan.BaseRole, Action: plan.ActionRole, Effect: plan.Lower, Cause: plan.CauseDrift, User: "P3", Resource: account,
				Before: "admin", After: "limited_user", Reason: "changed in PagerDuty to admin; policies give limited_user", By: []desired.By{through(roster)},
				LimitedBy: []desired.Limitation{{AtMost: "limited_user", Reason: "contractors", By: through(untitled, "group:contractors")}}},
			handoff,
			{ID: "team/T1/P4/none/manager", Kind: plan.TeamRole, Action: plan.ActionGrant, Effect: plan.Raise, Cause: plan.CauseHandoff, User: "P4", Resource: team("T1"),
				Before: "none", After: "manager", Reason: "on call until 2026-03-02 17:00 UTC", By: handoff.By, Requires: []string{handoff.ID}},
			{ID: "team/T1/P5/manager/none", Kind: plan.TeamRole, Action: plan.ActionRevoke, Effect: plan.Lower, Cause: plan.CauseHandoff, User: "P5", Resource: team("T1"),
				Before: "manager", After: "none", Reason: "the shift ended", By: []desired.By{through(onCall)}, Drifted: "responder"},
		},
		Unenforced: []plan.Change{{ID: "team/T2/P1/none/responder", Kind: plan.TeamRole, Action: plan.ActionGrant, Effect: plan.Raise, Cause: plan.CausePolicy, User: "P1",
			Resource: team("T2"), Before: "none", After: "responder", Reason: "rule policies/access/teams.rego:31 gives responder", By: []desired.By{through(untitled, "group:search")}}},
		Blocked: []plan.Blocked{
			{Change: plan.Change{ID: "team/T1/P9/none/responder", Kind: plan.TeamRole, Action: plan.ActionGrant, Effect: plan.Raise, Cause: plan.CausePolicy, User: "P9",
				Resource: team("T1"), Before: "none", After: "responder", Reason: "rule policies/access/teams.rego:31 gives responder", By: []desired.By{through(untitled)}},
				Code: "blocked/stakeholder", Why: "P9 is a stakeholder (read_only_user), who can't hold a role on a team", Unblock: "grant a base role such as limited_user"},
			{Change: plan.Change{Kind: plan.Deprovision, User: "P5", Resource: account, Cause: plan.CausePolicy, Reason: "deprovisioning of eve@acme.com (left in March)",
				By: []desired.By{through(untitled)}}, Code: "blocked/unsupported", Why: "not supported yet", Unblock: "nothing: a later version carries it out"},
		},
		Held: []plan.Held{{Change: plan.Change{ID: "team/T2/P2/responder/none", Kind: plan.TeamRole, Action: plan.ActionRevoke, Effect: plan.Lower, Cause: plan.CausePolicy, User: "P2",
			Resource: team("T2"), Before: "responder", After: "none", Reason: "no rule gives it", By: []desired.By{through(untitled)}},
			Code: plan.HoldEmptying, Rule: "S3", Releasable: true, Why: "team:Search would lose everybody", Release: "add an empty rule for team:Search, or dutyward release team/T2/P2/responder/none --reason …"}},
		Unknown: []desired.Unknown{
			{User: "P4", Resource: team("T2"), Reason: "oncall:Search Primry does not exist; did you mean schedule:Search Primary?"},
			{User: "*", Resource: inventory.Ref{Kind: inventory.KindTeam, Name: "*"}, Reason: "the limit rule failed"},
			{User: "P5", Reason: "eve@acme.com was renamed"},
		},
		Protected: []plan.Protected{
			{User: "P4", Resource: account, Before: "admin", Would: "user", Reason: "break glass", By: through(untitled)},
			{User: "P1", Resource: team("T1"), Before: "none", Would: "manager", Reason: "the operators are never changed", By: through(policies.Origin{})},
		},
		Extra: []plan.Extra{
			{User: "P1", Resource: team("T2"), Role: "manager", Why: "no policy names this team"},
			{User: "P3", Resource: team("T2"), Role: "responder", Why: "no policy names this team"},
		},
		Implied:    []plan.Implied{{User: "P4", Resource: team("T1"), Role: "manager", Why: "an admin counts as manager of every team"}},
		Absent:     []desired.Absent{{Email: "new@acme.com", By: []desired.By{through(roster), through(roster, "group:all")}}},
		Unassigned: []string{"P5", "P2"},
		Findings: []plan.Finding{
			{Rule: "no-paging", Subject: inventory.ByID(inventory.KindUser, "P1"), Severity: "medium", Message: "can't be paged", Remediation: "add a phone", By: []policies.Origin{untitled}},
			{Rule: "S30", Subject: inventory.ByID(inventory.KindUser, "P2"), Resource: team("T1"), Severity: "critical", Message: "could give it to themselves"},
			{Rule: "one-level", Subject: inventory.ByID(inventory.KindService, "S1"), Severity: "high", Message: "has one level only",
				Waived: &plan.Waived{Reason: "being retired", Until: at("2026-04-01T00:00:00Z"), By: []policies.Origin{untitled}}},
		},
		Errors:   []desired.Notice{{Message: "oncall:Search Primry does not exist", Origin: untitled}},
		Warnings: []desired.Notice{{Message: "the until of this grant has no effect", Origin: onCall}, {Message: "1 person could not be resolved"}},
		Notices:  []desired.Notice{{Message: "This is the first round."}},
		Summary:  plan.Summary{Raise: 3, Lower: 2, Unenforced: 1, Blocked: 2, Held: 1, Unknown: 3, Extra: 2, Protected: 2, Findings: 2, Waived: 1},
	}
}

func emptyPlan() *plan.Plan {
	return &plan.Plan{Account: "acme", Now: at("2026-03-02T09:00:00Z"), TakenAt: at("2026-03-02T09:00:00Z"), Revision: "3f2a"}
}

func TestPlanTextReadsAsReviewed(t *testing.T) {
	incomplete := emptyPlan()
	incomplete.Suspended = []desired.Notice{{Message: "the snapshot is incomplete: users: 99 of 100"}}
	incomplete.Unenforced = wholePlan().Unenforced
	incomplete.Summary.Unenforced = 1
	oneName := emptyPlan()
	oneName.Names = map[string]string{"team:#T1": "team:Platform", "team:#T2": "team:Platform"}
	for _, id := range []string{"T1", "T2"} {
		oneName.Unknown = append(oneName.Unknown, desired.Unknown{User: "*", Resource: inventory.ByID(inventory.KindTeam, id), Reason: "two teams"})
	}
	for i := range 6 {
		row := policies.Origin{File: "people.rego", Line: 21, Source: fmt.Sprintf("people.yaml: p%d@acme.com", i)}
		oneName.Errors = append(oneName.Errors, desired.Notice{Message: "team:Platform is the name of 2 teams", Origin: row})
	}
	crowd := emptyPlan()
	for range 60 {
		crowd.Unassigned = append(crowd.Unassigned, "P1")
	}
	for _, c := range []struct {
		name  string
		plan  *plan.Plan
		style Style
	}{
		{"whole plan", wholePlan(), Style{}},
		{"whole plan in colour", wholePlan(), Style{Colour: true}},
		{"nothing to do", emptyPlan(), Style{}},
		{"lowering suspended", incomplete, Style{}},
		{"long lists are cut", crowd, Style{}},
		{"two teams of one name", oneName, Style{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := PlanText(&out, c.plan, c.style); err != nil {
				t.Fatal(err)
			}
			golden(t, strings.ReplaceAll(c.name, " ", "-")+".txt", out.Bytes())
		})
	}
}

func TestColourAddsNothingButColour(t *testing.T) {
	var plain, colour bytes.Buffer
	if err := PlanText(&plain, wholePlan(), Style{}); err != nil {
		t.Fatal(err)
	}
	if err := PlanText(&colour, wholePlan(), Style{Colour: true}); err != nil {
		t.Fatal(err)
	}
	var stripped strings.Builder
	for i, part := range strings.Split(colour.String(), "\x1b[") {
		if i > 0 {
			_, part, _ = strings.Cut(part, "m")
		}
		stripped.WriteString(part)
	}
	if diff := cmp.Diff(plain.String(), stripped.String()); diff != "" {
		t.Errorf("text differs without colour:\n%s", diff)
	}
}

func TestPlanJSONReadsBackEqual(t *testing.T) {
	var out bytes.Buffer
	if err := PlanJSON(&out, wholePlan()); err != nil {
		t.Fatal(err)
	}
	var back plan.Plan
	if err := json.Unmarshal(out.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	if err := PlanJSON(&again, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(out.String(), again.String()); diff != "" {
		t.Error(diff)
	}
}

func TestWhatAnAdminHasOnEveryTeamIsToldOnce(t *testing.T) {
	p := &plan.Plan{}
	for _, x := range []string{"T1", "T2", "T3", "T4", "T5"} {
		p.Implied = append(p.Implied, plan.Implied{User: "P1", Resource: team(x), Role: "manager", Why: "an admin counts as manager of every team"})
	}
	p.Implied = append(p.Implied,
		plan.Implied{User: "P2", Resource: team("T1"), Role: "manager", Why: "an admin counts as manager of every team"},
		plan.Implied{User: "P3", Resource: team("T1"), Role: "responder", Why: "they are on a schedule of the team"})
	var b bytes.Buffer
	if err := PlanText(&b, p, Style{}); err != nil {
		t.Fatal(err)
	}
	const want = `Implied (7): PagerDuty gives it on its own
  an admin counts as manager of every team
      #P1 (5 teams), #P2 (team:#T1)
  team:#T1 — they are on a schedule of the team
      #P3 (responder)
`
	if !strings.Contains(b.String(), want) {
		t.Errorf("it says:\n%s\nwant in it:\n%s", b.String(), want)
	}
}
