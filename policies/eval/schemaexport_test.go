package eval_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/check/typed"
	"github.com/dutyward/dutyward/policies/source"
)

func exportedSchemas(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := typed.ExportSchemas(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func exportedSchema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(exportedSchemas(t), name))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestStockOPAFindsMisspeltFieldsByTheExportedSchema compiles as `opa check
// --schema input.json` does.
func TestStockOPAFindsMisspeltFieldsByTheExportedSchema(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(exportedSchemas(t), "input.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	schemas := ast.NewSchemaSet()
	schemas.Put(ast.SchemaRootRef, schema)
	for name, tc := range map[string]struct{ body, want string }{
		"what is there":               {`some u in input.users; u.email; some m in u.contact_methods; m.type; input.account.window.since`, ""},
		"what may be null":            {`some t in input.teams; t.parent == null; some c in input.on_calls; c.schedule != ""`, ""},
		"a field of what may be null": {`some s in input.schedules; some x in s.shifts; x.origin.kind == "layer"; some l in s.layers; l.end < "2030"`, ""},
		"an element that may be null": {`some s in input.schedules; some r in s.rotations; some e in r.events; some m in e.assignment.members; startswith(m, "P")`, ""},
		"a field of a user":           {`some u in input.users; u.emial`, "emial"},
		"through a reference":         {`input.users[_].emial`, "emial"},
		"in a list":                   {`some u in input.users; some m in u.contact_methods; m.tpye`, "tpye"},
		"a key of the input":          {`input.usres`, "usres"},
		"a field of a shift":          {`some s in input.schedules; some x in s.shifts; x.usr`, "usr"},
		"of desired access":           {`some g in input.desired.grants; g.untl`, "untl"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := ast.ParseModule("a.rego", "package access.a\n\ngroup contains {\"name\": \"x\"} if { "+tc.body+" }\n")
			if err != nil {
				t.Fatal(err)
			}
			c := ast.NewCompiler().WithSchemas(schemas)
			c.Compile(map[string]*ast.Module{"a.rego": m})
			got := ""
			if c.Failed() {
				got = c.Errors.Error()
			}
			if (tc.want == "") != (got == "") || !strings.Contains(got, tc.want) {
				t.Errorf("OPA says %q, want %q in it", got, tc.want)
			}
		})
	}
}

func TestASnapshotConformsToTheExportedSchema(t *testing.T) {
	schema := exportedSchema(t, "input.json")
	for _, seed := range []string{"../../examples/company/seed.json", "../../examples/starter/seed.json"} {
		f, err := os.Open(seed)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		s, err := inventory.Decode(f)
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if err := s.Encode(&text); err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(&text)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v", seed, err)
		}
		doc.(map[string]any)["more"] = true
		if schema.Validate(doc) == nil {
			t.Errorf("%s: a key that the input never has is let through", seed)
		}
	}
}

func TestTheExportedSchemaOfAGrantIsTheContracts(t *testing.T) {
	schema := exportedSchema(t, "grant.json")
	good := map[string]any{"principal": "user:ann@acme.com", "resource": "team:Payments", "role": "manager", "until": "2026-12-01T09:00:00Z"}
	if err := schema.Validate(good); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(map[string]any){
		"on for resource": func(m map[string]any) { m["on"] = m["resource"]; delete(m, "resource") },
		"no role":         func(m map[string]any) { delete(m, "role") },
		"a role misspelt": func(m map[string]any) { m["role"] = "managr" },
	} {
		t.Run(name, func(t *testing.T) {
			bad := maps.Clone(good)
			change(bad)
			if schema.Validate(bad) == nil {
				t.Errorf("%v is let through", slices.Sorted(maps.Keys(bad)))
			}
		})
	}
}

// TestStockOPAHasNothingToSayOfRecipesAndExamples compiles them as `opa check
// --schema input.json policies lib` does.
func TestStockOPAHasNothingToSayOfRecipesAndExamples(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(exportedSchemas(t), "input.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	schemas := ast.NewSchemaSet()
	schemas.Put(ast.SchemaRootRef, schema)
	library := t.TempDir()
	if err := source.ExportLibrary(library); err != nil {
		t.Fatal(err)
	}
	sets := map[string]map[string]string{"company": regoIn(t, "../../examples/company/policies"), "starter": regoIn(t, "../../examples/starter/policies")}
	recipes, err := os.ReadFile("../../docs/recipes.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range strings.Split(string(recipes), "\n## ")[1:] {
		title, _, _ := strings.Cut(section, "\n")
		sets[title] = map[string]string{}
		for _, m := range regexp.MustCompile("(?s)<!-- file (\\S+\\.rego) -->\n```rego\n(.*?)```").FindAllStringSubmatch(section, -1) {
			sets[title][m[1]] = m[2]
		}
	}
	for title, files := range sets {
		t.Run(title, func(t *testing.T) {
			if len(files) == 0 {
				t.Fatal("no policies")
			}
			modules := map[string]*ast.Module{}
			for _, all := range []map[string]string{files, regoIn(t, library)} {
				for name, source := range all {
					m, err := ast.ParseModule(name, source)
					if err != nil {
						t.Fatal(err)
					}
					modules[name] = m
				}
			}
			c := ast.NewCompiler().WithSchemas(schemas)
			c.Compile(modules)
			for _, e := range c.Errors {
				t.Error(e)
			}
		})
	}
}

// regoIn are the policies in a directory by their paths.
func regoIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".rego" {
			return err
		}
		text, err := os.ReadFile(path)
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
