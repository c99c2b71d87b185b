package doctor_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/doctor"
	"github.com/dutyward/dutyward/reconcile/plan"
)

var noon = time.Date(2026, 3, 16, 12, 0, 0, 0, time.UTC)

// account is an account of an admin, a responder and two people of one address.
func account() *inventory.Snapshot {
	s := &inventory.Snapshot{
		Account: inventory.Account{Name: "acme", TakenAt: noon, Complete: true},
		Now:     noon,
		Users: map[string]inventory.User{
			"ADM": {ID: "ADM", Email: "ann@acme.com", BaseRole: "admin"},
			"RES": {ID: "RES", Email: "bob@acme.com", BaseRole: "limited_user"},
			"TW1": {ID: "TW1", Email: "twin@acme.com", BaseRole: "user"},
			"TW2": {ID: "TW2", Email: "Twin@acme.com", BaseRole: "user"},
		},
		Schedules: map[string]inventory.Schedule{"S": {ID: "S", Kind: inventory.ScheduleOfShifts}},
	}
	s.Normalize()
	return s
}

// brief is a check as a line: status, name and text.
func brief(checks ...doctor.Check) []string {
	var lines []string
	for _, c := range checks {
		lines = append(lines, string(c.Status)+" "+c.Name+": "+c.Text)
	}
	return lines
}

func want(t *testing.T, got []doctor.Check, lines ...string) {
	t.Helper()
	if diff := cmp.Diff(lines, brief(got...)); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
	for _, c := range got {
		if bad := c.Status == doctor.Warn || c.Status == doctor.Fail; bad != (c.Remedy != "") {
			t.Errorf("%s is %s with the remedy %q", c.Name, c.Status, c.Remedy)
		}
	}
}

func TestS31_AClockMoreThanThirtySecondsOffIsALine(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", noon.Format(http.TimeFormat))
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()
	for name, c := range map[string]struct {
		local time.Time
		line  string
	}{
		"half a minute ahead is near enough":  {noon.Add(30 * time.Second), "ok clock: within 30s of PagerDuty's"},
		"more is said":                        {noon.Add(31 * time.Second), "warn clock: the local clock is 31s ahead of PagerDuty's"},
		"half a minute behind is near enough": {noon.Add(-30 * time.Second), "ok clock: within 30s of PagerDuty's"},
		"more behind is said":                 {noon.Add(-time.Hour), "warn clock: the local clock is 1h0m0s behind PagerDuty's"},
	} {
		t.Run(name, func(t *testing.T) {
			got := doctor.Reach(context.Background(), nil, server.URL, func() time.Time { return c.local })
			want(t, got, "ok reachable: "+server.URL+" answers", c.line)
		})
	}
}

func TestACertificateThatNobodyVouchesForHasItsOwnRemedy(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	got := doctor.Reach(context.Background(), nil, server.URL, time.Now)
	if got[0].Status != doctor.Fail || !strings.Contains(got[0].Text, "certificate") || !strings.Contains(got[0].Remedy, "SSL_CERT_FILE") {
		t.Errorf("got %+v", got[0])
	}
	if got[1].Status != doctor.Skip {
		t.Errorf("the clock was judged without an answer: %+v", got[1])
	}
	trusting := doctor.Reach(context.Background(), server.Client().Transport, server.URL, time.Now)
	want(t, trusting[:1], "ok reachable: "+server.URL+" answers, through TLS 1.3")
}

func TestAnAddressWithoutTLSOutsideThisMachineIsWarnedOf(t *testing.T) {
	answer := roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusNotFound, Body: http.NoBody, Header: http.Header{}}, nil
	})
	got := doctor.Reach(context.Background(), answer, "http://pagerduty.example", func() time.Time { return noon })
	want(t, got, "warn reachable: http://pagerduty.example answers without TLS",
		"warn clock: the answer has no Date to compare the local clock with")
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestInWhoseNameWouldBeWrittenIsSaid(t *testing.T) {
	const untested = "; whether the token may write can't be tested without writing"
	for name, c := range map[string]struct{ tokenUser, actingUser, line string }{
		"an admin's token":               {"ADM", "", "ok write: in the name of ann@acme.com, to whom the token belongs" + untested},
		"a responder's token":            {"RES", "ann@acme.com", "warn write: the token belongs to bob@acme.com (Responder), who may not change everybody" + untested},
		"the token of another account":   {"XXX", "", "warn write: the token belongs to user #XXX, who is not among the people read" + untested},
		"an account's, nobody named":     {"", "", "warn write: the token is an account's, and account.acting_user does not say in whose name to write"},
		"an account's, somebody named":   {"", "ANN@acme.com", "ok write: in the name of ANN@acme.com (Global Admin)" + untested},
		"an account's, a stranger":       {"", "x@acme.com", "fail write: account.acting_user is x@acme.com, and nobody has that address"},
		"an account's, a shared address": {"", "twin@acme.com", "fail write: account.acting_user is twin@acme.com, and more than one person (2) has that address"},
	} {
		t.Run(name, func(t *testing.T) {
			want(t, []doctor.Check{doctor.Writing(account(), c.tokenUser, c.actingUser)}, c.line)
		})
	}
}

func TestEachPartOfTheAccountThatCantBeReadIsALine(t *testing.T) {
	s := account()
	s.Account.Complete = false
	s.Account.Missing = []inventory.Missing{
		{What: "escalation policy Payments", Reason: "404"},
		{What: "members of team A", Reason: "403"}, {What: "members of team B", Reason: "403"},
	}
	s.Account.Unavailable = []string{"licenses"}
	want(t, doctor.Account(s, nil),
		"ok read users: 4", "fail read teams: members of team A: 403 (and 1 more)",
		"ok read layer-based schedules: 0", "ok read shift-based schedules: 1",
		"fail read escalation policies: escalation policy Payments: 404", "ok read on-calls: 0",
		"ok read abilities: 0", "ok read services: 0",
		"warn read licenses: they can't be read: whether a seat is free is then not known beforehand, but from PagerDuty's refusals",
	)
}

func TestWhatIsMissingOfNoKnownPartIsALineToo(t *testing.T) {
	s := account()
	s.Account.Complete = false
	s.Account.Missing = []inventory.Missing{{What: "the moon", Reason: "too far"}}
	got := doctor.Account(s, nil)
	want(t, got[len(got)-1:], "fail read the rest: the snapshot is incomplete: the moon: too far")
}

func TestWhatARoundRunsIntoIsSaid(t *testing.T) {
	limit := plan.Held{Code: plan.HoldBurst, Rule: "S26", Why: "12 lowerings are more than the 5 allowed"}
	for name, c := range map[string]struct {
		plan    plan.Plan
		lowered []plan.Recent
		lines   []string
	}{
		"nothing": {plan.Plan{}, nil, []string{
			"ok references: all names resolve", "ok lowering: nothing keeps access from being lowered",
			"ok limits: 0 lowerings in the last 24 hours, and none held back",
		}},
		"a name that is not there, for which lowering is suspended": {
			plan.Plan{Errors: []desired.Notice{{Message: "team:X does not exist"}, {}}, Suspended: []desired.Notice{{Message: "a limit can't be told"}}}, nil, []string{
				"fail references: 2 errors, the first: team:X does not exist", "fail lowering: nothing is lowered: a limit can't be told",
				"ok limits: 0 lowerings in the last 24 hours, and none held back",
			}},
		"the limit, old lowerings aside": {
			plan.Plan{Now: noon, Held: []plan.Held{{Rule: "S3"}, limit}, Absent: make([]desired.Absent, 2)},
			[]plan.Recent{{Effect: plan.Lower, At: noon.Add(-time.Hour)}, {Effect: plan.Raise, At: noon.Add(-time.Hour)}, {Effect: plan.Lower, At: noon.Add(-25 * time.Hour)}}, []string{
				"ok references: all names resolve, but for 2 people who are not in the account",
				"ok lowering: nothing keeps access from being lowered",
				"warn limits: 1 lowering in the last 24 hours; a limit holds more back: 12 lowerings are more than the 5 allowed",
			}},
	} {
		t.Run(name, func(t *testing.T) {
			want(t, doctor.Round(&c.plan, c.lowered, nil), c.lines...)
		})
	}
	want(t, doctor.Round(nil, nil, errors.New("the policies hold no grant")), "fail round: no plan can be made: the policies hold no grant")
}

func TestTheTextKeepsItsColumns(t *testing.T) {
	var r doctor.Report
	r.Add(
		doctor.Check{Name: "token", Status: doctor.OK, Text: "found"},
		doctor.Check{Name: "configuration", Status: doctor.Fail, Text: "two faults:\n  a\n  b", Remedy: "fix them"},
		doctor.Skipped("account", "no way there"),
	)
	var text strings.Builder
	if err := r.Text(&text); err != nil {
		t.Fatal(err)
	}
	want := `ok    token          found
fail  configuration  two faults:
                       a
                       b
                     → fix them
skip  account        no way there

1 ok, 0 warn, 1 fail, 1 skipped.
`
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}
