package eval_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
)

// TestTheTimeLimitStopsWhateverTakesLong holds that a bound on time is one: each
// condition would run for much longer.
func TestTheTimeLimitStopsWhateverTakesLong(t *testing.T) {
	for name, condition := range map[string]string{
		"a comprehension":           `count([x | some x in numbers.range(1, 3000); some y in numbers.range(1, 3000); x > y]) > 0`,
		"every":                     `every x in numbers.range(1, 3000) { count([y | some y in numbers.range(1, 3000); y > x]) >= 0 }`,
		"one function over a range": `count(numbers.range(1, 500000000)) > 0`,
		"a function of its own":     `slow(2000)`,
		"a walk":                    `count([p | some i in numbers.range(1, 100000); walk(input, [p, _])]) > 0`,
		"regular expressions":       `count([x | some x in numbers.range(1, 5000000); regex.match("(a+)+$", sprintf("aaaaaaaaaaaaaaaaaaaa%db", [x]))]) > 0`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := eval.Load(context.Background(), eval.Options{TimeLimit: 100 * time.Millisecond, Roots: []string{root(t, "access/people.rego",
				"package access.people\n\ngroup contains {\"name\": \"x\"} if "+condition+"\n\n"+
					"slow(n) if count({z | some x in numbers.range(1, n); some y in numbers.range(1, n); z := x * y}) > 0\n")}})
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() {
				_, err := s.Evaluate(context.Background(), policies.PhaseAccess, input(t), noon)
				ended <- err
			}()
			select {
			case err := <-ended:
				if err == nil || !strings.Contains(err.Error(), "time limit of 100ms") {
					t.Errorf("got %v", err)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("it goes on")
			}
		})
	}
}

const reachesOut = `package access.people

group contains {"name": "x"} if {
	http.send({"method": "get", "url": "http://127.0.0.1:1/", "raise_error": false}).status_code == 0
}

group contains {"name": "y"} if time.now_ns() > 0
`

func TestBuiltinsThatReachOutAreAllowedByNameOnly(t *testing.T) {
	dir := root(t, "access/people.rego", reachesOut, "access/people_test.rego", `package access.people_test

test_with_a_mock if {
	count(data.access.people.group) == 1 with http.send as {"status_code": 0} with time.now_ns as -5
}
`)
	_, err := eval.Load(context.Background(), eval.Options{Roots: []string{dir}, AllowBuiltins: []string{"time.now_ns"}})
	var problems policies.Problems
	if !errors.As(err, &problems) || !strings.Contains(err.Error(), "http.send, which reaches out") || strings.Contains(err.Error(), "found time.now_ns") {
		t.Errorf("with time.now_ns allowed: %v", err)
	}
	s, err := eval.Load(context.Background(), eval.Options{Roots: []string{dir}, AllowBuiltins: []string{"time.now_ns", "http.send"}})
	if err != nil {
		t.Fatal(err)
	}
	if st := evaluate(t, s); len(st.Groups) != 2 {
		t.Errorf("%d groups, want both", len(st.Groups))
	}
	r, err := s.Test(context.Background(), eval.TestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Passed() || r.Count(eval.TestPassed) != 1 {
		t.Errorf("the test with mocks: %+v", r.Tests)
	}
}
