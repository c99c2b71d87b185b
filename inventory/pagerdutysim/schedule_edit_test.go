package pagerdutysim_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
)

// What edits of rotations rely on; the sources are named where the simulator
// does it.

const event1 = shifts + "/rotations/QROTA1/events/QEVENT1"

func TestV3ActiveEventRefusesOtherFieldsEvenUnchanged(t *testing.T) {
	a := newAPI(t)
	name := a.must(http.StatusOK, "GET", event1, nil).text("event", "name")
	a.refused(http.StatusBadRequest, 2001, "Only effective_until can be updated on an active event",
		"PUT", event1, fields{"event": fields{"name": name, "effective_until": "2026-02-01T00:00:00Z"}})
}

func TestV3EventEndedAtAHandoffMakesRoomForItsSuccessorAlone(t *testing.T) {
	a := newAPI(t)
	const events = shifts + "/rotations/QROTA1/events"
	is := a.must(http.StatusOK, "GET", event1, nil).at("event").(fields)
	successor := fields{"event": merged(is, fields{"id": absent, "type": absent, "self": absent, "effective_since": "2026-02-01T00:00:00Z"})}
	a.refused(http.StatusBadRequest, 2001, "Events within a rotation cannot overlap", "POST", events, successor)
	a.must(http.StatusOK, "PUT", event1, fields{"event": fields{"effective_until": "2026-02-01T00:00:00Z"}})
	made := a.must(http.StatusCreated, "POST", events, successor)
	if made.text("event", "id") == "QEVENT1" {
		t.Error("the successor has the id of the event before it")
	}
	a.refused(http.StatusBadRequest, 2001, "Events within a rotation cannot overlap", "POST", events, successor)
	a.refused(http.StatusBadRequest, 2001, "Events within a rotation cannot overlap", "PUT", event1, fields{"event": fields{"effective_until": nil}})
}

func TestV3EventCannotEndBeforeNow(t *testing.T) {
	a := newAPI(t)
	got := a.must(http.StatusOK, "PUT", event1, fields{"event": fields{"effective_until": "2026-01-10T00:00:00Z"}})
	if diff := cmp.Diff("2026-01-14T12:00:00Z", got.text("event", "effective_until")); diff != "" {
		t.Error(diff)
	}
}

func TestV3PeopleOnCustomShiftsAndOverridesJoinTheTeam(t *testing.T) {
	for name, put := range map[string]func(a *api){
		"a custom shift": func(a *api) {
			a.must(http.StatusCreated, "POST", shifts+"/custom_shifts", fields{"custom_shifts": []fields{customShift(fields{
				"assignments": []fields{{"type": "shift_assignment", "member": fields{"type": "user_member", "user_id": "PCAT001"}}}})}})
		},
		"an override": func(a *api) {
			a.must(http.StatusCreated, "POST", shifts+"/overrides", fields{"overrides": []fields{v3Override(fields{
				"overriding_member": fields{"type": "user_member", "user_id": "PCAT001"}})}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t)
			put(a)
			members := a.must(http.StatusOK, "GET", "/teams/PTEAM01/members", nil).each("user.id", "members")
			if diff := cmp.Diff([]string{"PANN001", "PBEN001", "PCAT001"}, members); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestV3StakeholdersStandInForNobody(t *testing.T) {
	a := newAPI(t)
	stakeholder := fields{"type": "user_member", "user_id": "PSTA001"}
	a.refused(http.StatusBadRequest, 2001, "Stakeholders cannot be added to schedules", "POST", shifts+"/overrides",
		fields{"overrides": []fields{v3Override(fields{"overriding_member": stakeholder})}})
	a.refused(http.StatusBadRequest, 2001, "Stakeholders cannot be added to schedules", "POST", shifts+"/custom_shifts",
		fields{"custom_shifts": []fields{customShift(fields{"assignments": []fields{{"type": "shift_assignment", "member": stakeholder}}})}})
}

func TestV3NobodyIsPutOnATeamThatIsFull(t *testing.T) {
	a := newAPI(t, edit(func(s *inventory.Snapshot) {
		for i := range 498 {
			id := fmt.Sprintf("PMANY%03d", i)
			s.Users[id] = inventory.User{ID: id, Name: id, Email: id + "@acme.com", BaseRole: "user", Teams: map[string]string{"PTEAM01": "responder"}}
			s.Teams["PTEAM01"].Members[id] = "responder"
		}
	}))
	cat := fields{"type": "user_member", "user_id": "PCAT001"}
	a.refused(http.StatusBadRequest, 2001, "Team may not have more than 500 users", "POST", shifts+"/overrides",
		fields{"overrides": []fields{v3Override(fields{"overriding_member": cat})}})
	a.refused(http.StatusBadRequest, 2001, "Team may not have more than 500 users", "POST", shifts+"/custom_shifts",
		fields{"custom_shifts": []fields{customShift(fields{"assignments": []fields{{"type": "shift_assignment", "member": cat}}})}})
}

func TestV3CustomShiftThatIsRemovedTakesItsOverridesWithIt(t *testing.T) {
	a := newAPI(t)
	id := a.must(http.StatusCreated, "POST", shifts+"/overrides", fields{"overrides": []fields{
		v3Override(fields{"rotation_id": absent, "custom_shift_id": "QSHIFT1"})}}).text("overrides", 0, "id")
	a.must(http.StatusNoContent, "DELETE", shifts+"/custom_shifts/QSHIFT1", nil)
	a.must(http.StatusNotFound, "GET", shifts+"/overrides/"+id, nil)
}

func TestLayerThatEndsAndItsSuccessorLeaveNoGap(t *testing.T) {
	a := newAPI(t)
	a.must(http.StatusOK, "PUT", "/schedules/PLAYER1", newSchedule(fields{"time_zone": "America/New_York"},
		layer(fields{"id": "PWEEKS1", "users": []fields{user("PANN001")}, "end": "2026-02-09T14:00:00Z"}),
		layer(fields{"start": "2026-02-09T14:00:00Z", "rotation_virtual_start": "2026-02-09T14:00:00Z", "users": []fields{user("PBEN001")}}),
		layer(fields{"id": "PHOURS1", "end": "2026-01-13T14:00:00Z"})))
	got := a.must(http.StatusOK, "GET", "/schedules/PLAYER1?since=2026-02-09T13:00:00Z&until=2026-02-09T15:00:00Z&time_zone=Etc/UTC", nil)
	want := []string{"PANN001 2026-02-09T13:00:00Z 2026-02-09T14:00:00Z", "PBEN001 2026-02-09T14:00:00Z 2026-02-09T15:00:00Z"}
	if diff := cmp.Diff(want, got.entries("schedule", "final_schedule")); diff != "" {
		t.Error(diff)
	}
	if n := len(got.each("id", "schedule", "schedule_layers")); n != 3 {
		t.Errorf("%d layers, want the ended ones too", n)
	}
}

func TestWhoBecameAStakeholderSinceStaysOnALayerAndIsPutOnNone(t *testing.T) {
	a := newAPI(t, edit(func(s *inventory.Snapshot) {
		ben := s.Users["PBEN001"]
		ben.BaseRole = "read_only_user"
		s.Users["PBEN001"] = ben
	}))
	benAndAnn := func(id string) fields {
		return newSchedule(fields{"time_zone": "America/New_York"}, layer(fields{"id": id, "users": []fields{user("PBEN001"), user("PANN001")}}))
	}
	a.must(http.StatusOK, "PUT", "/schedules/PLAYER1", benAndAnn("PWEEKS1"))
	a.refused(http.StatusBadRequest, 2001, "Stakeholders cannot be added to schedules", "PUT", "/schedules/PLAYER1", benAndAnn("PHOURS1"))
}

func TestPreviewPutsNobodyOnATeam(t *testing.T) {
	a := newAPI(t)
	a.must(http.StatusOK, "POST", "/schedules/preview?since=2026-02-03T00:00:00Z&until=2026-02-04T00:00:00Z",
		newSchedule(fields{"teams": []fields{{"id": "PTEAM01", "type": "team_reference"}}}, layer(fields{"users": []fields{user("PCAT001")}})))
	members := a.must(http.StatusOK, "GET", "/teams/PTEAM01/members", nil).each("user.id", "members")
	if diff := cmp.Diff([]string{"PANN001", "PBEN001"}, members); diff != "" {
		t.Error(diff)
	}
}
