package diff_test

import (
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
)

func TestS21_AlwaysOnCallHasNoMadeUpEnd(t *testing.T) {
	s := Account()
	w := s.Account.Window
	p := s.Schedules["PRI"]
	p.Shifts = []inventory.Shift{{User: "ann", Start: w.Since, End: w.Until}}
	s.Schedules["PRI"] = p
	made := MustMake(t, Input(s, Members(Grants("group:g team:Search manager"), "g oncall:Primary"))).Plan
	if len(made.Changes) == 0 || made.Changes[0].Until != nil || !strings.HasPrefix(made.Changes[0].Reason, "on call past ") || made.Expires != nil {
		t.Errorf("expires %v, changes %+v", made.Expires, made.Changes)
	}
}

// A group that keeps the last one is not told to keep the last one.
func TestAGroupThatKeepsTheLastOneNeedsAnotherRemedy(t *testing.T) {
	s := Account()
	p := s.Schedules["PRI"]
	p.Shifts = []inventory.Shift{{User: "bob", Start: At(8), End: At(28)}}
	s.Schedules["PRI"] = p
	st := Members(Grants("group:g team:Search manager"), "g oncall:Primary")
	st.Members[0].WhenEmpty, st.Members[0].From = policies.KeepLast, Ptr(At(-1))
	for _, f := range MustMake(t, Input(s, st)).Plan.Findings {
		if f.Rule == "dutyward.oncall-group-empty" && strings.Contains(f.Remediation, "keep-last") {
			t.Errorf("to fix: %s", f.Remediation)
		}
	}
}
