package source

import (
	"cmp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// LibraryFunction is a function or value of the embedded library, as its
// METADATA describes it.
type LibraryFunction struct {
	// Name is with its package, "dutyward.user"; Signature also with its
	// arguments, "dutyward.user(key)".
	Name      string `json:"name"`
	Signature string `json:"signature"`
	// Title is a few words, Description says what it returns and when it is
	// undefined.
	Title       string `json:"title"`
	Description string `json:"description"`
}

// LibraryFunctions are the documented functions of the embedded library, by
// name. An error is a fault of this build.
func LibraryFunctions() ([]LibraryFunction, error) {
	modules, err := parseLibrary()
	if err != nil {
		return nil, err
	}
	out := []LibraryFunction{}
	for _, m := range modules {
		for _, r := range m.Rules {
			doc := documented(r)
			if doc == nil {
				continue
			}
			name := PackageName(m) + "." + string(r.Head.Name)
			out = append(out, LibraryFunction{
				Name: name, Signature: name + arguments(r.Head.Args), Title: doc.Title,
				Description: strings.TrimSpace(doc.Description),
			})
		}
	}
	slices.SortFunc(out, func(a, b LibraryFunction) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// documented is the METADATA of a rule; nil if it has none or is the library's
// own business.
func documented(r *ast.Rule) *ast.Annotations {
	if strings.HasPrefix(string(r.Head.Name), "_") {
		return nil
	}
	for _, a := range r.Annotations {
		if a.Scope == "rule" || a.Scope == "document" {
			return a
		}
	}
	return nil
}

func arguments(args ast.Args) string {
	if len(args) == 0 {
		return ""
	}
	names := make([]string, len(args))
	for i, a := range args {
		names[i] = a.String()
	}
	return "(" + strings.Join(names, ", ") + ")"
}
