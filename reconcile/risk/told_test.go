package risk_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/packs"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/risk"
)

// planned is a plan with a finding of a pack, one of policies and one that is waived, with
// texts that HTML, CSV and terminals are not to take for theirs.
func planned() *plan.Plan {
	ann, team := inventory.ByID(inventory.KindUser, "ANN"), inventory.ByID(inventory.KindTeam, "CORE")
	return &plan.Plan{
		Names: map[string]string{ann.String(): "ann@acme.com", team.String(): "team:<b>Core</b>"},
		Findings: []plan.Finding{
			{Rule: "dutyward.observer-manages", Subject: ann, Resource: team, Severity: "medium", Message: "=cmd()|<script>alert(1)</script>", By: []policies.Origin{{Root: policies.PacksRoot, File: "packs/access.rego", Line: 1}}},
			{Rule: "own", Subject: team, Severity: "critical", Message: "a\x1b[31mred", By: []policies.Origin{{File: "policies/risk/a.rego", Line: 9, Title: "Own", Owner: "dan@acme.com"}}},
			{Rule: "own", Subject: ann, Severity: "low", Message: "accepted", Waived: &plan.Waived{Reason: "known", Until: now.Add(time.Hour)}},
		},
		Changes: []plan.Change{{ID: "team/CORE/ANN/manager/none", User: "ANN", Resource: team, Effect: plan.Lower}},
	}
}

func TestRisksAreScoredSortedAndFiltered(t *testing.T) {
	items := risk.Items(planned(), clean(), nil, now)
	if items[0].Severity != "critical" || items[0].Score.Total != 42 || items[0].Owner != "dan@acme.com" {
		t.Errorf("first is %+v", items[0])
	}
	old := now.AddDate(0, 0, -60)
	for _, x := range risk.Items(planned(), clean(), map[string]plan.RiskKnown{items[0].ID: {First: old, Opened: old, Last: now}}, now) {
		if x.ID == items[0].ID && x.Score.Total <= items[0].Score.Total {
			t.Errorf("open for 60 days it scores %d, and %d at first", x.Score.Total, items[0].Score.Total)
		}
		if x.Rule == "dutyward.observer-manages" && (len(x.Mends) != 1 || x.Controls.SOC2 == "" || x.Pack != "access") {
			t.Errorf("%+v", x)
		}
	}
	for name, f := range map[string]struct {
		filter risk.Filter
		want   int
	}{
		"all open": {risk.Filter{}, 2}, "waived": {risk.Filter{Waived: true}, 3}, "severity": {risk.Filter{Least: "high"}, 1},
		"rule": {risk.Filter{Rules: []string{"observer-manages"}}, 1}, "pack": {risk.Filter{Rules: []string{"access"}}, 1},
		"about": {risk.Filter{About: "ANN@"}, 1}, "score": {risk.Filter{Score: 99}, 0},
	} {
		if got := f.filter.Of(items); len(got) != f.want {
			t.Errorf("%s: %d are shown, want %d", name, len(got), f.want)
		}
	}
	rolls := risk.RollUp(items, "subject")
	if len(rolls) != 2 || rolls[0].Risks != 2 && rolls[1].Risks != 2 {
		t.Errorf("rolled up: %+v", rolls)
	}
}

func report(t *testing.T) *risk.Report {
	t.Helper()
	return &risk.Report{Account: "acme", At: now, Risks: risk.Items(planned(), clean(), nil, now), Rolls: []risk.Roll{}}
}

func TestSARIFIsValidAgainstItsSchema(t *testing.T) {
	var b bytes.Buffer
	if err := risk.SARIF(&b, report(t).Risks, "1.0.0", "dutyward.yaml"); err != nil {
		t.Fatal(err)
	}
	read, err := sarif.FromBytes(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := read.Validate(); err != nil {
		t.Error(err)
	}
	for _, part := range []string{`"uri": "policies/risk/a.rego"`, `"uri": "dutyward.yaml"`, `"kind": "external"`, `"level": "error"`, `"dutyward/v1"`} {
		if !strings.Contains(b.String(), part) {
			t.Errorf("it lacks %s", part)
		}
	}
}

func TestWhatIsToldIsHarmless(t *testing.T) {
	var html, table, text bytes.Buffer
	r := report(t)
	for _, err := range []error{risk.HTML(&html, r), risk.CSV(&table, r), risk.Text(&text, r)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if s := html.String(); strings.Contains(s, "<script") || strings.Contains(s, "<b>Core") || strings.Contains(s, "http") {
		t.Error("the page has markup that is not its own, or needs something from elsewhere")
	}
	rows, err := csv.NewReader(&table).ReadAll()
	if err != nil || len(rows) != 4 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows[1:] {
		for _, cell := range row {
			if strings.HasPrefix(cell, "=") {
				t.Errorf("a spreadsheet takes %q for a formula", cell)
			}
		}
	}
	if strings.Contains(text.String(), "\x1b") {
		t.Error("the text has an escape sequence")
	}
	var explained bytes.Buffer
	rule, _ := packs.ByID("dutyward.observer-manages")
	if err := risk.Explain(&explained, rule, r.Risks); err != nil || !strings.Contains(explained.String(), "SOC 2") {
		t.Errorf("%v: %s", err, explained.String())
	}
}
