package policies

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/topdown"
)

// maxFailures is how many failures of one rule are told one by one.
const maxFailures = 10

func (r *rule) failure(message string) Failure {
	return Failure{Rule: r.contract.name, Message: message, Origin: r.origin}
}

// builtinFailures are the failures of builtins in r's evaluation, each
// message once.
func (r *rule) builtinFailures(errs []topdown.Error) []Failure {
	var out []Failure
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

// errorText is an evaluation error as an author wants it: where it happened in
// their own policies, what was evaluated, and what went wrong.
func errorText(err error) string {
	var e *topdown.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	frame := ""
	for _, f := range e.StackTrace {
		if f.Location != nil && f.Location.File != "" && !strings.HasPrefix(f.Location.File, libraryDir+"/") {
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
	return frame + strings.Join(strings.Fields(e.Message), " ")
}

// libraryError is how an error that the library raises itself comes out of the
// builtin that it uses for it.
var libraryError = regexp.MustCompile(`("dutyward: .*"): invalid syntax`)
