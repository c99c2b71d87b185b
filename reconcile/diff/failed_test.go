package diff_test

import (
	"strings"
	"testing"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
)

// failing are policies whose only grant rule failed.
func failing() *policies.Statements {
	return &policies.Statements{Failures: []policies.Failure{
		{Rule: "grant", Message: "two answers for bob@acme.com", Origin: policies.Origin{File: "p/a.rego", Line: 9}},
		{Rule: "grant", Message: "two answers for cy@acme.com", Origin: policies.Origin{File: "p/a.rego", Line: 9}},
	}}
}

func TestS5_WhatAFailedRuleWouldHaveSaidIsNotToldAsNotSaid(t *testing.T) {
	p := MustMake(t, Input(Account(), failing())).Plan
	said := strings.Join(desired.Messages(p.Notices), "\n")
	for _, d := range p.Extra {
		said += "\n" + d.Why
	}
	if strings.Contains(said, "hold no grant") || strings.Contains(said, "no policy names") || len(p.Unassigned) > 0 {
		t.Errorf("said of a rule that failed: %s; unassigned %v", said, p.Unassigned)
	}
	if !strings.Contains(said, "the grant rule at p/a.rego:9 failed") || strings.Count(said, "p/a.rego:9") != 1 {
		t.Errorf("said: %s", said)
	}
	if len(p.Changes)+len(p.Held) != 0 || len(p.Errors) != 2 {
		t.Errorf("changes %v, held %v, errors %v", p.Changes, p.Held, p.Errors)
	}
}

func TestS5_AFailedRuleIsNoEmptiedDirectory(t *testing.T) {
	in := Input(Account(), Grants("user:cy@acme.com team:Search manager"))
	in = Next(MustMake(t, in), in, 1)
	in.Statements = failing()
	_, err := diff.Make(in)
	if err == nil || strings.Contains(err.Error(), "emptied directory") || !strings.Contains(err.Error(), "p/a.rego:9") {
		t.Errorf("err %v", err)
	}
}

func TestS5_WhatAFailedRuleNamedBeforeHasNotVanished(t *testing.T) {
	st := Grants("user:cy@acme.com team:Search manager", "user:ann@acme.com team:Payments manager")
	in := Input(Account(), st)
	in = Next(MustMake(t, in), in, 1)
	in.Statements = Grants("user:cy@acme.com team:Search manager")
	in.Statements.Failures = failing().Failures
	for _, f := range MustMake(t, in).Plan.Findings {
		if f.Rule == "dutyward.no-longer-named" {
			t.Errorf("found: %s", f.Message)
		}
	}
}
