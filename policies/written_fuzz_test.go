package policies

import (
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

// FuzzWrittenKeys reads the keys of objects from their source: of one that parses
// they are those that OPA finds, each as often as it is written.
func FuzzWrittenKeys(f *testing.F) {
	f.Add(`{"a": 1, "b": {"a": 2}, "c": [{"d": 1}]}`)
	f.Add(`{"a": "}", "b": "\"", "a": 2}`)
	f.Add("{\"a\": `\"}`, # \"c\": }\n\"b\": f(\"x\", {\"y\": 1})}")
	f.Add(`{"a": $"{x["k"]}: {y}", "b": $"\{"}`)
	f.Add(`{x: 1, "a" : 2, "b": "c" }`)
	f.Add(`{"a": {k: v | some k, v in {"a": 1}}}`)
	f.Add(`{`)
	f.Add(`{"`)
	f.Fuzz(func(t *testing.T, source string) {
		keys := writtenKeys([]byte(source))
		for _, k := range keys {
			if k.at <= 0 || k.at >= len(source) || source[k.at] != '"' {
				t.Fatalf("%q: key %q at %d", source, k.name, k.at)
			}
		}
		body, err := ast.ParseBodyWithOpts("x := "+source, parserOptions())
		if err != nil || source[0] != '{' || len(body) != 1 || len(body[0].Operands()) != 2 {
			return
		}
		object, ok := body[0].Operand(1).Value.(ast.Object)
		if !ok {
			return
		}
		found := map[string]bool{}
		for _, k := range keys {
			found[k.name] = true
			if object.Get(ast.StringTerm(k.name)) == nil {
				t.Errorf("%q: %q is no key of it", source, k.name)
			}
		}
		for _, k := range object.Keys() {
			if name, ok := k.Value.(ast.String); ok && !found[string(name)] && k.Location != nil && len(k.Location.Text) > 0 && k.Location.Text[0] == '"' {
				t.Errorf("%q: key %q is not found", source, string(name))
			}
		}
	})
}

// FuzzPlacesInJSON says where JSON goes wrong: somewhere in the file.
func FuzzPlacesInJSON(f *testing.F) {
	for _, seed := range []string{`{"a": 1,}`, "[\n1,\n]", `{"a": 'b'}`, "\xef\xbb\xbf{}", `{} {}`, `{"a": 1 // x`, "[1,\t", `{"a":1,"a":2}`, `,]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		one := &file{name: "x.json", path: "x.json", content: []byte(content)}
		r := newReport([]*file{one})
		checkJSON(one, r)
		for _, p := range r.problems {
			if p.Text() == "" || p.Line < 0 || p.Column < 0 || p.Line > 1+len(content) {
				t.Errorf("%q: %+v", content, p)
			}
			_ = p.String()
		}
	})
}
