package eval

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/source"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// maxFailures is how many failures of one rule are reported one by one.
const maxFailures = 10

func (r *rule) failure(c code.Code, message string) policies.Failure {
	return policies.Failure{Code: c, Rule: r.contract.Name, Message: message, Origin: r.origin}
}

// failed is the failure of r by an error of its evaluation.
func (r *rule) failed(err error) policies.Failure {
	f := r.failure(codeFailed, "")
	f.File, f.Line, f.Texts, f.Message = failedIn(err)
	return f
}

// builtinFailures are the failures of builtins in r's evaluation, each
// message once.
func (r *rule) builtinFailures(errs []topdown.Error) []policies.Failure {
	var out []policies.Failure
	seen := map[string]bool{}
	for i := range errs {
		f := r.failed(&errs[i])
		if seen[f.Text()] {
			continue
		}
		seen[f.Text()] = true
		if len(seen) <= maxFailures {
			out = append(out, f)
		}
	}
	if more := len(seen) - maxFailures; more > 0 {
		out = append(out, r.failure(codeFailed, fmt.Sprintf("and %d more errors like these", more)))
	}
	return out
}

// ProblemOf is the failure of a rule as a problem, at the place that failed, with
// the row of data that what failed is from, where that can be known.
func (s *Set) ProblemOf(f policies.Failure) policies.Problem {
	p := policies.Problem{Code: f.Code, Message: f.Message, Expected: f.Expected, Suggestion: f.Suggestion, See: f.Row}
	if p.Expected != "" {
		return placed(p, f.Origin)
	}
	if f.File != "" {
		p.File, p.Line = f.File, f.Line
	}
	mendFailure(&p)
	return s.from(placed(p, f.Origin), f.Origin, f.Texts)
}

// ProblemAt is a problem with what a rule gave, at that rule. It names the row of
// data that the rule has the name from which it is about, where that can be known.
func (s *Set) ProblemAt(p policies.Problem, o policies.Origin) policies.Problem {
	var names []string
	if ref, err := inventory.ParseRef(p.About); err == nil {
		names = []string{cmp.Or(ref.Name, ref.ID)}
	}
	return s.from(placed(p, o), o, names)
}

// placed is a problem at an origin, if it has no place of its own.
func placed(p policies.Problem, o policies.Origin) policies.Problem {
	if p.File == "" {
		p.File, p.Line = o.File, o.Line
	}
	return p
}

// from adds to a problem the first row that a rule may have one of the texts from.
func (s *Set) from(p policies.Problem, o policies.Origin, texts []string) policies.Problem {
	for _, text := range texts {
		if row := s.rowWith(o, text); row != "" {
			p.See = cmp.Or(p.See, row)
			said, rest, more := strings.Cut(p.Message, "; ")
			p.Message = said + ", from " + row
			if more {
				p.Message += "; " + rest
			}
			break
		}
	}
	return p
}

var (
	unknownZoneError = regexp.MustCompile(`unknown time zone (.+)$`)
	timeError        = regexp.MustCompile(`parse_rfc3339_ns: parsing time "([^"]*)"`)
	layoutError      = regexp.MustCompile(`parse_ns: parsing time "[^"]*" as "([^"]*)"`)
)

// mendFailure adds how a failure is fixed.
func mendFailure(p *policies.Problem) {
	if m := unknownZoneError.FindStringSubmatch(p.Message); m != nil {
		if zone, unknown := contract.UnknownZone(m[1]); unknown {
			p.Expected, p.Suggestion = zone.Expected, zone.Suggestion
		}
		return
	}
	if strings.Contains(p.Message, "time outside of valid range") {
		p.Expected = "a time from 1677-09-21 to 2262-04-11: OPA's own functions know no other; dutyward.within(from, until) and the fields from and until do"
		return
	}
	if m := timeError.FindStringSubmatch(p.Message); m != nil {
		if c := contract.Moment("time", contract.Value{Typ: "string", Text: m[1], Whole: true}, contract.Element{}); c != nil {
			p.Expected, p.Suggestion = c.Expected, c.Suggestion
			if why := contract.NoMoment(m[1]); why != "" {
				p.Message = p.Message[:strings.Index(p.Message, "time.parse_rfc3339_ns: ")] + strconv.Quote(m[1]) + ", " + why
			}
		}
		return
	}
	if m := layoutError.FindStringSubmatch(p.Message); m != nil {
		p.Expected = fmt.Sprintf("a text in the form of the layout, which is written as Go writes it, by example: %q is 2 January 2006", m[1])
		if !strings.Contains(m[1], "06") {
			p.Expected = "a layout as Go writes it, by example: 2006-01-02 15:04:05"
		}
		return
	}
	p.Expected = source.HowToMend(p.Message, "")
}

// errorText is an evaluation error as an author wants it: where it happened in
// their own policies, what was evaluated, and what went wrong.
func errorText(err error) string {
	file, line, _, message := failedIn(err)
	return policies.Failure{Code: codeFailed, File: file, Line: line, Message: message}.Text()
}

// failedIn takes an evaluation error apart: where it happened, the texts that the
// function was called with, and what was evaluated and went wrong.
func failedIn(err error) (file string, line int, texts []string, message string) {
	var e *topdown.Error
	if !errors.As(err, &e) {
		return "", 0, nil, err.Error()
	}
	what := ""
	for _, f := range e.StackTrace {
		if f.Location != nil && f.Location.File != "" && !strings.HasPrefix(f.Location.File, source.LibraryDir+"/") {
			file, line = f.Location.File, f.Location.Row
			what = strings.TrimPrefix(strings.TrimPrefix(f.String(), fmt.Sprintf("%s:%d", file, line)), ": ")
			texts = calledWith(what)
			if what != "" {
				what += ": "
			}
			break
		}
	}
	if file == "" && e.Location != nil {
		file, line = e.Location.File, e.Location.Row
	}
	if m := libraryError.FindStringSubmatch(e.Message); m != nil {
		if text, err := strconv.Unquote(m[1]); err == nil {
			return file, line, texts, what + strings.TrimPrefix(text, "dutyward: ")
		}
	}
	return file, line, texts, what + answers.ReplaceAllString(strings.Join(strings.Fields(e.Message), " "), "$1 and ")
}

// called is a call as Rego writes it, quoted a text in it.
var (
	called = regexp.MustCompile(`^[\w.]+\((.*)\)$`)
	quoted = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)
)

// calledWith are the texts in the arguments of a call; none of any other expression.
func calledWith(expression string) []string {
	m := called.FindStringSubmatch(expression)
	if m == nil {
		return nil
	}
	var texts []string
	for _, q := range quoted.FindAllStringSubmatch(m[1], -1) {
		texts = append(texts, q[1])
	}
	return texts
}

// answers is the gap between two answers of one rule, each at its place.
var answers = regexp.MustCompile(`( at \S+\.rego:\d+) `)

// libraryError is how an error that the library raises itself comes out of the
// builtin that it uses for it.
var libraryError = regexp.MustCompile(`("dutyward: .*"): invalid syntax`)
