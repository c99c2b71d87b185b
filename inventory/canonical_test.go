package inventory_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
)

var update = flag.Bool("update", false, "write golden files anew")

func ptr[T any](v T) *T { return &v }

// bare has one of everything and says nothing of it: what of its JSON is null
// may be null in any snapshot.
func bare() *inventory.Snapshot {
	return &inventory.Snapshot{
		Account: inventory.Account{Missing: []inventory.Missing{{}}},
		Users: map[string]inventory.User{"U": {
			ContactMethods: []inventory.ContactMethod{{}}, NotificationRules: []inventory.NotificationRule{{}},
		}},
		Teams: map[string]inventory.Team{"T": {}},
		Schedules: map[string]inventory.Schedule{
			"EMPTY": {},
			"S": {
				Layers: []inventory.Layer{{}, {Restrictions: []inventory.Restriction{{}}}},
				Rotations: []inventory.Rotation{{}, {Events: []inventory.Event{
					{}, {Assignment: inventory.Assignment{Members: []*string{nil}}},
				}}},
				CustomShifts: []inventory.CustomShift{{}}, Overrides: []inventory.Override{{}}, Shifts: []inventory.Shift{{}},
			},
		},
		EscalationPolicies: map[string]inventory.EscalationPolicy{
			"EMPTY": {}, "P": {Rules: []inventory.EscalationRule{{}, {Targets: []inventory.Target{{}}}}},
		},
		Services: map[string]inventory.Service{"V": {}},
		Licenses: map[string]inventory.License{"L": {}},
		OnCalls:  []inventory.OnCall{{}},
	}
}

func TestOnlyTheseKeysMayBeNull(t *testing.T) {
	var document any
	if err := json.Unmarshal(encode(t, bare()), &document); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case nil:
			found[path] = true
		case []any:
			for _, e := range v {
				walk(path+"[]", e)
			}
		case map[string]any:
			for k, e := range v {
				if k == strings.ToUpper(k) {
					k = "ID"
				}
				walk(path+"."+k, e)
			}
		}
	}
	walk("", document)
	var got []string
	for path := range found {
		got = append(got, path)
	}
	slices.Sort(got)
	want := []string{
		".licenses.ID.available",
		".on_calls[].end", ".on_calls[].schedule", ".on_calls[].start",
		".schedules.ID.custom_shifts[].user",
		".schedules.ID.layers[].end", ".schedules.ID.layers[].restrictions[].start_day",
		".schedules.ID.overrides[].custom_shift", ".schedules.ID.overrides[].replaces",
		".schedules.ID.overrides[].rotation", ".schedules.ID.overrides[].user",
		".schedules.ID.rotations[].events[].assignment.members[]",
		".schedules.ID.rotations[].events[].assignment.shifts_per_member",
		".schedules.ID.rotations[].events[].effective_until",
		".schedules.ID.shifts[].origin",
		".services.ID.support_hours",
		".teams.ID.parent",
		".users.ID.license",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys that are null (-want +got):\n%s", diff)
	}
}

func TestASnapshotIsWrittenAsPublished(t *testing.T) {
	for name, snapshot := range map[string]*inventory.Snapshot{
		"empty.json": {}, "bare.json": bare(), "full.json": full(),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name)
			got := encode(t, snapshot)
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("JSON differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatWasWrittenReadsBackToTheSameBytes(t *testing.T) {
	want := encode(t, full())
	s, err := inventory.Decode(bytes.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(encode(t, s))); diff != "" {
		t.Errorf("JSON differs (-first +second):\n%s", diff)
	}
}

func TestTheSameAccountGivesTheSameBytesInWhateverOrderItWasRead(t *testing.T) {
	want := string(encode(t, full()))
	rapid.Check(t, func(t *rapid.T) {
		s := full()
		sched, shifts, user, policy := s.Schedules["PLAY"], s.Schedules["PSHI"], s.Users["PANN"], s.EscalationPolicies["PESC"]
		s.Account.Abilities = shuffled(t, append(s.Account.Abilities, s.Account.Abilities[0]))
		s.Account.Unavailable, s.Account.Missing = shuffled(t, s.Account.Unavailable), shuffled(t, s.Account.Missing)
		s.OnCalls = shuffled(t, s.OnCalls)
		sched.Teams, sched.Users, sched.Shifts = shuffled(t, sched.Teams), shuffled(t, sched.Users), shuffled(t, sched.Shifts)
		shifts.Rotations, shifts.CustomShifts = shuffled(t, shifts.Rotations), shuffled(t, shifts.CustomShifts)
		shifts.Rotations[0].Events, shifts.Rotations[1].Events = shuffled(t, shifts.Rotations[0].Events), shuffled(t, shifts.Rotations[1].Events)
		user.ContactMethods, user.NotificationRules = shuffled(t, user.ContactMethods), shuffled(t, user.NotificationRules)
		policy.Teams, policy.Services = shuffled(t, policy.Teams), shuffled(t, policy.Services)
		s.Schedules["PLAY"], s.Schedules["PSHI"], s.Users["PANN"], s.EscalationPolicies["PESC"] = sched, shifts, user, policy
		// The same moments, told in another zone and more precisely.
		s.Account.TakenAt = s.Account.TakenAt.Add(time.Millisecond).In(time.FixedZone("elsewhere", 3600))

		var b bytes.Buffer
		if err := s.Encode(&b); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Fatalf("JSON differs (-want +got):\n%s", diff)
		}
	})
}

func TestOrderThatMeansSomethingIsKept(t *testing.T) {
	s := full()
	before := fmt.Sprint(order(s))
	s.Normalize()
	if after := fmt.Sprint(order(s)); after != before {
		t.Errorf("order was %s and is %s", before, after)
	}
}

// order is what stands in a list whose order means something.
func order(s *inventory.Snapshot) []string {
	var all []string
	for _, l := range s.Schedules["PLAY"].Layers {
		all = append(append(all, l.ID), l.Users...)
	}
	for _, o := range s.Schedules["PLAY"].Overrides {
		all = append(all, o.ID)
	}
	for _, r := range s.EscalationPolicies["PESC"].Rules {
		for _, target := range r.Targets {
			all = append(all, target.ID)
		}
	}
	return all
}

func TestWhatIsNotASnapshotIsRefusedWithItsPlace(t *testing.T) {
	for _, c := range []struct{ name, text, says string }{
		{"a misspelt key", "{\n  \"users\": {},\n  \"teems\": {},\n  \"teams\": {}\n}", `line 3: there is no field "teems" here`},
		{"a key in the wrong place, of no certain line", `{"teams": {"T": {"email": ""}}, "users": {"U": {"email": ""}}}`, `writes it: there is a field "email" where none is known`},
		{"a second document", "{}\n{}", "something follows the document"},
		{"a value of another type", "{\n\"users\": [],\n\"teams\": {}\n}", "line 2: "},
		{"a comma too many", "{\n\"users\": {},,\n\"teams\": {}\n}", "line 2: "},
		{"nothing", "", "not a snapshot as `dutyward snapshot` writes it: it is empty"},
		{"half of it", `{"users": {`, "it is cut off: it ends in line 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := inventory.Decode(strings.NewReader(c.text))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the error is %v\nand does not say %s", err, c.says)
			}
		})
	}
}

func TestNowIsWhenTheSnapshotWasTakenUnlessItSaysOtherwise(t *testing.T) {
	for text, want := range map[string]string{
		`{"account": {"taken_at": "2026-01-01T10:00:00Z"}}`:                                     "2026-01-01T10:00:00Z",
		`{"account": {"taken_at": "2026-01-01T10:00:00Z"}, "now": "2026-02-01T00:00:00+01:00"}`: "2026-01-31T23:00:00Z",
	} {
		s, err := inventory.Decode(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Now.Format(time.RFC3339); got != want {
			t.Errorf("now is %s, want %s", got, want)
		}
	}
}

func encode(t *testing.T, s *inventory.Snapshot) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.Encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func shuffled[T any](t *rapid.T, s []T) []T {
	return rapid.Permutation(s).Draw(t, "order")
}
