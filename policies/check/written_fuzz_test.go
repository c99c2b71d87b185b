package check

import (
	"testing"

	"github.com/dutyward/dutyward/policies/source"
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
	f.Fuzz(func(t *testing.T, text string) {
		keys := writtenKeys([]byte(text))
		for _, k := range keys {
			if k.at <= 0 || k.at >= len(text) || text[k.at] != '"' {
				t.Fatalf("%q: key %q at %d", text, k.name, k.at)
			}
		}
		body, err := ast.ParseBodyWithOpts("x := "+text, source.ParserOptions())
		if err != nil || text[0] != '{' || len(body) != 1 || len(body[0].Operands()) != 2 {
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
				t.Errorf("%q: %q is no key of it", text, k.name)
			}
		}
		for _, k := range object.Keys() {
			if name, ok := k.Value.(ast.String); ok && !found[string(name)] && k.Location != nil && len(k.Location.Text) > 0 && k.Location.Text[0] == '"' {
				t.Errorf("%q: key %q is not found", text, string(name))
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
		one := &source.File{Name: "x.json", Path: "x.json", Content: []byte(content)}
		r := source.NewReport([]*source.File{one})
		source.CheckJSON(one, r)
		for _, p := range r.Problems {
			if p.Text() == "" || p.Line < 0 || p.Column < 0 || p.Line > 1+len(content) {
				t.Errorf("%q: %+v", content, p)
			}
			_ = p.String()
		}
	})
}
