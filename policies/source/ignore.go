package source

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
)

// ignoring is a comment that ignores warnings: codes with commas between, and perhaps
// a reason.
var ignoring = regexp.MustCompile(`^\s*dutyward:ignore(?:\s+(\S.*))?$`)

// Ignores are those that stand in comments of policies and of YAML.
func (p *Pass) Ignores() policies.Ignores {
	var out policies.Ignores
	for _, f := range p.Files {
		if !bytes.Contains(f.Content, []byte("dutyward:ignore")) {
			continue
		}
		switch module := p.Modules.Parsed[f.Name]; {
		case module != nil:
			for _, c := range module.Comments {
				out = append(out, f.ignores(string(c.Text), c.Location.Row, c.Location.Col)...)
			}
		case f.isYAML():
			n := 0
			for line := range bytes.Lines(f.Content) {
				n++
				if column, text, ok := yamlComment(string(line)); ok {
					out = append(out, f.ignores(text, n, column)...)
				}
			}
		}
	}
	return out
}

// yamlComment is the comment that ends a line of YAML, and its column.
func yamlComment(line string) (column int, text string, ok bool) {
	line = strings.TrimRight(line, "\r\n")
	for i, c := range line {
		if c == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') && ignoring.MatchString(line[i+1:]) {
			return i + 1, line[i+1:], true
		}
	}
	return 0, "", false
}

// ignores are those of one comment.
func (f *File) ignores(comment string, line, column int) policies.Ignores {
	m := ignoring.FindStringSubmatch(strings.TrimRight(comment, "\r"))
	if m == nil {
		return nil
	}
	next := 0
	if strings.TrimSpace(f.line(line)[:min(column-1, len(f.line(line)))]) == "" {
		next = f.below(line)
	}
	codes, _, _ := strings.Cut(m[1], " ")
	var out policies.Ignores
	for c := range strings.SplitSeq(codes, ",") {
		out = append(out, policies.Ignore{Code: code.Code(strings.TrimSpace(c)), File: f.Name, Line: line, Column: column, Comment: true, Next: next})
	}
	return out
}

// below is the first line below another that holds more than a comment; 0 if there is
// none.
func (f *File) below(line int) int {
	for n, last := line+1, 1+bytes.Count(f.Content, []byte("\n")); n <= last; n++ {
		if text := strings.TrimSpace(f.line(n)); text != "" && !strings.HasPrefix(text, "#") {
			return n
		}
	}
	return 0
}
