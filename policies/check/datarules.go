package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

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

const codeUnreadData code.Code = "data/unread"

var unreadData = Analyzer{
	Name: "unread-data",
	Doc:  "data whose rows are like those of another document, and that nothing reads",
	Run:  checkUnreadData,
	Pages: code.Pages{
		{
			Code:    codeUnreadData,
			Title:   "Rows of data stand where no rule reads them",
			Means:   "No rule reads the document, and its rows are like those of one that rules read. Documents are named by directory, not by file.",
			Why:     "Nothing comes of these rows: whoever stands only there has no access.",
			Do:      "Move the rows to the document that rules read, or have the rules go over both.",
			Example: "policies/new/people.yaml with a list, which is data.new, beside rules that read data.people",
		},
	},
}

// checkUnreadData warns of documents whose rows are like those of a document that rules
// read, where no rule reads them.
func checkUnreadData(p *source.Pass) {
	if p.Data.Broken || len(p.Modules.Broken) > 0 {
		return
	}
	read := map[string]bool{} // the paths that policies and tests read, of which some end early
	for _, m := range p.Resolved {
		ast.WalkRefs(m, func(ref ast.Ref) bool {
			if ref.HasPrefix(ast.DefaultRootRef) {
				read[pathRead(ref)] = true
			}
			return false
		})
	}
	if read["data"] {
		return // data[name]: any of it
	}
	var used []string
	for document := range documentsIn(p.Data.Root) {
		if isRead(read, document) {
			used = append(used, document)
		}
	}
	slices.Sort(used)
	for _, document := range slices.Sorted(maps.Keys(documentsIn(p.Data.Root))) {
		if isRead(read, document) {
			continue
		}
		path := strings.Split(document, ".")[1:]
		keys := keysOf(rowsAt(p.Data.Root, path))
		i := slices.IndexFunc(used, func(other string) bool {
			return alike(keys, keysOf(rowsAt(p.Data.Root, strings.Split(other, ".")[1:])))
		})
		if i < 0 {
			continue
		}
		where := make([]any, len(path))
		for n, word := range path {
			where[n] = word
		}
		odd{pass: p}.at(where, policies.Problem{Code: codeUnreadData, Warning: true,
			Found:      fmt.Sprintf("%s, which no rule reads, with rows like those of %s", document, used[i]),
			Expected:   "the rows where rules read them: documents are named by directory, not by file",
			Suggestion: used[i]})
	}
}

// pathRead is the beginning of a reference that is written out: "data.people".
func pathRead(ref ast.Ref) string {
	words := []string{"data"}
	for _, t := range ref[1:] {
		word, ok := t.Value.(ast.String)
		if !ok {
			break
		}
		words = append(words, string(word))
	}
	return strings.Join(words, ".")
}

func isRead(read map[string]bool, document string) bool {
	for path := range read {
		if path == document || strings.HasPrefix(path, document+".") || strings.HasPrefix(document, path+".") {
			return true
		}
	}
	return false
}

// documentsIn are the paths at which rows stand: "data.people".
func documentsIn(root map[string]any) map[string]bool {
	out := map[string]bool{}
	var walk func(path []string, doc any, depth int)
	walk = func(path []string, doc any, depth int) {
		if rows := rowsAt(root, path); len(path) > 0 && len(rows) > 0 && len(keysOf(rows)) > 1 {
			if _, list := doc.([]any); list {
				out["data."+strings.Join(path, ".")] = true
			}
		}
		if m, ok := doc.(map[string]any); ok && depth < 3 {
			for key, next := range m {
				walk(append(path[:len(path):len(path)], key), next, depth+1)
			}
		}
	}
	walk(nil, root, 0)
	return out
}

// keysOf are the keys that all rows have.
func keysOf(rows []row) map[string]bool {
	have := map[string]int{}
	for _, r := range rows {
		for key := range r.fields {
			have[key]++
		}
	}
	out := map[string]bool{}
	for key, n := range have {
		if n == len(rows) {
			out[key] = true
		}
	}
	return out
}

// alike says that two kinds of rows have the same keys, of which there are some.
func alike(a, b map[string]bool) bool { return len(a) > 1 && maps.Equal(a, b) }

// beside warns of a key that is a slip of one that the row and all others have: that one
// may be from what the row merges (<<), and this meant to replace it.
func (o odd) beside(r row, key string, have map[string]int, rows int) (told bool) {
	if have[key] > 1 || rows < 2 {
		return false
	}
	var all []string
	for other := range r.fields {
		if have[other] == rows {
			all = append(all, other)
		}
	}
	slices.Sort(all)
	near, ok := policies.Nearest(key, all)
	if ok {
		o.at(append(r.path, key), policies.Problem{Code: codeOddKey, Warning: true,
			Found:      fmt.Sprintf("the key %q beside %q, which no other row has", key, near),
			Expected:   "a key that some policy reads: none reads this one",
			Suggestion: near})
	}
	return ok
}

// nothingBehind says that a key is one without a value, which YAML in braces takes the
// colon into: {teams:, level: 5}.
func nothingBehind(r row, key string) bool {
	return r.fields[key] == nil && strings.HasSuffix(key, ":")
}
