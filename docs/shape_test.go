package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"strings"
	"testing"
)

// What a reader can hold in mind. A room that outgrows it is to be carved, not the
// bound to be raised.
const (
	mostFiles         = 29
	mostLines         = 400
	mostFunctionLines = 80
)

func TestRoomsFilesAndFunctionsStaySmall(t *testing.T) {
	files := map[string]int{}
	for file, source := range goFiles(t) {
		if strings.HasSuffix(file, "_test.go") || !strings.Contains(file, "/") {
			continue
		}
		files[path.Dir(file)]++
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, source, 0)
		if err != nil {
			t.Fatal(err)
		}
		line := func(p token.Pos) int { return set.Position(p).Line }
		if n := line(parsed.FileEnd); n > mostLines+1 {
			t.Errorf("%s has %d lines, want at most %d", file, n, mostLines)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				if n := line(f.End()) - line(f.Pos()) + 1; n > mostFunctionLines {
					t.Errorf("%s: %s has %d lines, want at most %d", file, f.Name.Name, n, mostFunctionLines)
				}
			}
		}
	}
	for room, n := range files {
		if n > mostFiles {
			t.Errorf("%s has %d files, want at most %d", room, n, mostFiles)
		}
	}
}
