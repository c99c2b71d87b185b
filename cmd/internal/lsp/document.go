package lsp

import (
	"regexp"
	"strings"

	"github.com/dutyward/dutyward/cmd/internal/lsp/checker"
	"github.com/dutyward/dutyward/inventory"
)

// document is an open file with a cursor in it, and what is known beside it. It is a
// copy: what is typed meanwhile does not reach it.
type document struct {
	uri, text string
	// lines are those of the text, n is the cursor's and at its place in that line.
	lines []string
	n, at int

	roots   []string
	rules   []checker.Rule
	groups  []checker.Group
	things  things
	unsaved map[string]string
}

func (s *Server) document(p documentParams) *document {
	unsaved := s.unsaved()
	s.mu.Lock()
	defer s.mu.Unlock()
	d := &document{
		uri: p.TextDocument.URI, text: s.buffers[p.TextDocument.URI], n: p.Position.Line,
		roots: s.last.Roots, rules: s.rules, groups: s.groups, things: s.things, unsaved: unsaved,
	}
	d.lines = strings.Split(strings.ReplaceAll(d.text, "\r\n", "\n"), "\n")
	d.at = byteOf(d.line(), p.Position.Character)
	return d
}

// line is the cursor's line; empty beyond the last.
func (d *document) line() string {
	if d.n < 0 || d.n >= len(d.lines) {
		return ""
	}
	return d.lines[d.n]
}

func (d *document) isRego() bool { return strings.HasSuffix(d.uri, ".rego") }

// inQuotes is the text in quotes around the cursor: its content and where it begins
// and ends in the line.
func (d *document) inQuotes() (text string, start, end int, ok bool) {
	start, end, ok = quoted(d.line(), d.at)
	if !ok {
		return "", 0, 0, false
	}
	return d.line()[start:end], start, end, true
}

// bare is the word around the cursor, for data without quotes: what stands between
// spaces, commas and brackets, or the whole value behind a dash or colon.
var bareValue = regexp.MustCompile(`[^\s,\[\]{}"'#:][^,\[\]{}"'#]*`)

func (d *document) bare() string {
	for _, span := range bareValue.FindAllStringIndex(d.line(), -1) {
		if d.at >= span[0] && d.at <= span[1] {
			text := strings.TrimPrefix(d.line()[span[0]:span[1]], "- ")
			if _, value, found := strings.Cut(text, ": "); found {
				text = value
			}
			return strings.TrimSpace(text)
		}
	}
	return ""
}

var headOfRule = regexp.MustCompile(`^([a-z_]+) contains\b`)

// rule is the contract rule around the cursor, and the line of its head.
func (d *document) rule() (name string, head int) {
	for n := min(d.n, len(d.lines)-1); n >= 0; n-- {
		line := d.lines[n]
		if m := headOfRule.FindStringSubmatch(line); m != nil {
			return m[1], n
		}
		if n < d.n && line != "" && !strings.ContainsAny(line[:1], " \t})]#") {
			return "", 0
		}
	}
	return "", 0
}

// field says where in the element of a rule the cursor stands: in the value of a
// field, or, with an empty name, where a field's name is written.
func (d *document) field(head int) (name string, inside bool) {
	frames := fieldScan(strings.Join(d.lines[head:d.n], "\n") + "\n" + d.line()[:d.at])
	if len(frames) == 0 {
		return "", false
	}
	top := frames[len(frames)-1]
	return top.key, top.open == '{' && len(frames) == 1
}

type frame struct {
	open byte
	// last is the text in quotes before, key that before the last colon.
	last, key string
}

// fieldScan are the brackets that are open at the end of a text of Rego.
func fieldScan(text string) []frame {
	var frames []frame
	for i := 0; i < len(text); i++ {
		top := &frame{}
		if len(frames) > 0 {
			top = &frames[len(frames)-1]
		}
		switch c := text[i]; c {
		case '#':
			for i < len(text) && text[i] != '\n' {
				i++
			}
		case '"':
			end := i + 1
			for end < len(text) && text[end] != '"' && text[end] != '\n' {
				if text[end] == '\\' {
					end++
				}
				end++
			}
			top.last = text[min(i+1, len(text)):min(end, len(text))]
			i = end
		case '{', '[', '(':
			frames = append(frames, frame{open: c})
		case '}', ']', ')':
			frames = frames[:max(0, len(frames)-1)]
		case ':':
			if i+1 == len(text) || text[i+1] != '=' {
				top.key = top.last
			}
		case ',':
			top.key = ""
		}
	}
	return frames
}

// libraryCall is a look-up of the library whose argument is being written.
var libraryCall = regexp.MustCompile(`\bdutyward\.(user|team|schedule)\($`)

// reference is what the text around the cursor names; ok is false if it names nothing
// by its form.
func (d *document) reference() (ref inventory.Ref, ok bool) {
	text, start, _, quotes := d.inQuotes()
	if !quotes {
		if d.isRego() {
			return inventory.Ref{}, false
		}
		text = d.bare()
	}
	if ref, err := inventory.ParseRef(text); err == nil && ref.Kind != inventory.KindAccount {
		return ref, true
	}
	if text == "" || !quotes {
		return inventory.Ref{}, false
	}
	if m := libraryCall.FindStringSubmatch(d.line()[:start-1]); m != nil {
		return inventory.Ref{Kind: inventory.Kind(m[1]), Name: text}, true
	}
	name, head := d.rule()
	if name == "" {
		return inventory.Ref{}, false
	}
	field, inside := d.field(head)
	if inside && (name == "member" && field == "group" || name == "group" && field == "name") {
		return inventory.Ref{Kind: inventory.KindGroup, Name: text}, true
	}
	return inventory.Ref{}, false
}

// group is the group of that name, if the policies have one.
func (d *document) group(name string) (checker.Group, bool) {
	for _, g := range d.groups {
		if g.Name == name {
			return g, true
		}
	}
	return checker.Group{}, false
}
