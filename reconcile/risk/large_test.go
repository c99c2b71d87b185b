package risk_test

import (
	"testing"
	"time"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/internal/testaccount"
)

// Ten thousand people are no reason to wait: what a rule asks of pairs of them is asked of
// groups.
func TestPacksLookThroughALargeAccountInSeconds(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	s := testaccount.Large(testaccount.Size{People: 10_000, Teams: 400, Schedules: 400}, now)
	n := 0
	for id, u := range s.Users {
		u.JobTitle = []string{"Engineer", "Analyst", ""}[n%3]
		s.Users[id] = u
		n++
	}
	began := time.Now()
	found := look(t, s, options(), &policies.Statements{})
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
	t.Logf("%d findings in %s", len(found), time.Since(began))
}
