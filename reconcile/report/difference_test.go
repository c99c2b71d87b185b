package report_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/compare"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/report"
)

// differenceOf is a difference about n people.
func differenceOf(n int, reason string) *compare.Difference {
	d := &compare.Difference{Account: "acme", TakenAt: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), Names: map[string]string{"team:#P1": "team:Payments"}}
	for i := range n {
		id := fmt.Sprintf("PU%d", i)
		d.Names["user:#"+id] = fmt.Sprintf("u%d@acme.com", i)
		d.Access = append(d.Access, compare.AccessDifference{
			User: id, Resource: inventory.ByID(inventory.KindTeam, "P1"), Before: "none", After: "manager", Effect: plan.Raise,
			By:   []desired.By{{Origin: policies.Origin{File: "policies/a.rego", Line: 3}}},
			Then: compare.Outcome{State: compare.OutcomeBlocked, Why: reason},
		})
	}
	d.Summary.Raise = n
	return d
}

func markdownOf(t *testing.T, d *compare.Difference) string {
	t.Helper()
	var b strings.Builder
	if err := report.DifferenceMarkdown(&b, d, "origin/main"); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestACommentIsFoldedWhenLongAndCutWhenTooLong(t *testing.T) {
	for name, tc := range map[string]struct {
		people      int
		folded, cut bool
	}{
		"short":    {20, false, false},
		"long":     {21, true, false},
		"too long": {5000, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			text := markdownOf(t, differenceOf(tc.people, "no seat is free"))
			if n := utf8.RuneCountInString(text); n > 65_536 {
				t.Errorf("%d characters, more than a comment may have", n)
			}
			if !strings.HasPrefix(text, report.DifferenceMarker+"\n") {
				t.Error("the marker is not its first line")
			}
			if got := strings.Contains(text, "<details>"); got != tc.folded || strings.Count(text, "<details>") != strings.Count(text, "</details>") {
				t.Errorf("folded: %v", got)
			}
			if got := strings.Contains(text, "_Cut to fit into a comment: "); got != tc.cut {
				t.Errorf("cut: %v", got)
			}
		})
	}
}

func TestNothingInACommentMentionsPeopleOrIsHTML(t *testing.T) {
	text := markdownOf(t, differenceOf(1, "ask @acme/sre | <b>now</b> `x`\n# or"))
	for _, bad := range []string{"ask @acme", "<b>", "`x`", "| <", "\n# or"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q is in\n%s", bad, text)
		}
	}
}

// Short sections are whole behind long ones, and holds for many reasons are summed up.
func TestShortSectionsAndHoldsHaveTheirPlaceInALongComment(t *testing.T) {
	d := differenceOf(5000, strings.Repeat("no seat is free ", 10))
	d.Protections.Ends = []compare.Guarded{{People: -1, Reason: "run by the executive office"}}
	d.Settings = []compare.Setting{{Key: "operators", Before: "[ops@acme.com]", After: "[]"}}
	for i := range 400 {
		d.Holds = append(d.Holds, compare.Hold{Rule: "S26", Why: strings.Repeat(fmt.Sprintf("reason %d ", i), 100), Changes: i + 1})
		d.Data = append(d.Data, fmt.Sprintf("policies/%d.yaml", i))
	}
	text := markdownOf(t, d)
	if n := utf8.RuneCountInString(text); n > 65_536 {
		t.Errorf("%d characters, more than a comment may have", n)
	}
	for _, want := range []string{"run by the executive office", "operators: ", "400 changes (S26)", "policies/7.yaml",
		"for 392 other reasons", " of 5000 lines are left out here"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not there", want)
		}
	}
}

// What speaks against merging is in the comment whole, however long the details are.
func TestNoWarningIsCutFromALongComment(t *testing.T) {
	d := differenceOf(5000, strings.Repeat("no seat is free ", 10))
	for i := range 100 {
		n := desired.Notice{Message: fmt.Sprintf("warning %d of a rule", i), Origin: policies.Origin{File: "a.rego", Line: i + 1}}
		d.Warnings.Begins = append(d.Warnings.Begins, n)
		n.Message = fmt.Sprintf("error %d of a rule", i)
		d.Errors.Begins = append(d.Errors.Begins, n)
		d.Findings.Begins = append(d.Findings.Begins, plan.Finding{Severity: "high", Message: fmt.Sprintf("finding %d", i), Subject: inventory.ByID(inventory.KindUser, fmt.Sprint("PU", i)),
			By: []policies.Origin{{File: "risk.rego", Line: i, Title: fmt.Sprintf("Title %d.", i), Owner: fmt.Sprintf("owner%d.", i), Source: fmt.Sprintf("row %d.", i)}}})
	}
	text := markdownOf(t, d)
	if n := utf8.RuneCountInString(text); n > 65_536 {
		t.Errorf("%d characters, more than a comment may have", n)
	}
	for i := range 100 {
		for _, want := range []string{"warning %d of", "error %d of", "finding %d —", "Title %d.", "owner%d.", "row %d."} {
			if want = fmt.Sprintf(want, i); !strings.Contains(text, want) {
				t.Fatalf("%q was cut", want)
			}
		}
	}
	if !strings.Contains(text, " of 5000 lines are left out here. `dutyward plan --base` without `--format markdown` shows all._") {
		t.Errorf("it does not say what is left out, and how to see it: %s", text[max(0, len(text)-900):])
	}
}

// Hundreds of differences fit on two screens, with the summary first; --full has each.
func TestALongDifferenceIsSummedUp(t *testing.T) {
	d := differenceOf(700, "no seat is free")
	for i := range 90 {
		d.Consequences = append(d.Consequences, compare.Consequence{User: fmt.Sprint("PU", i), Resource: inventory.ByID(inventory.KindTeam, fmt.Sprint("PT", i%30)),
			Was: compare.Outcome{State: compare.OutcomeLeft, Why: "no policy names this team"}, Then: compare.Outcome{State: compare.OutcomeHeld, Rule: "S26", Key: "k", Before: "responder", After: "none"}})
	}
	var brief, full strings.Builder
	if err := (report.DifferenceView{}).Write(&brief, d); err != nil {
		t.Fatal(err)
	}
	if err := (report.DifferenceView{Full: true}).Write(&full, d); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(brief.String(), "\n"); n > 100 || strings.Count(full.String(), "\n") < 700 {
		t.Errorf("%d lines, more than two screens:\n%s", n, brief.String())
	}
	if !strings.HasPrefix(brief.String(), "Difference: ") || !strings.Contains(brief.String(), "--full") {
		t.Errorf("it does not begin with the summary: %s", brief.String())
	}
	if !strings.Contains(brief.String(), "  90  responder → none would be held (S26); before: left alone: no policy names this team\n") {
		t.Errorf("equal outcomes are not counted:\n%s", brief.String())
	}
}
