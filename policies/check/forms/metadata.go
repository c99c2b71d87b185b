package forms

import (
	"fmt"
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
	Name: "metadata",
	Doc:  "METADATA that nothing reads",
	Run:  checkMetadata,
	Pages: code.Pages{
		{
			Code:  codeMetadata,
			Title: "A line of METADATA is not read",
			Means: "A key is none that METADATA has, or a line is indented so that it no longer belongs to the block.",
			Why:   "OPA passes over it, and plans and explanations show no title or no owner.",
			Do:    "Write title and description as they are, and owner within custom. All lines begin in the same column.",
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
			if strings.TrimSpace(string(c.Text)) == "METADATA" {
				checkBlock(p, m.Comments[i:])
			}
		}
	}
}

// checkBlock checks a block of METADATA, whose first comment is its mark.
func checkBlock(p *source.Pass, comments []*ast.Comment) {
	mark := comments[0].Location
	text, n := "", 1
	for ; n < len(comments) && comments[n].Location.Row == mark.Row+n; n++ {
		if strings.TrimSpace(string(comments[n].Text)) == "METADATA" {
			break
		}
		if comments[n].Location.Col != mark.Col {
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
