package plan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestS18_ASavedPlanIsAppliedAsItWasSavedOrNotAtAll(t *testing.T) {
	p := &plan.Plan{Version: plan.Version, Account: "acme", Names: map[string]string{"user:#P1": "ann <ann@acme.test>"},
		Changes: []plan.Change{{ID: "one", Kind: plan.TeamRole, User: "P1", Resource: inventory.ByID(inventory.KindTeam, "T1"), Before: "none", After: "responder"}}}
	text, err := plan.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		t.Fatal(err)
	}
	for name, same := range map[string][]byte{"as it is": text, "in another layout": compact.Bytes()} {
		got, err := plan.Decode(same)
		if err != nil || got.Changes[0].ID != "one" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]struct{ from, to string }{
		"a role":            {`"after": "responder"`, `"after": "manager"`},
		"a key":             {`"id": "one"`, `"id": "two"`},
		"a name":            {`ann <ann`, `bob <bob`},
		"a field more":      {`"account": "acme"`, `"account": "acme", "extra": 1`},
		"no digest":         {`"digest": "sha256:`, `"digest_": "sha256:`},
		"no end":            {"}\n", ""},
		"a plan behind it":  {"\n}\n", "\n}\n{}\n"},
		"an account's name": {`"account": "acme"`, `"account": "ACME"`},
	} {
		altered := strings.Replace(string(text), c.from, c.to, 1)
		if altered == string(text) {
			t.Fatalf("%s: nothing is altered", name)
		}
		if _, err := plan.Decode([]byte(altered)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	altered := strings.Replace(string(text), `"after": "responder"`, `"after": "manager"`, 1)
	if _, err := plan.Decode([]byte(altered)); !errors.Is(err, plan.ErrAltered) {
		t.Error(err)
	}
}

func TestAPlanThatWasSavedBeforeChangesHadKindsGetsThem(t *testing.T) {
	changes := "[" + strings.Join([]string{
		`{"id": "account/P1/user/admin", "action": "role", "resource": "account"}`,
		`{"id": "team/T1/P1/none/manager", "action": "grant", "resource": "team:#T1"}`,
		`{"id": "schedule/S1/DAY/P1/none/rotation", "action": "grant", "resource": "schedule:#S1", "layer": "DAY"}`,
		`{"id": "schedule/S1/P1/none/rotation", "action": "grant", "resource": "schedule:#S1"}`,
		`{"id": "schedule/S1/P1/none/override", "action": "grant", "resource": "schedule:#S1", "override": {"kind": "override"}}`,
		`{"id": "leaver/P1", "action": "deprovision", "resource": "account"}`,
	}, ", ") + "]"
	want := []plan.Kind{plan.BaseRole, plan.TeamRole, plan.Rotation, plan.Rotation, plan.Override, plan.Deprovision}
	for _, key := range []string{"changes", "unenforced", "blocked", "held"} {
		var p plan.Plan
		if err := json.Unmarshal([]byte(`{"version": 1, "`+key+`": `+changes+`}`), &p); err != nil {
			t.Fatal(err)
		}
		var got []plan.Kind
		for _, c := range append(p.Changes, p.Unenforced...) {
			got = append(got, c.Kind)
		}
		for _, c := range p.Blocked {
			got = append(got, c.Kind)
		}
		for _, c := range p.Held {
			got = append(got, c.Kind)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: kinds %q, want %q", key, got, want)
		}
	}
}
