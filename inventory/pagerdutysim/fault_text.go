package pagerdutysim

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// FaultSyntax explains the text that ParseFault reads.
const FaultSyntax = `WHAT[:WHERE[:TIMES[@AFTER]]]
WHAT   latency=200ms, 429, 429=5s (the window's end), 429-bare (no headers), 400, 403, 408, 500, 502, 503, 504,
       cut, truncate, malformed, html, blank, keyless, null, empty, half, stale=30s, stale=3 (reads), shift, total=-1, lock,
       rendering, unrendered, nobody, revoked;
       an error or cut followed by -late carries the request out first
WHERE  a method, a path or both: "GET /users", "PUT /teams/{id}/users/{id}", "GET /teams/PABC123/*"
TIMES  how many requests it befalls, 1 by default (revoked: all); * for all
AFTER  how many matching requests pass first`

// ParseFault reads a fault from text, as "429:GET /users:2": see FaultSyntax.
func ParseFault(text string) (Fault, error) {
	parts := strings.Split(text, ":")
	if len(parts) > 3 {
		return Fault{}, faultError(text, "it has more than three parts")
	}
	f, problem := parseWhat(parts[0])
	if problem == "" && len(parts) > 1 {
		problem = f.parseWhere(strings.TrimSpace(parts[1]))
	}
	if problem == "" && len(parts) > 2 {
		problem = f.parseTimes(parts[2])
	}
	if problem != "" {
		return Fault{}, faultError(text, problem)
	}
	return f, nil
}

func faultError(text, problem string) error {
	return fmt.Errorf("%q is not a fault: %s. Expected %s", text, problem, FaultSyntax)
}

func parseWhat(text string) (Fault, string) {
	what, value, valued := strings.Cut(strings.TrimSpace(text), "=")
	what, late := strings.CutSuffix(what, "-late")
	what, bare := strings.CutSuffix(what, "-bare")
	f := Fault{Kind: FaultKind(what), Late: late, Bare: bare}
	if status, err := strconv.Atoi(what); err == nil {
		if !orderable(status) {
			return f, fmt.Sprintf("%d can't be ordered: 400, 403, 408, 429 and 5xx can", status)
		}
		f.Kind, f.Status = FaultStatus, status
	}
	problem := f.parseValue(what, value, valued)
	switch {
	case problem != "":
	case late && f.Kind != FaultStatus && f.Kind != FaultCut:
		problem = what + " can't be late"
	case bare && f.Status != http.StatusTooManyRequests:
		problem = "only 429 can be bare"
	}
	return f, problem
}

func orderable(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	}
	return status >= 500 && status <= 599
}

func (f *Fault) parseValue(what, value string, valued bool) string {
	var err error
	switch f.Kind {
	case FaultLatency:
		f.Duration, err = time.ParseDuration(value)
	case FaultStale:
		if f.Reads, err = strconv.Atoi(value); err != nil {
			f.Reads = 0
			f.Duration, err = time.ParseDuration(value)
		}
	case FaultTotal:
		f.Delta, err = strconv.Atoi(value)
	case FaultStatus:
		if f.Status == 0 {
			return fmt.Sprintf("there is no fault %q: a status is ordered by its number", what)
		}
		if valued && f.Status == http.StatusTooManyRequests {
			f.Duration, err = time.ParseDuration(value)
			break
		}
		if valued {
			return what + " takes no value"
		}
	case FaultRevoked:
		f.Times = -1
		fallthrough
	case FaultCut, FaultTruncate, FaultMalformed, FaultShift, FaultLicenseLock, FaultRendering,
		FaultHTML, FaultBlank, FaultKeyless, FaultNull, FaultEmpty, FaultHalf, FaultUnrendered, FaultNobody:
		if valued {
			return what + " takes no value"
		}
	default:
		return fmt.Sprintf("there is no fault %q", what)
	}
	if err != nil || f.Duration < 0 || f.Reads < 0 {
		return fmt.Sprintf("%q is not a value for %s", value, what)
	}
	return ""
}

func (f *Fault) parseWhere(where string) string {
	method, path, both := strings.Cut(where, " ")
	switch {
	case where == "":
	case both:
		f.Method, f.Path = method, strings.TrimSpace(path)
	case strings.HasPrefix(where, "/"):
		f.Path = where
	default:
		f.Method = where
	}
	switch f.Method {
	case "", http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete:
	default:
		return fmt.Sprintf("%q is not a method that the API knows", f.Method)
	}
	if f.Path != "" && !strings.HasPrefix(f.Path, "/") {
		return fmt.Sprintf("the path %q does not begin with '/'", f.Path)
	}
	return ""
}

func (f *Fault) parseTimes(text string) string {
	times, after, delayed := strings.Cut(strings.TrimSpace(text), "@")
	if times == "*" {
		f.Times = -1
	} else if n, err := strconv.Atoi(times); err == nil && n > 0 {
		f.Times = n
	} else if times != "" || !delayed {
		return fmt.Sprintf("%q is not a number of times", times)
	}
	if delayed {
		n, err := strconv.Atoi(after)
		if err != nil || n < 0 {
			return fmt.Sprintf("%q is not a number of requests", after)
		}
		f.After = n
	}
	return ""
}
