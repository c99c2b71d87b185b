package lsp

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// fix is a quick fix: what to write in place of what a problem found.
type fix struct {
	diagnostic diagnostic
	span       textRange
	text       string
}

// quotedText is a text in quotes, and names a name such as u.emial.
var (
	quotedText = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	names      = regexp.MustCompile(`[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*`)
)

// fixOf is the quick fix of a problem in a text, as an editor applies it.
func fixOf(p policies.Problem, d diagnostic, text string) (f fix, ok bool) {
	r, ok := RemedyOf(p, text)
	if !ok {
		return fix{}, false
	}
	return fix{diagnostic: d, span: spanOf(lineAt(text, r.Line-1), r.Line-1, r.Start, r.End), text: r.Text}, true
}

// Remedy is a part of one line, in bytes, and what to write in its place.
type Remedy struct {
	Line, Start, End int
	Text             string
}

// RemedyOf is the remedy of a problem that says exactly what is meant, in a text where
// what it found stands once; ok is false for all others.
func RemedyOf(p policies.Problem, text string) (r Remedy, ok bool) {
	was, meant, ok := replacement(p)
	if !ok || was == meant || p.Line == 0 {
		return Remedy{}, false
	}
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	last := p.Line
	if p.About != "" && p.Column == 0 { // the place is the rule's
		last = endOfRule(lines, p.Line)
	}
	for n := p.Line - 1; n < min(last, len(lines)); n++ {
		for _, at := range standing(lines[n], was) {
			switch {
			case p.Column > 0 && at < p.Column-1:
				continue
			case r.Line > 0 && p.Column > 0:
				return r, true // the first from its column on
			case r.Line > 0:
				return Remedy{}, false
			}
			r = Remedy{n + 1, at, at + len(was), meant}
		}
	}
	return r, r.Line > 0
}

// endOfRule is the line at which the rule that begins in a line ends.
func endOfRule(lines []string, line int) int {
	for n := line; n < len(lines); n++ {
		if text := lines[n]; text == "" || !strings.ContainsAny(text[:1], " \t})]") {
			return n
		}
	}
	return len(lines)
}

// replacement is what a problem found and what is meant by it.
func replacement(p policies.Problem) (was, meant string, ok bool) {
	meant = p.Suggestion
	if text, err := strconv.Unquote(meant); err == nil {
		meant = text
	} else if kind, name, found := strings.Cut(meant, ":"); found && p.About != "" {
		_, was, found = strings.Cut(p.About, ":")
		return was, name, found && inventory.Kind(kind) == inventory.Kind(kind).Thing()
	} else if names.FindString(meant) != meant {
		return "", "", false
	}
	if kind, ok := strings.CutSuffix(meant, ":…"); ok {
		was, ok = nearestFound(strings.ReplaceAll(p.Found, ":", `" "`), kind)
		return was, kind, ok
	}
	if meant == "" || strings.ContainsAny(meant, "…\n") {
		return "", "", false
	}
	was, ok = nearestFound(p.Found+" "+p.Message, meant)
	return was, meant, ok
}

// nearestFound is the part of what was found that is nearest to what is meant.
func nearestFound(found, meant string) (was string, ok bool) {
	var parts []string
	for _, q := range quotedText.FindAllString(found, -1) {
		if text, err := strconv.Unquote(q); err == nil {
			parts = append(parts, text)
		}
	}
	for _, name := range names.FindAllString(quotedText.ReplaceAllString(found, " "), -1) {
		parts = append(parts, name)
		if i := strings.LastIndexByte(name, '.'); i >= 0 {
			parts = append(parts, name[i+1:])
		}
	}
	return inventory.Nearest(meant, parts)
}

// standing are the places of a line where words stand, and no part of longer ones.
func standing(line, words string) []int {
	var at []int
	for from := 0; ; {
		i := strings.Index(line[from:], words)
		if i < 0 || words == "" {
			return at
		}
		i += from
		end := i + len(words)
		if !wordBefore(line[:i]) && !wordAfter(line[end:]) {
			at = append(at, i)
		}
		from = i + 1
	}
}

var (
	endsInWord   = regexp.MustCompile(`[\w-]$`)
	beginsInWord = regexp.MustCompile(`^[\w-]`)
)

func wordBefore(text string) bool { return endsInWord.MatchString(text) }
func wordAfter(text string) bool  { return beginsInWord.MatchString(text) }

// actions are the quick fixes in a range.
func (s *Server) actions(uri string, r textRange) []codeAction {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []codeAction{}
	for _, f := range s.fixes[uri] {
		if f.span.Start.Line > r.End.Line || f.span.End.Line < r.Start.Line {
			continue
		}
		a := codeAction{
			Title: fmt.Sprintf("Replace with %s", f.text), Kind: "quickfix",
			Diagnostics: []diagnostic{f.diagnostic}, IsPreferred: true,
		}
		a.Edit.Changes = map[string][]textEdit{uri: {{Range: f.span, NewText: f.text}}}
		out = append(out, a)
	}
	return out
}
