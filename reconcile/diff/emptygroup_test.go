package diff_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/policies"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
)

// At noon ann is on call on Primary, until 16 o'clock, then bob until 40, then
// nobody.
func TestAnEmptyOnCallGroupIsAFinding(t *testing.T) {
	for name, c := range map[string]struct {
		at        float64
		whenEmpty string
		also      string
		want      string
	}{
		"will be empty":                        {0, "", "", "medium dutyward.oncall-group-will-be-empty group:g will be empty from 2026-03-17 16:00 UTC at least until 2026-03-30 12:00 UTC: nobody is on call by oncall:Primary then"},
		"is empty":                             {30, "", "", "high dutyward.oncall-group-empty group:g is empty at least until"},
		"keeps the last one":                   {30, policies.KeepLast, "", ""},
		"is meant to be empty":                 {30, policies.LeaveEmpty, "", ""},
		"has a person besides":                 {30, "", "g user:cy@acme.com", ""},
		"is not meant to be by all of members": {30, policies.LeaveEmpty, "g oncall:#PRI", "high dutyward.oncall-group-empty"},
	} {
		t.Run(name, func(t *testing.T) {
			s := Account()
			s.Now = At(c.at)
			st := Members(Grants("group:g team:Payments manager"), "g oncall:Primary")
			st.Members[0].WhenEmpty = c.whenEmpty
			if c.also != "" {
				st = Members(st, c.also)
			}
			got := ""
			for _, f := range MustMake(t, Input(s, st)).Plan.Findings {
				if strings.Contains(f.Rule, "oncall-group") {
					got += f.Severity + " " + f.Rule + " " + f.Message
				}
			}
			if !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

func TestS14_WhoeverIsKeptLosesItByAHandoff(t *testing.T) {
	s := Account()
	c := s.Schedules["PRI"]
	c.Shifts[1].Start = At(6) // nobody from 16 to 18 o'clock
	s.Schedules["PRI"] = c
	st := Members(Grants("group:g team:Search manager"), "g oncall:Primary")
	st.Members[0].WhenEmpty = policies.KeepLast
	in := Input(s, st)
	first := MustMake(t, in)
	if reason := first.Plan.Changes[0].Reason; reason != "on call last, and kept until somebody takes over 2026-03-16 18:00 UTC" {
		t.Errorf("ann is raised, since %s", reason)
	}
	if p := MustMake(t, Next(first, in, 5)).Plan; len(p.Changes) != 0 {
		t.Errorf("in the gap the plan is %v", Lines(p))
	}
	WantLines(t, MustMake(t, Next(first, in, 6)).Plan,
		"raise team:Search bob none>manager handoff", "lower team:Search ann manager>none handoff",
		"extra team:Payments ann manager: no policy names this team", "extra team:Payments bob responder: no policy names this team")
}

func TestAccessThatEndsSoonIsListed(t *testing.T) {
	in := Input(Account(), Grants(
		"user:di@acme.com team:Search responder until 20",
		"user:ed@acme.com team:Search responder until 30",
		"user:ann@acme.com team:Payments manager until 3", "user:ann@acme.com team:Payments responder",
		"user:bob@acme.com team:Payments responder until 3", "user:bob@acme.com team:Payments responder",
	))
	in.Settings.WarnBefore = 24 * 3600e9
	var got []string
	for _, x := range MustMake(t, in).Plan.Expiring {
		got = append(got, x.User+" "+x.Role+">"+x.Then+" "+x.Until.Format("15:04"))
	}
	if strings.Join(got, ", ") != "ann manager>responder 15:00, di responder>none 08:00" {
		t.Errorf("ending: %v", got)
	}
}

// An end after which somebody has the same role still is no news.
func TestAccessThatGoesOnAsItIsIsNotListed(t *testing.T) {
	st := underLimits(everybody("user:di@acme.com team:Search manager until 3", "user:di@acme.com team:Search responder"), "di team:Search responder")
	in := Input(Account(), st)
	in.Settings.WarnBefore = 24 * 3600e9
	if p := MustMake(t, in).Plan; len(p.Expiring) != 0 {
		t.Errorf("ending is %+v, though di stays responder", p.Expiring)
	}
}

func TestAccessThatEndsIsListedFromThatMomentOn(t *testing.T) {
	in := Input(Account(), everybody("user:di@acme.com team:Search responder until 24"))
	for before, want := range map[time.Duration]int{24 * time.Hour: 1, 24*time.Hour - time.Second: 0} {
		in.Settings.WarnBefore = before
		if p := MustMake(t, in).Plan; len(p.Expiring) != want {
			t.Errorf("%s before it ends are listed %+v, want %d", before, p.Expiring, want)
		}
	}
}
