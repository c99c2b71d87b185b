package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/policies/eval"
)

// tests has a test of each outcome.
func tests() *eval.TestReport {
	const people, oncall = "policies/access/people_test.rego", "policies/access/oncall_test.rego"
	failure := func(source string, line int) *eval.TestFailure {
		return &eval.TestFailure{File: people, Line: line, Column: 2, Source: source, Attempts: 1}
	}
	sets := failure("people.emails == {\n  \"ann@acme.com\",\n  \"cat@acme.com\",\n} with data.people as roster", 14)
	sets.Came = &eval.TestValue{Text: "people.emails", Value: `{"ann@acme.com", "bob@acme.com", "chloé@acme.com", "dan@acme.com", "eve@acme.com", "fay@acme.com"}`}
	sets.Expected = &eval.TestValue{Text: `{"ann@acme.com", "cat@acme.com"}`, Value: `{"ann@acme.com", "cat@acme.com"}`}
	sets.Missing = []string{`"cat@acme.com"`}
	sets.Extra = []string{`"bob@acme.com"`, `"chloé@acme.com"`, `"dan@acme.com"`, `"eve@acme.com"`, `"fay@acme.com"`}
	role := failure(`grant.role == "admin"`, 22)
	role.Attempts = 3
	role.Came = &eval.TestValue{Text: "grant.role", Value: `"user"`}
	role.Expected = &eval.TestValue{Text: `"admin"`, Value: `"admin"`}
	role.Values = []eval.TestValue{{Text: "grant", Value: `{"principal": "user:bob@acme.com", "role": "user"}`}}
	long := failure("count(people.grant) == 0", 31)
	long.Values = []eval.TestValue{{Text: "people.grant", Value: strings.Repeat("ä", valueLimit+1)}}
	many := failure("got == tc.want", 41)
	many.Came = &eval.TestValue{Text: "got", Value: "{}"}
	many.Expected = &eval.TestValue{Text: "tc.want", Value: strings.Repeat(`"x", `, 20)}
	many.Missing = strings.Split(strings.Repeat("x,", differenceLimit+1)+"x", ",")
	return &eval.TestReport{
		Tests: []eval.TestResult{
			{Package: "access_test", Name: "test_on_call", File: oncall, Line: 5, Duration: 1500 * time.Microsecond, Outcome: eval.TestPassed},
			{Package: "access_test", Name: "test_lead", File: oncall, Line: 9, Outcome: eval.TestPassed, Output: "shift: {\"user\": \"ann\"}\n"},
			{Package: "access_test", Name: "todo_test_nights", File: oncall, Line: 15, Outcome: eval.TestSkipped},
			{Package: "people_test", Name: "test_sets", File: people, Line: 13, Outcome: eval.TestFailed, Failure: sets, Output: "one\ntwo\n"},
			{Package: "people_test", Name: "test_role", File: people, Line: 20, Outcome: eval.TestFailed, Failure: role},
			{Package: "people_test", Name: "test_none", File: people, Line: 26, Outcome: eval.TestFailed, Failure: failure("some grant in people.grant", 27)},
			{Package: "people_test", Name: "test_not", File: people, Line: 28, Outcome: eval.TestFailed, Failure: failure("not people.grant", 29)},
			{Package: "people_test", Name: "test_long", File: people, Line: 30, Outcome: eval.TestFailed, Failure: long},
			{Package: "people_test", Name: "test_table", File: people, Line: 35, Outcome: eval.TestFailed, Duration: time.Millisecond, Cases: []eval.TestCase{
				{Name: "contractors", Outcome: eval.TestFailed, Failure: many},
				{Name: "staff", Outcome: eval.TestPassed},
			}},
			{Package: "people_test", Name: "test_no_cases", File: people, Line: 45, Outcome: eval.TestFailed, Message: "the table has no cases: nothing was tested"},
			{Package: "people_test", Name: "test_date", File: people, Line: 51, Outcome: eval.TestErrored,
				Message: "policies/people.rego:3: a date does not parse: \"soon\"\npolicies/people.rego:3: a date does not parse: \"<later>\""},
		},
		Coverage: []eval.FileCoverage{
			{File: "policies/access/oncall.rego", Covered: 12},
			{File: "policies/access/people.rego", Covered: 199, NotCovered: 4, Missing: []eval.LineRange{{First: 8, Last: 10}, {First: 40, Last: 40}}},
		},
	}
}

func TestTestsAreText(t *testing.T) {
	var b bytes.Buffer
	if err := TestsText(&b, tests(), Style{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "tests.txt", b.Bytes())
}

func TestTestsThatPassAreALineAFile(t *testing.T) {
	r := tests()
	r.Tests, r.Coverage = r.Tests[:1], nil
	var b bytes.Buffer
	if err := TestsText(&b, r, Style{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "tests-passing.txt", b.Bytes())
}

func TestTestsAreJUnit(t *testing.T) {
	var b bytes.Buffer
	if err := TestsJUnit(&b, tests()); err != nil {
		t.Fatal(err)
	}
	golden(t, "tests.junit.xml", b.Bytes())
}
