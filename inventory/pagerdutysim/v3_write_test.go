package pagerdutysim_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const shifts = "/v3/schedules/PSHIFT1"

func merged(base, change fields) fields {
	all := fields{}
	for _, f := range []fields{base, change} {
		for k, v := range f {
			if v == absent {
				delete(all, k)
				continue
			}
			all[k] = v
		}
	}
	return all
}

// absent takes a member away in merged.
const absent = "\x00absent"

func v3Event(change fields) fields {
	return fields{"event": merged(fields{
		"name":            "Nights",
		"start_time":      fields{"date_time": "2026-02-02T20:00:00Z", "time_zone": "Etc/UTC"},
		"end_time":        fields{"date_time": "2026-02-03T06:00:00Z", "time_zone": "Etc/UTC"},
		"effective_since": "2026-02-01T00:00:00Z",
		"recurrence":      []string{"RRULE:FREQ=DAILY"},
		"assignment_strategy": fields{"type": "rotating_member_assignment_strategy", "shifts_per_member": 7,
			"members": []fields{{"type": "user_member", "user_id": "PANN001"}, {"type": "empty_member"}}},
	}, change)}
}

func TestV3ScheduleIsMadeWithoutRotationsAndReadsBack(t *testing.T) {
	a := newAPI(t)
	got := a.must(http.StatusCreated, "POST", "/v3/schedules", fields{"schedule": fields{
		"name": "New", "time_zone": "UTC", "teams": []fields{{"id": "PTEAM01", "type": "team_reference"}}}})
	read := a.must(http.StatusOK, "GET", "/v3/schedules/"+got.text("schedule", "id"), nil)
	if diff := cmp.Diff(got.body, read.body); diff != "" {
		t.Errorf("POST and GET answer differently: %s", diff)
	}
	wants := fields{"type": "schedule_v3", "time_zone": "Etc/UTC", "rotations": []any{}}
	for key, want := range wants {
		if diff := cmp.Diff(want, read.at("schedule", key)); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
}

func TestV3ScheduleThatIsRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		schedule fields
		errors   fields
	}{
		"with rotations":        {fields{"name": "New", "time_zone": "Etc/UTC", "rotations": []any{fields{}}}, fields{"schedule.rotations": []any{"is not accepted: use the rotations endpoints"}}},
		"with policies":         {fields{"name": "New", "time_zone": "Etc/UTC", "escalation_policies": []any{fields{}}}, fields{"schedule.escalation_policies": []any{"is not accepted"}}},
		"without a zone":        {fields{"name": "New"}, fields{"schedule.time_zone": []any{"Time zone cannot be empty."}}},
		"without a name":        {fields{"time_zone": "Etc/UTC"}, fields{"schedule.name": []any{"Name cannot be empty."}}},
		"with a zone of no map": {fields{"name": "New", "time_zone": "Mars/Olympus"}, fields{"schedule.time_zone": []any{"Time zone is invalid"}}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t)
			for method, path := range map[string]string{"POST": "/v3/schedules", "PUT": shifts} {
				got := a.must(http.StatusBadRequest, method, path, fields{"schedule": tt.schedule})
				if diff := cmp.Diff(any(tt.errors), got.at("error", "errors")); diff != "" {
					t.Errorf("%s: %s", method, diff)
				}
			}
		})
	}
}

func TestV3ScheduleOnAPolicyCannotBeDeleted(t *testing.T) {
	a := newAPI(t)
	a.must(http.StatusBadRequest, "DELETE", shifts, nil)
	id := a.must(http.StatusCreated, "POST", "/v3/schedules", fields{"schedule": fields{"name": "New", "time_zone": "Etc/UTC"}}).text("schedule", "id")
	a.must(http.StatusNoContent, "DELETE", "/v3/schedules/"+id, nil)
	a.must(http.StatusNotFound, "GET", "/v3/schedules/"+id, nil)
}

func TestV3RotationIsMadeEmptyAndAtMostTenAreActive(t *testing.T) {
	a := newAPI(t)
	a.must(http.StatusBadRequest, "POST", shifts+"/rotations", fields{"name": "x"})
	for range 9 {
		a.must(http.StatusCreated, "POST", shifts+"/rotations", fields{})
	}
	a.must(http.StatusBadRequest, "POST", shifts+"/rotations", fields{})
	a.must(http.StatusNoContent, "DELETE", shifts+"/rotations/QROTA1", nil)
	a.must(http.StatusCreated, "POST", shifts+"/rotations", nil)
}

func TestV3DeletedRotationKeepsItsPastAndLosesItsFuture(t *testing.T) {
	a := newAPI(t)
	a.must(http.StatusCreated, "POST", shifts+"/rotations/QROTA1/events", v3Event(nil))
	a.must(http.StatusNoContent, "DELETE", shifts+"/rotations/QROTA1", nil)
	got := a.must(http.StatusOK, "GET", shifts+"/rotations/QROTA1", nil)
	if diff := cmp.Diff([]string{"QEVENT1"}, got.each("id", "rotation", "events")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("2026-01-14T12:00:00Z", got.text("rotation", "events", 0, "effective_until")); diff != "" {
		t.Error(diff)
	}
	id := a.must(http.StatusCreated, "POST", shifts+"/rotations", fields{}).text("rotation", "id")
	a.must(http.StatusNoContent, "DELETE", shifts+"/rotations/"+id, nil)
	a.must(http.StatusNotFound, "GET", shifts+"/rotations/"+id, nil)
}

func TestV3EventReadsBackAndPutsPeopleOnTheTeam(t *testing.T) {
	a := newAPI(t)
	body := v3Event(fields{"assignment_strategy": fields{"type": "every_member_assignment_strategy",
		"members": []fields{{"type": "user_member", "user_id": "PCAT001"}}}})
	got := a.must(http.StatusCreated, "POST", shifts+"/rotations/QROTA1/events", body)
	read := a.must(http.StatusOK, "GET", shifts+"/rotations/QROTA1/events/"+got.text("event", "id"), nil)
	if diff := cmp.Diff(got.body, read.body); diff != "" {
		t.Errorf("POST and GET answer differently: %s", diff)
	}
	members := a.must(http.StatusOK, "GET", "/teams/PTEAM01/members", nil).each("user.id", "members")
	if diff := cmp.Diff([]string{"PANN001", "PBEN001", "PCAT001"}, members); diff != "" {
		t.Error(diff)
	}
}

func TestV3EventClampsAPastStartToNow(t *testing.T) {
	got := newAPI(t).must(http.StatusCreated, "POST", shifts+"/rotations/QROTA1/events", v3Event(fields{"effective_since": "2025-06-01T00:00:00Z"}))
	if diff := cmp.Diff("2026-01-14T12:00:00Z", got.text("event", "effective_since")); diff != "" {
		t.Error(diff)
	}
}

func TestV3EventThatIsRefused(t *testing.T) {
	strategy := func(change fields) fields {
		return fields{"assignment_strategy": merged(v3Event(nil)["event"].(fields)["assignment_strategy"].(fields), change)}
	}
	crowd := make([]fields, 21)
	for i := range crowd {
		crowd[i] = fields{"type": "empty_member"}
	}
	for name, tt := range map[string]struct {
		change fields
		field  string
		says   string
	}{
		"from over a year ahead":     {fields{"effective_since": "2027-01-15T00:00:00Z"}, "event.effective_since", "Date cannot be more than 12 months in the future"},
		"without a rule":             {fields{"recurrence": []string{}}, "event.recurrence", "must contain exactly one RRULE"},
		"with two rules":             {fields{"recurrence": []string{"RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"}}, "event.recurrence", "must contain exactly one RRULE"},
		"rotating without a count":   {strategy(fields{"shifts_per_member": absent}), "event.assignment_strategy.shifts_per_member", "is required for a rotating strategy, and at least 1"},
		"without members":            {strategy(fields{"members": []fields{}}), "event.assignment_strategy.members", "must have 1 to 20 members"},
		"with 21 members":            {strategy(fields{"members": crowd}), "event.assignment_strategy.members", "must have 1 to 20 members"},
		"with somebody unknown":      {strategy(fields{"members": []fields{{"type": "user_member", "user_id": "PNOBODY"}}}), "event.assignment_strategy.members", "User not found"},
		"with a stakeholder":         {strategy(fields{"members": []fields{{"type": "user_member", "user_id": "PSTA001"}}}), "event.assignment_strategy.members", "Stakeholders cannot be added to schedules"},
		"that ends before it starts": {fields{"end_time": fields{"date_time": "2026-02-02T19:00:00Z", "time_zone": "Etc/UTC"}}, "event.end_time", "must be after start_time"},
		"that overlaps another":      {fields{"start_time": fields{"date_time": "2026-02-02T19:00:00Z", "time_zone": "Etc/UTC"}}, "rotation.events", "Events within a rotation cannot overlap (QEVENT1, 2026-02-02T19:00:00Z)"},
	} {
		t.Run(name, func(t *testing.T) {
			got := newAPI(t).must(http.StatusBadRequest, "POST", shifts+"/rotations/QROTA1/events", v3Event(tt.change))
			if diff := cmp.Diff(any(fields{tt.field: []any{tt.says}}), got.at("error", "errors")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestV3RotationHasAtMostFiveEventsPastOnesNotCounted(t *testing.T) {
	a := newAPI(t)
	rotation := shifts + "/rotations/QROTA1/events"
	a.must(http.StatusNoContent, "DELETE", rotation+"/QEVENT1", nil)
	for day := range 6 {
		want := http.StatusCreated
		if day == 5 {
			want = http.StatusBadRequest
		}
		a.must(want, "POST", rotation, v3Event(fields{
			"start_time": fields{"date_time": fmt.Sprintf("2026-02-%02dT08:00:00Z", 2+day), "time_zone": "Etc/UTC"},
			"end_time":   fields{"date_time": fmt.Sprintf("2026-02-%02dT20:00:00Z", 2+day), "time_zone": "Etc/UTC"},
			"recurrence": []string{"RRULE:FREQ=WEEKLY"},
		}))
	}
}

func TestV3ActiveEventChangesItsEndAlone(t *testing.T) {
	a := newAPI(t)
	const event = shifts + "/rotations/QROTA1/events/QEVENT1"
	a.must(http.StatusBadRequest, "PUT", event, fields{"event": fields{"name": "Days", "effective_until": "2026-02-01T00:00:00Z"}})
	got := a.must(http.StatusOK, "PUT", event, fields{"event": fields{"effective_until": "2026-02-01T00:00:00Z"}})
	if diff := cmp.Diff("2026-02-01T00:00:00Z", got.text("event", "effective_until")); diff != "" {
		t.Error(diff)
	}
	a.now = at("2026-02-01T00:00:00Z")
	a.must(http.StatusBadRequest, "PUT", event, fields{"event": fields{"effective_until": "2026-03-01T00:00:00Z"}})
	a.must(http.StatusBadRequest, "DELETE", event, nil)
}

func TestV3DeletedEventKeepsItsHistory(t *testing.T) {
	a := newAPI(t)
	const events = shifts + "/rotations/QROTA1/events"
	a.must(http.StatusNoContent, "DELETE", events+"/QEVENT1", nil)
	if diff := cmp.Diff("2026-01-14T12:00:00Z", a.must(http.StatusOK, "GET", events+"/QEVENT1", nil).text("event", "effective_until")); diff != "" {
		t.Error(diff)
	}
	id := a.must(http.StatusCreated, "POST", events, v3Event(nil)).text("event", "id")
	a.must(http.StatusOK, "PUT", events+"/"+id, v3Event(fields{"name": "Changed"}))
	a.must(http.StatusNoContent, "DELETE", events+"/"+id, nil)
	// Neither is listed any more, and the next plan of whoever deleted them is empty.
	for _, path := range [][]any{{events, "events"}, {shifts, "schedule", "rotations", 0, "events"}} {
		if got := a.must(http.StatusOK, "GET", path[0].(string), nil); len(got.at(path[1:]...).([]any)) != 0 {
			t.Errorf("GET %s still lists events: %s", path[0], got.json())
		}
	}
	got := a.must(http.StatusOK, "GET", shifts+"?include[]=final_schedule&time_zone=Etc/UTC&"+window("2026-01-14T00:00:00Z", "2026-01-15T00:00:00Z"), nil)
	if len(got.assignments()) < 2 {
		t.Errorf("the final schedule has no history: %s", got.json())
	}
}

func customShift(change fields) fields {
	return merged(fields{"type": "custom_shift", "start_time": "2026-02-03T10:00:00Z", "end_time": "2026-02-03T12:00:00Z",
		"assignments": []fields{{"type": "shift_assignment", "member": fields{"type": "user_member", "user_id": "PANN001"}}}}, change)
}

func TestV3CustomShiftNeedsExactlyOneAssignment(t *testing.T) {
	a := newAPI(t)
	two := []fields{{"type": "shift_assignment", "member": fields{"type": "empty_member"}}, {"type": "shift_assignment", "member": fields{"type": "empty_member"}}}
	for _, assignments := range []any{[]fields{}, two} {
		a.must(http.StatusBadRequest, "POST", shifts+"/custom_shifts", fields{"custom_shifts": []fields{customShift(fields{"assignments": assignments})}})
	}
	got := a.must(http.StatusCreated, "POST", shifts+"/custom_shifts", fields{"custom_shifts": []fields{customShift(nil)}})
	read := a.must(http.StatusOK, "GET", shifts+"/custom_shifts/"+got.text("custom_shifts", 0, "id"), nil)
	if diff := cmp.Diff(got.at("custom_shifts", 0), read.at("custom_shift")); diff != "" {
		t.Errorf("POST and GET answer differently: %s", diff)
	}
}

func TestV3CustomShiftThroughItsLife(t *testing.T) {
	a := newAPI(t)
	const shift = shifts + "/custom_shifts/QSHIFT1"
	put := func(status int, change fields) answer {
		t.Helper()
		return a.must(status, "PUT", shift, fields{"custom_shift": change})
	}
	put(http.StatusOK, fields{"start_time": "2026-01-15T13:00:00Z"})
	a.now = at("2026-01-15T14:00:00Z")
	put(http.StatusBadRequest, fields{"start_time": "2026-01-15T13:30:00Z"})
	put(http.StatusOK, fields{"end_time": "2026-01-15T17:00:00Z"})
	a.must(http.StatusNoContent, "DELETE", shift, nil)
	got := a.must(http.StatusOK, "GET", shift, nil)
	if diff := cmp.Diff("2026-01-15T15:00:00+01:00", got.text("custom_shift", "end_time")); diff != "" {
		t.Error(diff)
	}
	put(http.StatusBadRequest, fields{"end_time": "2026-01-15T17:00:00Z"})
	a.must(http.StatusBadRequest, "DELETE", shift, nil)
}

func v3Override(change fields) fields {
	return merged(fields{"type": "override_shift", "rotation_id": "QROTA1", "start_time": "2026-02-03T10:00:00Z", "end_time": "2026-02-03T12:00:00Z",
		"overridden_member": fields{"type": "user_member", "user_id": "PCAT001"},
		"overriding_member": fields{"type": "user_member", "user_id": "PANN001"}}, change)
}

func TestV3OverrideNamesARotationOrACustomShift(t *testing.T) {
	a := newAPI(t)
	for name, tt := range map[string]struct {
		change fields
		status int
	}{
		"a rotation":       {nil, http.StatusCreated},
		"a custom shift":   {fields{"rotation_id": absent, "custom_shift_id": "QSHIFT1"}, http.StatusCreated},
		"both":             {fields{"custom_shift_id": "QSHIFT1"}, http.StatusBadRequest},
		"neither":          {fields{"rotation_id": absent}, http.StatusBadRequest},
		"one of nowhere":   {fields{"rotation_id": "QNOWHERE"}, http.StatusBadRequest},
		"without a member": {fields{"overridden_member": absent}, http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			if got := a.call("POST", shifts+"/overrides", fields{"overrides": []fields{v3Override(tt.change)}}); got.status != tt.status {
				t.Errorf("answered %d, want %d: %s", got.status, tt.status, got.json())
			}
		})
	}
}

func TestV3OverrideLeavesOtherRotationsAlone(t *testing.T) {
	a := newAPI(t)
	rotation := a.must(http.StatusCreated, "POST", shifts+"/rotations", fields{}).text("rotation", "id")
	a.must(http.StatusCreated, "POST", shifts+"/rotations/"+rotation+"/events", v3Event(fields{
		"start_time":          fields{"date_time": "2026-02-02T08:00:00Z", "time_zone": "Etc/UTC"},
		"end_time":            fields{"date_time": "2026-02-02T20:00:00Z", "time_zone": "Etc/UTC"},
		"assignment_strategy": fields{"type": "every_member_assignment_strategy", "members": []fields{{"type": "user_member", "user_id": "PCAT001"}}},
	}))
	a.must(http.StatusCreated, "POST", shifts+"/overrides", fields{"overrides": []fields{v3Override(fields{
		"rotation_id": rotation, "start_time": "2026-02-03T08:00:00Z", "end_time": "2026-02-03T20:00:00Z"})}})
	got := a.must(http.StatusOK, "GET", shifts+"?include[]=final_schedule&time_zone=Etc/UTC&"+window("2026-02-03T10:00:00Z", "2026-02-03T11:00:00Z"), nil)
	want := []string{
		"PANN001 2026-02-03T10:00:00Z 2026-02-03T11:00:00Z schedule_rotation_override",
		"PCAT001 2026-02-03T10:00:00Z 2026-02-03T11:00:00Z schedule_rotation",
	}
	if diff := cmp.Diff(want, got.assignments()); diff != "" {
		t.Error(diff)
	}
}

func TestV3OverrideThroughItsLife(t *testing.T) {
	a := newAPI(t)
	const one = shifts + "/overrides/QOVER4"
	a.must(http.StatusBadRequest, "PUT", one, fields{"override": fields{"overridden_member": fields{"type": "user_member", "user_id": "PCAT001"}}})
	a.must(http.StatusOK, "PUT", one, fields{"override": fields{"end_time": "2026-01-17T14:00:00Z", "overriding_member": fields{"type": "user_member", "user_id": "PANN001"}}})
	a.now = at("2026-01-17T11:00:00Z")
	a.must(http.StatusNoContent, "DELETE", one, nil)
	if diff := cmp.Diff("2026-01-17T12:00:00+01:00", a.must(http.StatusOK, "GET", one, nil).text("override", "end_time")); diff != "" {
		t.Error(diff)
	}
	a.must(http.StatusBadRequest, "DELETE", one, nil)
	a.now = at("2026-01-15T00:00:00Z")
	a.must(http.StatusNoContent, "DELETE", shifts+"/overrides/QOVER3", nil)
	a.must(http.StatusNotFound, "GET", shifts+"/overrides/QOVER3", nil)
}
