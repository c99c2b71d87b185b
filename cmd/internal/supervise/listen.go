//go:build unix

package supervise

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"strconv"
	"strings"
)

// What the command tells its supervisor are lines that begin with mark and a letter;
// all others are what libraries and the Go runtime say.
const (
	mark          = "\x00"
	tellSecret    = 's' // a secret that it came to know
	tellMemory    = 'm' // the bound on memory
	tellEntered   = 'e' // a section of the guard's
	tellLeft      = 'l'
	tellRuleBegan = 'b'
	tellRuleEnded = 'd'
)

// mostTrace is how much is kept of a trace, whose beginning says what happened.
const mostTrace = 1 << 20

// listen follows what the command says until its end. What the runtime says at that
// is kept; what libraries say before is passed on at once.
func (s *supervisor) listen(from io.Reader) {
	for lines := bufio.NewReaderSize(from, 64<<10); ; {
		line, err := lines.ReadSlice('\n')
		switch {
		case bytes.HasPrefix(line, []byte(mark)) && len(line) > 2:
			text, wrong := strconv.Unquote(strings.TrimSuffix(string(line[2:]), "\n"))
			if wrong == nil {
				s.told(line[1], text)
			}
		case len(s.trace) > 0 || isTrace(line):
			s.trace = append(s.trace, line[:min(len(line), mostTrace-len(s.trace))]...)
		default:
			_, _ = s.out.Write(line) // nobody reads it
		}
		if err != nil && err != bufio.ErrBufferFull {
			return
		}
	}
}

// isTrace says that with a line the runtime begins to say why it ends the process.
func isTrace(line []byte) bool {
	for _, start := range []string{"panic: ", "fatal error: ", "runtime: ", "SIGQUIT: ", "SIGABRT: ", "unexpected fault ", "unexpected signal ", "fatal: "} {
		if bytes.HasPrefix(line, []byte(start)) {
			return true
		}
	}
	return false
}

func (s *supervisor) told(what byte, text string) {
	switch what {
	case tellSecret:
		s.secrets.Add(text)
	case tellMemory:
		s.memory, _ = strconv.ParseInt(text, 10, 64) // as it was written
	case tellEntered:
		s.sections = append(s.sections, text)
	case tellLeft:
		s.sections = without(s.sections, text)
	case tellRuleBegan:
		s.rules = append(s.rules, text)
	case tellRuleEnded:
		s.rules = without(s.rules, text)
	}
}

// without is a list without one of those that are like text.
func without(list []string, text string) []string {
	if i := slices.Index(list, text); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}
