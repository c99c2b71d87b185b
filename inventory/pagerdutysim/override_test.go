package pagerdutysim_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func override(user, start, end string) fields {
	return fields{"start": start, "end": end, "user": fields{"id": user, "type": "user_reference"}}
}

const overridesOfPayments = "/schedules/PLAYER1/overrides"

func TestOverridesAreListedInOrderOfCreation(t *testing.T) {
	got := newAPI(t).must(http.StatusOK, "GET", overridesOfPayments+"?"+week, nil)
	if diff := cmp.Diff([]string{"QOVER1", "QOVER2"}, got.each("id", "overrides")); diff != "" {
		t.Error(diff)
	}
}

func TestListOfOverridesNeedsBothBounds(t *testing.T) {
	a := newAPI(t)
	for _, query := range []string{"", "?since=2026-01-12T00:00:00Z", "?until=2026-01-19T00:00:00Z"} {
		a.must(http.StatusBadRequest, "GET", overridesOfPayments+query, nil)
	}
}

func TestListOfOverridesClipsUnlessOverflowing(t *testing.T) {
	a := newAPI(t)
	const query = "?since=2026-01-16T18:00:00Z&until=2026-01-16T20:00:00Z&time_zone=Etc/UTC"
	for overflow, want := range map[string]string{"": "2026-01-16T18:00:00Z", "&overflow=true": "2026-01-16T00:00:00Z"} {
		if diff := cmp.Diff([]string{want}, a.must(http.StatusOK, "GET", overridesOfPayments+query+overflow, nil).each("start", "overrides")); diff != "" {
			t.Error(diff)
		}
	}
}

func TestEditableOverridesAreIdsOfThoseToCome(t *testing.T) {
	a := newAPI(t)
	a.now = at("2026-01-15T13:00:00Z")
	got := a.must(http.StatusOK, "GET", overridesOfPayments+"?editable=true&"+week, nil)
	if diff := cmp.Diff(fields{"overrides": []any{fields{"id": "QOVER1"}}}, got.body); diff != "" {
		t.Error(diff)
	}
}

func TestOverridesAreAnsweredOneByOne(t *testing.T) {
	a := newAPI(t)
	got := a.must(http.StatusCreated, "POST", overridesOfPayments, fields{"overrides": []fields{
		override("PCAT001", "2026-02-03T10:00:00Z", "2026-02-03T12:00:00Z"),
		override("PCAT001", "2026-02-03T12:00:00Z", "2026-02-03T12:00:00Z"),
		override("PSTA001", "2026-02-03T10:00:00Z", "2026-02-03T12:00:00Z"),
	}})
	for i, want := range []struct {
		status float64
		errors any
	}{
		{201, nil},
		{400, []any{"Override must end after its start"}},
		{400, []any{"Stakeholders cannot be added to schedules"}},
	} {
		if diff := cmp.Diff(want.status, got.at(i, "status")); diff != "" {
			t.Errorf("override %d: %s", i, diff)
		}
		if diff := cmp.Diff(want.errors, got.at(i, "errors")); diff != "" {
			t.Errorf("override %d: %s", i, diff)
		}
	}
	if n := len(a.must(http.StatusOK, "GET", overridesOfPayments+"?since=2026-02-01T00:00:00Z&until=2026-03-01T00:00:00Z", nil).each("id", "overrides")); n != 1 {
		t.Errorf("%d overrides were kept, want 1", n)
	}
}

func TestOverrideCreatedLastWins(t *testing.T) {
	a := newAPI(t)
	a.must(http.StatusCreated, "POST", overridesOfPayments, fields{"overrides": []fields{
		override("PCAT001", "2026-02-03T10:00:00Z", "2026-02-03T14:00:00Z"),
		override("PBEN001", "2026-02-03T12:00:00Z", "2026-02-03T16:00:00Z"),
	}})
	got := a.must(http.StatusOK, "GET", "/schedules/PLAYER1?since=2026-02-03T10:00:00Z&until=2026-02-03T17:00:00Z&time_zone=Etc/UTC", nil)
	want := []string{
		"PCAT001 2026-02-03T10:00:00Z 2026-02-03T12:00:00Z",
		"PBEN001 2026-02-03T12:00:00Z 2026-02-03T16:00:00Z",
		"PANN001 2026-02-03T16:00:00Z 2026-02-03T17:00:00Z",
	}
	if diff := cmp.Diff(want, got.entries("schedule", "final_schedule")); diff != "" {
		t.Error(diff)
	}
}

func TestSingleOverrideInTheDeprecatedForm(t *testing.T) {
	a := newAPI(t)
	got := a.must(http.StatusCreated, "POST", overridesOfPayments, fields{"override": override("PCAT001", "2026-02-03T10:00:00Z", "2026-02-03T14:00:00Z")})
	if diff := cmp.Diff("PCAT001", got.text("override", "user", "id")); diff != "" {
		t.Error(diff)
	}
	a.must(http.StatusBadRequest, "POST", overridesOfPayments, fields{"override": override("PCAT001", "2026-02-03T10:00:00Z", "2026-02-03T10:00:00Z")})
}

func TestDeletingAnOverride(t *testing.T) {
	for name, tt := range map[string]struct {
		now    string
		status int
		end    []string
	}{
		"to come removes it":         {"2026-01-14T12:00:00Z", http.StatusNoContent, []string{}},
		"under way ends it now":      {"2026-01-16T06:00:00Z", http.StatusOK, []string{"2026-01-16T06:00:00Z"}},
		"that is over is refused":    {"2026-01-17T00:00:00Z", http.StatusBadRequest, []string{"2026-01-17T00:00:00Z"}},
		"at its very start is whole": {"2026-01-16T00:00:00Z", http.StatusNoContent, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t)
			a.now = at(tt.now)
			a.must(tt.status, "DELETE", overridesOfPayments+"/QOVER1", nil)
			got := a.must(http.StatusOK, "GET", overridesOfPayments+"?time_zone=Etc/UTC&since=2026-01-15T00:00:00Z&until=2026-01-18T00:00:00Z", nil)
			left := got.each("end", "overrides")
			left = left[:len(left)-1] // QOVER2
			if diff := cmp.Diff(tt.end, left); diff != "" {
				t.Error(diff)
			}
		})
	}
}
