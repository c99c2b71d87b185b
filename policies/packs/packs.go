// Package packs holds the risks that the program looks for in any account, as Rego: each rule
// with its title, why it matters, its severity, a remedy and the controls it is about.
package packs

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
)

//go:embed *.rego
var files embed.FS

// root is what origins call the packs' directory.
const root = policies.PacksRoot

// Controls are what a rule is about, in the words of three standards.
type Controls struct {
	// CIS are safeguards of the CIS Controls 8.1, SOC2 are Trust Services Criteria, ISO27001
	// are controls of Annex A of ISO/IEC 27001:2022.
	CIS      string `json:"cis"`
	SOC2     string `json:"soc2"`
	ISO27001 string `json:"iso27001"`
}

// Rule is a rule of a pack.
type Rule struct {
	// ID is the rule of its findings, "dutyward.single-admin".
	ID string `json:"id"`
	// Pack is the pack's name, "access".
	Pack     string   `json:"pack"`
	Title    string   `json:"title"`
	Why      string   `json:"why"`
	Severity string   `json:"severity"`
	Remedy   string   `json:"remedy"`
	Controls Controls `json:"controls"`
	File     string   `json:"file"`
	Line     int      `json:"line"`
}

// Rules are all rules of all packs, by pack and id.
var Rules = sync.OnceValue(func() []Rule {
	var rules []Rule
	for name, content := range contents() {
		module, err := ast.ParseModuleWithOpts(root+"/"+name, content, ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1})
		if err != nil {
			panic(fmt.Sprintf("pack %s: %v", name, err))
		}
		for _, r := range module.Rules {
			if r.Head.Name == "finding" {
				rules = append(rules, ruleOf(strings.TrimSuffix(name, ".rego"), module, r))
			}
		}
	}
	slices.SortFunc(rules, func(x, y Rule) int { return cmp.Or(cmp.Compare(x.Pack, y.Pack), cmp.Compare(x.ID, y.ID)) })
	return rules
})

// ruleOf reads what METADATA says of a rule.
func ruleOf(pack string, m *ast.Module, r *ast.Rule) Rule {
	out := Rule{Pack: pack, File: r.Loc().File, Line: r.Loc().Row}
	for _, a := range m.Annotations {
		if a.Scope != "rule" || a.GetTargetPath() == nil || a.EndLoc() == nil || a.EndLoc().Row+1 != r.Loc().Row {
			continue
		}
		text := func(from map[string]any, key string) string { s, _ := from[key].(string); return s }
		controls, _ := a.Custom["controls"].(map[string]any)
		out.ID, out.Title, out.Why = text(a.Custom, "rule"), a.Title, a.Description
		out.Severity, out.Remedy = text(a.Custom, "severity"), text(a.Custom, "remedy")
		out.Controls = Controls{CIS: text(controls, "cis"), SOC2: text(controls, "soc2"), ISO27001: text(controls, "iso27001")}
	}
	return out
}

// Names are the packs.
func Names() []string {
	var names []string
	for _, r := range Rules() {
		if !slices.Contains(names, r.Pack) {
			names = append(names, r.Pack)
		}
	}
	return names
}

// ByID finds a rule.
func ByID(id string) (Rule, bool) {
	i := slices.IndexFunc(Rules(), func(r Rule) bool { return r.ID == id })
	if i < 0 {
		return Rule{}, false
	}
	return Rules()[i], true
}

// Load compiles the packs.
func Load(ctx context.Context) (*eval.Set, error) {
	set, err := eval.LoadKept(ctx, root, contents())
	if err != nil {
		return nil, fmt.Errorf("load the packs of risks: %w", err)
	}
	return set, nil
}

// contents are the files by name.
func contents() map[string]string {
	out := map[string]string{}
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		data, err := files.ReadFile(e.Name())
		if err != nil {
			panic(err)
		}
		out[e.Name()] = string(data)
	}
	return out
}
