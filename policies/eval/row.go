package eval

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
	"github.com/open-policy-agent/opa/v1/ast"
	"go.yaml.in/yaml/v3"
)

// rowFinder finds the rows of data that elements come from.
type rowFinder struct {
	set    *Set
	places *source.DataPlaces
}

func (s *Set) rowFinder() *rowFinder {
	return &rowFinder{set: s, places: source.NewDataPlaces(s.under)}
}

// place is "file:line" of the row of data that an element of a rule seems to be
// from: the one that has most of its texts. Of that row it is the line of the
// value, if the row has it. It is empty where that can't be known, and where
// several rows have as much: a wrong row is worse than none.
func (x *rowFinder) place(reads keys, texts []string, value string) string {
	if reads.all {
		return ""
	}
	s := search{texts: texts, value: value}
	for _, key := range slices.Sorted(maps.Keys(reads.named)) {
		for _, f := range x.set.under[key] {
			s.file = f
			s.walk(x.places.Document(f), "")
		}
	}
	if s.best.node == nil || s.several || !s.best.certain() {
		return ""
	}
	return fmt.Sprintf("%s:%d", s.best.file.Name, s.best.node.Line)
}

// rowWith is "file:line" of the first row of data that has a text and that the
// rule of an origin may have it from; empty if there is none.
func (s *Set) rowWith(o policies.Origin, text string) string {
	for _, rules := range s.rules {
		for _, r := range rules {
			if r.origin.File != o.File || r.origin.Line != o.Line || r.needs.data.all {
				continue
			}
			x := s.rowFinder()
			for _, key := range slices.Sorted(maps.Keys(r.needs.data.named)) {
				for _, f := range s.under[key] {
					one := search{file: f, value: text}
					one.walk(x.places.Document(f), "")
					if one.best.exact {
						return fmt.Sprintf("%s:%d", f.Name, one.best.node.Line)
					}
				}
			}
		}
	}
	return ""
}

// search looks for a row by the texts of an element.
type search struct {
	texts []string
	value string
	file  *source.File
	best  match
	// several says that other rows match as well as the best.
	several bool
	within  []*yaml.Node
}

// match is a row that has some of the texts.
type match struct {
	file *source.File
	node *yaml.Node
	// hits are the different texts of the row that the element has.
	hits map[string]bool
	// exact says that one of the row's values is the value that is looked for.
	exact bool
}

// certain says that a match is no accident: the value itself, an address, or two
// texts.
func (m match) certain() bool {
	for text := range m.hits {
		if strings.Contains(text, "@") {
			return true
		}
	}
	return m.exact || len(m.hits) > 1
}

// walk looks at a node that stands behind a key, and returns what of the element
// it has, the node that is the value, and whether the best row is within it.
func (s *search) walk(n *yaml.Node, key string) (hits map[string]bool, exact *yaml.Node, holdsBest bool) {
	hits = map[string]bool{}
	if n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n == nil || slices.Contains(s.within, n) {
		return hits, nil, false
	}
	s.within = append(s.within, n)
	defer func() { s.within = s.within[:len(s.within)-1] }()
	switch n.Kind {
	case yaml.ScalarNode:
		s.note(n.Value, hits)
		if n.Value == s.value && s.value != "" {
			exact = n
		}
	case yaml.SequenceNode:
		for _, child := range n.Content {
			more, found, best := s.walk(child, "")
			holdsBest = holdsBest || best
			if child.Kind == yaml.ScalarNode {
				exact = cmp.Or(exact, found)
				maps.Copy(hits, more)
			}
		}
	case yaml.MappingNode:
		row := false
		for i := 0; i+1 < len(n.Content); i += 2 {
			name, child := n.Content[i], n.Content[i+1]
			more, found, best := s.walk(child, name.Value)
			holdsBest = holdsBest || best
			if child.Kind == yaml.ScalarNode {
				s.noteKey(name.Value, hits)
			}
			row = row || isPlain(child)
			exact = cmp.Or(exact, found)
			maps.Copy(hits, more)
		}
		if !row {
			return hits, exact, holdsBest // a map of rows is none
		}
		s.noteKey(key, hits)
		holdsBest = s.offer(n, hits, exact, holdsBest)
	}
	return hits, exact, holdsBest
}

// isPlain says that a node is a value, or a list of values.
func isPlain(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode ||
		n.Kind == yaml.SequenceNode && !slices.ContainsFunc(n.Content, func(child *yaml.Node) bool { return child.Kind != yaml.ScalarNode })
}

// offer takes a row as the best, if it is, and says whether the best is within it.
func (s *search) offer(n *yaml.Node, hits map[string]bool, exact *yaml.Node, holdsBest bool) bool {
	if len(hits) == 0 && exact == nil {
		return holdsBest
	}
	m := match{file: s.file, node: n, hits: hits, exact: exact != nil}
	if exact != nil {
		m.node = exact
	}
	order := 1
	if s.best.node != nil {
		order = cmp.Or(compareBools(m.exact, s.best.exact), cmp.Compare(len(m.hits), len(s.best.hits)))
	}
	switch {
	case order > 0:
		s.best, s.several = m, false
		return true
	case order == 0 && !holdsBest:
		s.several = true
	}
	return holdsBest
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// note notes a value of a row that the element has: as a text, as the name in a
// reference, or within a text if it is long enough for no accident.
func (s *search) note(text string, hits map[string]bool) {
	if s.names(text) || len(text) > 5 && slices.ContainsFunc(s.texts, func(t string) bool { return strings.Contains(t, text) }) {
		hits[text] = true
	}
}

// noteKey notes a key that is itself data.
func (s *search) noteKey(text string, hits map[string]bool) {
	if s.names(text) {
		hits[text] = true
	}
}

func (s *search) names(text string) bool {
	return text != "" && slices.ContainsFunc(s.texts, func(t string) bool {
		_, name, _ := strings.Cut(t, ":")
		return t == text || name == text || strings.TrimPrefix(name, "#") == text
	})
}

// textsOf are the values of an element's fields.
func textsOf(t *ast.Term) []string {
	var out []string
	add := func(t *ast.Term) {
		switch v := t.Value.(type) {
		case ast.String:
			out = append(out, string(v))
		case ast.Number, ast.Boolean:
			out = append(out, v.String())
		}
	}
	if object, ok := t.Value.(ast.Object); ok {
		object.Foreach(func(_, v *ast.Term) { add(v) })
		return out
	}
	add(t)
	return out
}

// rowsBelow is how a rule goes over the rows that a list holds which it took for a row;
// empty if they have no such field.
func (l *lostElements) rowsBelow(e *ast.Expr, list ast.Value, field ast.String, known map[ast.Var]*ast.Term) string {
	rows, isList := list.(*ast.Array)
	ref, _ := refIn(e)
	if !isList || rows.Len() == 0 || len(l.rule.generators) == 0 || len(ref) == 0 {
		return ""
	}
	row, isObject := rows.Elem(0).Value.(ast.Object)
	g := l.rule.generators[0]
	key := known[g.key]
	if !isObject || row.Get(ast.NewTerm(field)) == nil || key == nil || g.row.Compare(ref[0].Value) != 0 {
		return ""
	}
	if _, isText := key.Value.(ast.String); !isText {
		return ""
	}
	return fmt.Sprintf("some %s in %s", l.written[g.row], g.document.Append(key))
}
