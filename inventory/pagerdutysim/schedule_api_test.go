package pagerdutysim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// api speaks to a simulator over HTTP, as a client would, at a clock that the
// test moves.
type api struct {
	t         *testing.T
	server    *pagerdutysim.Server
	now       time.Time
	transport http.RoundTripper
}

// newAPI starts a simulator of scheduleSeed at 2026-01-14T12:00:00Z.
func newAPI(t *testing.T, change ...func(*pagerdutysim.Options)) *api {
	t.Helper()
	a := &api{t: t, now: at("2026-01-14T12:00:00Z")}
	opts := pagerdutysim.Options{Seed: scheduleSeed(), Clock: func() time.Time { return a.now }, RateLimit: -1}
	for _, c := range change {
		c(&opts)
	}
	server, err := pagerdutysim.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	a.server, a.transport = server, inProcess{server}
	return a
}

func (a *api) clock() time.Time { return a.now }

// inProcess hands requests to a handler without a network between.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

// answer is a response: its status, and its body as decoded JSON.
type answer struct {
	t      *testing.T
	status int
	body   any
}

func (a *api) call(method, path string, body any) answer {
	a.t.Helper()
	return a.callWith(context.Background(), method, path, body)
}

func (a *api) callWith(ctx context.Context, method, path string, body any) answer {
	a.t.Helper()
	var sent io.Reader
	if text, ok := body.(string); ok {
		sent = strings.NewReader(text)
	} else if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			a.t.Fatal(err)
		}
		sent = bytes.NewReader(data)
	}
	req := httptest.NewRequestWithContext(ctx, method, "https://pagerduty.test"+path, sent)
	req.RequestURI = ""
	req.Header.Set("Accept", "application/vnd.pagerduty+json;version=2")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Token token=T0KEN")
	req.Header.Set("From", "ann@acme.com")
	resp, err := a.transport.RoundTrip(req)
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	result := answer{t: a.t, status: resp.StatusCode}
	if len(data) > 0 {
		if err := json.Unmarshal(data, &result.body); err != nil {
			a.t.Fatalf("%s %s: %v in %s", method, path, err, data)
		}
	}
	return result
}

// must calls and demands a status.
func (a *api) must(status int, method, path string, body any) answer {
	a.t.Helper()
	got := a.call(method, path, body)
	if got.status != status {
		a.t.Fatalf("%s %s answered %d, want %d: %s", method, path, got.status, status, got.json())
	}
	return got
}

// at walks to a member: keys, and indices into lists.
func (r answer) at(path ...any) any {
	r.t.Helper()
	v := r.body
	for _, step := range path {
		switch s := step.(type) {
		case string:
			o, ok := v.(map[string]any)
			if !ok {
				r.t.Fatalf("no object at %v of %s", path, r.json())
			}
			v = o[s]
		case int:
			l, ok := v.([]any)
			if !ok || s >= len(l) {
				r.t.Fatalf("no element at %v of %s", path, r.json())
			}
			v = l[s]
		}
	}
	return v
}

func (r answer) text(path ...any) string {
	r.t.Helper()
	s, ok := r.at(path...).(string)
	if !ok {
		r.t.Fatalf("no string at %v of %s", path, r.json())
	}
	return s
}

// each gathers one member of every element of a list.
func (r answer) each(key string, path ...any) []string {
	r.t.Helper()
	list, ok := r.at(path...).([]any)
	if !ok {
		r.t.Fatalf("no list at %v of %s", path, r.json())
	}
	texts := []string{}
	for i := range list {
		v := r.at(append(append([]any{}, path...), i)...)
		for _, k := range strings.Split(key, ".") {
			v = v.(map[string]any)[k]
		}
		s, _ := v.(string)
		texts = append(texts, s)
	}
	return texts
}

// entries are rendered entries as "user start end".
func (r answer) entries(path ...any) []string {
	r.t.Helper()
	list := []string{}
	path = append(path, "rendered_schedule_entries")
	users, starts, ends := r.each("user.id", path...), r.each("start", path...), r.each("end", path...)
	for i := range users {
		list = append(list, users[i]+" "+starts[i]+" "+ends[i])
	}
	return list
}

func (r answer) json() string {
	data, err := json.Marshal(r.body)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(data)
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func ptr[T any](v T) *T { return &v }

// window is since and until as a query.
func window(since, until string) string {
	return url.Values{"since": {since}, "until": {until}}.Encode()
}

// scheduleSeed is an account with one schedule of each kind, both of team
// PTEAM01, each alone on an escalation policy.
func scheduleSeed() *inventory.Snapshot {
	user := func(id, name, role string) inventory.User {
		return inventory.User{ID: id, Name: name, Email: strings.ToLower(name) + "@acme.com", BaseRole: role, TimeZone: "Etc/UTC"}
	}
	s := &inventory.Snapshot{
		Account: inventory.Account{Name: "acme", Region: "us", TakenAt: at("2026-01-14T12:00:00Z"), Complete: true,
			Abilities: []string{"teams", "read_only_users", "advanced_permissions"}},
		Users: map[string]inventory.User{
			"PANN001": user("PANN001", "Ann", "admin"), "PBEN001": user("PBEN001", "Ben", "limited_user"),
			"PCAT001": user("PCAT001", "Cat", "limited_user"), "PSTA001": user("PSTA001", "Stan", "read_only_user"),
		},
		Teams: map[string]inventory.Team{
			"PTEAM01": {ID: "PTEAM01", Name: "Payments", DefaultRole: "manager",
				Members: map[string]string{"PANN001": "manager", "PBEN001": "responder"}},
		},
		Schedules: map[string]inventory.Schedule{"PLAYER1": layersOfPayments(), "PSHIFT1": shiftsOfPayments()},
		EscalationPolicies: map[string]inventory.EscalationPolicy{
			"PPOLIC1": {ID: "PPOLIC1", Name: "Payments", Rules: []inventory.EscalationRule{
				{DelayMinutes: 30, Targets: []inventory.Target{{Type: "schedule", ID: "PLAYER1"}}},
			}},
			"PPOLIC2": {ID: "PPOLIC2", Name: "Payments follow-up", Rules: []inventory.EscalationRule{
				{DelayMinutes: 30, Targets: []inventory.Target{{Type: "schedule", ID: "PSHIFT1"}}},
			}},
		},
	}
	s.Normalize()
	return s
}

// layersOfPayments: Ann and Ben by weeks from Monday nine o'clock in New York,
// Cat above them in the office hours of each day.
func layersOfPayments() inventory.Schedule {
	monday := at("2026-01-05T14:00:00Z")
	return inventory.Schedule{
		ID: "PLAYER1", Name: "Payments Primary", Description: "who is paged first", Kind: inventory.ScheduleOfLayers,
		TimeZone: "America/New_York", Teams: []string{"PTEAM01"}, EscalationPolicies: []string{"PPOLIC1"},
		Users: []string{"PANN001", "PBEN001", "PCAT001"},
		Layers: []inventory.Layer{
			{ID: "PWEEKS1", Name: "Weeks", Start: monday, VirtualStart: monday, TurnSeconds: 604_800, Users: []string{"PANN001", "PBEN001"}},
			{ID: "PHOURS1", Name: "Office hours", Start: monday, End: ptr(at("2026-01-13T14:00:00Z")), VirtualStart: monday, TurnSeconds: 86_400,
				Users: []string{"PCAT001"}, Restrictions: []inventory.Restriction{
					{Type: "daily_restriction", StartTime: "10:00:00", DurationSeconds: 14_400},
				}},
		},
		Overrides: []inventory.Override{
			{ID: "QOVER1", User: ptr("PBEN001"), Start: at("2026-01-16T00:00:00Z"), End: at("2026-01-17T00:00:00Z")},
			{ID: "QOVER2", User: ptr("PANN001"), Start: at("2026-01-15T12:00:00Z"), End: at("2026-01-16T12:00:00Z")},
		},
	}
}

// shiftsOfPayments: Ben and Cat by days, Ann in addition for one afternoon, in
// which Cat stands in for her at the end.
func shiftsOfPayments() inventory.Schedule {
	return inventory.Schedule{
		ID: "PSHIFT1", Name: "Payments Shifts", Description: "", Kind: inventory.ScheduleOfShifts,
		TimeZone: "Europe/Berlin", Teams: []string{"PTEAM01"}, EscalationPolicies: []string{"PPOLIC2"},
		Users: []string{"PBEN001", "PCAT001"},
		Rotations: []inventory.Rotation{{ID: "QROTA1", Events: []inventory.Event{{
			ID: "QEVENT1", Name: "Days", Start: at("2026-01-05T08:00:00Z"), End: at("2026-01-05T20:00:00Z"), TimeZone: "Europe/Berlin",
			Recurrence: []string{"RRULE:FREQ=DAILY"}, EffectiveSince: at("2026-01-05T00:00:00Z"),
			Assignment: inventory.Assignment{Type: "rotating_member_assignment_strategy", ShiftsPerMember: ptr(1),
				Members: []*string{ptr("PBEN001"), ptr("PCAT001")}},
		}}}},
		CustomShifts: []inventory.CustomShift{{ID: "QSHIFT1", User: ptr("PANN001"), Start: at("2026-01-15T12:00:00Z"), End: at("2026-01-15T18:00:00Z")}},
		Overrides: []inventory.Override{
			{ID: "QOVER3", User: ptr("PCAT001"), Replaces: ptr("PANN001"), CustomShift: ptr("QSHIFT1"), Start: at("2026-01-15T16:00:00Z"), End: at("2026-01-15T18:00:00Z")},
			{ID: "QOVER4", User: nil, Replaces: ptr("PBEN001"), Rotation: ptr("QROTA1"), Start: at("2026-01-17T10:00:00Z"), End: at("2026-01-17T12:00:00Z")},
		},
	}
}
