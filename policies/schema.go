package policies

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
)

// schema is a JSON schema for a data document.
type schema struct {
	// document is the dotted path of the data document.
	document string
	file     *file
}

// maxSchema bounds a schema file.
const maxSchema = 16 << 20

// readSchemas reads the schema files, sorted by document.
func readSchemas(paths map[string]string, secrets *secret.Keeper) ([]schema, Problems) {
	var out []schema
	var problems Problems
	for _, document := range slices.Sorted(maps.Keys(paths)) {
		name := filepath.ToSlash(paths[document])
		content, err := readSchema(paths[document])
		if err == nil && secrets.Holds(content) {
			err = errHoldsSecret
		}
		if err != nil {
			problems = append(problems, Problem{File: name, Message: fmt.Sprintf("the schema of data.%s: %s", document, err)})
			continue
		}
		out = append(out, schema{document: document, file: &file{path: filepath.Base(name), name: name, content: content}})
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

// checkSchemas checks each data document that has a schema.
func checkSchemas(schemas []schema, d documents, r *report) {
	for _, s := range schemas {
		compiled, err := s.compile()
		if err != nil {
			r.add(Problem{File: s.file.name, Message: fmt.Sprintf("not a usable JSON schema for data.%s: %s", s.document, err)})
			continue
		}
		doc, ok := d.find(strings.Split(s.document, "."))
		if !ok && d.broken {
			continue
		}
		if !ok {
			p := Problem{File: s.file.name, Found: fmt.Sprintf("a schema for data.%s, which does not exist", s.document),
				Expected: "a data document of that name in a policy root"}
			if near, ok := nearest(s.document, slices.Sorted(maps.Keys(d.root))); ok {
				p.Suggestion = "data." + near
			}
			r.add(p)
			continue
		}
		var invalid *jsonschema.ValidationError
		switch err := compiled.Validate(doc); {
		case errors.As(err, &invalid):
			s.report(invalid, d, r)
		case err != nil:
			r.add(Problem{File: s.file.name, Message: err.Error()})
		}
	}
}

// noSchemas refuses to load further schema files: a revision is complete in
// itself.
type noSchemas struct{}

func (noSchemas) Load(url string) (any, error) {
	return nil, fmt.Errorf("it refers to %s: put the definitions into the schema itself", url)
}

func (s schema) compile() (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(s.file.content))
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
func (s schema) report(e *jsonschema.ValidationError, d documents, r *report) {
	if len(e.Causes) > 0 {
		for _, cause := range e.Causes {
			s.report(cause, d, r)
		}
		return
	}
	at := append(strings.Split(s.document, "."), e.InstanceLocation...)
	p := Problem{Message: fmt.Sprintf("%s: %s (schema %s)", dotted(at), e.BasicOutput().Error, s.file.name)}
	if extra, ok := e.ErrorKind.(*kind.AdditionalProperties); ok && len(extra.Properties) > 0 {
		at = append(at, extra.Properties[0])
	}
	f := d.fileOf(at)
	if f == nil {
		p.File = s.file.name
		r.add(p)
		return
	}
	p.File = f.name
	p.Line, p.Column = f.find(at)
	r.add(p)
}

// dotted is a path as Rego writes it: data.people[3].email.
func dotted(path []string) string {
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

// find is the document at a path.
func (d documents) find(path []string) (any, bool) {
	var node any = d.root
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

// fileOf is the file that holds what stands at a path.
func (d documents) fileOf(path []string) *file {
	for n := len(path); n > 0; n-- {
		if f := d.owners[strings.Join(path[:n], ".")]; f != nil {
			return f
		}
	}
	return nil
}

// find is the place of a data path in a JSON or YAML file, or of as much of the
// path as there is.
func (f *file) find(at []string) (line, column int) {
	var doc yaml.Node
	if err := yaml.Unmarshal(f.content, &doc); err != nil || len(doc.Content) == 0 {
		return 0, 0
	}
	if dir := path.Dir(f.path); dir != "." {
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
