package eval_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// account is a small account at noon.
func account() *inventory.Snapshot {
	return &inventory.Snapshot{
		Account: inventory.Account{Name: "acme", Region: "us", TakenAt: noon, Complete: true},
		Now:     noon,
		Users: map[string]inventory.User{
			"PANN": {ID: "PANN", Name: "Ann", Email: "ann@acme.com", BaseRole: "user"},
			"PBOB": {ID: "PBOB", Name: "Bob", Email: "Bob@acme.com", BaseRole: "limited_user"},
		},
		Teams: map[string]inventory.Team{"TPAY": {ID: "TPAY", Name: "Payments", DefaultRole: "manager"}},
	}
}

// root writes files to a new directory; names and contents alternate.
func root(t *testing.T, files ...string) string { return rootOf(t, files...) }

func rootOf(t testing.TB, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(files[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t *testing.T, roots ...string) *eval.Set {
	t.Helper()
	s, err := eval.Load(context.Background(), eval.Options{Roots: roots})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func input(t *testing.T) *eval.Input {
	t.Helper()
	in, err := eval.NewInput(account())
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func evaluate(t *testing.T, s *eval.Set) *policies.Statements {
	t.Helper()
	st, err := s.Evaluate(context.Background(), policies.PhaseAccess, input(t), noon)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func TestAStatementNamesEveryRuleThatMadeIt(t *testing.T) {
	dir := root(t, "access/oncall.rego", `# METADATA
# title: Payments
# custom: {owner: dan@acme.com}
package access.oncall

# METADATA
# title: Everybody
grant contains {"principal": $"user:{u.email}", "resource": "account", "role": "user", "source": u.id} if {
	some u in input.users
}

grant contains {"principal": "user:ann@acme.com", "resource": "account", "role": "user"} if {
	input.now
} {
	input.account
}
`)
	st := evaluate(t, load(t, dir))
	origin := func(line int, title, source string) policies.Origin {
		return policies.Origin{File: dir + "/access/oncall.rego", Line: line, Package: "access.oncall", Root: dir,
			Title: title, Owner: "dan@acme.com", Source: source}
	}
	want := map[string][]policies.Origin{
		"user:Bob@acme.com": {origin(8, "Everybody", "PBOB")},
		"user:ann@acme.com": {origin(8, "Everybody", "PANN"), origin(12, "Payments", ""), origin(14, "Payments", "")},
	}
	got := map[string][]policies.Origin{}
	for _, g := range st.Grants {
		got[g.Principal.String()] = g.Origins
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("origins (-want +got):\n%s", diff)
	}
}

// TestS5_AnErrorDropsWhatItReachesAndNothingElse has two people, of whom Bob's
// date does not parse.
func TestS5_AnErrorDropsWhatItReachesAndNothingElse(t *testing.T) {
	const people = `people: [{email: ann@acme.com, since: "2026-01-01T00:00:00Z"}, {email: bob@acme.com, since: soon}]`
	const head = `package access.people

limit contains {"principal": "user:ann@acme.com", "resource": "account", "at_most": "user", "reason": "r"}

grant contains {"principal": $"user:{p.email}", "resource": "account", "role": "user"} if {
	some p in data.people
	`
	const ann = "user:ann@acme.com"
	for name, tc := range map[string]struct {
		body string
		want []string
	}{
		"in the body":                   {"time.parse_rfc3339_ns(p.since) > 0\n}", []string{ann}},
		"in a function":                 {"begun(p)\n}\nbegun(p) if time.parse_rfc3339_ns(p.since) > 0", []string{ann}},
		"in a function of the library":  {"data.dutyward.within(p.since, null)\n}", []string{ann}},
		"in a set that is iterated":     {"some q in begun\nq == p\n}\nbegun contains p if {\nsome p in data.people\ntime.parse_rfc3339_ns(p.since) > 0\n}", []string{ann}},
		"in a set that is looked up in": {"p in begun\n}\nbegun contains p if {\nsome p in data.people\ntime.parse_rfc3339_ns(p.since) > 0\n}", []string{ann}},
		"in a set that is counted":      {"count(begun) == 1\n}\nbegun contains p if {\nsome p in data.people\ntime.parse_rfc3339_ns(p.since) > 0\n}", nil},
		"under not":                     {"not begun(p)\n}\nbegun(p) if time.parse_rfc3339_ns(p.since) < 0", nil},
		"in a comprehension":            {"count([1 | some q in data.people; time.parse_rfc3339_ns(q.since) > 0]) == 1\n}", nil},
		"in every":                      {"every q in [p] { time.parse_rfc3339_ns(q.since) > 0 }\n}", nil},
		"behind a default":              {"begun(p)\n}\ndefault begun(_) := true\nbegun(p) := false if time.parse_rfc3339_ns(p.since) < 0", nil},
		"behind an else":                {"begun(p)\n}\nbegun(p) := false if {\ntime.parse_rfc3339_ns(p.since) < 0\n} else := true", nil},
		"a conflict":                    {"begun(p) == 1\n}\nbegun(_) := 1\nbegun(p) := 2 if p.since == \"soon\"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			st := evaluate(t, load(t, root(t, "people.yaml", people, "access/people.rego", head+tc.body+"\n")))
			var got []string
			for _, g := range st.Grants {
				got = append(got, g.Principal.String())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("grants (-want +got):\n%s", diff)
			}
			if len(st.Failures) == 0 || st.Failures[0].Rule != "grant" || len(st.Limits) != 1 {
				t.Errorf("failures %+v, limits %+v", st.Failures, st.Limits)
			}
		})
	}
}

func TestOneBadElementLeavesTheGoodOnes(t *testing.T) {
	s := load(t, root(t, "people.yaml", "people: [{email: ann@acme.com, role: user}, {email: bob@acme.com, role: boss}]", "access/people.rego", `package access.people

grant contains {"principal": $"user:{p.email}", "resource": "account", "role": p.role} if some p in data.people
`))
	st, err := s.Evaluate(context.Background(), policies.PhaseAccess, input(t), noon)
	var problems policies.Problems
	if !errors.As(err, &problems) || len(problems) != 1 {
		t.Fatalf("problems: %v", err)
	}
	if len(st.Grants) != 1 || len(st.Failures) != 1 {
		t.Errorf("%+v", st)
	}
}

func TestTheTimeIsTheEvaluations(t *testing.T) {
	s := load(t, root(t, "access/people.rego", `package access.people

group contains {"name": $"{input.now} {data.dutyward.now}"}
`))
	later := noon.Add(time.Hour)
	st, err := s.Evaluate(context.Background(), policies.PhaseAccess, input(t), later)
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("2026-11-23T13:00:00Z %d", later.UnixNano()); st.Groups[0].Name != want {
		t.Errorf("got %q, want %q", st.Groups[0].Name, want)
	}
}

// heavy takes long unless it is stopped.
const heavy = `package access.people

group contains {"name": "x"} if {
	some a in numbers.range(1, 10000)
	some b in numbers.range(1, 10000)
	a * b == -1
}
`

func TestTheTimeLimitStopsAnEvaluation(t *testing.T) {
	s, err := eval.Load(context.Background(), eval.Options{Roots: []string{root(t, "access/people.rego", heavy)}, TimeLimit: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Evaluate(context.Background(), policies.PhaseAccess, input(t), noon)
	if err == nil || !strings.Contains(err.Error(), "time limit of 20ms, in which group (") || !strings.Contains(err.Error(), "access/people.rego:") {
		t.Errorf("got %v", err)
	}
}

// A builtin is stopped in its midst, and so is what is made of many of them.
func TestTheTimeLimitStopsWhatRunsLong(t *testing.T) {
	for _, body := range []string{
		"count(numbers.range(1, 1000000000)) > 0",
		"some i in numbers.range(1, 100000); some j in numbers.range(1, 100000); i * j < 0",
		"count({x | some i in numbers.range(1, 100000000); x := i % 7}) < 0",
		`count(concat(",", [sprintf("%d", [i]) | some i in numbers.range(1, 100000000)])) < 0`,
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			dir := root(t, "access/people.rego", "package access.people\n\ngroup contains {\"name\": \"x\"} if { "+body+" }\n")
			s, err := eval.Load(context.Background(), eval.Options{Roots: []string{dir}, TimeLimit: 100 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			if _, err := s.Evaluate(ctx, policies.PhaseAccess, input(t), noon); err == nil || !strings.Contains(err.Error(), "time limit of 100ms") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTheContextStopsAnEvaluation(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := load(t, root(t, "access/people.rego", heavy)).Evaluate(ctx, policies.PhaseAccess, input(t), noon)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestTooManyElementsAreAnError(t *testing.T) {
	s, err := eval.Load(context.Background(), eval.Options{MaxElements: 100, Roots: []string{root(t, "access/people.rego", `package access.people

group contains {"name": $"g{i}"} if some i in numbers.range(1, 10000)
`)}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Evaluate(context.Background(), policies.PhaseAccess, input(t), noon)
	if err == nil || !strings.Contains(err.Error(), "more elements than allowed: 100") {
		t.Errorf("got %v", err)
	}
}

func TestLiteralArgumentsOfTheLibraryAreReferences(t *testing.T) {
	s := load(t, root(t, "access/people.rego", `package access.people

import data.dutyward

group contains {"name": "x"} if {
	dutyward.team("Payments").id != "x"
	some id in dutyward.on_call_at("#PSCHED1", dutyward.now)
	dutyward.user(id)
	dutyward.user("ann@acme.com")
}
`))
	var got []string
	for _, r := range s.References() {
		got = append(got, fmt.Sprintf("%d %s", r.Origin.Line, r.Ref))
	}
	want := []string{"6 team:Payments", "7 schedule:#PSCHED1", "9 user:ann@acme.com"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("references (-want +got):\n%s", diff)
	}
}

func TestASetMayBeUsedByManyAtOnce(t *testing.T) {
	s, in := load(t, company(t)), input(t)
	want := evaluate(t, s)
	got := make([]*policies.Statements, 8)
	var group errgroup.Group
	for i := range got {
		group.Go(func() (err error) {
			got[i], err = s.Evaluate(context.Background(), policies.PhaseAccess, in, noon)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, g := range got {
		if diff := cmp.Diff(want, g); diff != "" {
			t.Errorf("another answer (-want +got):\n%s", diff)
		}
	}
}
