package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/policies"
)

// tests has a test of each outcome.
func tests() *policies.TestReport {
	const people, oncall = "policies/access/people_test.rego", "policies/access/oncall_test.rego"
	failure := func(source string, line int) *policies.TestFailure {
		return &policies.TestFailure{File: people, Line: line, Column: 2, Source: source, Attempts: 1}
	}
	sets := failure("people.emails == {\n  \"ann@acme.com\",\n  \"cat@acme.com\",\n} with data.people as roster", 14)
	sets.Came = &policies.TestValue{Text: "people.emails", Value: `{"ann@acme.com", "bob@acme.com", "chloé@acme.com", "dan@acme.com", "eve@acme.com", "fay@acme.com"}`}
	sets.Expected = &policies.TestValue{Text: `{"ann@acme.com", "cat@acme.com"}`, Value: `{"ann@acme.com", "cat@acme.com"}`}
	sets.Missing = []string{`"cat@acme.com"`}
	sets.Extra = []string{`"bob@acme.com"`, `"chloé@acme.com"`, `"dan@acme.com"`, `"eve@acme.com"`, `"fay@acme.com"`}
	role := failure(`grant.role == "admin"`, 22)
	role.Attempts = 3
	role.Came = &policies.TestValue{Text: "grant.role", Value: `"user"`}
	role.Expected = &policies.TestValue{Text: `"admin"`, Value: `"admin"`}
	role.Values = []policies.TestValue{{Text: "grant", Value: `{"principal": "user:bob@acme.com", "role": "user"}`}}
	long := failure("count(people.grant) == 0", 31)
	long.Values = []policies.TestValue{{Text: "people.grant", Value: strings.Repeat("ä", valueLimit+1)}}
	many := failure("got == tc.want", 41)
	many.Came = &policies.TestValue{Text: "got", Value: "{}"}
	many.Expected = &policies.TestValue{Text: "tc.want", Value: strings.Repeat(`"x", `, 20)}
	many.Missing = strings.Split(strings.Repeat("x,", differenceLimit+1)+"x", ",")
	return &policies.TestReport{
		Tests: []policies.TestResult{
			{Package: "access_test", Name: "test_on_call", File: oncall, Line: 5, Duration: 1500 * time.Microsecond, Outcome: policies.TestPassed},
			{Package: "access_test", Name: "test_lead", File: oncall, Line: 9, Outcome: policies.TestPassed, Output: "shift: {\"user\": \"ann\"}\n"},
			{Package: "access_test", Name: "todo_test_nights", File: oncall, Line: 15, Outcome: policies.TestSkipped},
			{Package: "people_test", Name: "test_sets", File: people, Line: 13, Outcome: policies.TestFailed, Failure: sets, Output: "one\ntwo\n"},
			{Package: "people_test", Name: "test_role", File: people, Line: 20, Outcome: policies.TestFailed, Failure: role},
			{Package: "people_test", Name: "test_none", File: people, Line: 26, Outcome: policies.TestFailed, Failure: failure("some grant in people.grant", 27)},
			{Package: "people_test", Name: "test_not", File: people, Line: 28, Outcome: policies.TestFailed, Failure: failure("not people.grant", 29)},
			{Package: "people_test", Name: "test_long", File: people, Line: 30, Outcome: policies.TestFailed, Failure: long},
			{Package: "people_test", Name: "test_table", File: people, Line: 35, Outcome: policies.TestFailed, Duration: time.Millisecond, Cases: []policies.TestCase{
				{Name: "contractors", Outcome: policies.TestFailed, Failure: many},
				{Name: "staff", Outcome: policies.TestPassed},
			}},
			{Package: "people_test", Name: "test_no_cases", File: people, Line: 45, Outcome: policies.TestFailed, Message: "the table has no cases: nothing was tested"},
			{Package: "people_test", Name: "test_date", File: people, Line: 51, Outcome: policies.TestErrored,
				Message: "policies/people.rego:3: a date does not parse: \"soon\"\npolicies/people.rego:3: a date does not parse: \"<later>\""},
		},
		Coverage: []policies.FileCoverage{
			{File: "policies/access/oncall.rego", Covered: 12},
			{File: "policies/access/people.rego", Covered: 199, NotCovered: 4, Missing: []policies.LineRange{{First: 8, Last: 10}, {First: 40, Last: 40}}},
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
