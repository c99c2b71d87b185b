package docs_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"
)

// TestTheSnapshotsReferenceIsCurrent holds docs/reference/snapshot.md to the
// doc comments and JSON tags of inventory's types: go test ./docs -update.
func TestTheSnapshotsReferenceIsCurrent(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../inventory/snapshot.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	b.WriteString("# The snapshot\n\n<!-- Written by go test ./docs -update from inventory/snapshot.go. -->\n\n" +
		"What `dutyward snapshot` prints, and what policies see as `input`. Every key is always\n" +
		"present; collections are empty rather than null; maps are keyed by PagerDuty id, and\n" +
		"what refers to something is its id. Times are RFC 3339 in UTC, to the second. A scalar\n" +
		"is null only where the last column says so.\n")
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE {
			continue
		}
		for _, spec := range gen.Specs {
			if typ := spec.(*ast.TypeSpec); typ.Type != nil {
				writeType(&b, typ.Name.Name, sentence(gen.Doc), typ.Type.(*ast.StructType))
			}
		}
	}
	current(t, "reference/snapshot.md", b.Bytes())
}

func writeType(b *bytes.Buffer, name, about string, s *ast.StructType) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n| key | type | | null |\n| --- | --- | --- | --- |\n", name, about)
	for _, f := range s.Fields.List {
		key := reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json")
		_, nullable := f.Type.(*ast.StarExpr)
		null := ""
		if nullable {
			null = "may be"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", key, jsonType(f.Type), sentence(f.Doc), null)
	}
}

// jsonType is a Go type as it looks in JSON.
func jsonType(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.StarExpr:
		return jsonType(x.X)
	case *ast.ArrayType:
		return "list of " + jsonType(x.Elt)
	case *ast.MapType:
		return "map to " + jsonType(x.Value)
	case *ast.SelectorExpr:
		return "time"
	case *ast.Ident:
		switch x.Name {
		case "string":
			return "text"
		case "int", "float64":
			return "number"
		case "bool":
			return "true or false"
		case "Ref":
			return "reference"
		}
		return fmt.Sprintf("[%s](#%s)", x.Name, strings.ToLower(x.Name))
	}
	return "?"
}

func sentence(c *ast.CommentGroup) string {
	if c == nil {
		return ""
	}
	return strings.ReplaceAll(strings.Join(strings.Fields(c.Text()), " "), "|", "\\|")
}

// current holds a generated page to what it should say.
func current(t *testing.T, page string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(page, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(page)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not current (%v): go test ./docs -update", page, err)
	}
}
