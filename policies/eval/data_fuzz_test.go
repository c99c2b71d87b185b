package eval_test

import (
	"context"
	"errors"
	"testing"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
)

// FuzzLoad loads whatever stands in a file: it works, or the error is Problems
// with the file's name.
func FuzzLoad(f *testing.F) {
	f.Add("x.yaml", "a: {b: 1, b: 2}\n---\nc")
	f.Add("x.yaml", "a: &a [*a]")
	f.Add("x.json", `{"a": [1, {"b": null}], "a": 2} 3`)
	f.Add("x.rego", "package access.a\n\ngrant contains {\"principal\": $\"user:{x}\"} if not data.a")
	f.Add("access/x.rego", "package acess\n\ngrant[x.y] contains 1 { every }")
	f.Fuzz(func(t *testing.T, name, content string) {
		switch name {
		case "x.yaml", "x.json", "x.rego", "access/x.rego":
		default:
			name = "x.yaml"
		}
		_, err := eval.Load(context.Background(), eval.Options{Roots: []string{root(t, name, content)}})
		var problems policies.Problems
		if err != nil && !errors.As(err, &problems) {
			t.Errorf("not Problems: %v", err)
		}
		for _, p := range problems {
			if p.File == "" || p.Text() == "" {
				t.Errorf("a problem without place or text: %+v", p)
			}
		}
	})
}
