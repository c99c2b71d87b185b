package pagerduty_test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
)

// used is an account in which every schedule matters: of one kind, on escalation
// policies or on none.
func used(n int, kind string, policies bool) *inventory.Snapshot {
	s := account(2*n, 1, n)
	if policies {
		return onPolicies(s)
	}
	if kind == inventory.ScheduleOfShifts {
		s = onPolicies(account(2*n, 1, 2*n)) // every other one is shift-based
		for id, v := range s.Schedules {
			if v.Kind != kind {
				delete(s.Schedules, id)
				continue
			}
			v.EscalationPolicies = []string{}
			s.Schedules[id] = v
		}
		s.EscalationPolicies = map[string]inventory.EscalationPolicy{}
	}
	return s
}

var tableRow = regexp.MustCompile(`(?m)^\| (\d+) schedules \| (\d+) \| (\d+) \| (\d+) \|$`)

// What looking at on-calls costs stands in the documentation.
func TestALookAtOnCallsCostsWhatTheDocumentationSays(t *testing.T) {
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := tableRow.FindAllStringSubmatch(string(page), -1)
	if len(rows) < 3 {
		t.Fatalf("docs/operations.md has %d rows of what a look costs", len(rows))
	}
	for _, row := range rows {
		n, _ := strconv.Atoi(row[1])
		for i, c := range []struct {
			kind     string
			policies bool
		}{{"", true}, {inventory.ScheduleOfLayers, false}, {inventory.ScheduleOfShifts, false}} {
			t.Run(fmt.Sprintf("%d schedules, %s, on policies %t", n, c.kind, c.policies), func(t *testing.T) {
				want, _ := strconv.Atoi(row[2+i])
				if n > 100 {
					s := used(n, c.kind, c.policies)
					if c.policies { // a row for each schedule, as PagerDuty would answer
						for id := range s.Schedules {
							s.OnCalls = append(s.OnCalls, inventory.OnCall{User: "PU00000", Schedule: &id, EscalationPolicy: "PE" + id, Level: 1})
						}
					}
					if got := new(pagerduty.Client).RefreshCost(s, everything(s)); got != want {
						t.Errorf("expected to cost %d requests, the documentation says %d", got, want)
					}
					return
				}
				a := readThenAgain(t, used(n, c.kind, c.policies))
				if got := a.c.RefreshCost(a.base, everything(a.base)); got != want {
					t.Errorf("expected to cost %d requests, the documentation says %d", got, want)
				}
				if _, err := a.refresh(time.Minute, everything(a.base)); err != nil {
					t.Fatal(err)
				}
				got := 0
				for _, k := range a.took() {
					got += k
				}
				if got != want {
					t.Errorf("took %d requests (%v), the documentation says %d", got, a.took(), want)
				}
			})
		}
	}
}
