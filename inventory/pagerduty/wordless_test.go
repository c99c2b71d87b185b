package pagerduty_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// An answer of success is one only if it says what was asked for.

func TestS6_AnAnswerOfSuccessThatSaysNothingIsMissing(t *testing.T) {
	wordless := []string{"html", "blank", "malformed", "truncate", "keyless", "null"}
	for endpoint, faults := range map[string][]string{
		"GET /users":                       slices.Concat(wordless, []string{"empty"}),
		"GET /teams":                       slices.Concat(wordless, []string{"empty", "half"}),
		"GET /teams/{id}/members":          slices.Concat(wordless, []string{"empty", "half"}),
		"GET /schedules":                   slices.Concat(wordless, []string{"unrendered"}),
		"GET /v3/schedules":                wordless,
		"GET /v3/schedules/{id}":           slices.Concat(wordless, []string{"unrendered"}),
		"GET /escalation_policies":         slices.Concat(wordless, []string{"empty", "half"}),
		"GET /oncalls":                     slices.Concat(wordless, []string{"empty"}),
		"GET /schedules/{id}/overrides":    {"keyless", "null"},
		"GET /v3/schedules/{id}/overrides": {"keyless", "null"},
	} {
		for _, what := range faults {
			t.Run(what+" "+endpoint, func(t *testing.T) {
				sim := simulate(t, onceOverridden(company(t)), ordered(t, what+":"+endpoint+":*"))
				s, err := client(t, sim.Transport(), withoutWaiting).Snapshot(t.Context(), pagerduty.SnapshotOptions{})
				if err == nil && s.Account.Complete {
					t.Error("the snapshot counts as complete")
				}
			})
		}
	}
}

// onceOverridden is an account with an override on a schedule with layers.
func onceOverridden(s *inventory.Snapshot) *inventory.Snapshot {
	for _, id := range ofKind(s, inventory.ScheduleOfLayers) {
		if v := s.Schedules[id]; len(v.Users) > 0 {
			v.Overrides = append(v.Overrides, inventory.Override{ID: "PONCE01", User: &v.Users[0],
				Start: s.Account.TakenAt.Add(-time.Hour), End: s.Account.TakenAt.Add(time.Hour)})
			s.Schedules[id] = v
			return s
		}
	}
	return s
}

func ordered(t *testing.T, text string) func(*pagerdutysim.Options) {
	t.Helper()
	f, err := pagerdutysim.ParseFault(text)
	if err != nil {
		t.Fatal(err)
	}
	return func(o *pagerdutysim.Options) { o.Faults = append(o.Faults, f) }
}

func TestOptionalPartsThatSayNothingAreUnavailable(t *testing.T) {
	for part, endpoint := range map[string]string{"abilities": "GET /abilities", "licenses": "GET /licenses", "services": "GET /services"} {
		for _, what := range []string{"keyless", "null", "html"} {
			s := read(t, simulate(t, company(t), ordered(t, what+":"+endpoint+":*")), pagerduty.SnapshotOptions{})
			if !slices.Contains(s.Account.Unavailable, part) || !s.Account.Complete {
				t.Errorf("%s of %s: unavailable %v, missing %v", what, part, s.Account.Unavailable, s.Account.Missing)
			}
		}
	}
}

func TestARecordWithoutAnIdIsNoRecord(t *testing.T) {
	for name, record := range map[string]any{"null": nil, "an empty object": map[string]any{}} {
		sim := simulate(t, account(3, 1, 1))
		transport := replacing(sim.Transport(), "/users", func(*http.Response) *http.Response {
			return answerJSON(map[string]any{"users": []any{record}, "more": false, "total": 1})
		})
		s, err := client(t, transport, withoutWaiting).Snapshot(t.Context(), pagerduty.SnapshotOptions{})
		if err != nil || s.Account.Complete || len(s.Users) > 0 {
			t.Errorf("%s: %v, complete with %d users", name, err, len(s.Users))
		}
	}
}

func TestS20_OnlyAnAccountsKeyIsNobodys(t *testing.T) {
	for _, what := range []string{"400", "403", "500", "html", "blank", "keyless", "null", "truncate"} {
		t.Run(what, func(t *testing.T) {
			s := account(3, 1, 0)
			sim := simulate(t, s, ordered(t, what+":GET /users/me:*"), func(o *pagerdutysim.Options) {
				o.UserTokens = map[string]string{canary: "PU00001"}
				o.Token = "accounts-key-0123456789"
			})
			if user, err := client(t, sim.Transport(), withoutWaiting).TokenUser(t.Context()); err == nil {
				t.Errorf("the token is said to be of %q", user)
			}
		})
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"error":"/users/me can't be used with an account-level access token"}`, http.StatusBadRequest)
	}))
	defer server.Close()
	c, err := pagerduty.New(pagerduty.Options{BaseURL: server.URL, Token: func(context.Context) (string, error) { return canary, nil }})
	if err != nil {
		t.Fatal(err)
	}
	if user, err := c.TokenUser(t.Context()); user != "" || err != nil {
		t.Errorf("an account's key is of %q, %v", user, err)
	}
}

func TestAScheduleThatAnswersForAnotherIsNotTakenForIt(t *testing.T) {
	seed := company(t)
	for _, kind := range []string{inventory.ScheduleOfLayers, inventory.ScheduleOfShifts} {
		ids := ofKind(seed, kind)
		sim := simulate(t, seed)
		misled := transported(func(r *http.Request) (*http.Response, error) {
			r = r.Clone(r.Context())
			r.URL.Path = strings.Replace(r.URL.Path, ids[0], ids[1], 1)
			return sim.Transport().RoundTrip(r)
		})
		if s, err := client(t, misled, withoutWaiting).Schedule(t.Context(), ids[0], seed.Account.Window); err == nil {
			t.Errorf("%s was read as %s", ids[0], s.ID)
		}
	}
}

type transported func(*http.Request) (*http.Response, error)

func (f transported) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
