package source

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"go.yaml.in/yaml/v3"

	"github.com/dutyward/dutyward/inventory/regular"
	"github.com/dutyward/dutyward/inventory/secret"
	"github.com/dutyward/dutyward/policies"
)

// Schema is a JSON schema for a data document.
type Schema struct {
	// Document is the dotted path of the data document.
	Document string
	File     *File
}

// maxSchema bounds a schema file.
const maxSchema = 16 << 20

// ReadSchemas reads the schema files, sorted by document.
func ReadSchemas(paths map[string]string, secrets *secret.Keeper) ([]Schema, policies.Problems) {
	var out []Schema
	var problems policies.Problems
	for _, document := range slices.Sorted(maps.Keys(paths)) {
		name := filepath.ToSlash(paths[document])
		content, err := readSchema(paths[document])
		if err == nil && secrets.Holds(content) {
			err = errHoldsSecret
		}
		if err != nil {
			problems = append(problems, policies.Problem{Code: codeBadSchema, File: name, Message: fmt.Sprintf("the schema of data.%s: %s", document, err)})
			continue
		}
		out = append(out, Schema{Document: document, File: &File{Path: filepath.Base(name), Name: name, Content: content}})
	}
	return out, problems
}

// readSchema reads a schema out of its directory, of which no link leads out.
func readSchema(name string) ([]byte, error) {
	dir, err := regular.OpenDir(filepath.Dir(name))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	content, err := dir.ReadFile(filepath.Base(name), maxSchema)
	if errors.Is(err, regular.ErrOutside) {
		err = fmt.Errorf("%w: name the file itself", err)
	}
	return content, err
}

// CheckSchemas checks each data document that has a schema.
func CheckSchemas(schemas []Schema, d Documents, r *Report) {
	for _, s := range schemas {
		compiled, err := s.compile()
		if err != nil {
			r.Add(policies.Problem{Code: codeBadSchema, File: s.File.Name, Message: fmt.Sprintf("not a usable JSON schema for data.%s: %s", s.Document, err)})
			continue
		}
		doc, ok := d.Find(strings.Split(s.Document, "."))
		if !ok && d.Broken {
			continue
		}
		if !ok {
			p := policies.Problem{Code: codeIdleSchema, File: s.File.Name, Found: fmt.Sprintf("a schema for data.%s, which does not exist", s.Document),
				Expected: "a data document of that name in a policy root"}
			if near, ok := policies.Nearest(s.Document, slices.Sorted(maps.Keys(d.Root))); ok {
				p.Suggestion = "data." + near
			}
			r.Add(p)
			continue
		}
		var invalid *jsonschema.ValidationError
		switch err := compiled.Validate(doc); {
		case errors.As(err, &invalid):
			s.report(invalid, d, r)
		case err != nil:
			r.Add(policies.Problem{Code: codeBadSchema, File: s.File.Name, Message: err.Error()})
		}
	}
}

// noSchemas refuses to load further schema files: a revision is complete in
// itself.
type noSchemas struct{}

func (noSchemas) Load(url string) (any, error) {
	return nil, fmt.Errorf("it refers to %s: put the definitions into the schema itself", url)
}

func (s Schema) compile() (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(s.File.Content))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(noSchemas{})
	c.AssertFormat()
	const url = "schema.json"
	if err := c.AddResource(url, doc); err != nil {
		return nil, err
	}
	return c.Compile(url)
}

// report reports the innermost errors, each at its place in the data.
func (s Schema) report(e *jsonschema.ValidationError, d Documents, r *Report) {
	if len(e.Causes) > 0 {
		for _, cause := range e.Causes {
			s.report(cause, d, r)
		}
		return
	}
	at := append(strings.Split(s.Document, "."), e.InstanceLocation...)
	p := policies.Problem{Code: codeInvalidData, Message: fmt.Sprintf("%s: %s (schema %s)", Dotted(at), e.BasicOutput().Error, s.File.Name)}
	if extra, ok := e.ErrorKind.(*kind.AdditionalProperties); ok && len(extra.Properties) > 0 {
		at = append(at, extra.Properties[0])
	}
	f := d.FileOf(at)
	if f == nil {
		p.File = s.File.Name
		r.Add(p)
		return
	}
	p.File = f.Name
	p.Line, p.Column = f.Find(at)
	r.Add(p)
}

// Dotted is a path as Rego writes it: data.people[3].email.
func Dotted(path []string) string {
	var b strings.Builder
	b.WriteString("data")
	for _, p := range path {
		if _, err := strconv.Atoi(p); err == nil {
			b.WriteString("[" + p + "]")
			continue
		}
		b.WriteString("." + p)
	}
	return b.String()
}

// Find is the document at a path.
func (d Documents) Find(path []string) (any, bool) {
	var node any = d.Root
	for _, key := range path {
		m, ok := node.(map[string]any)
		if !ok {
			return nil, false
		}
		if node, ok = m[key]; !ok {
			return nil, false
		}
	}
	return node, true
}

// FileOf is the file that holds what stands at a path.
func (d Documents) FileOf(path []string) *File {
	for n := len(path); n > 0; n-- {
		if f := d.owners[strings.Join(path[:n], ".")]; f != nil {
			return f
		}
	}
	return nil
}

// Find is the place of a data path in a JSON or YAML file, or of as much of the
// path as there is.
func (f *File) Find(at []string) (line, column int) {
	var doc yaml.Node
	if err := yaml.Unmarshal(f.Content, &doc); err != nil || len(doc.Content) == 0 {
		return 0, 0
	}
	if dir := path.Dir(f.Path); dir != "." {
		at = at[min(len(at), len(strings.Split(dir, "/"))):]
	}
	node := doc.Content[0]
	line, column = node.Line, node.Column
	for _, key := range at {
		if node.Kind == yaml.AliasNode {
			node = node.Alias
		}
		place, next := child(node, key)
		if next == nil {
			break
		}
		line, column, node = place.Line, place.Column, next
	}
	return line, column
}

// child is a node's child of that key or index, and the node to point at.
func child(n *yaml.Node, key string) (place, value *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				return n.Content[i], n.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i], n.Content[i]
		}
	}
	return nil, nil
}
