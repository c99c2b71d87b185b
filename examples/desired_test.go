package examples_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/policies/source"
)

// TestTheLibrarysDesiredIsTheProgramsDesiredAccess compares data.dutyward.desired,
// by which policies' tests speak of what their rules come to, with what the
// program makes of the same rules.
func TestTheLibrarysDesiredIsTheProgramsDesiredAccess(t *testing.T) {
	ctx := context.Background()
	account := company(t)
	set, err := eval.Load(ctx, eval.Options{Roots: []string{"company/policies"}})
	if err != nil {
		t.Fatal(err)
	}
	in, err := eval.NewInput(account)
	if err != nil {
		t.Fatal(err)
	}
	statements, err := set.Evaluate(ctx, policies.PhaseAccess, in, account.Now)
	if err != nil {
		t.Fatal(err)
	}
	index := inventory.NewIndex(account)
	want := []string{}
	for pair, g := range desired.Expand(desired.Input{Snapshot: account, Statements: statements}).At(account.Now).Grants.All() {
		if g.Role != inventory.None {
			want = append(want, "user:"+account.Users[pair.User].Email+" "+index.Named(pair.Resource)+" "+g.Role)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, libraryDesired(t, in)); diff != "" {
		t.Errorf("(-the program +the library):\n%s", diff)
	}
}

// libraryDesired are the elements of data.dutyward.desired, by stock OPA.
func libraryDesired(t *testing.T, in *eval.Input) []string {
	t.Helper()
	library := t.TempDir()
	if err := source.ExportLibrary(library); err != nil {
		t.Fatal(err)
	}
	text, err := in.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := util.UnmarshalJSON(text, &doc); err != nil {
		t.Fatal(err)
	}
	result, err := rego.New(
		rego.Query(`sort([text | some g in data.dutyward.desired([data.access]); text := concat(" ", [g.principal, g.resource, g.role])])`),
		rego.Load([]string{"company/policies", library}, nil), rego.Input(doc),
	).Eval(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{}
	for _, line := range result[0].Expressions[0].Value.([]any) {
		lines = append(lines, line.(string))
	}
	return lines
}
