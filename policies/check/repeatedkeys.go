package check

import (
	"bytes"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies/source"
)

const codeDuplicateKey code.Code = "rego/duplicate-key"

var repeatedKeys = Analyzer{
	Local: true,
	Name:  "repeated-keys",
	Doc:   "keys that stand twice in one object",
	Run:   checkRepeatedKeys,
	Pages: code.Pages{
		{
			Code:    codeDuplicateKey,
			Title:   "A key stands twice in one object of Rego",
			Means:   "An object that is written out has the same key two times.",
			Why:     "Rego keeps one of the two values, silently.",
			Do:      "Keep one.",
			Example: "grant contains {\"principal\": \"user:a@acme.com\", \"principal\": \"user:b@acme.com\", …}  # two grants",
		},
	},
}

// checkRepeatedKeys refuses a key that stands twice in one object: Rego keeps
// one of the two values, silently.
func checkRepeatedKeys(p *source.Pass) {
	for _, f := range p.Files {
		module := p.Modules.Parsed[f.Name]
		if module == nil {
			continue
		}
		ast.WalkTerms(module, func(t *ast.Term) bool {
			_, isObject := t.Value.(ast.Object)
			if isObject && t.Location != nil && t.Location.Offset < len(f.Content) {
				keysIn(f, t.Location.Offset, p.Report)
			}
			return false
		})
	}
}

// keysIn reports the keys that the object at an offset has twice.
func keysIn(f *source.File, at int, r *source.Report) {
	first := map[string]int{}
	for _, k := range writtenKeys(f.Content[at:]) {
		line, column := f.Place(int64(at + k.at))
		if before, again := first[k.name]; again {
			firstLine, _ := f.Place(int64(at + before))
			r.Add(source.DuplicateKey(codeDuplicateKey, f, k.name, line, column, firstLine))
			continue
		}
		first[k.name] = k.at
	}
}

type writtenKey struct {
	name string
	at   int
}

// writtenKeys are the keys that are texts, as they are written, of the object
// that a source begins with; none where it begins with anything else.
func writtenKeys(source []byte) []writtenKey {
	if len(source) == 0 || source[0] != '{' {
		return nil
	}
	var keys []writtenKey
	depth, begins := 0, false
	for i := 0; i < len(source); {
		switch c := source[i]; c {
		case '{', '[', '(':
			depth++
			begins = depth == 1
			i++
		case '}', ']', ')':
			if depth--; depth == 0 {
				return keys
			}
			i++
		case ',':
			begins = begins || depth == 1
			i++
		case ' ', '\t', '\r', '\n', '#':
			i += blank(source[i:])
		default:
			end := i + 1
			if quoted := quotedEnd(source[i:]); quoted > 0 {
				end = i + quoted
				if name, ok := keyAt(source[i:end], source[end:]); ok && begins && depth == 1 {
					keys = append(keys, writtenKey{name, i})
				}
			}
			begins, i = false, end
		}
	}
	return nil
}

// blank is the length of the space or comment that a source begins with.
func blank(source []byte) int {
	if source[0] != '#' {
		return 1
	}
	if end := bytes.IndexByte(source, '\n'); end >= 0 {
		return end
	}
	return len(source)
}

// keyAt reads a text as a key, which a colon follows.
func keyAt(text, rest []byte) (string, bool) {
	if text[0] != '"' || !bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(":")) {
		return "", false
	}
	name, err := strconv.Unquote(string(text))
	return name, err == nil
}

// quotedEnd is the length of the string or template that a source begins with;
// 0 where it begins with neither.
func quotedEnd(source []byte) int {
	start := 0
	template := source[0] == '$'
	if template {
		start = 1
	}
	if start >= len(source) || source[start] != '"' && source[start] != '`' {
		return 0
	}
	quote := source[start]
	for i := start + 1; i < len(source); i++ {
		switch {
		case source[i] == quote:
			return i + 1
		case source[i] == '\\' && quote == '"':
			i++
		case source[i] == '{' && template:
			i += bracesEnd(source[i:]) - 1
		}
	}
	return len(source)
}

// bracesEnd is the length of the expression in braces that a source begins with.
func bracesEnd(source []byte) int {
	depth := 0
	for i := 0; i < len(source); i++ {
		switch c := source[i]; c {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"', '`', '$':
			if n := quotedEnd(source[i:]); n > 0 {
				i += n - 1
			}
		}
	}
	return len(source)
}
