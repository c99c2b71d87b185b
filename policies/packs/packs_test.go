package packs_test

import (
	"context"
	"slices"
	"testing"

	"github.com/dutyward/dutyward/policies/packs"
)

func TestEachRuleSaysWhatItIsAbout(t *testing.T) {
	if _, err := packs.Load(context.Background()); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range packs.Rules() {
		for what, text := range map[string]string{
			"rule": r.ID, "title": r.Title, "description": r.Why, "severity": r.Severity, "remedy": r.Remedy,
			"controls.cis": r.Controls.CIS, "controls.soc2": r.Controls.SOC2, "controls.iso27001": r.Controls.ISO27001,
		} {
			if text == "" {
				t.Errorf("%s:%d: the METADATA of %q lacks %s", r.File, r.Line, r.ID, what)
			}
		}
		if !slices.Contains([]string{"critical", "high", "medium", "low"}, r.Severity) {
			t.Errorf("%s has the severity %q", r.ID, r.Severity)
		}
		if seen[r.ID] {
			t.Errorf("%s is there twice", r.ID)
		}
		seen[r.ID] = true
	}
	t.Logf("%d rules in %v", len(seen), packs.Names())
}
