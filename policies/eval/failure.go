package eval

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/source"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// maxFailures is how many failures of one rule are told one by one.
const maxFailures = 10

func (r *rule) failure(message string) policies.Failure {
	return policies.Failure{Rule: r.contract.Name, Message: message, Origin: r.origin}
}

// builtinFailures are the failures of builtins in r's evaluation, each
// message once.
func (r *rule) builtinFailures(errs []topdown.Error) []policies.Failure {
	var out []policies.Failure
	seen := map[string]bool{}
	for i := range errs {
		text := errorText(&errs[i])
		if seen[text] {
			continue
		}
		seen[text] = true
		if len(seen) <= maxFailures {
			out = append(out, r.failure(text))
		}
	}
	if more := len(seen) - maxFailures; more > 0 {
		out = append(out, r.failure(fmt.Sprintf("and %d more errors like these", more)))
	}
	return out
}

// failedAt is the place that the message of a failed function begins with.
var failedAt = regexp.MustCompile(`^([^:\s]+\.rego):(\d+): `)

// missingName is the name in a message about a thing that there is not, failedCall
// the call in one about a function that failed.
var (
	missingName = regexp.MustCompile(`(?:^|: )[a-z]+(?:@\d+)?:#?(.+?) (?:does not exist|has no (?:account|layer|event)|is no account|stands for)`)
	failedCall  = regexp.MustCompile(`^[\w.]+\((.*)\): `)
	quotedText  = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)
)

// ProblemAt is a message about what a rule gave as a problem, at the place that
// it begins with, if it is that of a failed function, or else at the rule. It
// names the row of data that the rule has the name or the argument from, where
// that can be told.
func (s *Set) ProblemAt(message string, o policies.Origin, warning bool) policies.Problem {
	p := problemAt(message, o, warning)
	var texts []string
	if m := missingName.FindStringSubmatch(message); m != nil {
		texts = m[1:]
	} else if m := failedCall.FindStringSubmatch(p.Message); m != nil {
		for _, quoted := range quotedText.FindAllStringSubmatch(m[1], -1) {
			texts = append(texts, quoted[1])
		}
	}
	for _, text := range texts {
		if row := s.rowWith(o, text); row != "" {
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

func problemAt(message string, o policies.Origin, warning bool) policies.Problem {
	p := policies.Problem{File: o.File, Line: o.Line, Message: message, Warning: warning}
	if m := failedAt.FindStringSubmatch(message); m != nil {
		p.File, p.Message = m[1], message[len(m[0]):]
		p.Line, _ = strconv.Atoi(m[2])
	}
	mendFailure(&p)
	return p
}

var (
	unknownZoneError = regexp.MustCompile(`unknown time zone (.+)$`)
	timeError        = regexp.MustCompile(`parse_rfc3339_ns: parsing time "([^"]*)"`)
	layoutError      = regexp.MustCompile(`parse_ns: parsing time "[^"]*" as "([^"]*)"`)
)

// mendFailure adds how a failure is mended.
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
	var e *topdown.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	frame := ""
	for _, f := range e.StackTrace {
		if f.Location != nil && f.Location.File != "" && !strings.HasPrefix(f.Location.File, source.LibraryDir+"/") {
			frame = f.String() + ": "
			break
		}
	}
	if frame == "" && e.Location != nil {
		frame = fmt.Sprintf("%s:%d: ", e.Location.File, e.Location.Row)
	}
	if m := libraryError.FindStringSubmatch(e.Message); m != nil {
		if text, err := strconv.Unquote(m[1]); err == nil {
			return frame + strings.TrimPrefix(text, "dutyward: ")
		}
	}
	return frame + answers.ReplaceAllString(strings.Join(strings.Fields(e.Message), " "), "$1 and ")
}

// answers is the gap between two answers of one rule, each at its place.
var answers = regexp.MustCompile(`( at \S+\.rego:\d+) `)

// libraryError is how an error that the library raises itself comes out of the
// builtin that it uses for it.
var libraryError = regexp.MustCompile(`("dutyward: .*"): invalid syntax`)
