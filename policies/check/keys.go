package check

import (
	"fmt"
	"regexp"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

const codeNameAsKey code.Code = "policy/name-as-key"

var namesAsKeys = Analyzer{
	Local: true,
	Name:  "names-as-keys",
	Doc:   "things looked up by name where the input has ids",
	Run:   checkNamesAsKeys,
	Pages: code.Pages{
		{
			Code:    codeNameAsKey,
			Title:   "A name is used where the input has ids",
			Means:   "The keys of input.users, input.teams and so on are PagerDuty ids.",
			Why:     "Nothing is found, and the rule gives nothing, silently.",
			Do:      "Look it up by name with the library.",
			Example: "input.teams.Payments  # dutyward.team(\"Payments\")",
		},
	},
}

// couldBeID is a key that a PagerDuty id could be.
var couldBeID = regexp.MustCompile(`^[A-Z0-9]{4,}$`)

// checkNamesAsKeys warns of things that are looked up by name in the input's maps,
// whose keys are ids.
func checkNamesAsKeys(p *source.Pass) {
	for _, module := range p.Policies() {
		namesAsKeysIn(module, p.Report)
	}
}

func namesAsKeysIn(m *ast.Module, r *source.Report) {
	named := map[string]inventory.Kind{
		"users": inventory.KindUser, "teams": inventory.KindTeam, "schedules": inventory.KindSchedule,
		"escalation_policies": "", "services": "",
	}
	visit(m, func(t *ast.Term) {
		ref := t.Value.(ast.Ref)
		if !ref.HasPrefix(ast.InputRootRef) || len(ref) < 3 {
			return
		}
		collection, _ := ref[1].Value.(ast.String)
		kind, known := named[string(collection)]
		key, isText := ref[2].Value.(ast.String)
		if !known || !isText || couldBeID.MatchString(string(key)) {
			return
		}
		p := policies.Problem{Code: codeNameAsKey, Warning: true, Found: fmt.Sprintf("%s: nothing has the id %q", ref[:3], string(key)),
			Expected: fmt.Sprintf("a PagerDuty id: what is in input.%s is found by id", string(collection))}
		if kind != "" {
			p.Suggestion = fmt.Sprintf("data.dutyward.%s(%q)", kind, string(key))
		}
		r.Besides(t.Location, p)
	})
}
