package eval_test

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
)

// TestPoliciesSeeTheInputAsItIsPrinted has policies print what they see.
func TestPoliciesSeeTheInputAsItIsPrinted(t *testing.T) {
	s := load(t, root(t, "access/a.rego", `package access.a

grant contains {"principal": "user:ann@acme.com", "resource": "account", "role": "user", "reason": json.marshal(input)}
`))
	rapid.Check(t, func(t *rapid.T) {
		in, err := eval.NewInput(anySnapshot(t))
		if err != nil {
			t.Fatal(err)
		}
		type odd struct {
			Empty  []string           `json:"empty"`
			Null   map[string]int     `json:"null"`
			Number float64            `json:"number"`
			Any    any                `json:"any"`
			Deep   map[string][][]int `json:"deep"`
			Quoted int                `json:"quoted,string"`
			Raw    json.RawMessage    `json:"raw"`
			Hidden string             `json:"-"`
			Plain  string
		}
		number, integer := rapid.Float64().Draw(t, "number"), rapid.IntRange(-1e9, 1e9).Draw(t, "integer")
		in, err = in.With("desired", func() any {
			return []odd{{
				Empty: []string{}, Number: number, Any: integer,
				Deep: map[string][][]int{"<&>": {{1}, nil}}, Raw: json.RawMessage(`{"a": [1, null]}`), Plain: "\xff\xfe\u2028",
			}}
		})
		if err != nil {
			t.Fatal(err)
		}
		want, err := in.JSON()
		if err != nil {
			t.Fatal(err)
		}
		st, err := s.Evaluate(context.Background(), policies.PhaseAccess, in, noon)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(decoded(t, want), decoded(t, []byte(st.Grants[0].Reason))); diff != "" {
			t.Errorf("(-printed +seen):\n%s", diff)
		}
	})
}

func decoded(t *rapid.T, text []byte) any {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// anySnapshot is an account with something of everything.
func anySnapshot(t *rapid.T) *inventory.Snapshot {
	text := rapid.String()
	at := func(name string) time.Time {
		return noon.Add(time.Duration(rapid.IntRange(-1e6, 1e6).Draw(t, name)) * time.Second)
	}
	s := account()
	end, day, license := at("end"), rapid.IntRange(1, 7).Draw(t, "day"), text.Draw(t, "license")
	s.Users[text.Draw(t, "user")] = inventory.User{
		Name: text.Draw(t, "name"), Email: text.Draw(t, "email"), Teams: map[string]string{text.Draw(t, "team"): "manager"},
		Invited: rapid.Bool().Draw(t, "invited"), License: &license,
		ContactMethods: []inventory.ContactMethod{{Type: "email", Label: text.Draw(t, "label")}},
	}
	s.Schedules = map[string]inventory.Schedule{}
	s.Schedules[text.Draw(t, "schedule")] = inventory.Schedule{
		Kind: inventory.ScheduleOfLayers, Coverage: rapid.Float64Range(0, 100).Draw(t, "coverage"),
		Layers: []inventory.Layer{
			{ID: "L1", Start: at("start"), End: &end, TurnSeconds: rapid.IntRange(0, 1e7).Draw(t, "turn"), Users: []string{"PANN"}},
			{ID: "L2", Restrictions: []inventory.Restriction{{Type: "weekly", StartDay: &day}}},
		},
		Shifts: []inventory.Shift{
			{User: "PANN", Start: at("shift"), End: end},
			{User: "PBOB", Start: at("other"), End: end, Origin: &inventory.Origin{Kind: "layer", ID: "L1"}},
		},
	}
	s.Account.Missing = []inventory.Missing{{What: "teams", Resource: inventory.ByID(inventory.KindTeam, "T1")}, {What: "users"}}
	return s
}
