package eval_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
)

func TestTheInputIsTheSnapshotByteForByte(t *testing.T) {
	var want bytes.Buffer
	if err := account().Encode(&want); err != nil {
		t.Fatal(err)
	}
	got, err := input(t).JSON()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(got)); diff != "" {
		t.Errorf("(-snapshot +input):\n%s", diff)
	}
}

func TestTheInputGrowsAndLeavesTheShorterAsItIs(t *testing.T) {
	short := input(t)
	long, err := short.With("groups", func() any { return map[string]any{"a&b": []int{1, 2}} })
	if err != nil {
		t.Fatal(err)
	}
	text, err := long.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "\n  \"groups\": {\n    \"a&b\": [\n      1,\n") || !json.Valid(text) {
		t.Errorf("printed as\n%s", text)
	}
	if text, _ := short.JSON(); strings.Contains(string(text), "groups") {
		t.Error("the shorter input grew too")
	}
	if _, err := long.With("groups", func() any { return 1 }); err == nil {
		t.Error("a key was added twice")
	}
}

func TestATeamThatSharesItsNameIsAnErrorWithTheIds(t *testing.T) {
	s := load(t, root(t, "access/a.rego", `package access.a

group contains {"name": data.dutyward.team("Payments").id}
`))
	a := account()
	a.Teams["TTWO"] = inventory.Team{ID: "TTWO", Name: "Payments"}
	in, err := eval.NewInput(a)
	if err != nil {
		t.Fatal(err)
	}
	st, err := s.Evaluate(context.Background(), policies.PhaseAccess, in, noon)
	if err != nil {
		t.Fatal(err)
	}
	if len(st.Failures) != 1 || !strings.Contains(st.Failures[0].Message, `2 things of kind team are called "Payments" (#TPAY, #TTWO): name the one you mean by id`) {
		t.Errorf("%+v", st.Failures)
	}
}

func TestRiskPackagesCanAskForTheMembersOfAGroup(t *testing.T) {
	s := load(t, root(t, "access/a.rego", `package access.a

member contains {"group": "prod", "principal": "group:payments"}
`, "access/b/b.rego", `package access.b.c

member contains {"group": "payments", "principal": "user:ann@acme.com"}
`, "risk/a.rego", `package risk.a

finding contains {"rule": "r", "subject": $"user:#{id}", "severity": "low", "message": "m"} if {
	some id in data.dutyward.members(data.access, "prod")
}
`))
	st, err := s.Evaluate(context.Background(), policies.PhaseRisk, input(t), noon)
	if err != nil {
		t.Fatal(err)
	}
	if len(st.Findings) != 1 || st.Findings[0].Subject.ID != "PANN" {
		t.Errorf("%+v", st)
	}
}
