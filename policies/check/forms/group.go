package forms

import (
	"fmt"
	"iter"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/source"
)

const (
	codeEmptyGroup code.Code = "policy/group-never-filled"
	// CodeFilledEmpty is of a resource that is meant to be empty and that grants fill.
	CodeFilledEmpty code.Code = "policy/empty-and-filled"
)

// EmptyGroups looks for groups that nothing puts anybody in.
var EmptyGroups = source.Analyzer{
	Name: "empty-groups",
	Doc:  "groups that are granted something and that no member rule fills",
	Run:  checkEmptyGroups,
	Pages: code.Pages{
		{
			Code:  codeEmptyGroup,
			Title: "No rule puts anybody in a group",
			Means: "The group is granted something, and no member rule names it.",
			Why:   "Nobody has what the group is granted. Often the member rule is missing, or names another group.",
			Do:    "Add a member, or delete the group and what it is granted.",
			Example: `group contains {"name": "payments-oncall"}
grant contains {"principal": "group:payments-oncall", "resource": "team:Payments", "role": "manager"}
member contains {"group": "payments-oncall", "principal": "oncall:Payments Primary"}  # missing`,
		},
	},
}

// FilledEmpties looks for teams that are to be empty and are filled.
var FilledEmpties = source.Analyzer{
	Name: "filled-empties",
	Doc:  "resources that are meant to be empty and that are granted to somebody always",
	Run:  checkFilledEmpties,
	Pages: code.Pages{
		{
			Code:  CodeFilledEmpty,
			Title: "A resource is meant to be empty, and is granted to somebody",
			Means: "An empty rule names a resource that a grant names as well. It is a warning where the grant has no conditions, and a note where it has some and gives the resource to somebody now.",
			Why:   "The grant has its effect all the same, and the empty rule none: it only lets the last people be removed.",
			Do:    "Delete one of the two. Keep both where the grant's conditions or data come and go.",
			Example: `empty contains {"resource": "team:Project X", "reason": "wound up"}
grant contains {"principal": "group:x", "resource": "team:Project X", "role": "manager"}  # delete`,
		},
	},
}

// written is a contract rule with an element that is written out.
type written struct {
	rule   *ast.Rule
	object ast.Object
}

// text is a field that is written out; ok is false where there is another.
func (w written) text(field string) (text string, at *ast.Location, ok bool) {
	t := w.object.Get(ast.StringTerm(field))
	if t == nil {
		return "", nil, true
	}
	s, ok := t.Value.(ast.String)
	return string(s), t.Location, ok
}

// elements are those of the rules of a name, nil where one is not written out.
func elements(p *source.Pass, name string) iter.Seq[*written] {
	return func(yield func(*written) bool) {
		for _, m := range p.Policies() {
			if source.PackageRoot(m) != string(policies.PhaseAccess) {
				continue
			}
			for _, r := range m.Rules {
				if source.RuleName(r) != name || source.WrongForm(r) != "" {
					continue
				}
				terms := contract.LiteralElements(r)
				if len(terms) == 0 && !yield(nil) {
					return
				}
				for _, t := range terms {
					object, ok := t.Value.(ast.Object)
					if !ok && !yield(nil) || ok && !yield(&written{r, object}) {
						return
					}
				}
			}
		}
	}
}

// checkEmptyGroups warns of groups that nothing fills. Where a member rule computes its
// group, it may be any.
func checkEmptyGroups(p *source.Pass) {
	if len(p.Modules.Broken) > 0 {
		return
	}
	filled := map[string]bool{}
	for w := range elements(p, "member") {
		if w == nil {
			return
		}
		group, _, ok := w.text("group")
		if !ok {
			return
		}
		filled[group] = true
	}
	used := map[string]bool{}
	for w := range elements(p, "grant") {
		if w != nil {
			principal, _, _ := w.text("principal")
			used[principal] = true
		}
	}
	for w := range elements(p, "group") {
		if w == nil {
			continue
		}
		name, at, ok := w.text("name")
		if !ok || at == nil || filled[name] || !used["group:"+name] {
			continue
		}
		p.Besides(at, policies.Problem{Code: codeEmptyGroup, Warning: true, About: "group:" + name,
			Found:    fmt.Sprintf("group %q, which no member rule names: nobody is ever in it, and it has something", name),
			Expected: fmt.Sprintf("member contains {\"group\": %q, …}", name)})
	}
}

// checkFilledEmpties warns of what is to be empty and is granted without conditions.
func checkFilledEmpties(p *source.Pass) {
	granted := map[string]*ast.Location{}
	for w := range elements(p, "grant") {
		if w == nil || !unconditional(w.rule) {
			continue
		}
		resource, _, ok := w.text("resource")
		layer, _, sure := w.text("layer")
		_, _, ends := w.text("until")
		if ok && sure && ends && w.object.Get(ast.StringTerm("until")) == nil && w.object.Get(ast.StringTerm("from")) == nil {
			granted[resource+" "+layer] = w.rule.Location
		}
	}
	for w := range elements(p, "empty") {
		if w == nil || !unconditional(w.rule) {
			continue
		}
		resource, at, ok := w.text("resource")
		layer, _, sure := w.text("layer")
		grant := granted[resource+" "+layer]
		if !ok || !sure || at == nil || grant == nil {
			continue
		}
		see := fmt.Sprintf("%s:%d", grant.File, grant.Row)
		p.Besides(at, policies.Problem{Code: CodeFilledEmpty, Warning: true, About: resource, See: see,
			Found: fmt.Sprintf("%s meant to be empty, and granted to somebody at %s", resource, see), Expected: "one of the two"})
	}
}

// unconditional says that a rule has no conditions.
func unconditional(r *ast.Rule) bool {
	return len(r.Body) == 1 && r.Body[0].String() == "true"
}
