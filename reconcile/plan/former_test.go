package plan_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/dutyward/dutyward/reconcile/plan"
)

// saved is a plan as an earlier version wrote it, with its digest.
func saved(t *testing.T, text string) []byte {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	canonical, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(canonical)
	all["digest"] = "sha256:" + hex.EncodeToString(sum[:])
	sealed, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestS18_APlanSavedInFormerWordsIsReadInTodays(t *testing.T) {
	p, err := plan.Decode(saved(t, `{"version": 1, "changes": [{"id": "one", "cause": "handover"}], "held": [{"id": "two", "cause": "handover"}],
		"drift": [{"user": "P1", "resource": "team:#T1", "role": "manager"}], "observed": [{"id": "three", "cause": "handover"}], "summary": {"drift": 1, "observed": 1}}`))
	if err != nil {
		t.Fatal(err)
	}
	if p.Changes[0].Cause != plan.CauseHandoff || p.Held[0].Cause != plan.CauseHandoff {
		t.Errorf("causes %q and %q, want %q", p.Changes[0].Cause, p.Held[0].Cause, plan.CauseHandoff)
	}
	if len(p.Extra) != 1 || p.Extra[0].User != "P1" || p.Extra[0].Role != "manager" || p.Summary.Extra != 1 {
		t.Errorf("extra %+v, counted %d", p.Extra, p.Summary.Extra)
	}
	if len(p.Unenforced) != 1 || p.Unenforced[0].ID != "three" || p.Summary.Unenforced != 1 {
		t.Errorf("not enforced %+v, counted %d", p.Unenforced, p.Summary.Unenforced)
	}
}
