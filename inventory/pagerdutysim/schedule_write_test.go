package pagerdutysim_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type fields = map[string]any

func layer(change fields) fields {
	l := fields{
		"name": "Weeks", "start": "2026-02-02T14:00:00Z", "rotation_virtual_start": "2026-02-02T14:00:00Z",
		"rotation_turn_length_seconds": 604_800,
		"users":                        []fields{{"user": fields{"id": "PANN001", "type": "user_reference"}}},
	}
	for k, v := range change {
		l[k] = v
	}
	return l
}

func newSchedule(change fields, layers ...fields) fields {
	s := fields{"type": "schedule", "name": "New", "time_zone": "Europe/Berlin", "schedule_layers": layers}
	for k, v := range change {
		s[k] = v
	}
	return fields{"schedule": s}
}

func user(id string) fields { return fields{"user": fields{"id": id, "type": "user_reference"}} }

func TestScheduleThatIsRefused(t *testing.T) {
	weekly := func(change fields) fields {
		r := fields{"type": "weekly_restriction", "start_time_of_day": "08:00:00", "start_day_of_week": 1, "duration_seconds": 3_600}
		for k, v := range change {
			if v == nil {
				delete(r, k)
				continue
			}
			r[k] = v
		}
		return layer(fields{"restrictions": []fields{r}})
	}
	for name, tt := range map[string]struct {
		body   fields
		code   float64
		errors any
	}{
		"a turn under an hour": {newSchedule(nil, layer(fields{"rotation_turn_length_seconds": 3_599})), 3001,
			fields{"rotation_turn_length_seconds": []any{"must be between 3600 and 31536000 seconds"}}},
		"a turn over a year": {newSchedule(nil, layer(fields{"rotation_turn_length_seconds": 31_536_001})), 3001,
			fields{"rotation_turn_length_seconds": []any{"must be between 3600 and 31536000 seconds"}}},
		"a daily restriction of a whole day": {newSchedule(nil, layer(fields{"restrictions": []fields{
			{"type": "daily_restriction", "start_time_of_day": "08:00:00", "duration_seconds": 86_400}}})), 3001,
			fields{"restrictions": []any{"Duration must be less than 86400 seconds"}}},
		"a weekly restriction of a whole week": {newSchedule(nil, weekly(fields{"duration_seconds": 604_800})), 3001,
			fields{"restrictions": []any{"Duration must be less than 604800 seconds"}}},
		"a weekly restriction without a day": {newSchedule(nil, weekly(fields{"start_day_of_week": nil})), 2001,
			[]any{"Start day of week must be in 1, 2, 3, 4, 5, 6, 7"}},
		"the zone UTC":            {newSchedule(fields{"time_zone": "UTC"}, layer(nil)), 2001, []any{"Time zone is invalid"}},
		"a user nobody knows":     {newSchedule(nil, layer(fields{"users": []fields{user("PNOBODY")}})), 2001, []any{"User not found"}},
		"an empty list of users":  {newSchedule(nil, layer(fields{"users": []fields{}})), 2001, []any{"Schedule layer must have at least one user"}},
		"a stakeholder":           {newSchedule(nil, layer(fields{"users": []fields{user("PSTA001")}})), 2001, []any{"Stakeholders cannot be added to schedules"}},
		"a layer of another":      {newSchedule(nil, layer(fields{"id": "PWEEKS1"})), 2001, []any{"Schedule layer PWEEKS1 does not belong to this schedule"}},
		"a team nobody knows":     {newSchedule(fields{"teams": []fields{{"id": "PTEAM99", "type": "team_reference"}}}, layer(nil)), 6001, []any{"Team not found"}},
		"a start that is no date": {newSchedule(nil, layer(fields{"start": "tomorrow"})), 2001, []any{"Start is invalid"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t)
			got := a.must(http.StatusBadRequest, "POST", "/schedules", tt.body)
			if diff := cmp.Diff(tt.code, got.at("error", "code")); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.errors, got.at("error", "errors")); diff != "" {
				t.Error(diff)
			}
			if n := len(a.must(http.StatusOK, "GET", "/schedules", nil).each("id", "schedules")); n != 1 {
				t.Errorf("a schedule that was refused exists: there are %d", n)
			}
		})
	}
}

func TestNewScheduleReadsBack(t *testing.T) {
	a := newAPI(t)
	got := a.must(http.StatusCreated, "POST", "/schedules", newSchedule(fields{"description": nil, "time_zone": "Etc/UTC"},
		layer(fields{"start": "2026-02-02T14:00:59Z", "rotation_virtual_start": "2026-02-02T15:00:31+01:00"}),
		layer(fields{"name": "Above", "users": []fields{user("PBEN001"), user("PANN001")}, "restrictions": []fields{
			{"type": "weekly_restriction", "start_time_of_day": "08:30:00", "start_day_of_week": 7, "duration_seconds": 7_200}}}),
	))
	read := a.must(http.StatusOK, "GET", "/schedules/"+got.text("schedule", "id"), nil)
	if diff := cmp.Diff(got.body, read.body); diff != "" {
		t.Errorf("POST and GET answer differently: %s", diff)
	}
	above, below := []any{"schedule", "schedule_layers", 0}, []any{"schedule", "schedule_layers", 1}
	if name := read.text(append(above, "name")...); name != "Above" {
		t.Errorf("the layer sent last is %q, not the highest", name)
	}
	for key, want := range map[string]string{"start": "2026-02-02T14:00:59Z", "rotation_virtual_start": "2026-02-02T14:00:00Z"} {
		if diff := cmp.Diff(want, read.text(append(below, key)...)); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
	if diff := cmp.Diff(fields{"type": "weekly_restriction", "start_time_of_day": "08:30:00", "start_day_of_week": 7.0, "duration_seconds": 7200.0},
		read.at(append(above, "restrictions", 0)...)); diff != "" {
		t.Error(diff)
	}
	if description := read.at("schedule", "description"); description != nil {
		t.Errorf("the description is %v, want null", description)
	}
}

func TestStartOfANewLayerIsNotInThePast(t *testing.T) {
	got := newAPI(t).must(http.StatusCreated, "POST", "/schedules", newSchedule(fields{"time_zone": "Etc/UTC"}, layer(fields{
		"start": "2025-12-01T00:00:00Z", "rotation_virtual_start": "2025-12-01T00:00:00Z"})))
	if diff := cmp.Diff("2026-01-14T12:00:00Z", got.text("schedule", "schedule_layers", 0, "start")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("2025-12-01T00:00:00Z", got.text("schedule", "schedule_layers", 0, "rotation_virtual_start")); diff != "" {
		t.Error(diff)
	}
}

func TestSendingBackWhatWasReadFlipsPrecedence(t *testing.T) {
	a := newAPI(t)
	read := a.must(http.StatusOK, "GET", "/schedules/PLAYER1", nil)
	a.must(http.StatusOK, "PUT", "/schedules/PLAYER1", read.body)
	after := a.must(http.StatusOK, "GET", "/schedules/PLAYER1", nil)
	if diff := cmp.Diff([]string{"PWEEKS1", "PHOURS1"}, after.each("id", "schedule", "schedule_layers")); diff != "" {
		t.Error(diff)
	}
}

func TestLayerThatIsNotSentStays(t *testing.T) {
	a := newAPI(t)
	a.must(http.StatusOK, "PUT", "/schedules/PLAYER1", newSchedule(fields{"name": "Renamed", "time_zone": "America/New_York"},
		layer(fields{"id": "PHOURS1", "name": "Office"})))
	after := a.must(http.StatusOK, "GET", "/schedules/PLAYER1", nil)
	if diff := cmp.Diff([]string{"Office", "Weeks"}, after.each("name", "schedule", "schedule_layers")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("Renamed", after.text("schedule", "name")); diff != "" {
		t.Error(diff)
	}
}

func TestEndOfALayerStaysUntilItIsSentAsNull(t *testing.T) {
	a := newAPI(t)
	office := fields{"id": "PHOURS1"}
	end := func() any {
		return a.must(http.StatusOK, "GET", "/schedules/PLAYER1?time_zone=Etc/UTC", nil).at("schedule", "schedule_layers", 0, "end")
	}
	put := func(l fields) {
		a.must(http.StatusOK, "PUT", "/schedules/PLAYER1", newSchedule(fields{"time_zone": "America/New_York"}, layer(fields{"id": "PWEEKS1"}), layer(l)))
	}
	put(office)
	if got := end(); got != "2026-01-13T14:00:00Z" {
		t.Errorf("a PUT without end left it %v", got)
	}
	office["end"] = nil
	put(office)
	if got := end(); got != nil {
		t.Errorf("a PUT with end null left it %v", got)
	}
	office["end"] = "2026-03-01T00:00:30Z"
	put(office)
	if got := end(); got != "2026-03-01T00:00:00Z" {
		t.Errorf("a PUT with an end left it %v", got)
	}
}

func TestPeoplePutOnAScheduleOfATeamJoinIt(t *testing.T) {
	a := newAPI(t)
	a.must(http.StatusOK, "PUT", "/schedules/PLAYER1", newSchedule(fields{"time_zone": "America/New_York"},
		layer(fields{"id": "PWEEKS1", "users": []fields{user("PCAT001")}})))
	members := a.must(http.StatusOK, "GET", "/teams/PTEAM01/members", nil).each("user.id", "members")
	if diff := cmp.Diff([]string{"PANN001", "PBEN001", "PCAT001"}, members); diff != "" {
		t.Error(diff)
	}
}

func TestScheduleOnAPolicyCannotBeDeleted(t *testing.T) {
	a := newAPI(t)
	got := a.must(http.StatusBadRequest, "DELETE", "/schedules/PLAYER1", nil)
	if diff := cmp.Diff("Schedule can't be deleted if it's being used by escalation policies", got.text("error", "errors", 0)); diff != "" {
		t.Error(diff)
	}
	id := a.must(http.StatusCreated, "POST", "/schedules", newSchedule(nil, layer(nil))).text("schedule", "id")
	a.must(http.StatusNoContent, "DELETE", "/schedules/"+id, nil)
	a.must(http.StatusNotFound, "GET", "/schedules/"+id, nil)
}

func TestPreviewRendersAndKeepsNothing(t *testing.T) {
	a := newAPI(t)
	got := a.must(http.StatusOK, "POST", "/schedules/preview?since=2026-01-06T00:00:00Z&until=2026-01-08T00:00:00Z",
		newSchedule(fields{"time_zone": "Etc/UTC"}, layer(fields{"start": "2026-01-07T00:00:00Z"})))
	if diff := cmp.Diff([]string{"PANN001 2026-01-07T00:00:00Z 2026-01-08T00:00:00Z"}, got.entries("schedule", "final_schedule")); diff != "" {
		t.Error(diff)
	}
	if n := len(a.must(http.StatusOK, "GET", "/schedules", nil).each("id", "schedules")); n != 1 {
		t.Errorf("there are %d schedules after a preview, want 1", n)
	}
}
