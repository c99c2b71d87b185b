package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/dutyward/dutyward/policies/eval"
)

// valueLimit is how much of one value is shown, in runes. What two collections
// differ in is listed beside them.
const valueLimit = 300

// differenceLimit is how many elements are listed of what is missing or too
// many.
const differenceLimit = 10

// TestsText writes what the policies' tests gave: each file, what failed with
// the values in the failing expression, the lines that no test reached if that
// was asked, and how many passed.
func TestsText(w io.Writer, r *eval.TestReport, s Style) error {
	p := newPage(w, s)
	p.testFiles(r)
	for _, t := range r.Tests {
		p.test(t)
	}
	if r.Coverage != nil {
		p.coverage(r.Coverage)
	}
	p.line("")
	p.line("%s", testSummary(r))
	return p.err
}

// testFiles writes a line for each file of tests.
func (p *page) testFiles(r *eval.TestReport) {
	var files []string
	byFile := map[string]*eval.TestReport{}
	for _, t := range r.Tests {
		if byFile[t.File] == nil {
			byFile[t.File] = &eval.TestReport{}
			files = append(files, t.File)
		}
		byFile[t.File].Tests = append(byFile[t.File].Tests, t)
	}
	wide := widest(files, 60)
	for _, name := range files {
		f := byFile[name]
		word := p.raise("pass")
		if !f.Passed() {
			word = p.lower("FAIL")
		}
		p.line("%s  %s  %s", word, pad(name, wide), p.mild(strings.TrimSuffix(testSummary(f), ".")))
	}
}

// test writes what there is to say of a test: nothing of one that passed in
// silence.
func (p *page) test(t eval.TestResult) {
	place := fmt.Sprintf("%s:%d", t.File, t.Line)
	switch {
	case t.Outcome == eval.TestSkipped:
		p.head("%s", t.FullName())
		p.line("  skipped, as its name begins with todo_  %s", p.mild(place))
	case t.Message != "":
		p.head("%s", t.FullName())
		if !strings.HasPrefix(t.Message, place+":") {
			p.line("  %s", place)
		}
		for line := range strings.Lines(t.Message) {
			p.line("  %s", p.alarm(strings.TrimRight(line, "\n")))
		}
	case t.Failure != nil:
		p.head("%s", t.FullName())
		p.failure(t.Failure)
	}
	for _, c := range t.Cases {
		if c.Outcome != eval.TestFailed {
			continue
		}
		p.head("%s[%s]", t.FullName(), c.Name)
		if c.Failure != nil {
			p.failure(c.Failure)
		} else {
			p.line("  %s", place)
		}
	}
	if t.Output == "" {
		return
	}
	if t.Outcome == eval.TestPassed {
		p.head("%s", t.FullName())
	}
	for line := range strings.Lines(t.Output) {
		p.line("  printed: %s", strings.TrimRight(line, "\n"))
	}
}

func (p *page) failure(f *eval.TestFailure) {
	for i, line := range failureLines(f) {
		if i > 0 && strings.HasPrefix(line, "    ") {
			line = p.strong(line)
		}
		p.line("  %s", line)
	}
}

// failureLines are a failure's place, its source, and what its parts were.
func failureLines(f *eval.TestFailure) []string {
	place := fmt.Sprintf("%s:%d", f.File, f.Line)
	if f.Attempts > 1 {
		place += fmt.Sprintf(", tried %d times; the last time:", f.Attempts)
	}
	lines := []string{place}
	for line := range strings.Lines(f.Source) {
		lines = append(lines, "    "+strings.TrimRight(line, "\n"))
	}
	rows := failureRows(f)
	if len(rows) == 0 && strings.HasPrefix(f.Source, "not ") {
		return append(lines, "did not hold: what it denies is so")
	}
	if len(rows) == 0 {
		return append(lines, "did not hold: what it asks for is false, empty or absent")
	}
	labels := make([]string, len(rows))
	for i, row := range rows {
		labels[i] = row[0]
	}
	wide := widest(labels, 40)
	for _, row := range rows {
		lines = append(lines, strings.TrimRight(pad(row[0], wide)+"  "+row[1], " "))
	}
	return lines
}

// failureRows are the values of a failure, each with its label.
func failureRows(f *eval.TestFailure) [][2]string {
	var rows [][2]string
	if f.Came != nil {
		rows = append(rows, [2]string{"came", shown(f.Came.Value)}, [2]string{"expected", shown(f.Expected.Value)})
		if len(f.Came.Value)+len(f.Expected.Value) > 80 {
			rows = append(rows, difference("missing", f.Missing)...)
			rows = append(rows, difference("too many", f.Extra)...)
		}
	}
	for _, v := range f.Values {
		rows = append(rows, [2]string{v.Text, shown(v.Value)})
	}
	return rows
}

func difference(label string, elements []string) [][2]string {
	var rows [][2]string
	for i, e := range elements {
		if i == differenceLimit {
			return append(rows, [2]string{"", fmt.Sprintf("and %d more", len(elements)-i)})
		}
		if i > 0 {
			label = ""
		}
		rows = append(rows, [2]string{label, shown(e)})
	}
	return rows
}

// shown is a value as far as it is shown.
func shown(value string) string {
	if runes := []rune(value); len(runes) > valueLimit {
		return string(runes[:valueLimit]) + "…"
	}
	return value
}

// coverage writes how much of each file the tests reach.
func (p *page) coverage(files []eval.FileCoverage) {
	p.head("%s", "Lines that the tests reach")
	names := make([]string, len(files))
	total := eval.FileCoverage{File: "all"}
	for i, f := range files {
		names[i] = f.File
		total.Covered += f.Covered
		total.NotCovered += f.NotCovered
	}
	wide := widest(names, 60)
	for _, f := range append(files[:len(files):len(files)], total) {
		missing := ""
		if len(f.Missing) > 0 {
			missing = p.mild("not " + lineRanges(f.Missing))
		}
		p.line("  %s  %3d%%  %s", pad(f.File, wide), int(f.Percent()), missing)
	}
}

func lineRanges(ranges []eval.LineRange) string {
	parts := make([]string, len(ranges))
	for i, r := range ranges {
		parts[i] = fmt.Sprint(r.First)
		if r.Last > r.First {
			parts[i] = fmt.Sprintf("%d–%d", r.First, r.Last)
		}
	}
	return strings.Join(parts, ", ")
}

// testSummary counts tests by how they ended.
func testSummary(r *eval.TestReport) string {
	parts := []string{fmt.Sprintf("%d passed", r.Count(eval.TestPassed))}
	if n := r.Count(eval.TestFailed); n > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", n))
	}
	if n := r.Count(eval.TestErrored); n > 0 {
		parts = append(parts, count(n, "error", "errors"))
	}
	if n := r.Count(eval.TestSkipped); n > 0 {
		parts = append(parts, fmt.Sprintf("%d skipped", n))
	}
	return strings.Join(parts, ", ") + "."
}

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
