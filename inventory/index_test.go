package inventory_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
)

func indexed() *inventory.Index {
	return inventory.NewIndex(&inventory.Snapshot{
		Users: map[string]inventory.User{
			"PANN": {Email: "Ann@Acme.com", Name: "Ann"}, "PBOB1": {Email: "bob@acme.com"}, "PBOB2": {Email: "BOB@acme.com"},
		},
		Teams: map[string]inventory.Team{
			"PPAY": {Name: "Payments"}, "PLOW": {Name: "payments"}, "PDUP2": {Name: "Twice"}, "PDUP1": {Name: "Twice"}, "PHASH": {Name: "#ops"},
		},
		Schedules:          map[string]inventory.Schedule{"PSCHED": {Name: "Payments"}},
		EscalationPolicies: map[string]inventory.EscalationPolicy{"PESC": {Name: "Payments"}},
		Services:           map[string]inventory.Service{"PSVC": {Name: "Checkout"}},
	})
}

func TestS10_NamesMatchExactlyAndSharedOnesListTheirIDs(t *testing.T) {
	x := indexed()
	for text, want := range map[string][]string{
		"team:Payments":         {"PPAY"},
		"team:payments":         {"PLOW"},
		"team:PAYMENTS":         nil,
		"team:Twice":            {"PDUP1", "PDUP2"},
		"team:#PHASH":           {"PHASH"},
		"team:#Payments":        nil,
		"team:#PSCHED":          nil,
		"user:ANN@acme.COM":     {"PANN"},
		"user:bob@acme.com":     {"PBOB1", "PBOB2"},
		"user:#PANN":            {"PANN"},
		"oncall:Payments":       {"PSCHED"},
		"rotation:#PSCHED":      {"PSCHED"},
		"schedule:Payments":     {"PSCHED"},
		"escalation@1:Payments": {"PESC"},
		"service:Checkout":      {"PSVC"},
		"group:Payments":        nil,
		"account":               nil,
	} {
		ref, err := inventory.ParseRef(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, x.Find(ref)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func TestReferencesByIDAreShownByName(t *testing.T) {
	x := indexed()
	for text, want := range map[string]string{
		"team:#PPAY":          "team:Payments",
		"team:#PHASH":         "team:#PHASH", // its name would read as an id
		"team:#PGONE":         "team:#PGONE",
		"user:#PANN":          "user:Ann@Acme.com",
		"escalation@2:#PESC":  "escalation@2:Payments",
		"oncall:#PSCHED":      "oncall:Payments",
		"team:As written":     "team:As written",
		"group:#looks-like-1": "group:#looks-like-1",
		"account":             "account",
	} {
		ref, err := inventory.ParseRef(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := x.Named(ref); got != want {
			t.Errorf("%s is shown as %s, want %s", text, got, want)
		}
	}
}

func TestNamesAreThoseOfTheThingThatAKindNames(t *testing.T) {
	x := indexed()
	for kind, want := range map[inventory.Kind][]string{
		inventory.KindTeam:   {"#ops", "Payments", "Twice", "payments"},
		inventory.KindUser:   {"ann@acme.com", "bob@acme.com"},
		inventory.KindOnCall: {"Payments"},
		inventory.KindGroup:  {},
	} {
		if diff := cmp.Diff(want, x.Names(kind)); diff != "" {
			t.Errorf("names for %s (-want +got):\n%s", kind, diff)
		}
	}
	if got := x.Name(inventory.KindService, "PSVC") + " " + x.Name(inventory.KindService, "PGONE"); got != "Checkout PGONE" {
		t.Errorf("names by id are %s", got)
	}
}
