package pagerduty_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// rota is an account with a layer-based schedule "PLAYERS" of two layers and a
// shift-based one "PSHIFTS", both on team PT00000.
func rota() *inventory.Snapshot {
	s := account(8, 1, 0)
	start := date("2026-03-02T09:00:00Z")
	until := date("2026-03-09T09:00:00Z")
	one := 1
	s.Schedules["PLAYERS"] = inventory.Schedule{
		ID: "PLAYERS", Name: "Payments", Description: "Who is paged", Kind: inventory.ScheduleOfLayers, TimeZone: "Europe/Berlin", Teams: []string{"PT00000"},
		Layers: []inventory.Layer{
			{ID: "PWEEKS", Name: "Weeks", Start: start, VirtualStart: start, TurnSeconds: 7 * 86400, Users: []string{"PU00000", "PU00001", "PU00002"}},
			{ID: "PNIGHTS", Name: "Nights", Start: start, VirtualStart: start, TurnSeconds: 86400, Users: []string{"PU00003", "PU00004"},
				Restrictions: []inventory.Restriction{{Type: "daily_restriction", StartTime: "22:00:00", DurationSeconds: 8 * 3600}}},
		},
	}
	s.Schedules["PSHIFTS"] = inventory.Schedule{
		ID: "PSHIFTS", Name: "Search", Kind: inventory.ScheduleOfShifts, TimeZone: "Europe/Berlin", Teams: []string{"PT00000"},
		Rotations: []inventory.Rotation{{ID: "QROTA", Events: []inventory.Event{{
			ID: "QEVENT", Name: "Weeks", Start: start, End: until, TimeZone: "Europe/Berlin", Recurrence: []string{"RRULE:FREQ=WEEKLY"}, EffectiveSince: start,
			Assignment: inventory.Assignment{Type: "rotating_member_assignment_strategy", ShiftsPerMember: &one, Members: pointers("PU00000", "PU00001", "PU00002")},
		}}}},
	}
	s.Normalize()
	return s
}

func date(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

func pointers(ids ...string) []*string {
	var list []*string
	for _, id := range ids {
		list = append(list, &id)
	}
	return list
}

// readOne is a schedule as it is, over the seed's window.
func readOne(t testing.TB, c *pagerduty.Client, id string) inventory.Schedule {
	t.Helper()
	s, err := c.Schedule(t.Context(), id, rota().Account.Window)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func revise(t testing.TB, s inventory.Schedule, revisions ...oncall.Revision) oncall.Revised {
	t.Helper()
	revised, err := oncall.Revise(s, revisions, at)
	if err != nil {
		t.Fatal(err)
	}
	return revised
}

// faults on writes that end well all the same.
var survived = []pagerdutysim.Fault{
	{Kind: pagerdutysim.FaultLatency}, // none to speak of
	{Kind: pagerdutysim.FaultStatus, Status: 429, Times: 2},
	{Kind: pagerdutysim.FaultCut, Late: true, Times: 1},
	{Kind: pagerdutysim.FaultStatus, Status: 502, Late: true, Times: 1},
}

func TestAScheduleReadAloneIsAsInTheSnapshot(t *testing.T) {
	seed := rota()
	for _, id := range []string{"PLAYERS", "PSHIFTS"} {
		s := seed.Schedules[id]
		s.Overrides = []inventory.Override{{ID: "QOVER" + id, User: pointers("PU00005")[0], Start: date("2026-03-17T00:00:00Z"), End: date("2026-03-18T00:00:00Z")}}
		if id == "PSHIFTS" {
			s.Overrides[0].Rotation, s.Overrides[0].Replaces = pointers("QROTA")[0], pointers("PU00002")[0]
			s.CustomShifts = []inventory.CustomShift{{ID: "QCUSTOM", User: pointers("PU00006")[0], Start: date("2026-03-19T00:00:00Z"), End: date("2026-03-20T00:00:00Z")}}
		}
		seed.Schedules[id] = s
	}
	sim := simulate(t, seed)
	c := client(t, sim.Transport())
	snap, err := c.Snapshot(t.Context(), pagerduty.SnapshotOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"PLAYERS", "PSHIFTS"} {
		if diff := cmp.Diff(snap.Schedules[id], readOne(t, c, id)); diff != "" {
			t.Errorf("%s differs (-snapshot +alone):\n%s", id, diff)
		}
	}
	_, err = c.Schedule(t.Context(), "PGONE", seed.Account.Window)
	var e *pagerduty.Error
	if !errors.As(err, &e) || e.Status != 404 {
		t.Errorf("a schedule that does not exist: %v", err)
	}
}

func TestRevisionsOfBothKindsAreWrittenWhateverHappensToTheAnswer(t *testing.T) {
	for name, revision := range map[string]struct {
		schedule string
		v        oncall.Revision
	}{
		"a layer edited in place":       {"PLAYERS", oncall.Revision{Part: "PWEEKS", Join: []string{"PU00005"}}},
		"a layer with a successor":      {"PLAYERS", oncall.Revision{Part: "PWEEKS", Leave: []string{"PU00002"}}},
		"an event with a successor":     {"PSHIFTS", oncall.Revision{Part: "QEVENT", Join: []string{"PU00005"}, Leave: []string{"PU00000"}}},
		"an event to come edited whole": {"PSHIFTS", oncall.Revision{Part: "QEVENT", Join: []string{"PU00006"}}},
	} {
		for _, fault := range survived {
			t.Run(name+", "+string(fault.Kind), func(t *testing.T) {
				sim := simulate(t, rota())
				c := client(t, sim.Transport(), withoutWaiting)
				if name == "an event to come edited whole" {
					first := readOne(t, c, "PSHIFTS")
					for _, step := range revise(t, first, oncall.Revision{Part: "QEVENT", Join: []string{"PU00005"}}).Steps {
						if err := c.WriteStep(t.Context(), first, step); err != nil {
							t.Fatal(err)
						}
					}
				}
				was := readOne(t, c, revision.schedule)
				revised := revise(t, was, revision.v)
				for _, step := range revised.Steps {
					fault.Method = "PUT"
					if step.Does == oncall.CreateEvent {
						fault.Method = "POST"
					}
					sim.Inject(fault)
					if err := c.WriteStep(t.Context(), was, step); err != nil {
						t.Fatal(err)
					}
					sim.ClearFaults()
				}
				is := readOne(t, c, revision.schedule)
				if rest := oncall.Remaining(is, revised.Steps); len(rest) > 0 {
					t.Errorf("still to be written: %+v\nis %+v", rest, is)
				}
				want, err := oncall.Rerender(revised.Schedule, rota().Account.Window)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(onCall(want.Shifts), onCall(is.Shifts)); diff != "" {
					t.Errorf("turns differ from those foreseen (-want +got):\n%s", diff)
				}
				if is.Name != was.Name || is.Description != was.Description || is.TimeZone != was.TimeZone || !slices.Equal(is.Teams, was.Teams) {
					t.Errorf("something else changed: %+v", is)
				}
				// Once more, nothing is sent.
				before := writes(sim)
				for _, step := range revised.Steps {
					if err := c.WriteStep(t.Context(), was, step); err != nil {
						t.Error(err)
					}
				}
				if writes(sim) != before {
					t.Error("a step that was written was written again")
				}
			})
		}
	}
}

// onCall is who is on call when, without the origins, which name new ids.
func onCall(shifts []inventory.Shift) []string {
	var list []string
	for _, s := range shifts {
		if n := len(list); n > 0 && strings.HasSuffix(list[n-1], s.Start.Format(time.RFC3339)+" "+s.User) {
			list[n-1] = strings.Fields(list[n-1])[0] + " " + s.End.Format(time.RFC3339) + " " + s.User
			continue
		}
		list = append(list, s.Start.Format(time.RFC3339)+" "+s.End.Format(time.RFC3339)+" "+s.User)
	}
	return list
}

func writes(sim *pagerdutysim.Server) int {
	n := 0
	for endpoint, count := range sim.Requests() {
		if !strings.HasPrefix(endpoint, "GET ") {
			n += count
		}
	}
	return n
}

func TestAPutOfLayersSendsAllElseAsRead(t *testing.T) {
	sim := simulate(t, rota())
	var sent map[string]any
	c := client(t, spying{sim.Transport(), func(r *http.Request, body []byte) {
		if r.Method == http.MethodPut {
			_ = json.Unmarshal(body, &sent)
		}
	}})
	was := readOne(t, c, "PLAYERS")
	if err := c.WriteStep(t.Context(), was, revise(t, was, oncall.Revision{Part: "PWEEKS", Leave: []string{"PU00002"}}).Steps[0]); err != nil {
		t.Fatal(err)
	}
	fields := sent["schedule"].(map[string]any)
	if fields["description"] != "Who is paged" || fields["time_zone"] != "Europe/Berlin" || len(fields["teams"].([]any)) != 1 || fields["users"] != nil {
		t.Errorf("sent %v", fields)
	}
	var layers []string
	for _, l := range fields["schedule_layers"].([]any) {
		l := l.(map[string]any)
		id, _ := l["id"].(string)
		end, explicit := l["end"]
		layers = append(layers, strings.Join([]string{id, l["name"].(string), l["start"].(string), toText(end)}, " "))
		if !explicit {
			t.Errorf("layer %s has no end, not even null", id)
		}
		if len(l["users"].([]any)) == 0 {
			t.Errorf("layer %s is sent without users", id)
		}
	}
	want := []string{
		"PWEEKS Weeks 2026-03-02T09:00:00Z 2026-03-23T09:00:00Z", " Weeks 2026-03-23T09:00:00Z null",
		"PNIGHTS Nights 2026-03-02T09:00:00Z null",
	}
	if diff := cmp.Diff(want, layers); diff != "" {
		t.Errorf("layers, lowest first (-want +got):\n%s", diff)
	}
}

func toText(v any) string {
	if v == nil {
		return "null"
	}
	return v.(string)
}

// spying shows the body of each request.
type spying struct {
	http.RoundTripper
	see func(*http.Request, []byte)
}

func (s spying) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		s.see(r, body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return s.RoundTripper.RoundTrip(r)
}

func TestASecondAttemptSendsTheSameBody(t *testing.T) {
	sim := simulate(t, rota())
	var bodies []string
	c := client(t, spying{sim.Transport(), func(r *http.Request, body []byte) { bodies = append(bodies, string(body)) }}, withoutWaiting)
	was := readOne(t, c, "PSHIFTS")
	for _, step := range revise(t, was, oncall.Revision{Part: "QEVENT", Join: []string{"PU00005"}}).Steps {
		sim.Inject(pagerdutysim.Fault{Kind: pagerdutysim.FaultStatus, Status: 429, Times: 1, Path: "/v3/schedules/PSHIFTS/rotations/QROTA/events*"})
		sim.Inject(pagerdutysim.Fault{Kind: pagerdutysim.FaultStatus, Status: 429, Times: 1, Method: map[oncall.StepKind]string{oncall.EndEvent: "PUT", oncall.CreateEvent: "POST"}[step.Does]})
		bodies = nil
		if err := c.WriteStep(t.Context(), was, step); err != nil {
			t.Fatal(err)
		}
		if len(bodies) != 2 || bodies[0] != bodies[1] || len(bodies[0]) < 20 {
			t.Errorf("%s: sent %q", step.Does, bodies)
		}
	}
}

func TestS23_AColleaguesEditIsNotOverwritten(t *testing.T) {
	for _, c := range []struct {
		name, schedule string
		v, theirs      oncall.Revision
	}{
		{"of the layer", "PLAYERS", oncall.Revision{Part: "PWEEKS", Join: []string{"PU00005"}}, oncall.Revision{Part: "PWEEKS", Join: []string{"PU00006"}}},
		{"of another layer", "PLAYERS", oncall.Revision{Part: "PWEEKS", Join: []string{"PU00005"}}, oncall.Revision{Part: "PNIGHTS", Join: []string{"PU00006"}}},
		{"of the event", "PSHIFTS", oncall.Revision{Part: "QEVENT", Join: []string{"PU00005"}}, oncall.Revision{Part: "QEVENT", Join: []string{"PU00006"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			sim := simulate(t, rota())
			pd := client(t, sim.Transport())
			was := readOne(t, pd, c.schedule)
			ours, theirs := revise(t, was, c.v), revise(t, was, c.theirs)
			for _, step := range theirs.Steps {
				if err := pd.WriteStep(t.Context(), was, step); err != nil {
					t.Fatal(err)
				}
			}
			err := pd.WriteStep(t.Context(), was, ours.Steps[0])
			var conflict *pagerduty.ConflictError
			if c.schedule == "PSHIFTS" && err == nil {
				// Both end it at the same handoff: what follows is refused.
				err = pd.WriteStep(t.Context(), was, ours.Steps[1])
				if err == nil {
					t.Error("a second successor was made beside a colleague's")
				}
			} else if !errors.As(err, &conflict) {
				t.Errorf("got %v, expected a conflict", err)
			}
			if rest := oncall.Remaining(readOne(t, pd, c.schedule), theirs.Steps); len(rest) > 0 {
				t.Errorf("the colleague's edit is gone: %+v", rest)
			}
		})
	}
}

func TestPreviewRendersWhatTheWriteMakes(t *testing.T) {
	sim := simulate(t, rota())
	c := client(t, sim.Transport(), withoutWaiting)
	was := readOne(t, c, "PLAYERS")
	revised := revise(t, was, oncall.Revision{Part: "PWEEKS", Join: []string{"PU00005"}, Leave: []string{"PU00002"}})
	sim.Inject(pagerdutysim.Fault{Kind: pagerdutysim.FaultStatus, Status: 502, Times: 1, Method: "POST"})
	preview, err := c.PreviewSchedule(t.Context(), revised.Schedule, rota().Account.Window)
	if err != nil {
		t.Fatal(err)
	}
	want, err := oncall.Rerender(revised.Schedule, rota().Account.Window)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(onCall(want.Shifts), onCall(preview)); diff != "" {
		t.Errorf("preview and rendering differ (-ours +PagerDuty's):\n%s", diff)
	}
	if !oncall.SameDefinition(was, readOne(t, c, "PLAYERS")) {
		t.Error("a preview changed the schedule")
	}
}

func TestOverridesAndCustomShiftsComeAndGoWhateverHappensToTheAnswer(t *testing.T) {
	who, stand := pointers("PU00000")[0], pointers("PU00005")[0]
	start, end := date("2026-03-23T09:00:00Z"), date("2026-03-25T09:00:00Z")
	for name, c := range map[string]struct {
		schedule string
		o        inventory.Override
	}{
		"layer-based": {"PLAYERS", inventory.Override{User: stand, Start: start, End: end}},
		"shift-based": {"PSHIFTS", inventory.Override{User: stand, Replaces: who, Rotation: pointers("QROTA")[0], Start: start, End: end}},
	} {
		for _, fault := range survived {
			t.Run(name+", "+string(fault.Kind), func(t *testing.T) {
				now := at
				sim := simulate(t, rota(), func(o *pagerdutysim.Options) { o.Clock = func() time.Time { return now } })
				pd := client(t, sim.Transport(), withoutWaiting)
				was := readOne(t, pd, c.schedule)
				fault.Method = "POST"
				sim.Inject(fault)
				made, err := pd.AddOverride(t.Context(), was, c.o)
				if err != nil {
					t.Fatal(err)
				}
				sim.ClearFaults()
				is := readOne(t, pd, c.schedule)
				if len(is.Overrides) != 1 || !pagerduty.SameOverride(is.Overrides[0], c.o) || is.Overrides[0].ID != made.ID {
					t.Fatalf("made %+v, there is %+v", made, is.Overrides)
				}
				now = start.Add(time.Hour)
				fault.Method = "DELETE"
				sim.Inject(fault)
				if err := pd.RemoveOverride(t.Context(), is, made.ID); err != nil {
					t.Fatal(err)
				}
				sim.ClearFaults()
				if left := readOne(t, pd, c.schedule).Overrides; len(left) != 1 || !left[0].End.Equal(now) {
					t.Errorf("an override under way was not ended now: %+v", left)
				}
				var refused *pagerduty.Error
				if err := pd.RemoveOverride(t.Context(), is, made.ID); !errors.As(err, &refused) || refused.Status != 400 {
					t.Errorf("one that is over: %v, expected to be refused", err)
				}
			})
		}
	}
	for _, fault := range survived {
		t.Run("custom shift, "+string(fault.Kind), func(t *testing.T) {
			sim := simulate(t, rota())
			pd := client(t, sim.Transport(), withoutWaiting)
			was := readOne(t, pd, "PSHIFTS")
			fault.Method = "POST"
			sim.Inject(fault)
			want := inventory.CustomShift{User: stand, Start: start, End: end}
			made, err := pd.AddCustomShift(t.Context(), was, want)
			if err != nil {
				t.Fatal(err)
			}
			sim.ClearFaults()
			want.ID = made.ID
			is := readOne(t, pd, "PSHIFTS")
			if diff := cmp.Diff([]inventory.CustomShift{want}, is.CustomShifts); diff != "" {
				t.Fatal(diff)
			}
			fault.Method = "DELETE"
			sim.Inject(fault)
			if err := pd.RemoveCustomShift(t.Context(), is, made.ID); err != nil {
				t.Fatal(err)
			}
			sim.ClearFaults()
			if left := readOne(t, pd, "PSHIFTS").CustomShifts; len(left) > 0 {
				t.Errorf("still there: %+v", left)
			}
		})
	}
}

func TestAnOverrideThatPagerDutyRefusesInItsAnswerIsAnError(t *testing.T) {
	sim := simulate(t, rota())
	c := client(t, sim.Transport())
	was := readOne(t, c, "PLAYERS")
	_, err := c.AddOverride(t.Context(), was, inventory.Override{User: pointers("PU00005")[0], Start: at, End: at})
	var e *pagerduty.Error
	if !errors.As(err, &e) || e.Status != 400 || !e.Refused() || !strings.Contains(err.Error(), "Override must end after its start") {
		t.Errorf("got %v", err)
	}
}

func TestAnOverrideIsNotMadeTwiceWhereNobodyKnows(t *testing.T) {
	sim := simulate(t, rota())
	c := client(t, sim.Transport(), withoutWaiting)
	was := readOne(t, c, "PLAYERS")
	sim.Inject(pagerdutysim.Fault{Kind: pagerdutysim.FaultCut, Times: 1, Method: "POST"}) // before it is carried out
	_, err := c.AddOverride(t.Context(), was, inventory.Override{User: pointers("PU00005")[0], Start: at.Add(time.Hour), End: at.Add(2 * time.Hour)})
	var e *pagerduty.Error
	if !errors.As(err, &e) || e.Refused() {
		t.Errorf("got %v, expected an error that leaves open whether it was made", err)
	}
}

func TestS23_ThereIsAWayBackFromAnEdit(t *testing.T) {
	for name, c := range map[string]struct {
		schedule string
		v        oncall.Revision
	}{
		"a layer edited in place":   {"PLAYERS", oncall.Revision{Part: "PWEEKS", Join: []string{"PU00005"}}},
		"a layer with a successor":  {"PLAYERS", oncall.Revision{Part: "PWEEKS", Leave: []string{"PU00002"}}},
		"an event with a successor": {"PSHIFTS", oncall.Revision{Part: "QEVENT", Join: []string{"PU00005"}, Leave: []string{"PU00000"}}},
	} {
		t.Run(name, func(t *testing.T) {
			sim := simulate(t, rota())
			pd := client(t, sim.Transport())
			was := readOne(t, pd, c.schedule)
			for _, step := range revise(t, was, c.v).Steps {
				if err := pd.WriteStep(t.Context(), was, step); err != nil {
					t.Fatal(err)
				}
			}
			is := readOne(t, pd, c.schedule)
			if cmp.Equal(onCall(was.Shifts), onCall(is.Shifts)) {
				t.Fatal("nothing changed")
			}
			for _, step := range oncall.Undo(was, is) {
				if err := pd.WriteStep(t.Context(), is, step); err != nil {
					t.Fatal(err)
				}
			}
			back := readOne(t, pd, c.schedule)
			if diff := cmp.Diff(onCall(was.Shifts), onCall(back.Shifts)); diff != "" {
				t.Errorf("turns after the way back (-before +after):\n%s", diff)
			}
			if rest := oncall.Undo(was, was); len(rest) > 0 {
				t.Errorf("where nothing differs: %+v", rest)
			}
		})
	}
}
