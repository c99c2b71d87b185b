package reconcile_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// audited is a vigil that reads the audit trail.
func audited(t *testing.T) *vigil {
	t.Helper()
	v := newVigil(t)
	v.Audit = true
	v.at(v.clock, "start")
	return v
}

// colleague is a client with another token on the same account.
func (v *vigil) colleague() *pagerduty.Client {
	v.t.Helper()
	c, err := pagerduty.New(pagerduty.Options{
		Account: "acme", Region: "us", From: "dan.weber@acme.test", Transport: v.sim.Transport(), Now: v.now,
		Token: func(context.Context) (string, error) { return "a-token-of-a-colleague", nil },
	})
	must(v.t, err)
	return c
}

func TestQuietRoundsOfTheScheduleCostWhatChanged(t *testing.T) {
	v := audited(t)
	whole := len(v.sent)
	for minutes := 5; minutes < 15; minutes += 5 {
		v.at(v.clock.Add(5*time.Minute), "schedule")
		if reads, writes, by := v.took(); by["GET /audit/records"] != 1 || by["GET /users"] > 0 || writes > 0 || reads > 12 {
			t.Errorf("after %d minutes: %d reads, %d writes: %v (a full refresh asks %d endpoints)", minutes, reads, writes, by, whole)
		}
	}
	v.at(v.clock.Add(6*time.Minute), "schedule")
	if _, _, by := v.took(); by["GET /users"] == 0 {
		t.Errorf("%v, want that the account is read in full once that is older than run.max_age", by)
	}
	if c := v.Costs(); c.Rounds[daemon.KindChanges] != 2 {
		t.Errorf("rounds %v, want two that read what changed", c.Rounds)
	}
}

func TestWhatOthersChangeIsPutRightWithinAMinuteForAFewRequests(t *testing.T) {
	v := audited(t)
	team, user, role := v.tamperAs(v.colleague())
	v.at(v.clock.Add(time.Minute), "on-calls")
	if got := v.role(team, user); got != role {
		t.Errorf("%s is %q on %s, want %s again\n%s", user, got, team, role, v.log)
	}
	v.sent["GET /teams/{id}/members"]++ // asked by the line above
	if reads, writes, by := v.took(); reads > 15 || writes != 1 {
		t.Errorf("%d reads, %d writes: %v", reads, writes, by)
	}
	// What it wrote itself is no news.
	v.at(v.clock.Add(time.Minute), "on-calls")
	if reads, _, by := v.took(); by["GET /users"]+by["GET /users/{id}"] > 0 || by["GET /audit/records"] > 1 {
		t.Errorf("%d reads afterwards: %v", reads, by)
	}
}

func TestWithoutAnAuditTrailRoundsReadInFullAndTellWhy(t *testing.T) {
	v := newVigil(t)
	v.Audit = true
	v.sim.Inject(fault(t, "403:GET /audit/records:*"))
	v.at(v.clock, "start")
	for range 3 {
		v.at(v.clock.Add(5*time.Minute), "schedule")
	}
	if _, _, by := v.took(); by["GET /users"] == 0 || by["GET /audit/records"] > 0 {
		t.Errorf("%v, want a full refresh, and that the trail is not asked again", by)
	}
	v.told("the audit trail can't be read", 1)
}

const largePolicy = `package access

grant contains {"principal": $"user:{p.email}", "resource": "account", "role": "limited_user"} if some p in data.people

grant contains {"principal": $"user:{p.email}", "resource": $"team:{p.team}", "role": "responder"} if some p in data.people

grant contains {"principal": $"oncall:Schedule {n}", "resource": $"team:Team {n}", "role": "manager"} if some n in numbers.range(0, data.schedules.last)
`

// large is a vigil over a large account, with policies by which it is as it should be and
// all of its schedules matter.
func large(t *testing.T, n testaccount.Size) *vigil {
	t.Helper()
	v := newVigil(t, func(s *inventory.Snapshot) { *s = *testaccount.Large(n, time.Date(2026, 3, 16, 9, 30, 0, 0, time.UTC)) })
	must(t, os.RemoveAll(v.folder))
	for _, folder := range []string{"people", "schedules"} {
		must(t, os.MkdirAll(filepath.Join(v.folder, folder), 0o755))
	}
	var people []map[string]string
	for i := range n.People {
		people = append(people, map[string]string{"email": fmt.Sprintf("u%d@large.test", i), "team": fmt.Sprintf("Team %d", i%n.Teams)})
	}
	rows, err := json.Marshal(people)
	must(t, err)
	v.edit("access.rego", largePolicy)
	v.edit("people/people.json", string(rows))
	v.edit("schedules/schedules.json", fmt.Sprintf(`{"last": %d}`, n.Schedules-1))
	return v
}

// meddle has somebody else change something that the policies don't want: the nth change.
func (v *vigil) meddle(size testaccount.Size, n int) {
	v.t.Helper()
	ctx, c, i := context.Background(), v.colleague(), size.People*3/5+n
	user := fmt.Sprintf("PU%05d", i)
	var err error
	switch n % 3 {
	case 0:
		err = c.RemoveTeamMember(ctx, fmt.Sprintf("PT%05d", i%size.Teams), user)
	case 1:
		err = c.SetBaseRole(ctx, inventory.User{ID: user, Name: fmt.Sprintf("Person %d", i), Email: fmt.Sprintf("u%d@large.test", i)}, "user")
	case 2:
		err = c.PutTeamMember(ctx, "PT00007", user, "observer")
	}
	must(v.t, err)
}

// hour makes the rounds of an hour, and says how many requests a minute they took.
func (v *vigil) hour(size testaccount.Size, changes int) float64 {
	before, began := v.client.Cost().Requests, v.clock
	for minute := 1; minute <= 60; minute++ {
		if n := minute * changes / 60; n > (minute-1)*changes/60 {
			v.clock = began.Add(time.Duration(minute)*time.Minute - 30*time.Second)
			v.meddle(size, n)
		}
		why := daemon.WhyOnCalls
		if minute%5 == 0 {
			why = "schedule"
		}
		v.at(began.Add(time.Duration(minute)*time.Minute), why)
	}
	return float64(v.client.Cost().Requests-before) / 60
}

// An hour of an account costs at most so many requests a minute, looks at on-calls and
// what is put right included.
func TestAnHourCostsFewRequests(t *testing.T) {
	if testing.Short() {
		t.Skip("hours of rounds; run without -short")
	}
	for _, c := range []struct {
		size           testaccount.Size
		audited, alone float64 // requests a minute
	}{
		{testaccount.Size{People: 1_000, Teams: 100, Schedules: 50}, 10, 25},
		{testaccount.Size{People: 10_000, Teams: 500, Schedules: 500}, 40, 90},
	} {
		if c.size.People > 1_000 && os.Getenv("DUTYWARD_LONG") == "" {
			continue // minutes
		}
		for _, audit := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d people, audit trail %v", c.size.People, audit), func(t *testing.T) {
				v := large(t, c.size)
				v.Settings.Bounds = []plan.Bound{} // the first round makes a manager of each team
				v.Audit = audit
				v.at(v.clock, "start")
				whole, most := v.client.Cost().Requests, c.alone
				if audit {
					most = c.audited
				}
				for _, changes := range []int{0, 20} {
					per := v.hour(c.size, changes)
					t.Logf("%d changes: %.1f requests a minute, a full refresh takes %d: %v", changes, per, whole, v.Costs().Requests)
					if per > most {
						t.Errorf("%d changes: %.1f requests a minute, want at most %.0f: %v", changes, per, most, v.Costs())
					}
				}
				if lines := v.lines("level=WARN"); len(lines) > 0 {
					t.Errorf("it warns: %s", lines[0])
				}
			})
		}
	}
}
