package pagerduty_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"

	"github.com/google/go-cmp/cmp"
)

func TestWritesAreSeenByTheNextReading(t *testing.T) {
	for _, fault := range []pagerdutysim.Fault{
		{Kind: pagerdutysim.FaultLatency}, // none to speak of
		{Kind: pagerdutysim.FaultStatus, Status: 429, Times: 3},
		{Kind: pagerdutysim.FaultCut, Late: true, Times: 3},
		{Kind: pagerdutysim.FaultStatus, Status: 502, Late: true, Times: 3},
		{Kind: pagerdutysim.FaultLicenseLock, Path: "/users/{id}", Times: 2},
	} {
		t.Run(string(fault.Kind), func(t *testing.T) {
			sim := simulate(t, account(20, 2, 0))
			c := client(t, sim.Transport(), withoutWaiting, func(o *pagerduty.Options) { o.From = "u0@acme.com" })
			user, err := c.User(t.Context(), "PU00005")
			if err != nil {
				t.Fatal(err)
			}
			sim.Inject(fault)
			if err := errors.Join(
				c.SetBaseRole(t.Context(), user, "admin"),
				c.PutTeamMember(t.Context(), "PT00000", "PU00001", "observer"),
				c.RemoveTeamMember(t.Context(), "PT00001", "PU00003"),
			); err != nil {
				t.Fatal(err)
			}
			s, err := c.Snapshot(t.Context(), pagerduty.SnapshotOptions{})
			if err != nil {
				t.Fatal(err)
			}
			members, err := c.TeamMembers(t.Context(), "PT00000")
			if err != nil || !cmp.Equal(members, s.Teams["PT00000"].Members) {
				t.Errorf("members %v (%v), in the snapshot %v", members, err, s.Teams["PT00000"].Members)
			}
			_, still := s.Teams["PT00001"].Members["PU00003"]
			if s.Users["PU00005"].BaseRole != "admin" || s.Users["PU00001"].Teams["PT00000"] != "observer" || still || !s.Account.Complete {
				t.Errorf("not as written: %+v; missing %v", s.Users["PU00005"], s.Account.Missing)
			}
		})
	}
}

func TestAReadOnlyTokenIsToldApart(t *testing.T) {
	sim := simulate(t, account(20, 2, 0), func(o *pagerdutysim.Options) { o.Token, o.ReadOnlyToken = "another", canary })
	err := client(t, sim.Transport()).PutTeamMember(t.Context(), "PT00000", "PU00001", "observer")
	var e *pagerduty.Error
	if !errors.As(err, &e) || e.Status != 403 || e.Hint == "" {
		t.Errorf("got %v, expected a 403 with a hint", err)
	}
}

// A proxy that wants somebody to log in answers 200, with a page.
func TestAWriteThatAPageAnswersIsNotTakenForDone(t *testing.T) {
	page := func() *http.Response { return answer(200, "<html>please log in</html>", "Content-Type", "text/html") }
	for name, c := range map[string]struct {
		pages int
		done  bool
	}{
		"once, then PagerDuty answers": {1, true},
		"always":                       {1 << 30, false},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			pd := client(t, answers(func(r *http.Request) *http.Response {
				if n++; n <= c.pages {
					return page()
				}
				return answer(204, "")
			}), withoutWaiting)
			err := pd.PutTeamMember(t.Context(), "PT00000", "PU00001", "observer")
			var e *pagerduty.Error
			switch {
			case c.done && err != nil:
				t.Errorf("got %v, expected it to be repeated", err)
			case !c.done && (!errors.As(err, &e) || e.Refused() || e.Hint == ""):
				t.Errorf("got %v, expected an error that does not say that PagerDuty refused", err)
			}
		})
	}
}
