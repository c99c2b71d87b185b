package lsp

import (
	"bytes"
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/source"
)

const (
	// mostPlaces bounds how many places a name leads to.
	mostPlaces = 100
	// mostData is how large a file of data may be in which names are looked for.
	mostData = 16 << 20
)

// dataPath is a document of data.
var dataPath = regexp.MustCompile(`\bdata\.([A-Za-z_]\w*)`)

// definition is where what the cursor names is declared: the rules that declare a group,
// the rows of data that hold a name, or the files of a document.
func (d *document) definition() []location {
	out := []location{}
	ref, ok := d.reference()
	if ok && ref.Kind == inventory.KindGroup {
		if g, ok := d.group(ref.Name); ok {
			for _, p := range g.Declared {
				at := position{max(0, p.Line-1), 0}
				out = append(out, location{uriOf(p.File), textRange{at, at}})
			}
		}
	}
	name := ref.Name
	if text, _, _, quotes := d.inQuotes(); !ok && quotes {
		name = text
	}
	if name != "" {
		return append(out, d.rows(name)...)
	}
	for _, m := range dataPath.FindAllStringSubmatchIndex(d.line(), -1) {
		if d.isRego() && d.at >= m[0] && d.at <= m[1] {
			out = append(out, d.documents(d.line()[m[2]:m[3]])...)
		}
	}
	return out
}

// files are those of the policy roots, as the editor has them.
func (d *document) files() []*source.File {
	unsaved := source.Unsaved{}
	for file, text := range d.unsaved {
		unsaved[file] = []byte(text)
	}
	return source.ReadRoots(d.roots, nil, nil, unsaved).Files
}

// documents are the files of a document of data.
func (d *document) documents(key string) []location {
	var out []location
	for _, f := range d.files() {
		first, _, _ := strings.Cut(path.Dir(f.Path), "/")
		if !f.IsRego() && first == key {
			out = append(out, location{URI: uriOf(f.Name)})
		}
	}
	return out
}

// rows are the places in data that hold a name: as a value, or as a key.
func (d *document) rows(name string) []location {
	same := func(text string) bool { return text == name }
	if strings.Contains(name, "@") {
		folded := inventory.FoldEmail(name)
		same = func(text string) bool {
			return inventory.FoldEmail(strings.TrimPrefix(text, "user:")) == folded
		}
	}
	var out []location
	for _, f := range d.files() {
		if f.IsRego() || len(f.Content) > mostData {
			continue
		}
		var root yaml.Node
		if yaml.NewDecoder(bytes.NewReader(f.Content)).Decode(&root) != nil {
			continue // which is a diagnostic
		}
		text := string(f.Content)
		each(&root, func(n *yaml.Node) {
			if len(out) >= mostPlaces || !same(n.Value) {
				return
			}
			line := lineAt(text, n.Line-1)
			start := byteOfRune(line, n.Column-1)
			out = append(out, location{uriOf(f.Name), spanOf(line, n.Line-1, start, wordEnd(line, start))})
		})
	}
	return out
}

// each calls f for every scalar of a document, once.
func each(n *yaml.Node, f func(*yaml.Node)) {
	if n.Kind == yaml.ScalarNode {
		f(n)
	}
	for _, child := range n.Content {
		each(child, f)
	}
}

// byteOfRune is the place in a line of a count of characters, at most its length.
func byteOfRune(line string, count int) int {
	for i := range line {
		if count <= 0 {
			return i
		}
		count--
	}
	return len(line)
}
