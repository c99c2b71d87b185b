package policies

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"go.yaml.in/yaml/v3"
)

// rowFinder finds the rows of data that elements come from.
type rowFinder struct {
	set *Set
	// parsed are the data files read again, for the places in them.
	parsed map[*file]*yaml.Node
}

func (s *Set) rowFinder() *rowFinder { return &rowFinder{set: s, parsed: map[*file]*yaml.Node{}} }

// place is "file:line" of the row of data that an element of a rule seems to be
// from: the one that has most of its texts. Of that row it is the line of the
// value, if the row has it. It is empty where that can't be told.
func (x *rowFinder) place(reads keys, texts []string, value string) string {
	if reads.all {
		return ""
	}
	var best match
	for _, key := range slices.Sorted(maps.Keys(reads.named)) {
		for _, f := range x.set.under[key] {
			if m := (search{texts: texts, value: value}).in(f, x.document(f)); m.better(best) {
				best = m
			}
		}
	}
	if best.node == nil {
		return ""
	}
	return fmt.Sprintf("%s:%d", best.file.name, best.node.Line)
}

// rowWith is "file:line" of the row of data that has a text and that the rule of
// an origin may have it from; empty if there is none.
func (s *Set) rowWith(o Origin, text string) string {
	for _, rules := range s.rules {
		for _, r := range rules {
			if r.origin.File != o.File || r.origin.Line != o.Line || r.needs.data.all {
				continue
			}
			x := s.rowFinder()
			for _, key := range slices.Sorted(maps.Keys(r.needs.data.named)) {
				for _, f := range s.under[key] {
					if m := (search{texts: []string{text}, value: text}).in(f, x.document(f)); m.exact {
						return fmt.Sprintf("%s:%d", f.name, m.node.Line)
					}
				}
			}
		}
	}
	return ""
}

func (x *rowFinder) document(f *file) *yaml.Node {
	if doc, ok := x.parsed[f]; ok {
		return doc
	}
	var doc yaml.Node
	if yaml.Unmarshal(f.content, &doc) != nil || len(doc.Content) == 0 {
		x.parsed[f] = nil
		return nil
	}
	x.parsed[f] = doc.Content[0]
	return x.parsed[f]
}

// search looks for a row by the texts of an element.
type search struct {
	texts []string
	value string
}

// match is a row that has some of the texts.
type match struct {
	file *file
	node *yaml.Node
	// hits counts the different texts of the row that the element has, size all
	// texts of the row.
	hits, size int
	// exact says that one of them is the value that is looked for.
	exact bool
}

func (m match) better(o match) bool {
	if m.node == nil || o.node == nil {
		return m.node != nil
	}
	if m.exact != o.exact {
		return m.exact
	}
	return cmp.Or(cmp.Compare(m.hits, o.hits), cmp.Compare(o.size, m.size)) > 0
}

func (s search) in(f *file, doc *yaml.Node) match {
	var best match
	if doc != nil {
		s.walk(doc, &best, map[*yaml.Node]bool{})
	}
	best.file = f
	return best
}

// walk returns the texts of a node that the element has, the number of all of
// them, and the node that is the value; it keeps the best row.
func (s search) walk(n *yaml.Node, best *match, within map[*yaml.Node]bool) (hits map[string]bool, size int, exact *yaml.Node) {
	hits = map[string]bool{}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if within[n] {
		return hits, 0, nil
	}
	within[n] = true
	defer delete(within, n)
	switch n.Kind {
	case yaml.ScalarNode:
		if s.has(n.Value) {
			hits[n.Value] = true
		}
		if n.Value == s.value && s.value != "" {
			exact = n
		}
		return hits, 1, exact
	case yaml.MappingNode, yaml.SequenceNode:
		for i, child := range n.Content {
			more, m, found := s.walk(child, best, within)
			for text := range more {
				hits[text] = true
			}
			size += m
			if isKey := n.Kind == yaml.MappingNode && i%2 == 0; exact == nil && !isKey {
				exact = found
			}
		}
		m := match{node: n, hits: len(hits), size: size, exact: exact != nil}
		if exact != nil {
			m.node = exact
		}
		if len(hits) > 0 && m.better(*best) {
			*best = m
		}
	}
	return hits, size, exact
}

// has says that the element has a text, whole or behind a kind; short ones prove
// nothing.
func (s search) has(text string) bool {
	if len(text) < 3 {
		return false
	}
	return slices.ContainsFunc(s.texts, func(t string) bool { return strings.Contains(t, text) })
}

// textsOf are all texts within a term.
func textsOf(t *ast.Term) []string {
	var out []string
	ast.WalkTerms(t, func(t *ast.Term) bool {
		switch v := t.Value.(type) {
		case ast.String:
			out = append(out, string(v))
		case ast.Number:
			if _, err := strconv.Atoi(v.String()); err == nil {
				out = append(out, v.String())
			}
		}
		return false
	})
	return out
}
