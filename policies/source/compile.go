package source

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/open-policy-agent/opa/v1/ast"
)

// MaxCompiles bounds how often a failing compile is repeated without the rules
// that failed.
const MaxCompiles = 20

// Compile compiles what is evaluated, and reports every error: OPA stops at the
// first stage that fails, so the rules that failed are dropped and the rest is
// compiled again. Tests are compiled too, for their errors alone.
func Compile(m *Modules, data Documents, r *Report) *ast.Compiler {
	compiler := CompileAll(m.Production(), m, data, r, func(*ast.Location) bool { return true })
	all := m.All()
	if len(all) > len(m.Production()) {
		CompileAll(all, m, data, r, func(loc *ast.Location) bool {
			f := r.Files[loc.File]
			return f != nil && f.IsTest()
		})
	}
	return compiler
}

// CompileAll compiles modules and reports the errors at places that are ours. It is
// nil where no rule is left without an error.
func CompileAll(parsed map[string]*ast.Module, m *Modules, data Documents, r *Report, ours func(*ast.Location) bool) *ast.Compiler {
	var dropped []string
	for range MaxCompiles {
		c := ast.NewCompiler().
			SetErrorLimit(0).
			WithCapabilities(Capabilities(m.Allowed)).
			WithDefaultRegoVersion(ast.RegoV1).
			WithPathConflictsCheck(data.conflicts)
		c.Compile(parsed)
		if !c.Failed() {
			return c
		}
		// That `_` has no value says less than what else is wrong with its line.
		slices.SortStableFunc(c.Errors, func(a, b *ast.Error) int {
			return cmp.Compare(strings.Count(a.Message, "var _ "), strings.Count(b.Message, "var _ "))
		})
		for _, e := range c.Errors {
			if e.Location != nil && ours(e.Location) && !follows(e, dropped, m) && !r.has(e.Location.File, e.Location.Row) {
				names := slices.DeleteFunc(namesNear(m.Parsed[e.Location.File], e.Location.Row), func(n string) bool {
					return mentions(e.Message, n)
				})
				r.At(e.Location, withImport(compileProblem(e, names, r.lineAt(e.Location)), e, m, data))
			}
		}
		next, names := WithoutFailing(parsed, c.Errors)
		if len(names) == 0 {
			return nil
		}
		parsed, dropped = next, append(dropped, names...)
	}
	return nil
}

// conflicts says whether data holds a document at a rule's path.
func (d Documents) conflicts(path []string) (bool, error) {
	var node any = d.Root
	for _, key := range path {
		m, ok := node.(map[string]any)
		if !ok {
			return true, nil
		}
		if node, ok = m[key]; !ok {
			return false, nil
		}
	}
	return true, nil
}

// WithoutFailing is the modules without the rules that the errors are in, and
// the names of those rules.
func WithoutFailing(parsed map[string]*ast.Module, errs ast.Errors) (map[string]*ast.Module, []string) {
	out := map[string]*ast.Module{}
	var names []string
	for file, m := range parsed {
		out[file] = m
		failing := map[*ast.Rule]bool{}
		for _, e := range errs {
			if e.Location == nil || e.Location.File != file {
				continue
			}
			if rule := RuleAt(m, e.Location.Row); rule != nil {
				failing[rule] = true
			}
		}
		if len(failing) == 0 {
			continue
		}
		rest := m.Copy()
		rest.Rules = nil
		for _, rule := range m.Rules {
			if failing[rule] {
				names = append(names, string(rule.Head.Name))
				continue
			}
			rest.Rules = append(rest.Rules, rule)
		}
		// Annotations of dropped rules would have nothing to stand on.
		rest.Annotations = slices.DeleteFunc(rest.Annotations, func(a *ast.Annotations) bool {
			return a.Scope == "rule" || a.Scope == "document"
		})
		out[file] = rest
	}
	return out, names
}

// RuleAt is the rule that a line belongs to: the last that begins no later.
func RuleAt(m *ast.Module, line int) *ast.Rule {
	var found *ast.Rule
	for _, rule := range m.Rules {
		if rule.Location != nil && rule.Location.Row <= line && (found == nil || rule.Location.Row >= found.Location.Row) {
			found = rule
		}
	}
	return found
}

// follows says whether an error only follows from rules that are missing: those
// dropped for an error of their own, or those of a file that does not parse.
func follows(e *ast.Error, dropped []string, m *Modules) bool {
	undefined := strings.Contains(e.Message, "unsafe") || strings.Contains(e.Message, "undefined")
	if !undefined {
		return false
	}
	if m.Broken[""] {
		return true
	}
	for pkg := range m.Broken {
		if strings.Contains(e.Message, "data."+pkg) {
			return true
		}
		if module := m.Parsed[e.Location.File]; module != nil && PackageName(module) == pkg {
			return true
		}
	}
	for _, name := range dropped {
		if mentions(e.Message, name) {
			return true
		}
	}
	return false
}

func mentions(text, word string) bool {
	return slices.Contains(strings.FieldsFunc(text, func(c rune) bool {
		return c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	}), word)
}

var (
	unsafeVar     = regexp.MustCompile(`^var (\S+) is (?:unsafe|undeclared)`)
	undefinedFunc = regexp.MustCompile(`^undefined function (\S+)$`)
	ruleConflict  = regexp.MustCompile(`^conflicting rule for data path (\S+) found$`)
	noContains    = regexp.MustCompile(`^\s*(\w+)\s*\{`)
)

// codeOf is the code of an error of OPA's parser or compiler.
func codeOf(e *ast.Error) code.Code {
	switch e.Code {
	case ast.ParseErr:
		return codeSyntax
	case ast.TypeErr:
		return codeType
	case ast.RecursionErr:
		return codeRecursion
	}
	return codeCompile
}

// compileProblem is an error of OPA's parser or compiler as a problem. names
// are the variables and rules that could have been meant; source is the line.
func compileProblem(e *ast.Error, names []string, source string) policies.Problem {
	if d, ok := e.Details.(*ast.RefErrInvalidDetail); ok {
		return refProblem(e, d)
	}
	p := policies.Problem{Code: codeOf(e), Message: strings.TrimSpace(strings.ReplaceAll(e.Message, "\n", "; "))}
	if e.Code == ast.ParseErr {
		if rest, ok := strings.CutPrefix(p.Message, "unexpected "); ok {
			p.Message = "syntax: unexpected " + rest
		}
		if m := noContains.FindStringSubmatch(source); m != nil {
			if _, ok := contract.ContractNamed(m[1]); ok {
				p.Expected = m[1] + " contains {…} if …"
				return p
			}
		}
		p.Expected = HowToMend(p.Message, source)
		p.Message, _, _ = strings.Cut(p.Message, " (hint: ")
		return p
	}
	if m := unsafeVar.FindStringSubmatch(p.Message); m != nil {
		p = policies.Problem{Code: codeUnsafe, Found: m[1] + ", which is never given a value (unsafe)",
			Expected: "a variable declared with := or some, a rule, or an import; one that stands only under `not` has no value either"}
		if len(m[1]) > 2 {
			p.Suggestion, _ = policies.Nearest(m[1], names)
		}
		if p.Suggestion == "" && picksWithoutSome(m[1], source) {
			p.Suggestion = "some " + m[1] + " in …"
		}
		return p
	}
	if m := undefinedFunc.FindStringSubmatch(p.Message); m != nil {
		p.Code = codeUndefinedFunction
		p.Suggestion, _ = policies.Nearest(m[1], append(builtinNames(), names...))
		if p.Suggestion == "" {
			p.Expected = HowToMend(p.Message, "")
		}
		return p
	}
	if m := ruleConflict.FindStringSubmatch(p.Message); m != nil {
		path := "data." + strings.ReplaceAll(m[1], "/", ".")
		return policies.Problem{Code: codeRuleAndData, Found: "a rule and a data document, both " + path, Expected: "one of them under another name"}
	}
	if d, ok := e.Details.(*ast.ArgErrDetail); ok {
		p.Message += "; " + strings.Join(d.Lines(), ", ")
	}
	p.Expected = HowToMend(p.Message, "")
	return p
}

// withImport adds the import that a name lacks to the problem that it makes.
func withImport(p policies.Problem, e *ast.Error, m *Modules, data Documents) policies.Problem {
	if p.Suggestion != "" {
		return p
	}
	name := ""
	if found := unsafeVar.FindStringSubmatch(e.Message); found != nil {
		name = found[1]
	} else if found := undefinedFunc.FindStringSubmatch(e.Message); found != nil {
		name, _, _ = strings.Cut(found[1], ".")
	}
	if name == "" {
		return p
	}
	if tree := TreeOf(m.Production()); name == LibraryPackage || data.Root[name] != nil || tree.Child(name) != nil {
		p.Expected = fmt.Sprintf("data.%s; or %s with a line below the package: import data.%s", name, name, name)
	} else if pkg := m.packageEnding(name); pkg != "" {
		p.Expected = fmt.Sprintf("data.%s; or %s with a line below the package: import data.%s", pkg, name, pkg)
	}
	return p
}

// picksWithoutSome says that a line has "x in" where "some x in" is meant.
func picksWithoutSome(name, line string) bool {
	in := regexp.MustCompile(`(\w+\s+)?\b` + regexp.QuoteMeta(name) + `\s+in\b`)
	m := in.FindStringSubmatch(line)
	return m != nil && strings.TrimSpace(m[1]) != "some" && strings.TrimSpace(m[1]) != "every"
}

func builtinNames() []string {
	var names []string
	for _, b := range Capabilities(nil).Builtins {
		names = append(names, b.Name)
	}
	return names
}

// namesNear are the names that the rule at a place could have meant: the
// module's rules and imports, and the rule's own variables.
func namesNear(m *ast.Module, line int) []string {
	if m == nil {
		return nil
	}
	var names []string
	for _, r := range m.Rules {
		names = append(names, RuleName(r))
	}
	for _, i := range m.Imports {
		names = append(names, string(i.Name()))
	}
	if rule := RuleAt(m, line); rule != nil {
		ast.WalkVars(rule, func(v ast.Var) bool {
			if !v.IsGenerated() && !v.IsWildcard() {
				names = append(names, string(v))
			}
			return false
		})
	}
	return names
}

// refProblem says which part of a reference does not exist, and what does.
func refProblem(e *ast.Error, d *ast.RefErrInvalidDetail) policies.Problem {
	p := policies.Problem{Code: codeUnknownReference, Message: e.Message}
	if d.Pos >= len(d.Ref) {
		return p
	}
	var names []string
	for _, v := range d.OneOf {
		if s, ok := v.(ast.String); ok {
			names = append(names, string(s))
		}
	}
	p = policies.Problem{Code: codeUnknownReference, Found: d.Ref[:d.Pos+1].String() + ", which does not exist"}
	if len(names) > 0 && len(names) <= 12 {
		p.Expected = "one of " + policies.List(names, "or")
	}
	if s, ok := d.Ref[d.Pos].Value.(ast.String); ok {
		p.Suggestion, _ = policies.Nearest(string(s), names)
	}
	return p
}
