package pagerdutysim_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// assignments are computed shift assignments as "user start end source".
func (r answer) assignments() []string {
	r.t.Helper()
	path := []any{"schedule", "final_schedule", "computed_shift_assignments"}
	list := []string{}
	users, starts, ends, sources := r.each("member.user_id", path...), r.each("start_time", path...), r.each("end_time", path...), r.each("source.type", path...)
	for i := range users {
		list = append(list, users[i]+" "+starts[i]+" "+ends[i]+" "+sources[i])
	}
	return list
}

func TestV3ListHasReferencesToShiftBasedSchedulesOnly(t *testing.T) {
	got := newAPI(t).must(http.StatusOK, "GET", "/v3/schedules", nil)
	want := fields{
		"schedules": []any{fields{
			"id": "PSHIFT1", "type": "schedule_v3_reference", "summary": "Payments Shifts",
			"self": "https://api.pagerduty.com/v3/schedules/PSHIFT1", "html_url": "https://acme.pagerduty.com/schedules/PSHIFT1",
		}},
		"limit": 100.0, "offset": 0.0, "more": false,
	}
	if diff := cmp.Diff(any(want), got.body); diff != "" {
		t.Error(diff)
	}
}

func TestV3ListPagesUpToAThousandWithoutATotal(t *testing.T) {
	a := newAPI(t, func(o *pagerdutysim.Options) {
		for i := range 1_200 {
			id := "PV3" + string(rune('A'+i/100)) + string(rune('0'+i/10%10)) + string(rune('0'+i%10))
			o.Seed.Schedules[id] = inventory.Schedule{ID: id, Name: "Shifts " + id, Kind: inventory.ScheduleOfShifts, TimeZone: "Etc/UTC"}
		}
	})
	for _, tt := range []struct {
		query string
		items int
		limit float64
		more  bool
	}{
		{"", 100, 100, true},
		{"?limit=1000&total=true", 1_000, 1_000, true},
		{"?limit=5000", 1_000, 1_000, true},
		{"?limit=1000&offset=1000", 201, 1_000, false},
	} {
		got := a.must(http.StatusOK, "GET", "/v3/schedules"+tt.query, nil)
		if n := len(got.each("id", "schedules")); n != tt.items || got.at("limit") != tt.limit || got.at("more") != tt.more {
			t.Errorf("%q gives %d schedules, limit %v, more %v; want %d, %v, %v", tt.query, n, got.at("limit"), got.at("more"), tt.items, tt.limit, tt.more)
		}
		if _, has := got.body.(fields)["total"]; has {
			t.Errorf("%q gives a total", tt.query)
		}
	}
}

func TestV3ListLeavesOutWhatTheTokenCannotRead(t *testing.T) {
	a := newAPI(t, func(o *pagerdutysim.Options) { o.HiddenSchedules = []string{"PSHIFT1"} })
	if got := a.must(http.StatusOK, "GET", "/v3/schedules", nil).each("id", "schedules"); len(got) != 0 {
		t.Errorf("the list has %v", got)
	}
	a.must(http.StatusForbidden, "GET", "/v3/schedules/PSHIFT1", nil)
}

// Rendered by hand: days from nine to nine in Berlin, Ben on odd days of
// January's second week, vacant at night and where nobody stands in for Ben.
func TestV3FinalScheduleNamesSourcesAndVacantWindows(t *testing.T) {
	got := newAPI(t).must(http.StatusOK, "GET", "/v3/schedules/PSHIFT1?include[]=final_schedule&time_zone=Etc/UTC&"+
		window("2026-01-15T00:00:00Z", "2026-01-18T00:00:00Z"), nil)
	want := []string{
		" 2026-01-15T00:00:00Z 2026-01-15T08:00:00Z schedule_rotation",
		"PBEN001 2026-01-15T08:00:00Z 2026-01-15T20:00:00Z schedule_rotation",
		"PANN001 2026-01-15T12:00:00Z 2026-01-15T16:00:00Z custom_shift",
		"PCAT001 2026-01-15T16:00:00Z 2026-01-15T18:00:00Z custom_shift_override",
		" 2026-01-15T20:00:00Z 2026-01-16T08:00:00Z schedule_rotation",
		"PCAT001 2026-01-16T08:00:00Z 2026-01-16T20:00:00Z schedule_rotation",
		" 2026-01-16T20:00:00Z 2026-01-17T08:00:00Z schedule_rotation",
		"PBEN001 2026-01-17T08:00:00Z 2026-01-17T10:00:00Z schedule_rotation",
		" 2026-01-17T10:00:00Z 2026-01-17T12:00:00Z schedule_rotation",
		"PBEN001 2026-01-17T12:00:00Z 2026-01-17T20:00:00Z schedule_rotation",
		" 2026-01-17T20:00:00Z 2026-01-18T00:00:00Z schedule_rotation",
	}
	if diff := cmp.Diff(want, got.assignments()); diff != "" {
		t.Error(diff)
	}
	members := got.each("member.type", "schedule", "final_schedule", "computed_shift_assignments")
	if diff := cmp.Diff([]string{"empty_member", "user_member"}, members[:2]); diff != "" {
		t.Error(diff)
	}
	// 34 of 72 hours.
	if coverage := got.at("schedule", "final_schedule", "rendered_coverage_percentage"); coverage != 47.22 {
		t.Errorf("coverage is %v, want 47.22", coverage)
	}
}

func TestV3FinalScheduleNeedsIncludeAndBothBounds(t *testing.T) {
	a := newAPI(t)
	for _, query := range []string{"", week, "include[]=final_schedule", "include[]=final_schedule&since=2026-01-15T00:00:00Z"} {
		if a.must(http.StatusOK, "GET", "/v3/schedules/PSHIFT1?"+query, nil).at("schedule", "final_schedule") != nil {
			t.Errorf("?%s has a final schedule", query)
		}
	}
}

func TestV3EventTimesReadBackInUTC(t *testing.T) {
	got := newAPI(t).must(http.StatusOK, "GET", "/v3/schedules/PSHIFT1", nil)
	want := fields{"date_time": "2026-01-05T08:00:00Z", "time_zone": "Europe/Berlin"}
	if diff := cmp.Diff(any(want), got.at("schedule", "rotations", 0, "events", 0, "start_time")); diff != "" {
		t.Error(diff)
	}
}

func TestV3ListsOfShiftsAndOverridesNeedBothBounds(t *testing.T) {
	a := newAPI(t)
	for _, path := range []string{"/v3/schedules/PSHIFT1/custom_shifts", "/v3/schedules/PSHIFT1/overrides"} {
		a.must(http.StatusBadRequest, "GET", path+"?since=2026-01-15T00:00:00Z", nil)
		a.must(http.StatusOK, "GET", path+"?"+week, nil)
	}
}

func TestV3RenderingThatDisagreesOnOrder(t *testing.T) {
	a := newAPI(t, func(o *pagerdutysim.Options) {
		o.Faults = []pagerdutysim.Fault{{Kind: pagerdutysim.FaultRendering, Path: "/v3/schedules/PSHIFT1"}}
	})
	const query = "/v3/schedules/PSHIFT1?include[]=final_schedule&time_zone=Etc/UTC&since=2026-01-16T00:00:00Z&until=2026-01-16T12:00:00Z"
	for _, want := range [][]string{
		{" 2026-01-16T00:00:00Z 2026-01-16T09:00:00Z schedule_rotation", "PCAT001 2026-01-16T09:00:00Z 2026-01-16T12:00:00Z schedule_rotation"},
		{" 2026-01-16T00:00:00Z 2026-01-16T08:00:00Z schedule_rotation", "PCAT001 2026-01-16T08:00:00Z 2026-01-16T12:00:00Z schedule_rotation"},
	} {
		if diff := cmp.Diff(want, a.must(http.StatusOK, "GET", query, nil).assignments()); diff != "" {
			t.Error(diff)
		}
	}
}
