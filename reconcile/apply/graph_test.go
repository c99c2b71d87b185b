package apply_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Random plans with random failures: what requires a change that did not
// succeed never runs, everything else does, once, in order, and the report
// tells of all of it.
func TestAnyPlanWithAnyFailuresIsCarriedOutAlongItsGraph(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 24).Draw(t, "changes")
		have := roles{}
		bad := map[string]bool{}
		changes := make([]plan.Change, n)
		for i := range changes {
			user := fmt.Sprintf("u%02d", i)
			pair := onTeam(user, rapid.SampledFrom([]string{"T1", "T2", "T3"}).Draw(t, "team"))
			if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
				pair = onAccount(user)
			}
			c := change(pair, "observer", rapid.SampledFrom([]string{"observer", "responder", "none"}).Draw(t, "after"))
			if pair == onAccount(user) {
				c = change(pair, "observer", "user")
			}
			for j := range i {
				if rapid.IntRange(0, 5).Draw(t, "requires") == 0 {
					c.Requires = append(c.Requires, changes[j].ID)
				}
			}
			have[pair] = "observer"
			switch rapid.SampledFrom([]string{"", "", "", "conflict", "fail"}).Draw(t, "fate") {
			case "conflict":
				have[pair] = "restricted_access"
			case "fail":
				bad[user] = true
			}
			changes[i] = c
		}
		// The plan's order need not be that of the graph.
		order := rapid.Permutation(changes).Draw(t, "order")

		a := newAccount(newClock(), have)
		a.before = func(call string) error {
			f := strings.Fields(call)
			if f[0] == "members" {
				return nil
			}
			if user := f[min(2, len(f)-1)]; bad[user] || bad[f[1]] {
				return errors.New("broken")
			}
			return nil
		}
		var l ledger
		report, err := apply.Run(t.Context(), planOf(order...), a, &l, apply.Options{
			Now: a.clock.Now, Concurrency: rapid.IntRange(1, 6).Draw(t, "concurrency"),
		})
		if err != nil {
			t.Fatal(err)
		}
		got := statuses(report)
		if len(report.Outcomes) != n || len(got) != n {
			t.Fatalf("%d outcomes of %d changes out of %d", len(report.Outcomes), len(got), n)
		}
		for _, c := range changes {
			unmet := slices.ContainsFunc(c.Requires, func(id string) bool { return !got[id].Succeeded() })
			if (got[c.ID] == apply.Skipped) != unmet {
				t.Errorf("%s is %s; a requirement did not succeed: %v", c.ID, got[c.ID], unmet)
			}
		}
		checkLedger(t, l.entries, changes, got)
		writes := slices.DeleteFunc(sortedCalls(a), func(call string) bool {
			return strings.HasPrefix(call, "members") || strings.HasPrefix(call, "user")
		})
		if len(writes) != len(slices.Compact(slices.Clone(writes))) || len(writes) != len(l.intents) {
			t.Errorf("%d intents, and writes %v", len(l.intents), writes)
		}
	})
}

// checkLedger checks that no intent stands before the results of what it
// requires, and that each written change has one intent and one result.
func checkLedger(t *rapid.T, entries []string, changes []plan.Change, got map[string]apply.Status) {
	at := map[string]int{}
	for i, e := range entries {
		if _, twice := at[e]; twice {
			t.Errorf("recorded twice: %s", e)
		}
		at[e] = i
	}
	for _, c := range changes {
		intent, ok := at["intent "+c.ID]
		if !ok {
			continue
		}
		if result, ok := at[fmt.Sprintf("result %s %s", c.ID, got[c.ID])]; !ok || result < intent {
			t.Errorf("%s is %s, and the record says %v", c.ID, got[c.ID], entries)
		}
		for _, id := range c.Requires {
			if r, ok := at["result "+id+" done"]; got[id] == apply.Done && (!ok || r > intent) {
				t.Errorf("%s began before %s was done", c.ID, id)
			}
		}
	}
}
