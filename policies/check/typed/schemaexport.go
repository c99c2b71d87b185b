package typed

import (
	"encoding"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
)

// object is a JSON schema, or a part of one.
type object = map[string]any

// anyKey stands for all keys of a map in a schema. OPA's type checker does not
// read additionalProperties, and knows the values of a map only by a property.
const anyKey = "ANY_ID_OR_NAME"

// ExportSchemas writes JSON schemas to a directory: input.json is the policies'
// input as `opa check --schema` and editors understand it, and one file each for
// the elements of the contract rules, for data that is written in their form.
// They are made from the types that the program itself goes by. It returns the
// files' names.
func ExportSchemas(dir string) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("export schemas: %w", err)
	}
	var names []string
	write := func(name string, schema object) error {
		schema["$schema"] = "http://json-schema.org/draft-07/schema#"
		text, err := json.MarshalIndent(schema, "", "  ")
		if err != nil {
			return fmt.Errorf("export schemas: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), append(text, '\n'), 0o644); err != nil {
			return fmt.Errorf("export schemas: %w", err)
		}
		names = append(names, name)
		return nil
	}
	input := schemaOf(reflect.TypeFor[inputDocument]())
	// Groups have the names that policies give them, and are asked for by name.
	groups := input["properties"].(object)["groups"].(object)
	delete(groups, "properties")
	input["title"] = "The input of Dutyward's policies"
	// What only risk policies see is not there for the others.
	input["required"] = inventory.Keys()
	if err := write("input.json", input); err != nil {
		return nil, err
	}
	for _, c := range contract.Contract {
		if c.Phase == policies.PhaseGuard {
			continue
		}
		if err := write(c.Name+".json", elementSchema(&c)); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// schemaOf is the schema of the JSON that encoding/json makes of a Go type.
func schemaOf(t reflect.Type) object {
	if t.Kind() == reflect.Pointer {
		return object{"anyOf": []object{schemaOf(t.Elem()), {"type": "null"}}}
	}
	if t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		return object{"type": "string"}
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Slice:
		return object{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Map:
		values := schemaOf(t.Elem())
		return object{"type": "object", "properties": object{anyKey: values}, "additionalProperties": values}
	case reflect.Struct:
		properties := object{}
		required := addProperties(t, properties)
		return object{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
	}
	return object{}
}

// addProperties adds the fields of a struct and returns their names.
func addProperties(t reflect.Type, into object) []string {
	names := []string{}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported():
		case f.Anonymous && name == "":
			names = append(names, addProperties(f.Type, into)...)
		default:
			if name == "" {
				name = f.Name
			}
			into[name] = schemaOf(f.Type)
			names = append(names, name)
		}
	}
	return names
}

// elementSchema is the schema of a contract rule's elements.
func elementSchema(r *contract.ContractRule) object {
	properties, required := object{}, []string{}
	for _, f := range r.Fields {
		if f.Refused != "" {
			continue
		}
		property := object{"type": f.Type()}
		switch f.Name {
		case "role":
			property["enum"] = append(append(append([]string{}, inventory.BaseRoles()...), inventory.TeamRoles()...), contract.ScheduleRoles...)
			property["enum"] = contract.Uniq(property["enum"].([]string))
		case "severity":
			property["enum"] = policies.Severities
		case "weight":
			property = object{"type": "integer", "minimum": 1, "maximum": contract.MostTurns}
		case "from", "until", "since":
			property["pattern"] = `^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})| \d{2}:\d{2}(:\d{2})? [A-Za-z][\w+/-]*)$`
		}
		properties[f.Name] = property
		if f.Required {
			required = append(required, f.Name)
		}
	}
	return object{
		"title": "An element of " + r.Name, "type": "object",
		"properties": properties, "required": required, "additionalProperties": false,
	}
}
