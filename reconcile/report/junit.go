package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/dutyward/dutyward/policies/eval"
)

// TestsJUnit writes what the policies' tests gave as JUnit's XML: a suite for
// each package, a case for each test and each case of a table.
func TestsJUnit(w io.Writer, r *eval.TestReport) error {
	var all junitSuites
	at := map[string]int{}
	for _, t := range r.Tests {
		i, ok := at[t.Package]
		if !ok {
			i = len(all.Suites)
			at[t.Package] = i
			all.Suites = append(all.Suites, junitSuite{Name: t.Package})
		}
		all.Suites[i].add(t)
	}
	for _, s := range all.Suites {
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
		all.Skipped += s.Skipped
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

type junitCounts struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Skipped  int `xml:"skipped,attr"`
}

type junitSuites struct {
	XMLName xml.Name `xml:"testsuites"`
	junitCounts
	Suites []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name string `xml:"name,attr"`
	junitCounts
	Cases []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr"`
	Line    int           `xml:"line,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitMessage `xml:"failure"`
	Error   *junitMessage `xml:"error"`
	Skipped *struct{}     `xml:"skipped"`
	Output  string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// add adds a test, or the cases of a table: the first of them then carries the
// time and the output of all.
func (s *junitSuite) add(t eval.TestResult) {
	seconds := fmt.Sprintf("%.6f", t.Duration.Seconds())
	c := junitCase{Class: t.Package, Name: t.Name, File: t.File, Line: t.Line, Time: seconds, Output: t.Output}
	if len(t.Cases) == 0 {
		s.put(c, t.Outcome, t.Message, t.Failure)
		return
	}
	for _, each := range t.Cases {
		c.Name = fmt.Sprintf("%s[%s]", t.Name, each.Name)
		s.put(c, each.Outcome, "", each.Failure)
		c.Time, c.Output = "0", ""
	}
}

func (s *junitSuite) put(c junitCase, outcome eval.TestOutcome, message string, f *eval.TestFailure) {
	s.Tests++
	m := &junitMessage{Message: message}
	if f != nil {
		m = &junitMessage{Message: f.Source + " did not hold", Text: strings.Join(failureLines(f), "\n")}
	}
	switch outcome {
	case eval.TestFailed:
		s.Failures++
		c.Failure = m
	case eval.TestErrored:
		s.Errors++
		c.Error = m
	case eval.TestSkipped:
		s.Skipped++
		c.Skipped = &struct{}{}
	}
	s.Cases = append(s.Cases, c)
}
