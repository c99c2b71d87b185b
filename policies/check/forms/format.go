package forms

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

const (
	codeFormat  code.Code = "policy/format-arguments"
	codePattern code.Code = "policy/pattern-never-matches"
)

// Formats looks for calls of sprintf whose verbs and values do not fit.
var Formats = source.Analyzer{
	Local: true,
	Name:  "formats",
	Doc:   "sprintf with more or fewer values than its format has verbs",
	Run:   checkFormats,
	Pages: code.Pages{
		{
			Code:    codeFormat,
			Title:   "sprintf has more or fewer values than its format has verbs",
			Means:   "The format has another number of %s, %d or %v than the list behind it has values.",
			Why:     "The text then holds \"%!s(MISSING)\" or \"%!(EXTRA …)\", and names nobody.",
			Do:      "Give a value for each verb. A template is simpler: $\"user:{p.email}\".",
			Example: `sprintf("user:%s@%s", [p.login])  # [p.login, "acme.com"]`,
		},
	},
}

// Patterns looks for patterns that match no e-mail address.
var Patterns = source.Analyzer{
	Local: true,
	Name:  "patterns",
	Doc:   "glob patterns that match no e-mail address",
	Run:   checkPatterns,
	Pages: code.Pages{
		{
			Code:    codePattern,
			Title:   "A pattern matches no e-mail address",
			Means:   "In glob.match, * stops at each delimiter, and the pattern has no place for one that each address holds. With [] the delimiter is \".\".",
			Why:     "The condition never holds, and the rule gives nothing, silently.",
			Do:      "Write null for no delimiters, or use endswith.",
			Example: `glob.match("*acme.com", ["@"], u.email)  # endswith(u.email, "@acme.com")`,
		},
	},
}

// eachCall calls f with the calls of a function, as it is written.
func eachCall(p *source.Pass, name string, f func(args []*ast.Term, at *ast.Location)) {
	for _, file := range p.Files {
		m := p.Modules.Parsed[file.Name]
		if m == nil {
			continue
		}
		ast.NewGenericVisitor(func(x any) bool {
			switch x := x.(type) {
			case *ast.Expr:
				if terms, ok := x.Terms.([]*ast.Term); ok && terms[0].String() == name {
					f(terms[1:], x.Location)
				}
			case *ast.Term:
				if call, ok := x.Value.(ast.Call); ok && call[0].String() == name {
					f(call[1:], x.Location)
				}
			}
			return false
		}).Walk(m)
	}
}

var verb = regexp.MustCompile(`%[-+# 0]*(?:\d+)?(?:\.\d+)?([a-zA-Z%\[*])`)

// checkFormats warns of formats whose values are too many or too few.
func checkFormats(p *source.Pass) {
	eachCall(p, ast.Sprintf.Name, func(args []*ast.Term, at *ast.Location) {
		if len(args) < 2 {
			return
		}
		format, isText := args[0].Value.(ast.String)
		values, isArray := args[1].Value.(*ast.Array)
		if !isText || !isArray {
			return
		}
		verbs := 0
		for _, m := range verb.FindAllStringSubmatch(string(format), -1) {
			switch m[1] {
			case "[", "*":
				return // values are taken by number
			case "%":
			default:
				verbs++
			}
		}
		if verbs == values.Len() {
			return
		}
		p.Besides(at, policies.Problem{Code: codeFormat, Warning: true,
			Found:    fmt.Sprintf("sprintf with %q, which has %s, and %s", string(format), counted(verbs, "verb"), counted(values.Len(), "value")),
			Expected: "a value for each verb"})
	})
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// checkPatterns warns of patterns that match no address.
func checkPatterns(p *source.Pass) {
	eachCall(p, ast.GlobMatch.Name, func(args []*ast.Term, at *ast.Location) {
		if len(args) < 3 || !strings.HasSuffix(args[2].String(), ".email") {
			return
		}
		pattern, isText := args[0].Value.(ast.String)
		array, isArray := args[1].Value.(*ast.Array)
		if !isText || !isArray || strings.ContainsAny(string(pattern), "[{?") || strings.Contains(string(pattern), "**") {
			return
		}
		delimiters := map[string]bool{".": array.Len() == 0}
		array.Foreach(func(t *ast.Term) {
			if s, ok := t.Value.(ast.String); ok {
				delimiters[string(s)] = true
			}
		})
		for _, needed := range []string{"@", "."} {
			if !delimiters[needed] || strings.Contains(string(pattern), needed) {
				continue
			}
			x := policies.Problem{Code: codePattern, Warning: true,
				Found:    fmt.Sprintf("the pattern %q, which matches no e-mail address: * does not go past %q", string(pattern), needed),
				Expected: "null in place of the delimiters, for * to match anything"}
			if rest, ok := strings.CutPrefix(string(pattern), "*"); ok && rest != "" && !strings.Contains(rest, "*") {
				x.Suggestion = fmt.Sprintf("endswith(%s, %q)", args[2], rest)
			}
			p.Besides(at, x)
			return
		}
	})
}
