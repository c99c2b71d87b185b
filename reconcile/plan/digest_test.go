package plan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestS18_ASavedPlanIsAppliedAsItWasSavedOrNotAtAll(t *testing.T) {
	p := &plan.Plan{Version: plan.Version, Account: "acme", Names: map[string]string{"user:#P1": "ann <ann@acme.test>"},
		Changes: []plan.Change{{ID: "one", User: "P1", Resource: inventory.ByID(inventory.KindTeam, "T1"), Before: "none", After: "responder"}}}
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
