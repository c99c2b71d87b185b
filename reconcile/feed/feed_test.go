package feed_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/feed"
)

var until = time.Date(2026, 3, 2, 14, 0, 0, 0, time.FixedZone("", 3600))

func groups() []feed.Group {
	return feed.Of(map[string]desired.Group{
		"oncall": {Name: "oncall", Owner: "dan@acme.com", Members: map[string]desired.Membership{
			"PBOB": {}, "PANN": {Window: desired.Window{Until: until}, Chains: [][]string{{"oncall:Night"}}},
		}},
		"dark":  {Name: "dark", Unknown: []string{"the schedule Night can't be read"}},
		"empty": {Name: "empty", Description: "nobody yet"},
	}, &inventory.Snapshot{Users: map[string]inventory.User{"PANN": {Email: "ann@acme.com", Name: "=Ann, \"A\""}, "PBOB": {Email: "bob@acme.com", Name: "Bob"}}})
}

func TestGroupsAsCSV(t *testing.T) {
	var out strings.Builder
	if err := feed.CSV(&out, groups()); err != nil {
		t.Fatal(err)
	}
	want := `group,email,name,from,until,state
dark,,,,,unknown
oncall,ann@acme.com,"'=Ann, ""A""",,2026-03-02T13:00:00Z,member
oncall,bob@acme.com,Bob,,,member
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestGroupsAsJSONHaveNoNulls(t *testing.T) {
	text, err := json.Marshal(groups())
	if err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for _, g := range got {
		for key, value := range g {
			if value == nil {
				t.Errorf("%s has null for %s", g["name"], key)
			}
		}
	}
}
