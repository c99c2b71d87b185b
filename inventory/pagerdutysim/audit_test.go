package pagerdutysim_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// trail are audit records as "action root resource", and where the next page is.
func (a *api) trail(query string) (list []string, next string) {
	a.t.Helper()
	got := a.must(http.StatusOK, "GET", "/audit/records?"+query, nil)
	for i, action := range got.each("action", "records") {
		list = append(list, action+" "+got.text("records", i, "root_resource", "type")+" "+got.text("records", i, "details", "resource", "type"))
	}
	next, _ = got.at("next_cursor").(string)
	return list, next
}

func TestTheAuditTrailHoldsWritesNewestFirstByCursor(t *testing.T) {
	a := newAPI(t)
	id := a.must(http.StatusCreated, "POST", "/teams", fields{"team": fields{"type": "team", "name": "Other"}}).text("team", "id")
	a.must(http.StatusNoContent, "PUT", "/teams/"+id+"/users/PCAT001", fields{"role": "observer"})
	a.must(http.StatusNoContent, "PUT", "/teams/"+id+"/users/PCAT001", fields{"role": "manager"})
	a.must(http.StatusNoContent, "PUT", "/teams/"+id+"/users/PCAT001", fields{"role": "manager"}) // changes nothing
	a.must(http.StatusNoContent, "DELETE", "/users/PSTA001", nil)
	a.must(http.StatusBadRequest, "DELETE", "/users/PBEN001", nil)

	first, next := a.trail("limit=2")
	a.must(http.StatusCreated, "POST", "/users", person(nil)) // does not move the cursor
	second, last := a.trail("limit=2&cursor=" + next)
	want := []string{
		"delete user_reference user_reference", "update team_reference user_reference",
		"update team_reference team_reference", "create team_reference team_reference",
	}
	if diff := cmp.Diff(want, append(first, second...)); diff != "" {
		t.Error(diff)
	}
	if last != "" {
		t.Errorf("the last page has the cursor %q", last)
	}
	created, _ := a.trail("actions[]=create&root_resource_types[]=teams")
	if diff := cmp.Diff([]string{"create team_reference team_reference"}, created); diff != "" {
		t.Error(diff)
	}
}

func TestAnAuditRecordSaysWhoChangedWhat(t *testing.T) {
	a := newAPI(t)
	a.must(http.StatusNoContent, "PUT", "/teams/PTEAM01/users/PBEN001", fields{"role": "manager"})
	got := a.must(http.StatusOK, "GET", "/audit/records", nil)
	want := []any{
		"team_role", "responder", "manager", "api_token", "0KEN", "api_key_reference", "2026-01-14T12:00:00.000Z",
	}
	have := []any{
		got.at("records", 0, "details", "fields", 0, "name"), got.at("records", 0, "details", "fields", 0, "before_value"),
		got.at("records", 0, "details", "fields", 0, "value"), got.at("records", 0, "method", "type"),
		got.at("records", 0, "method", "truncated_token"), got.at("records", 0, "actors", 0, "type"), got.at("records", 0, "execution_time"),
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
}

func TestTheAuditTrailShowsADayAMonthAtMostAndKeepsAYear(t *testing.T) {
	a := newAPI(t)
	a.must(http.StatusNoContent, "DELETE", "/users/PSTA001", nil)
	for days, c := range map[int]struct {
		query string
		want  int
	}{
		0:   {"", 1},
		2:   {"", 0},
		3:   {"since=2026-01-14T00:00:00Z", 1},
		390: {"since=2026-01-01T00:00:00Z&until=2026-01-30T00:00:00Z", 0},
	} {
		t.Run(fmt.Sprintf("after %d days", days), func(t *testing.T) {
			a.now = at("2026-01-14T12:00:00Z").AddDate(0, 0, days)
			if list, _ := a.trail(c.query); len(list) != c.want {
				t.Errorf("%d records, want %d", len(list), c.want)
			}
		})
	}
	a.now = at("2026-01-14T12:00:00Z").Add(time.Hour)
	a.must(http.StatusBadRequest, "GET", "/audit/records?since=2025-12-01T00:00:00Z", nil)
	a.must(http.StatusBadRequest, "GET", "/audit/records?cursor=nonsense", nil)
}

func TestTheAccountsTrailIsForAdminsAndAPlanThatHasIt(t *testing.T) {
	ben := newAPI(t, func(o *pagerdutysim.Options) { o.UserTokens = map[string]string{"T0KEN": "PBEN001"} })
	ben.refused(http.StatusForbidden, 2010, "Access Denied", "GET", "/audit/records", nil)
	ben.must(http.StatusOK, "GET", "/teams/PTEAM01/audit/records", nil)
	none := newAPI(t, func(o *pagerdutysim.Options) { o.NoAuditTrail = true })
	none.refused(http.StatusPaymentRequired, 2014, "abilities", "GET", "/audit/records", nil)
}

func TestWhatSomebodyDoesInThePagesIsInTheTrail(t *testing.T) {
	a := newAPI(t)
	a.server.SetBaseRole("PBEN001", "admin")
	got := a.must(http.StatusOK, "GET", "/audit/records?root_resource_types[]=users", nil)
	have := []any{got.at("records", 0, "method", "type"), got.at("records", 0, "action"), got.at("records", 0, "root_resource", "id")}
	if diff := cmp.Diff([]any{"browser", "update", "PBEN001"}, have); diff != "" {
		t.Error(diff)
	}
}
