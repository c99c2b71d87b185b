package check

import (
	"maps"
	"slices"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/source"
)

const codeRuleAsData code.Code = "policy/rule-as-data"

var dataAsRules = Analyzer{
	Name: "data-as-rules",
	Doc:  "data that stands where contract rules would",
	Run:  checkContractData,
	Pages: code.Pages{
		{
			Code:    codeRuleAsData,
			Title:   "A data document has the name of a contract rule",
			Means:   "Data stands at a path such as data.access.grant.",
			Why:     "Statements are read from rules, never from data.",
			Do:      "Write a rule that gives the rows.",
			Example: "grant contains row if some row in data.grants",
		},
	},
}

// checkContractData warns of data that stands where contract rules would.
func checkContractData(p *source.Pass) {
	for _, phase := range policies.Phases {
		warnOfContractWords(p.Data, p.Data.Root[phase], []string{phase}, p.Report)
	}
}

func warnOfContractWords(d source.Documents, doc any, path []string, r *source.Report) {
	m, _ := doc.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		at := append(path[:len(path):len(path)], key)
		c, ok := contract.ContractNamed(key)
		if !ok || string(c.Phase) != path[0] {
			warnOfContractWords(d, m[key], at, r)
			continue
		}
		p := policies.Problem{Code: codeRuleAsData, Warning: true, Found: "a data document " + source.Dotted(at),
			Expected: "a rule to say this: the program reads contract words from rules only, never from data"}
		if f := d.FileOf(at); f != nil {
			p.File = f.Name
			p.Line, p.Column = f.Find(at)
		}
		r.Add(p)
	}
}
