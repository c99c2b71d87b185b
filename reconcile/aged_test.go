package reconcile_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// production is the company's team that shifts give.
const production = "PTPRODA"

// beforeLowering makes rounds until the next boundary is one at which somebody
// who is no more than a responder is taken off Production Access, and reads the
// account whole just before it.
func (v *vigil) beforeLowering() (next time.Time, user string) {
	v.t.Helper()
	outlook := v.at(time.Date(2026, 3, 16, 23, 10, 0, 0, time.UTC), "start") // soon before one
	for range 40 {
		next := outlook.At
		if next.Sub(v.clock) < 3*time.Minute {
			outlook = v.at(next, daemon.WhyBoundary)
			continue
		}
		v.at(next.Add(-2*time.Minute), "schedule")
		v.policy = v.load(v.folder)
		r := v.round()
		r.At = next
		foreseen, err := r.Plan(context.Background())
		must(v.t, err)
		i := slices.IndexFunc(foreseen.Plan.Changes, func(c plan.Change) bool {
			return c.Resource.ID == production && c.After == inventory.None && c.Before == "responder"
		})
		if i >= 0 {
			v.clock = v.clock.Add(time.Second)
			return next, foreseen.Plan.Changes[i].User
		}
		outlook = v.at(next, daemon.WhyBoundary)
	}
	v.t.Fatal("no handoff takes anybody off Production Access")
	return
}

// as sends what a person does in PagerDuty's pages.
func (v *vigil) as(method, path string, body any) map[string]any {
	v.t.Helper()
	text, err := json.Marshal(body)
	must(v.t, err)
	r, err := http.NewRequest(method, "https://api.pagerduty.com"+path, strings.NewReader(string(text)))
	must(v.t, err)
	r.Header.Set("Authorization", "Token token=t")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("From", "dan.weber@acme.test")
	resp, err := v.sim.Transport().RoundTrip(r)
	must(v.t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	must(v.t, err)
	if resp.StatusCode > 299 {
		v.t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, answer)
	}
	var got map[string]any
	must(v.t, json.Unmarshal(answer, &got))
	return got
}

const giving = "package access.more\n\ngrant contains {\"principal\": \"PRINCIPAL\", \"resource\": \"team:Production Access\", \"role\": \"responder\"}\n"

func given(principal string) string { return strings.Replace(giving, "PRINCIPAL", principal, 1) }

func TestS35_WhatAgedLowersNobody(t *testing.T) {
	for name, c := range map[string]struct {
		policies  string
		seed      func(*inventory.Snapshot)
		meanwhile func(v *vigil, user string, at time.Time)
	}{
		"they joined a team that gives it": {given("team:Board Room"), nil, func(v *vigil, user string, _ time.Time) {
			v.sim.SetMember("PTBOARD", user, "observer")
		}},
		"they joined a team that is protected": {"package access.more\n\nprotect contains {\"principal\": \"team:Board Room\", \"reason\": \"audit\"}\n", nil,
			func(v *vigil, user string, _ time.Time) { v.sim.SetMember("PTBOARD", user, "observer") }},
		"they became admin": {"package access.more\n", nil, func(v *vigil, user string, _ time.Time) { v.sim.SetBaseRole(user, "admin") }},
		"the team is called something else": {"package access.more\n", nil, func(v *vigil, _ string, _ time.Time) {
			v.sim.RenameTeam(production, "Production")
		}},
		"they are on an escalation policy in person": {given("escalation:Mobile"), nil, func(v *vigil, user string, _ time.Time) {
			v.as("PUT", "/escalation_policies/PEMOBIL", map[string]any{"escalation_policy": map[string]any{
				"type": "escalation_policy", "name": "Mobile", "escalation_rules": []any{
					map[string]any{"escalation_delay_in_minutes": 30, "targets": []any{map[string]any{"id": "PSMOBIL", "type": "schedule_reference"}}},
					map[string]any{"escalation_delay_in_minutes": 30, "targets": []any{map[string]any{"id": user, "type": "user_reference"}}},
				}}})
		}},
		"they take turns on a schedule": {given("rotation:Mobile Primary"), nil, func(v *vigil, user string, _ time.Time) {
			s := v.as("GET", "/schedules/PSMOBIL", nil)["schedule"].(map[string]any)
			layer := s["schedule_layers"].([]any)[0].(map[string]any)
			layer["users"] = append(layer["users"].([]any), map[string]any{"user": map[string]any{"id": user, "type": "user_reference"}})
			v.as("PUT", "/schedules/PSMOBIL", map[string]any{"schedule": s})
		}},
		"they are on call on a schedule of no escalation policy": {given("oncall:Mobile Primary"), offPolicies("PSMOBIL"), func(v *vigil, user string, at time.Time) {
			v.sim.AddOverride("PSMOBIL", inventory.Override{ID: "PMEANWH", User: &user, Start: v.clock, End: at.Add(4 * time.Hour)})
		}},
		"a rule of the policies' own reads something else of them": {
			"package access.more\n\ngrant contains {\"principal\": sprintf(\"user:%s\", [u.email]), \"resource\": \"team:Production Access\", \"role\": \"responder\"} if {\n\tsome u in input.users\n\tu.job_title == \"Keeper\"\n}\n",
			nil, func(v *vigil, user string, _ time.Time) {
				u := v.as("GET", "/users/"+user, nil)["user"].(map[string]any)
				v.as("PUT", "/users/"+user, map[string]any{"user": map[string]any{"type": "user", "name": u["name"], "email": u["email"], "job_title": "Keeper"}})
			}},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVigil(t, orAsIs(c.seed))
			v.Settings.Kinds = map[inventory.Kind]plan.Mode{inventory.KindAccount: plan.Observe}
			v.edit("access/more.rego", c.policies)
			next, user := v.beforeLowering()
			c.meanwhile(v, user, next)
			v.log.Reset()
			outlook := v.at(next, daemon.WhyBoundary)
			if got := v.sim.Members(production)[user]; got != "responder" {
				t.Fatalf("role %q, which what aged took away:\n%s", got, v.log)
			}
			if outlook.Full {
				return // on-calls showed it at once
			}
			if last := v.at(outlook.At, daemon.WhyBoundary); !last.Full || v.clock.Sub(next) > time.Minute {
				t.Errorf("the round %s later read in part", v.clock.Sub(next))
			}
			if got := v.sim.Members(production)[user]; got != "responder" {
				t.Errorf("role %q by the full refresh:\n%s", got, v.log)
			}
		})
	}
}

func orAsIs(edit func(*inventory.Snapshot)) func(*inventory.Snapshot) {
	if edit == nil {
		return func(*inventory.Snapshot) {}
	}
	return edit
}

func TestS35_WhatIsDueLandsWithTheNextRound(t *testing.T) {
	for name, c := range map[string]struct {
		policies string
		rounds   int
	}{
		"nothing that aged matters":       {"package access.more\n", 1},
		"it follows from teams":           {given("team:Security"), 1},
		"it follows from who takes turns": {given("rotation:Mobile Primary"), 1},
		"rules read the account":          {"package access.more\n\nprotect contains {\"principal\": sprintf(\"user:%s\", [u.email]), \"reason\": \"guest\"} if {\n\tsome u in input.users\n\tu.job_title == \"Guest\"\n}\n", 2},
		"rules read what does not age":    {"package access.more\n\nprotect contains {\"principal\": \"team:Security\", \"reason\": \"audit\"} if input.account.name == \"another\"\n", 1},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVigil(t)
			v.edit("access/more.rego", c.policies)
			next, user := v.beforeLowering()
			for range c.rounds {
				next = v.at(next, daemon.WhyBoundary).At
			}
			if got := v.sim.Members(production)[user]; got != "" {
				t.Errorf("role %q still after %d rounds:\n%s", got, c.rounds, v.log)
			}
		})
	}
}
