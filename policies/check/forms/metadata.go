package forms

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"go.yaml.in/yaml/v3"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

const codeMetadata code.Code = "policy/metadata"

// Metadata looks for METADATA that is not read.
var Metadata = source.Analyzer{
	Local: true,
	Name:  "metadata",
	Doc:   "METADATA that nothing reads",
	Run:   checkMetadata,
	Pages: code.Pages{
		{
			Code:  codeMetadata,
			Title: "A line of METADATA is not read",
			Means: "A key is none that METADATA has, a line is indented so that it no longer belongs to the block, the word METADATA is missing or misspelt, or a rule has two blocks.",
			Why:   "OPA passes over it, and plans and explanations show no title or no owner.",
			Do:    "Write METADATA in capitals and alone in its line, title and description as they are, and owner within custom. All lines begin in the same column.",
			Example: `# METADATA
# title: On call manages
# owner: dan@acme.com             # custom: {owner: dan@acme.com}`,
		},
	},
}

// metadataKeys are those that METADATA has. Source: "Annotations" in OPA's
// documentation.
var metadataKeys = []string{
	"scope", "title", "description", "related_resources", "authors", "organizations", "schemas", "entrypoint", "custom", "compile",
}

// customKeys are those within custom that the program reads.
var customKeys = []string{"owner"}

// checkMetadata warns of METADATA that OPA passes over.
func checkMetadata(p *source.Pass) {
	for _, f := range p.Files {
		m := p.Modules.Parsed[f.Name]
		if m == nil {
			continue
		}
		for i, c := range m.Comments {
			if strings.TrimSpace(string(c.Text)) == mark {
				checkBlock(p, m.Comments[i:])
			} else if begins(m.Comments, i) {
				checkMark(p, m, m.Comments[i:])
			}
		}
		checkTwice(p, m)
	}
}

// mark is the comment that begins a block.
const mark = "METADATA"

// begins says that a comment is the first of several, one below the other.
func begins(comments []*ast.Comment, i int) bool {
	return i == 0 || comments[i-1].Location.Row != comments[i].Location.Row-1
}

var metadataLine = regexp.MustCompile(`^ ?(title|custom): ?\S`)

// checkMark warns of comments that are a block but for its mark.
func checkMark(p *source.Pass, m *ast.Module, comments []*ast.Comment) {
	first := comments[0]
	word := strings.TrimSpace(string(first.Text))
	_, ok := policies.Nearest(strings.TrimSuffix(word, ":"), []string{mark})
	x := policies.Problem{Code: codeMetadata, Warning: true, Suggestion: "# " + mark}
	switch {
	case ok && !strings.Contains(word, " ") && len(comments) > 1 && isMetadataKey(comments[1], first):
		x.Found, x.Expected = fmt.Sprintf("%q, which begins no METADATA", "# "+word), "the word as OPA reads it"
	case metadataLine.Match(first.Text) && describes(m, comments):
		x.Found, x.Expected, x.Suggestion = fmt.Sprintf("%q without METADATA above it, which nothing reads", "#"+string(first.Text)), `"# METADATA" in the line above`, ""
	default:
		return
	}
	p.Besides(first.Location, x)
}

// isMetadataKey says that a comment is in the line below another, and has a key of METADATA.
func isMetadataKey(c, above *ast.Comment) bool {
	key, _, ok := strings.Cut(strings.TrimSpace(string(c.Text)), ":")
	return ok && c.Location.Row == above.Location.Row+1 && slices.Contains(metadataKeys, key)
}

// describes says that a rule or the package stands right below comments.
func describes(m *ast.Module, comments []*ast.Comment) bool {
	row := comments[0].Location.Row
	for _, c := range comments[1:] {
		if c.Location.Row != row+1 {
			break
		}
		row++
	}
	return m.Package.Location.Row == row+1 || slices.ContainsFunc(m.Rules, func(r *ast.Rule) bool { return r.Location.Row == row+1 })
}

// checkTwice warns of two blocks for one rule, of which OPA takes one.
func checkTwice(p *source.Pass, m *ast.Module) {
	for _, r := range m.Rules {
		byScope := map[string]*ast.Annotations{}
		for _, a := range r.Annotations {
			if before := byScope[a.Scope]; before != nil {
				first, second := before.Location, a.Location
				if first.Row > second.Row {
					first, second = second, first
				}
				p.Besides(first, policies.Problem{Code: codeMetadata, Warning: true, See: fmt.Sprintf("%s:%d", second.File, second.Row),
					Found:    fmt.Sprintf("two blocks of METADATA for one rule, here and at line %d, of which one is read", second.Row),
					Expected: "one block with all keys; or scope: document in the one that is for all rules of this name"})
			}
			byScope[a.Scope] = a
		}
	}
}

// checkBlock checks a block of METADATA, whose first comment is its mark.
func checkBlock(p *source.Pass, comments []*ast.Comment) {
	begin := comments[0].Location
	text, n := "", 1
	for ; n < len(comments) && comments[n].Location.Row == begin.Row+n; n++ {
		if strings.TrimSpace(string(comments[n].Text)) == mark {
			break
		}
		if comments[n].Location.Col != begin.Col {
			p.Besides(comments[n].Location, policies.Problem{Code: codeMetadata, Warning: true,
				Found:    "a line of METADATA in another column, which ends the block above it",
				Expected: "it to begin where \"# METADATA\" does"})
			break
		}
		text += strings.TrimPrefix(string(comments[n].Text), " ") + "\n"
	}
	var doc yaml.Node
	if yaml.Unmarshal([]byte(text), &doc) != nil || len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return
	}
	each := func(node *yaml.Node, f func(key, value *yaml.Node)) {
		for i := 0; i+1 < len(node.Content); i += 2 {
			f(node.Content[i], node.Content[i+1])
		}
	}
	each(doc.Content[0], func(key, value *yaml.Node) {
		at := comments[min(key.Line, n-1)].Location
		if !slices.Contains(metadataKeys, key.Value) {
			p.Besides(at, unknownKey(key, value))
		}
		if key.Value != "custom" || value.Kind != yaml.MappingNode {
			return
		}
		each(value, func(key, _ *yaml.Node) {
			near, ok := policies.Nearest(key.Value, customKeys)
			if ok && near != key.Value {
				p.Besides(comments[min(key.Line, n-1)].Location, policies.Problem{Code: codeMetadata, Warning: true,
					Found: fmt.Sprintf("%q within custom, which nothing reads", key.Value), Expected: "a key that is read", Suggestion: near})
			}
		})
	})
}

func unknownKey(key, value *yaml.Node) policies.Problem {
	x := policies.Problem{Code: codeMetadata, Warning: true, Found: fmt.Sprintf("%q in METADATA, which nothing reads", key.Value)}
	if near, ok := policies.Nearest(key.Value, customKeys); ok {
		x.Expected = "it within custom"
		x.Suggestion = fmt.Sprintf("custom: {%s: %s}", near, value.Value)
		return x
	}
	x.Expected = "one of " + policies.List(metadataKeys, "or") + "; what is your own stands within custom"
	x.Suggestion, _ = policies.Nearest(key.Value, metadataKeys)
	return x
}
