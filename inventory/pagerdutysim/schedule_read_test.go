package pagerdutysim_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

const (
	includeAll = "include[]=schedule_layers&include[]=overrides_subschedule&include[]=final_schedule&"
	week       = "since=2026-01-12T00:00:00Z&until=2026-01-19T00:00:00Z"
)

func TestListOfSchedulesHasLayerBasedOnesOnly(t *testing.T) {
	got := newAPI(t).must(http.StatusOK, "GET", "/schedules", nil)
	if diff := cmp.Diff([]string{"PLAYER1"}, got.each("id", "schedules")); diff != "" {
		t.Error(diff)
	}
}

func TestListOfSchedulesFiltersByNameAndTeam(t *testing.T) {
	a := newAPI(t)
	for query, want := range map[string]int{
		"query=primary": 1, "query=nothing": 0, "team_ids[]=PTEAM01": 1, "team_ids[]=PTEAM99": 0,
	} {
		if got := a.must(http.StatusOK, "GET", "/schedules?"+query, nil).each("id", "schedules"); len(got) != want {
			t.Errorf("?%s lists %v, want %d", query, got, want)
		}
	}
}

func TestListOfSchedulesIncludesOnlyWhatItIsAskedFor(t *testing.T) {
	a := newAPI(t)
	bare := a.must(http.StatusOK, "GET", "/schedules?"+week, nil)
	for _, part := range []string{"schedule_layers", "overrides_subschedule", "final_schedule"} {
		if bare.at("schedules", 0, part) != nil {
			t.Errorf("without include[], the list has %s", part)
		}
		if a.must(http.StatusOK, "GET", "/schedules?include[]="+part, nil).at("schedules", 0, part) == nil {
			t.Errorf("with include[]=%s, the list lacks it", part)
		}
	}
}

// Rendered by hand. Cat's layer ends on Tuesday at nine in New York; of the two
// overrides that overlap the one created last wins.
func TestFinalScheduleLayersOverridesAndGaps(t *testing.T) {
	got := newAPI(t).must(http.StatusOK, "GET", "/schedules?"+includeAll+week, nil)
	want := []string{
		"PANN001 2026-01-12T00:00:00Z 2026-01-12T14:00:00Z",
		"PBEN001 2026-01-12T14:00:00Z 2026-01-12T15:00:00Z",
		"PCAT001 2026-01-12T15:00:00Z 2026-01-12T19:00:00Z",
		"PBEN001 2026-01-12T19:00:00Z 2026-01-15T12:00:00Z",
		"PANN001 2026-01-15T12:00:00Z 2026-01-16T12:00:00Z",
		"PBEN001 2026-01-16T12:00:00Z 2026-01-17T00:00:00Z",
		"PBEN001 2026-01-17T00:00:00Z 2026-01-19T00:00:00Z",
	}
	if diff := cmp.Diff(want, got.entries("schedules", 0, "final_schedule")); diff != "" {
		t.Error(diff)
	}
	if coverage := got.at("schedules", 0, "final_schedule", "rendered_coverage_percentage"); coverage != 100.0 {
		t.Errorf("coverage is %v, want 100", coverage)
	}
	overrides := []string{
		"PANN001 2026-01-15T12:00:00Z 2026-01-16T12:00:00Z",
		"PBEN001 2026-01-16T12:00:00Z 2026-01-17T00:00:00Z",
	}
	if diff := cmp.Diff(overrides, got.entries("schedules", 0, "overrides_subschedule")); diff != "" {
		t.Error(diff)
	}
}

func TestEntriesOmitGapsAndSayNoOrigin(t *testing.T) {
	got := newAPI(t).must(http.StatusOK, "GET", "/schedules/PLAYER1?since=2026-01-05T00:00:00Z&until=2026-01-06T00:00:00Z", nil)
	want := []string{
		"PANN001 2026-01-05T09:00:00-05:00 2026-01-05T10:00:00-05:00",
		"PCAT001 2026-01-05T10:00:00-05:00 2026-01-05T14:00:00-05:00",
		"PANN001 2026-01-05T14:00:00-05:00 2026-01-05T19:00:00-05:00",
	}
	if diff := cmp.Diff(want, got.entries("schedule", "final_schedule")); diff != "" {
		t.Error(diff)
	}
	entry := got.at("schedule", "final_schedule", "rendered_schedule_entries", 0).(map[string]any)
	if len(entry) != 3 {
		t.Errorf("an entry has more than user, start and end: %v", entry)
	}
	// Ten of 24 hours.
	if coverage := got.at("schedule", "final_schedule", "rendered_coverage_percentage"); coverage != 41.67 {
		t.Errorf("coverage is %v, want 41.67", coverage)
	}
}

func TestEntriesNeedABoundAndALoneOneGetsTwoWeeks(t *testing.T) {
	a := newAPI(t)
	none := a.must(http.StatusOK, "GET", "/schedules/PLAYER1", nil)
	if got := none.entries("schedule", "final_schedule"); len(got) != 0 {
		t.Errorf("without bounds there are entries: %v", got)
	}
	if got := none.at("schedule", "final_schedule", "rendered_coverage_percentage"); got != nil {
		t.Errorf("without bounds coverage is %v, want null", got)
	}
	for query, want := range map[string]string{
		"since=2026-02-02T14:00:00Z": "PANN001 2026-02-02T09:00:00-05:00 2026-02-09T09:00:00-05:00",
		"until=2026-02-16T14:00:00Z": "PANN001 2026-02-02T09:00:00-05:00 2026-02-09T09:00:00-05:00",
	} {
		got := a.must(http.StatusOK, "GET", "/schedules/PLAYER1?"+query, nil).entries("schedule", "final_schedule")
		if len(got) != 2 || got[0] != want {
			t.Errorf("?%s gives %v, want two weeks from %s", query, got, want)
		}
	}
}

func TestOverflowKeepsEntriesWhole(t *testing.T) {
	a := newAPI(t)
	const noon = "/schedules/PLAYER1?since=2026-02-03T12:00:00Z&until=2026-02-03T13:00:00Z&time_zone=Etc/UTC"
	for query, want := range map[string]string{
		"":               "PANN001 2026-02-03T12:00:00Z 2026-02-03T13:00:00Z",
		"&overflow=true": "PANN001 2026-02-02T14:00:00Z 2026-02-09T14:00:00Z",
	} {
		if diff := cmp.Diff([]string{want}, a.must(http.StatusOK, "GET", noon+query, nil).entries("schedule", "final_schedule")); diff != "" {
			t.Error(diff)
		}
	}
}

func TestTimesAreWrittenInTheScheduleZoneOrTheOneAskedFor(t *testing.T) {
	a := newAPI(t)
	for query, want := range map[string]string{
		"":                        "2026-01-05T09:00:00-05:00",
		"?time_zone=Asia/Kolkata": "2026-01-05T19:30:00+05:30",
	} {
		if got := a.must(http.StatusOK, "GET", "/schedules/PLAYER1"+query, nil).text("schedule", "schedule_layers", 0, "start"); got != want {
			t.Errorf("GET%s: a layer starts at %s, want %s", query, got, want)
		}
	}
}

func TestLayersAreListedHighestFirst(t *testing.T) {
	got := newAPI(t).must(http.StatusOK, "GET", "/schedules/PLAYER1", nil)
	if diff := cmp.Diff([]string{"PHOURS1", "PWEEKS1"}, got.each("id", "schedule", "schedule_layers")); diff != "" {
		t.Error(diff)
	}
}

func TestUsersOfAScheduleAreThoseOnCallInTheWindow(t *testing.T) {
	got := newAPI(t).must(http.StatusOK, "GET", "/schedules/PLAYER1/users?since=2026-01-19T15:00:00Z&until=2026-01-20T00:00:00Z", nil)
	if diff := cmp.Diff([]string{"PANN001"}, got.each("id", "users")); diff != "" {
		t.Error(diff)
	}
}

func TestReadingAShiftBasedScheduleOverV2PointsAtV3(t *testing.T) {
	got := newAPI(t).must(http.StatusBadRequest, "GET", "/schedules/PSHIFT1", nil)
	if diff := cmp.Diff("This is a shift-based schedule. Use the v3 Schedules API to access it.", got.text("error", "errors", 0)); diff != "" {
		t.Error(diff)
	}
}

func TestReadingALayerBasedScheduleOverV3PointsAtV2(t *testing.T) {
	got := newAPI(t).must(http.StatusBadRequest, "GET", "/v3/schedules/PLAYER1", nil)
	if diff := cmp.Diff("This is a layer-based schedule. Use the v2 Schedules API to access it.", got.text("error", "message")); diff != "" {
		t.Error(diff)
	}
}

func TestRenderingThatDisagreesOnOrder(t *testing.T) {
	const query = "since=2026-02-02T12:00:00Z&until=2026-02-03T00:00:00Z&time_zone=Etc/UTC"
	honest := []string{"PBEN001 2026-02-02T12:00:00Z 2026-02-02T14:00:00Z", "PANN001 2026-02-02T14:00:00Z 2026-02-03T00:00:00Z"}
	moved := []string{"PBEN001 2026-02-02T12:00:00Z 2026-02-02T15:00:00Z", "PANN001 2026-02-02T15:00:00Z 2026-02-03T00:00:00Z"}
	for _, path := range []string{"/schedules/PLAYER1", "/schedules/POTHER1"} {
		a := newAPI(t, func(o *pagerdutysim.Options) {
			o.Faults = []pagerdutysim.Fault{{Kind: pagerdutysim.FaultRendering, Path: path, Times: -1}}
		})
		want := honest
		if path == "/schedules/PLAYER1" {
			want = moved
		}
		if diff := cmp.Diff(want, a.must(http.StatusOK, "GET", "/schedules?include[]=final_schedule&"+query, nil).entries("schedules", 0, "final_schedule")); diff != "" {
			t.Errorf("list, fault on %s: %s", path, diff)
		}
		if diff := cmp.Diff(want, a.must(http.StatusOK, "GET", "/schedules/PLAYER1?"+query, nil).entries("schedule", "final_schedule")); diff != "" {
			t.Errorf("single, fault on %s: %s", path, diff)
		}
	}
}
