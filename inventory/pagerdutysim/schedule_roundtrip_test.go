package pagerdutysim_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// into decodes a part of an answer.
func (r answer) into(v any, path ...any) {
	r.t.Helper()
	data, err := json.Marshal(r.at(path...))
	if err != nil {
		r.t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		r.t.Fatal(err)
	}
}

type wireRef struct {
	ID     string `json:"id"`
	UserID string `json:"user_id"`
}

func idsOf(refs []wireRef) []string {
	ids := []string{}
	for _, r := range refs {
		ids = append(ids, r.ID)
	}
	return ids
}

// member is nil for the empty member.
func (r wireRef) member() *string {
	if r.UserID == "" {
		return nil
	}
	return &r.UserID
}

type wireSchedule struct {
	ID, Name, Description string
	TimeZone              string    `json:"time_zone"`
	Teams                 []wireRef `json:"teams"`
	EscalationPolicies    []wireRef `json:"escalation_policies"`
	Users                 []wireRef `json:"users"`
}

func (w wireSchedule) schedule(kind string) inventory.Schedule {
	return inventory.Schedule{
		ID: w.ID, Name: w.Name, Description: w.Description, Kind: kind, TimeZone: w.TimeZone,
		Teams: idsOf(w.Teams), EscalationPolicies: idsOf(w.EscalationPolicies), Users: idsOf(w.Users),
	}
}

type wireEntry struct {
	Start, End time.Time
	User       wireRef
}

// readLayerBased reads a schedule as a client does that lists schedules with
// everything included, and then its overrides.
func (a *api) readLayerBased(query string) inventory.Schedule {
	list := a.must(http.StatusOK, "GET", "/schedules?"+includeAll+query, nil)
	var w struct {
		wireSchedule
		Layers []struct {
			ID, Name     string
			Start        time.Time
			End          *time.Time
			VirtualStart time.Time `json:"rotation_virtual_start"`
			Turn         int       `json:"rotation_turn_length_seconds"`
			Users        []struct{ User wireRef }
			Restrictions []struct {
				Type     string
				Start    string `json:"start_time_of_day"`
				StartDay *int   `json:"start_day_of_week"`
				Duration int    `json:"duration_seconds"`
			}
		} `json:"schedule_layers"`
		Final struct {
			Entries  []wireEntry `json:"rendered_schedule_entries"`
			Coverage float64     `json:"rendered_coverage_percentage"`
		} `json:"final_schedule"`
	}
	list.into(&w, "schedules", 0)
	s := w.schedule(inventory.ScheduleOfLayers)
	s.Coverage = w.Final.Coverage
	for _, l := range slices.Backward(w.Layers) {
		layer := inventory.Layer{ID: l.ID, Name: l.Name, Start: l.Start, End: l.End, VirtualStart: l.VirtualStart, TurnSeconds: l.Turn}
		for _, u := range l.Users {
			layer.Users = append(layer.Users, u.User.ID)
		}
		for _, r := range l.Restrictions {
			layer.Restrictions = append(layer.Restrictions, inventory.Restriction{Type: r.Type, StartTime: r.Start, DurationSeconds: r.Duration, StartDay: r.StartDay})
		}
		s.Layers = append(s.Layers, layer)
	}
	var overrides []struct {
		ID string
		wireEntry
	}
	a.must(http.StatusOK, "GET", "/schedules/"+s.ID+"/overrides?overflow=true&"+query, nil).into(&overrides, "overrides")
	for _, o := range overrides {
		s.Overrides = append(s.Overrides, inventory.Override{ID: o.ID, User: &o.User.ID, Start: o.Start, End: o.End})
	}
	for _, e := range w.Final.Entries {
		s.Shifts = append(s.Shifts, inventory.Shift{User: e.User.ID, Start: e.Start, End: e.End})
	}
	return s
}

// readShiftBased reads a schedule as a client does that gets it with its final
// schedule, and then its custom shifts and overrides.
func (a *api) readShiftBased(id, query string) inventory.Schedule {
	var w struct {
		wireSchedule
		Rotations []struct {
			ID     string
			Events []wireEvent
		}
		Final struct {
			Coverage    float64 `json:"rendered_coverage_percentage"`
			Assignments []struct {
				Start  time.Time `json:"start_time"`
				End    time.Time `json:"end_time"`
				Member wireRef
				Source struct {
					Type     string
					Rotation string `json:"rotation_id"`
					Shift    string `json:"shift_id"`
					Override string `json:"override_id"`
				}
			} `json:"computed_shift_assignments"`
		} `json:"final_schedule"`
	}
	a.must(http.StatusOK, "GET", "/v3/schedules/"+id+"?include[]=final_schedule&"+query, nil).into(&w, "schedule")
	s := w.schedule(inventory.ScheduleOfShifts)
	s.Coverage = w.Final.Coverage
	for _, r := range w.Rotations {
		rotation := inventory.Rotation{ID: r.ID}
		for _, e := range r.Events {
			rotation.Events = append(rotation.Events, e.event())
			for _, m := range e.Assignment.Members {
				if m.UserID != "" {
					s.Users = append(s.Users, m.UserID)
				}
			}
		}
		s.Rotations = append(s.Rotations, rotation)
	}
	for _, x := range w.Final.Assignments {
		if x.Member.UserID == "" {
			continue
		}
		origin := map[string]inventory.Origin{
			"schedule_rotation": {Kind: "rotation", ID: x.Source.Rotation}, "custom_shift": {Kind: "custom_shift", ID: x.Source.Shift},
			"schedule_rotation_override": {Kind: "override", ID: x.Source.Override}, "custom_shift_override": {Kind: "override", ID: x.Source.Override},
		}[x.Source.Type]
		s.Shifts = append(s.Shifts, inventory.Shift{User: x.Member.UserID, Start: x.Start, End: x.End, Origin: &origin})
	}
	a.readAdditions(&s, query)
	return s
}

type wireEvent struct {
	ID, Name   string
	Start      wireZoned  `json:"start_time"`
	End        wireZoned  `json:"end_time"`
	Since      time.Time  `json:"effective_since"`
	Until      *time.Time `json:"effective_until"`
	Recurrence []string
	Assignment struct {
		Type    string
		Shifts  *int `json:"shifts_per_member"`
		Members []wireRef
	} `json:"assignment_strategy"`
}

type wireZoned struct {
	DateTime time.Time `json:"date_time"`
	TimeZone string    `json:"time_zone"`
}

func (e wireEvent) event() inventory.Event {
	event := inventory.Event{ID: e.ID, Name: e.Name, Start: e.Start.DateTime, End: e.End.DateTime, TimeZone: e.Start.TimeZone,
		Recurrence: e.Recurrence, EffectiveSince: e.Since, EffectiveUntil: e.Until,
		Assignment: inventory.Assignment{Type: e.Assignment.Type, ShiftsPerMember: e.Assignment.Shifts}}
	for _, m := range e.Assignment.Members {
		event.Assignment.Members = append(event.Assignment.Members, m.member())
	}
	return event
}

// readAdditions reads custom shifts and overrides into s.
func (a *api) readAdditions(s *inventory.Schedule, query string) {
	query = "?overflow=true&" + query
	var shifts []struct {
		ID          string
		Start       time.Time `json:"start_time"`
		End         time.Time `json:"end_time"`
		Assignments []struct{ Member wireRef }
	}
	a.must(http.StatusOK, "GET", "/v3/schedules/"+s.ID+"/custom_shifts"+query, nil).into(&shifts, "custom_shifts")
	for _, x := range shifts {
		s.CustomShifts = append(s.CustomShifts, inventory.CustomShift{ID: x.ID, User: x.Assignments[0].Member.member(), Start: x.Start, End: x.End})
	}
	var overrides []struct {
		ID          string
		Start       time.Time `json:"start_time"`
		End         time.Time `json:"end_time"`
		Rotation    *string   `json:"rotation_id"`
		CustomShift *string   `json:"custom_shift_id"`
		Overridden  wireRef   `json:"overridden_member"`
		Overriding  wireRef   `json:"overriding_member"`
	}
	a.must(http.StatusOK, "GET", "/v3/schedules/"+s.ID+"/overrides"+query, nil).into(&overrides, "overrides")
	for _, o := range overrides {
		s.Overrides = append(s.Overrides, inventory.Override{ID: o.ID, User: o.Overriding.member(), Replaces: o.Overridden.member(),
			Start: o.Start, End: o.End, Rotation: o.Rotation, CustomShift: o.CustomShift})
	}
}

func TestScheduleOfASeedReadsBackEqual(t *testing.T) {
	a := newAPI(t)
	since, until := at("2026-01-07T00:00:00Z"), at("2026-02-18T00:00:00Z")
	query := window("2026-01-07T00:00:00Z", "2026-02-18T00:00:00Z")
	for kind, tt := range map[string]struct{ seed, read inventory.Schedule }{
		"layers": {layersOfPayments(), a.readLayerBased(query)},
		"shifts": {shiftsOfPayments(), a.readShiftBased("PSHIFT1", query)},
	} {
		want := tt.seed
		shifts, err := oncall.Render(want, since, until)
		if err != nil {
			t.Fatal(err)
		}
		want.Shifts, want.Coverage = shifts, oncall.Coverage(shifts, since, until)
		if kind == "layers" {
			for i := range want.Shifts {
				want.Shifts[i].Origin = nil
			}
		}
		if diff := cmp.Diff(canonical(want), canonical(tt.read)); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
	}
}

// canonical is a schedule in the canonical form of a snapshot.
func canonical(s inventory.Schedule) inventory.Schedule {
	snapshot := inventory.Snapshot{Schedules: map[string]inventory.Schedule{s.ID: s}}
	snapshot.Normalize()
	return snapshot.Schedules[s.ID]
}
