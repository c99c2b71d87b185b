package source

import (
	"fmt"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
)

// DataPlaces finds the places of what stands in data files, which it reads again for it.
type DataPlaces struct {
	under  map[string][]*File
	parsed map[*File]*yaml.Node
}

// NewDataPlaces finds places in the files that give something under first keys.
func NewDataPlaces(under map[string][]*File) *DataPlaces {
	return &DataPlaces{under: under, parsed: map[*File]*yaml.Node{}}
}

// Document is the parsed document of a data file; nil if it does not parse.
func (d *DataPlaces) Document(f *File) *yaml.Node {
	if n, ok := d.parsed[f]; ok {
		return n
	}
	var doc yaml.Node
	if yaml.Unmarshal(f.Content, &doc) == nil && len(doc.Content) > 0 {
		d.parsed[f] = doc.Content[0]
	} else {
		d.parsed[f] = nil
	}
	return d.parsed[f]
}

// Of is the file, line and column of what stands at a path of keys and numbers from
// data on; nil if that can't be known.
func (d *DataPlaces) Of(where []any) (f *File, line, column int) {
	if len(where) == 0 {
		return nil, 0, 0
	}
	for _, f := range d.under[fmt.Sprint(where[0])] {
		rest, ok := within(f, where)
		if !ok {
			continue
		}
		n := d.Document(f)
		at := n
		for _, key := range rest {
			if at, n = under(n, key); n == nil {
				break
			}
		}
		if n != nil {
			return f, at.Line, at.Column
		}
	}
	return nil, 0, 0
}

// within is a path within the document of a file, if it leads there.
func within(f *File, where []any) ([]any, bool) {
	dir := path.Dir(f.Path)
	if dir == "." {
		return where, true
	}
	keys := strings.Split(dir, "/")
	if len(where) < len(keys) {
		return nil, false
	}
	for i, key := range keys {
		if where[i] != key {
			return nil, false
		}
	}
	return where[len(keys):], true
}

// under is what a node has under a key, and where that begins: a value of a mapping
// at its key.
func under(n *yaml.Node, key any) (begin, value *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch n.Kind {
	case yaml.SequenceNode:
		if i, ok := key.(int); ok && i >= 0 && i < len(n.Content) {
			return n.Content[i], n.Content[i]
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if text, ok := key.(string); ok && n.Content[i].Value == text {
				return n.Content[i], n.Content[i+1]
			}
		}
	}
	return nil, nil
}

// PlaceOf is the file, line and column of what stands at a path in the data.
func (p *Pass) PlaceOf(where []any) (f *File, line, column int) {
	return Once(p, func() *DataPlaces { return NewDataPlaces(p.Data.Under) }).Of(where)
}
